"""The simulated API as an ASGI application: keys, faults, reading and answering. It has no lifespan and no threads."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from fnmatch import fnmatchcase
from functools import cache, partial
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from novita_infra.simulator.errors import ApiRefusal, envelope
from novita_infra.simulator.faults.model import Fault, FaultEffects, Position, Trouble
from novita_infra.simulator.http.control import CONTROL_ROUTES
from novita_infra.simulator.http.error_reasons import in_words_of, unauthorized
from novita_infra.simulator.http.links import LINK_ROUTES, program_behind
from novita_infra.simulator.http.lost_answers import DROP, LostResponse
from novita_infra.simulator.http.reading import LARGEST_BODY, LARGEST_UPLOAD, raw_body, read_call
from novita_infra.simulator.http.route_table import Handler, RouteTable
from novita_infra.simulator.http.streaming import StreamedResponse
from novita_infra.simulator.http.webhooks import WebhookSender
from novita_infra.simulator.operations import Operation, RawAnswer
from novita_infra.simulator.routes.llm.tasks import ASYNC
from novita_infra.simulator.routes.registry import OPERATIONS
from novita_infra.simulator.scenarios.events import trigger_events
from novita_infra.simulator.world.cloud.addresses import PROGRAMS
from novita_infra.simulator.world.engine.world import World

Wait = Callable[[float], Awaitable[object]]
"""Waits a number of real seconds."""


def build_app(world: World, *, latency: float = 0.0, wait: Wait = asyncio.sleep) -> ASGIApp:
    """The application over a world. `latency` delays every answer by this many real seconds."""
    table = _routes(forgiving=world.quirks.forgiving)

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await WebSocketClose()(scope, receive, send)
            return
        request = Request(scope, receive, send)
        response: Response
        program = program_behind(request.headers.get("host", ""))
        path = f"{PROGRAMS}/{program}{scope['path']}" if program else scope["path"]
        target, scope["path_params"], methods = table.find(path, scope["method"])
        match target:
            case Operation() if _is_filtered(world, request):
                response = PlainTextResponse("error code: 1010", 403)
            case Operation():
                response = await _answer(world, target, request, latency=latency, wait=wait)
            case None if methods:
                response = PlainTextResponse("405 method not allowed", 405, {"Allow": ", ".join(methods)})
            case None:  # plain text, no envelope
                response = PlainTextResponse("404 page not found", 404)
            case handler:
                response = await handler(world, request)
        await response(scope, receive, send)

    return _with_courier(serve, WebhookSender(world))


@cache
def _routes(*, forgiving: bool) -> RouteTable[Operation | Handler]:
    """Everything that is served. A path with a slash too many is a missing route."""
    operations = [(item, path) for item in OPERATIONS for path in (item.path, *item.aliases)]
    if forgiving:
        operations += [(item, path) for item in OPERATIONS for path in item.also]
    return RouteTable([*((item.method, path, item) for item, path in operations), *LINK_ROUTES, *CONTROL_ROUTES])


def _with_courier(app: ASGIApp, courier: WebhookSender) -> ASGIApp:
    """Wakes the webhook sender after each submitted task, and once after the first request for events of a kept world.

    This happens only under a server.
    """
    started = False

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal started
        await app(scope, receive, send)
        if DROP in (scope.get("extensions") or {}) and (not started or scope["path"].startswith(ASYNC)):
            started = True
            courier.wake()

    return serve


def _is_filtered(world: World, request: Request) -> bool:
    """Whether the web filter in front of the API refuses the program that sends the request."""
    patterns = world.quirks.filtered_agents
    agent = request.headers.get("user-agent", "").lower() if patterns else ""
    return any(fnmatchcase(agent, pattern.lower()) for pattern in patterns)


async def _answer(world: World, operation: Operation, request: Request, *, latency: float, wait: Wait) -> Response:
    """The answer to one request. All changes are in the account file before the answer is sent."""
    try:
        body = await raw_body(request, largest=LARGEST_UPLOAD if operation.large else LARGEST_BODY)
    except ClientDisconnect:
        return Response(status_code=499)
    except ApiRefusal as refusal:
        return _refused(world, operation, refusal)
    world.calls[operation.name] += 1
    luck = world.faults.strike(operations=operation.names, method=request.method, path=request.scope["path"])
    if latency or luck.wait_before:
        await wait(latency + luck.wait_before)
    if luck.late:
        land = partial(_served, world, operation, request, body, luck=luck)
        world.faults.late.append((world.now() + luck.late, land))
        return LostResponse()
    before = luck.fails(Position.BEFORE)
    if before is not None:
        return _failed(before)
    answer = _served(world, operation, request, body, luck=luck)
    if luck.wait_after:
        await wait(luck.wait_after)
    after = luck.fails(Position.AFTER)
    if after is None:
        return answer
    if after.kind is Trouble.TRUNCATED:
        return LostResponse(answer)
    if after.kind is Trouble.TEXT:
        return PlainTextResponse(after.message or "OK")
    return _failed(after)


def _served(world: World, operation: Operation, request: Request, body: bytes, *, luck: FaultEffects) -> Response:
    world.advance()
    for land in world.faults.landed(world.now()):
        land()
    world.look_back(luck.lag)
    try:
        key = _key(world, operation, request)
        call = read_call(world.quirks, operation, request, body, key=key)
        answer = _response(operation.serve(world, call))
        trigger_events(world, operation.names)
        return answer
    except ApiRefusal as refusal:
        return _refused(world, operation, refusal)
    finally:
        world.look_back(0.0)
        world.save()


def _key(world: World, operation: Operation, request: Request) -> str:
    key = world.keys.of_header(request.headers.get("authorization", ""))
    if not operation.public and not world.keys.good(key):
        raise unauthorized(operation.family, key)
    return key


def _response(value: Any) -> Response:
    if isinstance(value, RawAnswer) and value.pieces:
        return StreamedResponse(value.pieces, media=value.media)
    if isinstance(value, RawAnswer):
        return Response(value.body, value.status, media_type=value.media if value.body else None)
    return _json(value)


def _json(value: Any, status: int = 200) -> Response:
    return Response(json.dumps(value, separators=(",", ":")), status, media_type="application/json")


def _refused(world: World, operation: Operation, refusal: ApiRefusal) -> Response:
    refusal = in_words_of(operation.family, refusal)
    status = world.quirks.not_found_status if refusal.missing else refusal.status
    return _json(envelope(status, refusal.reason, refusal.message, refusal.metadata), status)


_REASONS = {429: "RATE_LIMIT_EXCEEDED", 503: "SERVICE_NOT_AVAILABLE", 401: "UNAUTHORIZED", 403: "FORBIDDEN"}


def _failed(fault: Fault) -> Response:
    if fault.kind is Trouble.LOST:
        return LostResponse()
    reason = fault.reason or _REASONS.get(fault.status, "UNKNOWN")
    answer = _json(envelope(fault.status, reason, fault.message or "a fault of the simulator"), fault.status)
    if fault.retry_after:
        answer.headers["Retry-After"] = fault.retry_after
    return answer

"""Serves what answers give the addresses of: logs of machines and workers, results of generation tasks, and the
programs of endpoints.

No document describes the form of a log. A log of a machine is plain text behind a token; a log of a worker is JSON
lines behind the API key. Served over HTTP, a log is a stream: the answer stays open until the log begins again, and
gets the lines that come. A request with a `Range` gets a part of what is there now. A result needs the signature in
its address, which expires; another answer about the task has a new one.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final, TypeAlias

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from novita_infra.simulator.errors import ApiRefusal
from novita_infra.simulator.http.lost_answers import DROP
from novita_infra.simulator.http.reading import raw_body
from novita_infra.simulator.http.route_table import Handler
from novita_infra.simulator.http.streaming import StreamedResponse
from novita_infra.simulator.routes.llm.programs import program_answer
from novita_infra.simulator.world.cloud.addresses import PROGRAM_HOST, PROGRAMS, log_token
from novita_infra.simulator.world.cloud.endpoints import program_of, shown_workers
from novita_infra.simulator.world.cloud.logs import program_log, system_log, worker_log
from novita_infra.simulator.world.engine.world import World
from novita_infra.simulator.world.llm import results

_RANGE: Final = re.compile(r"bytes=(?P<begin>[0-9]{1,9})-|bytes=-(?P<last>[0-9]{1,9})")
_Lines: TypeAlias = Callable[[], list[str] | None]
"""The lines of a log as it is now; None when its object is gone."""
_LOOK: Final = 0.1
"""Real seconds between two looks at a log that is streamed."""


async def _of_instance(world: World, request: Request) -> Response:
    world.advance()
    instance = world.instances.get(request.path_params["id"])
    if instance is None or request.query_params.get("token") != log_token(world, instance):
        return PlainTextResponse("no such log", 404)

    def exists() -> bool:
        return world.instances.get(instance.id) is instance

    match request.path_params["which"]:
        case "instance":
            return _served(world, request, lambda: program_log(instance) if exists() else None)
        case "system":
            return _served(world, request, lambda: system_log(world, instance) if exists() else None)
        case _:
            return PlainTextResponse("no such log", 404)


async def _of_workers(world: World, request: Request) -> Response:
    if not world.keys.good(world.keys.of_header(request.headers.get("authorization", ""))):
        return PlainTextResponse("the key is not good", 401)
    world.advance()
    endpoint = world.endpoints.get(request.path_params["endpoint"])
    asked = request.path_params.get("worker")
    shown = [one for one in shown_workers(world, endpoint) if asked in {None, one.id}] if endpoint else []
    if endpoint is None or (asked and not shown):
        return PlainTextResponse("no such log", 404)

    def lines() -> list[str] | None:
        if world.endpoints.get(endpoint.id) is not endpoint:
            return None
        workers = [one for one in shown_workers(world, endpoint) if asked in {None, one.id}]
        return [line for worker in workers for line in worker_log(world, endpoint, worker)]

    return _served(world, request, lines)


def _served(world: World, request: Request, lines: _Lines) -> Response:
    """The log, or the part of it that is asked for; in this process there is no connection that could stay open."""
    if "range" not in request.headers and request.method == "GET" and DROP in (request.scope.get("extensions") or {}):
        return StreamingResponse(_growing(world, lines), media_type="text/plain")
    body = _bytes_of(lines() or [])
    asked = _RANGE.fullmatch(request.headers.get("range", ""))
    if asked is None:
        return PlainTextResponse(body)
    begin = int(asked["begin"]) if asked["begin"] else max(0, len(body) - int(asked["last"]))
    if begin >= len(body):
        return PlainTextResponse("", 416, {"Content-Range": f"bytes */{len(body)}"})
    return PlainTextResponse(body[begin:], 206, {"Content-Range": f"bytes {begin}-{len(body) - 1}/{len(body)}"})


async def _growing(world: World, lines: _Lines) -> AsyncIterator[bytes]:
    """The bytes of a log as they come, until it is no longer the same log."""
    sent = b""
    while True:
        world.advance()
        current = lines()
        body = _bytes_of(current or [])
        if current is None or not body.startswith(sent):
            return
        if body != sent:
            yield body[len(sent) :]
        sent = body
        await asyncio.sleep(_LOOK)


def _bytes_of(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


async def _of_task(world: World, request: Request) -> Response:
    world.advance()
    task = world.tasks.get(request.path_params["task"])
    name = request.path_params["name"]
    if task is None or not results.is_made(task, name):
        return PlainTextResponse("no such result", 404)
    number = int(name.partition(".")[0])
    if refusal := results.refused_query(world, task, number, request.query_params):
        return PlainTextResponse(refusal, 403)
    body, media = results.result_bytes(task, number)
    return Response(body, media_type=media)


async def _of_program(world: World, request: Request) -> Response:
    """What the program of an endpoint answers; a first call starts a worker, and is not held until it runs."""
    world.advance()
    try:
        body = await raw_body(request)
        found = program_of(world, request.path_params["name"])
    except ClientDisconnect:
        return Response(status_code=499)
    except ApiRefusal as refusal:
        return PlainTextResponse(refusal.message, 413 if refusal.reason == "REQUEST" else 503)
    finally:
        world.save()
    if found is None:
        return PlainTextResponse("no such endpoint", 404)
    endpoint, ready = found
    if not ready:
        return PlainTextResponse("no worker is ready", 503)
    path = f"/{request.path_params['path']}"
    answer = program_answer(world, health=endpoint.health, method=request.method, path=path, body=body)
    if answer.pieces:
        return StreamedResponse(answer.pieces, media=answer.media)
    return Response(answer.body, answer.status, media_type=answer.media)


def program_behind(host: str) -> str:
    """The name of the endpoint that a host is the address of; empty for any other host."""
    name = host.lower().partition(":")[0]
    return name.removesuffix(PROGRAM_HOST) if name.endswith(PROGRAM_HOST) else ""


LINK_ROUTES: Final[Sequence[tuple[str, str, Handler]]] = (
    ("GET", "/logs/{id}/{which}", _of_instance),
    ("GET", "/serverless/log/{endpoint}", _of_workers),
    ("GET", "/serverless/log/{endpoint}/{worker}", _of_workers),
    ("GET", "/results/{task}/{name}", _of_task),
    ("GET", f"{PROGRAMS}/{{name}}/{{path:path}}", _of_program),
    ("POST", f"{PROGRAMS}/{{name}}/{{path:path}}", _of_program),
)
"""Method, path and handler."""

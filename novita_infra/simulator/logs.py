"""Logs of machines and workers at the addresses that answers give for them. No document tells what form these have.

A machine's log is plain text at an address that lets itself in by a token; a worker's is JSON lines at a path that
wants the key. Both give the end alone to whom asks for it by a Range.
"""

from __future__ import annotations

import re
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from novita_infra.simulator.world.cloud.endpoints import shown_workers
from novita_infra.simulator.world.cloud.logs import program_log, system_log, worker_log
from novita_infra.simulator.world.engine.cloud_records import Endpoint, Instance, Worker
from novita_infra.simulator.world.engine.world import World

_SUFFIX: Final = re.compile(r"bytes=-([0-9]{1,9})")


def instance_log_address(world: World, instance: Instance, *, base: str, which: str) -> str:
    """The address of one of a machine's logs, `instance` or `system`; `base` is where the service is found."""
    return f"{base}/logs/{instance.id}/{which}?token={_token(world, instance)}" if world.quirks.tells_logs else ""


def endpoint_log_path(world: World, endpoint: Endpoint) -> str:
    """The path of the logs of all its workers."""
    return f"/serverless/log/{endpoint.id}" if world.quirks.tells_logs else ""


def worker_log_path(world: World, endpoint: Endpoint, worker: Worker) -> str:
    """The path of a worker's log."""
    path = endpoint_log_path(world, endpoint)
    return path and f"{path}/{worker.id}"


def log_routes(world: World) -> list[Route]:
    """The routes of the logs."""

    async def of_instance(request: Request) -> Response:
        world.advance()
        instance = world.instances.get(request.path_params["id"])
        if instance is None or request.query_params.get("token") != _token(world, instance):
            return PlainTextResponse("no such log", 404)
        match request.path_params["which"]:
            case "instance":
                return _served(request, program_log(instance))
            case "system":
                return _served(request, system_log(world, instance))
            case _:
                return PlainTextResponse("no such log", 404)

    async def of_workers(request: Request) -> Response:
        if not world.keys.good(world.keys.of_header(request.headers.get("authorization", ""))):
            return PlainTextResponse("the key is not good", 401)
        world.advance()
        endpoint = world.endpoints.get(request.path_params["endpoint"])
        asked = request.path_params.get("worker")
        workers = [one for one in shown_workers(world, endpoint) if asked in {None, one.id}] if endpoint else []
        if endpoint is None or (asked and not workers):
            return PlainTextResponse("no such log", 404)
        return _served(request, [line for worker in workers for line in worker_log(world, endpoint, worker)])

    return [
        Route("/logs/{id}/{which}", of_instance, methods=["GET"]),
        Route("/serverless/log/{endpoint}", of_workers, methods=["GET"]),
        Route("/serverless/log/{endpoint}/{worker}", of_workers, methods=["GET"]),
    ]


def _token(world: World, instance: Instance) -> str:
    return world.draw("log", instance.id, length=24)


def _served(request: Request, lines: list[str]) -> Response:
    body = "".join(f"{line}\n" for line in lines).encode()
    suffix = _SUFFIX.fullmatch(request.headers.get("range", ""))
    if suffix is None:
        return PlainTextResponse(body)
    if not body:
        return PlainTextResponse("", 416, {"Content-Range": "bytes */0"})
    begin = max(0, len(body) - int(suffix[1]))
    return PlainTextResponse(body[begin:], 206, {"Content-Range": f"bytes {begin}-{len(body) - 1}/{len(body)}"})

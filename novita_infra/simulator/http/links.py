"""Serves what answers give the addresses of: logs of machines and workers, and results of generation tasks.

No document describes the form of a log. A log of a machine is plain text behind a token; a log of a worker is JSON
lines behind the API key. A `Range` header with a suffix gives the end of a log only. A result needs the signature in
its address, which expires; another answer about the task has a new one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from novita_infra.simulator.http.route_table import Handler
from novita_infra.simulator.world.cloud.addresses import log_token
from novita_infra.simulator.world.cloud.endpoints import shown_workers
from novita_infra.simulator.world.cloud.logs import program_log, system_log, worker_log
from novita_infra.simulator.world.engine.world import World
from novita_infra.simulator.world.llm import results

_SUFFIX: Final = re.compile(r"bytes=-([0-9]{1,9})")


async def _of_instance(world: World, request: Request) -> Response:
    world.advance()
    instance = world.instances.get(request.path_params["id"])
    if instance is None or request.query_params.get("token") != log_token(world, instance):
        return PlainTextResponse("no such log", 404)
    match request.path_params["which"]:
        case "instance":
            return _served(request, program_log(instance))
        case "system":
            return _served(request, system_log(world, instance))
        case _:
            return PlainTextResponse("no such log", 404)


async def _of_workers(world: World, request: Request) -> Response:
    if not world.keys.good(world.keys.of_header(request.headers.get("authorization", ""))):
        return PlainTextResponse("the key is not good", 401)
    world.advance()
    endpoint = world.endpoints.get(request.path_params["endpoint"])
    asked = request.path_params.get("worker")
    workers = [one for one in shown_workers(world, endpoint) if asked in {None, one.id}] if endpoint else []
    if endpoint is None or (asked and not workers):
        return PlainTextResponse("no such log", 404)
    return _served(request, [line for worker in workers for line in worker_log(world, endpoint, worker)])


def _served(request: Request, lines: list[str]) -> Response:
    body = "".join(f"{line}\n" for line in lines).encode()
    suffix = _SUFFIX.fullmatch(request.headers.get("range", ""))
    if suffix is None:
        return PlainTextResponse(body)
    if not body:
        return PlainTextResponse("", 416, {"Content-Range": "bytes */0"})
    begin = max(0, len(body) - int(suffix[1]))
    return PlainTextResponse(body[begin:], 206, {"Content-Range": f"bytes {begin}-{len(body) - 1}/{len(body)}"})


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


LINK_ROUTES: Final[Sequence[tuple[str, str, Handler]]] = (
    ("GET", "/logs/{id}/{which}", _of_instance),
    ("GET", "/serverless/log/{endpoint}", _of_workers),
    ("GET", "/serverless/log/{endpoint}/{worker}", _of_workers),
    ("GET", "/results/{task}/{name}", _of_task),
)
"""Method, path and handler."""

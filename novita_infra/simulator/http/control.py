"""The routes below `/_sim`, by which tests inspect and change the world. They are no part of Novita's API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from novita_infra.simulator.errors import ApiRefusal, envelope
from novita_infra.simulator.faults.parsing import fault_of
from novita_infra.simulator.http.openapi import document
from novita_infra.simulator.http.reading import raw_body
from novita_infra.simulator.http.route_table import Handler
from novita_infra.simulator.json_text import read_unicode_json
from novita_infra.simulator.request_schema import Fields, Number, Reading, Whole, need
from novita_infra.simulator.routes.registry import OPERATIONS
from novita_infra.simulator.scenarios.events import check_operation
from novita_infra.simulator.world.cloud import arrears
from novita_infra.simulator.world.engine.world import World
from novita_infra.simulator.world.market import money

_READING = Reading(forgiving=False, closed=True)
_ADVANCE = Fields({"seconds": need(Number(0, 10**9))})
_TOP_UP = Fields({"amount": need(Whole(1, 10**15))})


def world_state(world: World) -> dict[str, Any]:
    """The whole world as JSON: its records by table, the calls made by operation, and the money in 1/100000 USD."""
    world.advance()
    return {
        "now": world.moment,
        "seed": world.seed,
        "profile": world.quirks.name,
        "objects": {name: [table.plain(record) for record in table] for name, table in world.tables.items()},
        "calls": dict(world.calls),
        "money": {"balance": money.balance(world), "spent": money.spent(world)},
    }


def list_operations() -> list[dict[str, str]]:
    """Name, method, path, page of the reference, confidence in the answer and error family of every operation."""
    return [
        {
            "name": operation.name,
            "method": operation.method,
            "path": operation.path,
            "source": operation.source,
            "confidence": operation.confidence.value,
            "family": operation.family.value,
        }
        for operation in OPERATIONS
    ]


async def _show(world: World, _request: Request) -> Response:
    return JSONResponse(world_state(world))


async def _coverage(_world: World, _request: Request) -> Response:
    return JSONResponse(list_operations())


async def _openapi(world: World, _request: Request) -> Response:
    return JSONResponse(document(world.quirks, OPERATIONS))


async def _advance(world: World, request: Request) -> Response:
    try:
        values = _ADVANCE.read(await _json(request), "", _READING)
    except ApiRefusal as refusal:
        return _refused(refusal)
    world.skip(values["seconds"])
    world.save()
    return JSONResponse({"now": world.moment})


async def _top_up(world: World, request: Request) -> Response:
    try:
        values = _TOP_UP.read(await _json(request), "", _READING)
    except ApiRefusal as refusal:
        return _refused(refusal)
    world.advance()
    arrears.top_up(world, values["amount"], note="by /_sim/topup")
    world.save()
    return JSONResponse({"balance": money.balance(world)})


async def _add_faults(world: World, request: Request) -> Response:
    try:
        values = await _json(request)
        added = [fault_of(one) for one in (values if isinstance(values, list) else [values])]
        for fault in added:
            check_operation(fault)
    except ApiRefusal as refusal:
        return _refused(refusal)
    for fault in added:
        world.faults.add(fault)
    return JSONResponse({"active": len(world.faults.active)})


async def _clear_faults(world: World, _request: Request) -> Response:
    world.faults.clear()
    return JSONResponse({"active": 0})


async def _json(request: Request) -> Any:
    body = await raw_body(request)
    try:
        return read_unicode_json(body)
    except (ValueError, RecursionError) as error:
        raise ApiRefusal("REQUEST", "the body is not JSON") from error


def _refused(refusal: ApiRefusal) -> Response:
    return JSONResponse(envelope(refusal.status, refusal.reason, refusal.message, refusal.metadata), refusal.status)


CONTROL_ROUTES: Final[Sequence[tuple[str, str, Handler]]] = (
    ("GET", "/_sim/state", _show),
    ("GET", "/_sim/coverage", _coverage),
    ("GET", "/_sim/openapi.json", _openapi),
    ("POST", "/_sim/advance", _advance),
    ("POST", "/_sim/topup", _top_up),
    ("POST", "/_sim/faults", _add_faults),
    ("DELETE", "/_sim/faults", _clear_faults),
)
"""Method, path and handler."""

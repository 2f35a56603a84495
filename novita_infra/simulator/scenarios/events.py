"""The events of scenarios: stock and prices change, others use the account, keys are revoked, machines fail."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any, Final

from novita_infra.simulator.errors import ApiRefusal, invalid
from novita_infra.simulator.faults.model import Fault
from novita_infra.simulator.faults.parsing import fault_of
from novita_infra.simulator.operations import IncomingCall, Operation
from novita_infra.simulator.request_schema import Reading
from novita_infra.simulator.routes.registry import OPERATIONS
from novita_infra.simulator.world.cloud import arrears, outages
from novita_infra.simulator.world.engine.account_records import Payment
from novita_infra.simulator.world.engine.records import ScenarioEvent, WorldRecord
from novita_infra.simulator.world.engine.world import World
from novita_infra.simulator.world.market import catalogue, money

_BY_NAME: Final = {operation.name: operation for operation in OPERATIONS}
_READING: Final = Reading()
_PATH_PART: Final = re.compile(r"{(\w+)")
"""A part of a path in braces. An event has its value in `body`."""
Act = Mapping[str, Any]


def trigger_events(world: World, operations: Sequence[str]) -> None:
    """Schedules the events that wait for a successful call. `operations` are the names of the called operation."""
    for happening in list(world.scenario_events):
        if not happening.upon or not any(fnmatchcase(name, happening.upon) for name in operations):
            continue
        happening.seen += 1
        if happening.nth in {0, happening.seen}:
            due = [*happening.ahead, (world.moment + happening.after, "!do")]
            world.plan(world.scenario_events, happening, due)
        world.scenario_events.touch(happening)


def on_event(world: World, happening: ScenarioEvent, _event: str) -> None:
    """Performs the event. Refusals are recorded in it."""
    act = happening.act
    try:
        _ACTS[act["do"]](world, act)
    except ApiRefusal as refusal:
        happening.refusals.append(f"{refusal.reason}: {refusal.message}")
    if happening.every:
        world.plan(world.scenario_events, happening, [*happening.ahead, (world.moment + happening.every, "!do")])


def _chosen(world: World, act: Act) -> list[WorldRecord]:
    """The records that an event is about: by kind, and by a pattern over their names."""
    table = world.tables[act.get("kind", "instances")]
    pattern = act.get("name", "*")
    return [record for record in table if fnmatchcase(getattr(record, "name", record.id), pattern)]


def _stock(world: World, act: Act) -> None:
    catalogue.set_stock(
        world, products=act.get("product", "*"), clusters=act.get("cluster", "*"), places=act.get("places")
    )


def _price(world: World, act: Act) -> None:
    per_cents = act["perCent"]
    for product in catalogue.products_like(act.get("product", "*")):
        choice = per_cents[world.dice(len(per_cents), "price", world.new_id("price"))]
        money.move_price(world, product, per_cent=choice)


def _reclaim(world: World, act: Act) -> None:
    for record in _chosen(world, act):
        if (instance := world.instances.get(record.id)) is not None:
            outages.reclaim(world, instance)


def _break_node(world: World, act: Act) -> None:
    for record in _chosen(world, act):
        if (instance := world.instances.get(record.id)) is not None:
            outages.lose_node(world, instance)


def _idle(world: World, act: Act) -> None:
    """Lets machines run without GPU load."""
    for record in _chosen(world, act):
        if (instance := world.instances.get(record.id)) is not None:
            instance.idle = world.moment
            world.instances.touch(instance)


def _stick(world: World, act: Act) -> None:
    """Freezes objects in their status: no further event will happen to them."""
    table = world.tables[act.get("kind", "instances")]
    for record in _chosen(world, act):
        if act.get("status", "") in {"", getattr(record, "status", getattr(record, "state", ""))}:
            world.expect(table, record, [])


def _call(world: World, act: Act) -> None:
    """Calls an operation as another user: once, or for each chosen record, whose id replaces `$id`."""
    operation = _BY_NAME[act["operation"]]
    chosen = [record.id for record in _chosen(world, act["each"])] if "each" in act else [""]
    before = world.ids()
    try:
        _call_for(world, operation, chosen, act)
    finally:
        world.others |= world.ids() - before


def _call_for(world: World, operation: Operation, chosen: list[str], act: Act) -> None:
    for key in chosen:
        for number in range(act.get("times", 1)):
            body = _filled(act.get("body", {}), {"$id": key, "$n": str(number + 1)})
            path = {name: str(body.pop(name, "")) for name in _PATH_PART.findall(operation.path)}
            fields = operation.body.read(body, "", _READING) if operation.body else {}
            query = operation.query.read({}, "", _READING)
            operation.serve(world, IncomingCall(query=query, body=fields, path=path))


def _filled(value: Any, words: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {name: _filled(inner, words) for name, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, words) for inner in value]
    if isinstance(value, str):
        for word, text in words.items():
            value = value.replace(word, text)
    return value


def _limits(world: World, act: Act) -> None:
    world.account.limits |= act["set"]
    world.accounts.touch(world.account)
    world.limits = replace(world.limits, **act["set"])


def _balance(world: World, act: Act) -> None:
    """Takes money from the account until the given balance is left."""
    spent = act["left"] - money.balance(world)
    if spent < 0:
        money.pay(world, Payment(id="", kind="consume", amount=spent, note="another service"))


def _top_up(world: World, act: Act) -> None:
    arrears.top_up(world, act["amount"])


def _revoke(world: World, _act: Act) -> None:
    world.account.revoked = world.keys.all_revoked = True
    world.accounts.touch(world.account)


def _fault(world: World, act: Act) -> None:
    world.faults.add(fault_of(act["fault"]))


_ACTS: Final[dict[str, Callable[[World, Act], None]]] = {
    "stock": _stock,
    "price": _price,
    "reclaim": _reclaim,
    "breakNode": _break_node,
    "idle": _idle,
    "stick": _stick,
    "call": _call,
    "limits": _limits,
    "balance": _balance,
    "topUp": _top_up,
    "revoke": _revoke,
    "fault": _fault,
}


def check_operation(fault: Fault) -> None:
    """Raises ApiRefusal for a fault that strikes no operation, because none has such a name."""
    names = [name for operation in OPERATIONS for name in operation.names]
    if not any(fnmatchcase(name, fault.operation) for name in names):
        near = get_close_matches(fault.operation, names, n=1)
        raise invalid("operation", f"is no operation{f'; did you mean {near[0]}?' if near else ''}")


ACTS: Final = tuple(_ACTS)
"""The values of `do`."""
CALLS: Final = tuple(_BY_NAME)
"""The operations that an event can call."""

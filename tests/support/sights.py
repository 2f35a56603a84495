"""Where each field shows in the simulated cloud, in the manifest's words. Reads the world's records, no answer of it.

A second opinion on what the kinds say of themselves: the folders in `kind_facts` hold it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kind_facts import FACTS
from kind_facts.common import MARK, OWNER

from novita_infra.simulator import World
from novita_infra.simulator.routes.registry import OPERATIONS

TABLES = {kind_type: facts.table for kind_type, facts in FACTS.items()}
"""The simulator's table of each kind."""
LASTING = {kind_type: facts.table for kind_type, facts in FACTS.items() if not facts.completes}
"""The same of the kinds whose objects remain until they are deleted."""
SIGHTS = {kind_type: facts.sights for kind_type, facts in FACTS.items()}
WRITES = frozenset(item.name for item in OPERATIONS if item.method != "GET")
"""The operations that change something."""
BY_HAND = {kind_type: facts.by_hand for kind_type, facts in FACTS.items() if facts.by_hand}


def operation(kind_type: str, call: str) -> str:
    """The simulator's name of a call that a plan names."""
    facts = FACTS[kind_type]
    return f"{facts.table}.{facts.operations.get(call, call)}"


def writes(kind_type: str, call: str) -> bool:
    """Whether a call that a plan names changes something in the account."""
    return operation(kind_type, call) in WRITES


def seen(world: World, kind_type: str, id: str) -> dict[str, Any]:
    """Every field of the object, as the world has it."""
    record = world.tables[TABLES[kind_type]].get(id)
    assert record is not None, f"there is no {kind_type} {id}"
    return {name: sight(world, record) for name, sight in SIGHTS[kind_type].items()}


def mark(world: World, kind_type: str, id: str) -> str:
    """The owner mark that the object carries; empty where there is none."""
    record = world.tables[TABLES[kind_type]].get(id)
    entries = [pair["value"] for pair in getattr(record, "envs", ()) if pair["key"] == OWNER]
    texts = [match[0].strip() for name in ("readme", "note") if (match := MARK.search(getattr(record, name, "")))]
    return " and ".join([*entries, *texts])


def set_by_hand(world: World, kind_type: str, id: str, *, but: Iterable[str]) -> None:
    """Sets fields of the object without us, but for some; the owner mark remains."""
    table = world.tables[TABLES[kind_type]]
    record = table.get(id)
    for field, (attribute, hand) in BY_HAND.get(kind_type, {}).items():
        if field not in but:
            setattr(record, attribute, hand(getattr(record, attribute)))
    table.touch(record)

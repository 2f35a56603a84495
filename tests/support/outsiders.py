"""Other people in the same account: what they make, change and delete, and how one tells that theirs is untouched."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from fleets import Resource
from histories import Act
from kind_facts import FACTS, TYPES
from sights import LASTING, TABLES, set_by_hand

from novita_infra.simulator import World
from novita_infra.simulator.scenarios.events import on_event
from novita_infra.simulator.world.engine.records import ScenarioEvent

UNMARKED: Final = frozenset(
    facts.kind
    for facts in FACTS.values()
    if facts.outsiders is not None and not facts.outsiders.marked and not facts.completes
)
"""Kinds whose objects have no room for an owner mark."""
LEAVING: Final = frozenset({"removed", "toRemove", "removing", "deleting"})
_OWN_COURSE: Final = frozenset(
    {
        "ahead",
        "status",
        "state",
        "meter",
        "disk_meter",
        "holds",
        "started",
        "stopped",
        "error",
        "error_text",
        "message",
        "workers",
    }
    | {"spot", "reclaim", "node", "used_gb", "size", "done", "reasons", "next_ip", "generation", "updated", "ip"}
)
"""What changes about an object without anybody's order."""


class Outsiders:
    """Everyone but us. Whatever they or a scenario's events make is theirs."""

    def __init__(self, world: World, known: set[str], *, open_kinds: Callable[[], set[str]]) -> None:
        self._world = world
        self._open_kinds = open_kinds
        """Kinds of which a create of ours is unanswered: an object without a mark differs from ours by its place."""
        self._known = known
        """The ids that our state has known."""
        self.theirs: dict[str, tuple[str, str]] = {}
        """The table and the look of every object of theirs, by id."""
        self.deleted: set[str] = set()
        """What they deleted, of ours or theirs."""
        happens = world._arrive["happenings"]

        def watched(world: World, record: Any, event: str) -> None:
            with self._watching():
                happens(world, record, event)

        world._arrive = {**world._arrive, "happenings": watched}

    def do(self, act: Act, fleet: tuple[Resource, ...], *, own: Mapping[str, list[str]]) -> None:
        """One act. `own` are the recorded ids by table."""
        kind_type = TYPES[act.kind]
        calls = FACTS[kind_type].outsiders
        assert calls is not None
        with self._watching():
            if act.do == "create":
                specs = [(name, spec) for kind, name, spec in fleet if kind == act.kind]
                name, spec = specs[act.pick % len(specs)] if specs else ("x", {})
                apart = act.kind in UNMARKED & self._open_kinds()
                self._call(*calls.create(str(spec.get("name", name)), spec, apart))
                return
            ids = own.get(TABLES[kind_type], [])
            if not ids:
                return
            id = ids[act.pick % len(ids)]
            if act.do == "delete":
                self._call(*calls.delete(id))
            elif calls.edit is not None:
                self._call(*calls.edit(id, act.pick))
            elif self._world.tables[TABLES[kind_type]].get(id) is not None:
                set_by_hand(self._world, kind_type, id, but=("gpuCount", "localStorage", "readme"))

    def untouched(self) -> list[str]:
        """What is wrong with their objects."""
        wrong = []
        for id, (name, look) in self.theirs.items():
            record = self._world.tables[name].get(id)
            if record is None or getattr(record, "status", getattr(record, "state", "")) in LEAVING:
                wrong.append(f"{id} of {name}, which is not ours, is gone")
            elif self._look(name, record) != look:
                wrong.append(f"{id} of {name}, which is not ours, was {look} and is {self._look(name, record)}")
        return wrong

    def _call(self, operation: str, body: dict[str, Any]) -> None:
        act = {"do": "call", "operation": operation, "body": body}
        on_event(self._world, ScenarioEvent(id="", scenario="", act=act), "")

    @contextmanager
    def _watching(self) -> Iterator[None]:
        before, names = set(self._ids()), self._names()
        yield
        after = self._ids()
        for id, name in self._names().items():
            if id not in self._known and names.get(id, name) != name:
                # Renamed before its create was answered: nobody can tell any more that it is ours.
                self.theirs[id] = (after[id], "")
        for id, name in after.items():
            if id not in before:
                self.theirs[id] = (name, "")
                self._set_apart(name, id)
        self.deleted |= before - after.keys()
        for id in list(self.theirs):
            if id in after:
                self.theirs[id] = (after[id], self._look(after[id], self._world.tables[after[id]].get(id)))
            else:
                del self.theirs[id]

    def _set_apart(self, name: str, id: str) -> None:
        """The same for what a scenario makes beside a create of ours that is not over."""
        for kind in UNMARKED & self._open_kinds():
            facts = FACTS[TYPES[kind]]
            if facts.table == name and facts.outsiders is not None:
                record: Any = self._world.tables[name].get(id)
                setattr(record, *facts.outsiders.apart)

    def _ids(self) -> dict[str, str]:
        return ids_in(self._world)

    def _names(self) -> dict[str, str]:
        """What alone tells the objects that have no room for an owner mark, by id."""
        return {item.id: item.name for kind in UNMARKED for item in self._world.tables[TABLES[TYPES[kind]]]}

    def _look(self, name: str, record: Any) -> str:
        plain = self._world.tables[name].plain(record)
        return str({field: value for field, value in plain.items() if field not in _OWN_COURSE})


def ids_in(world: World) -> dict[str, str]:
    """The table of every object that is there and not on its way out, by id."""
    return {
        record.id: name
        for name in LASTING.values()
        for record in world.tables[name]
        if getattr(record, "status", getattr(record, "state", "")) not in LEAVING
    }

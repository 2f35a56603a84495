"""A table of records, with its unwritten changes and, for stale lists, its past."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any, Generic, Protocol, TypeVar

from novita_infra.simulator.json_text import read_unicode_json
from novita_infra.simulator.world.engine.records import WorldRecord

R = TypeVar("R", bound=WorldRecord)
REMEMBERED = 100_000
"""How many changes of a table the past holds."""


class Table(Generic[R]):
    """Records of one type in the order of their creation. Code that changes a record calls `touch`."""

    def __init__(self, name: str, record: type[R], clock: Callable[[], float]) -> None:
        self.name = name
        self.record = record
        self._names = tuple(field.name for field in fields(record))
        self._clock = clock
        self._items: dict[str, R] = {}
        self._changed: dict[str, None] = {}
        self._seen: dict[str, str] | None = None
        self._past: deque[tuple[float, str, str | None]] = deque(maxlen=REMEMBERED)
        self.lag = 0.0
        """Seconds by which `listed` looks back; set only while a stale list is answered."""

    def get(self, key: str) -> R | None:
        return self._items.get(key)

    def __iter__(self) -> Iterator[R]:
        return iter(self._items.values())

    def __len__(self) -> int:
        return len(self._items)

    def add(self, record: R) -> R:
        self._items[record.id] = record
        self.touch(record)
        return record

    def touch(self, record: R) -> None:
        self._changed[record.id] = None
        self._remember(record.id)

    def remove(self, record: R) -> None:
        del self._items[record.id]
        self._changed[record.id] = None
        self._remember(record.id)

    def changes(self) -> list[tuple[str, str, str | None]]:
        """The rows to write: table, id and JSON, None for a removed record. The call clears the list."""
        rows: list[tuple[str, str, str | None]] = []
        for key in self._changed:
            record = self._items.get(key)
            rows.append((self.name, key, None if record is None else self.encode(record)))
        self._changed.clear()
        return rows

    def unwritten(self, key: str) -> None:
        """Puts a record back on the list of changes: its row could not be written."""
        self._changed[key] = None

    def forget_changes(self) -> None:
        """Clears the list without writing it: a world without a file has no use for it."""
        self._changed.clear()

    def load(self, key: str, body: str) -> R:
        record = self._decode(body)
        self._items[key] = record
        return record

    def encode(self, record: R) -> str:
        return json.dumps(self.plain(record), separators=(",", ":"))

    def plain(self, record: R) -> dict[str, Any]:
        """The record as JSON values."""
        return record.values(self._names)

    def _decode(self, body: str) -> R:
        return self.record.of_values(read_unicode_json(body))

    def remember(self) -> None:
        """Keeps the past from now on, so that stale lists can show it."""
        if self._seen is None:
            self._seen = {record.id: self.encode(record) for record in self}

    def _remember(self, key: str) -> None:
        if self._seen is None:
            return
        record = self._items.get(key)
        before = self._seen.get(key)
        if record is None:
            self._seen.pop(key, None)
        else:
            self._seen[key] = self.encode(record)
        self._past.append((self._clock(), key, before))

    def listed(self) -> list[R]:
        """The records for a list operation: of now, or of `lag` seconds ago."""
        if not self.lag or self._seen is None:
            return list(self._items.values())
        then = dict(self._seen)
        since = self._clock() - self.lag
        for at, key, before in reversed(self._past):
            if at <= since:
                break
            if before is None:
                then.pop(key, None)
            else:
                then[key] = before
        return sorted((self._decode(body) for body in then.values()), key=lambda record: record.created)


class NewTable(Protocol):
    """Adds a table to a world."""

    def __call__(self, name: str, record: type[R], /) -> Table[R]: ...

"""Locks that a dead holder loses: leases, all of one place in one object, each with signs of life of its holder.

A lease is dead when its sign of life has not changed for a period, as the process that wants it has seen by its own
clock: no clock of another machine matters. Whoever takes it over fences the old holder off in the storage itself.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import field, replace
from operator import itemgetter
from typing import Any, Final, TypeVar

from novita_infra.model.diagnostics import Problems
from novita_infra.model.frozen import dataclass
from novita_infra.state.backend import HeldLock
from novita_infra.state.locks.lock_holders import holder_of, locked_by, note_of_holder, process_exists
from novita_infra.state.objects.layout import LOCKS, json_at, packed, unpacked
from novita_infra.state.objects.objects import ABSENT, Conflict, ObjectChange, Objects
from novita_infra.state.store import LockHolder, LockRefused

OF_A_RUN: Final = "~"
"""The begin of the keys of leases that are not of an environment."""
_BEATS: Final = 3
"""Signs of life in a period."""
_T = TypeVar("_T")


def seconds_awake_or_not() -> float:
    """Seconds of a clock that nobody sets, and that goes on while the machine sleeps, if the system has one."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


@dataclass(frozen=True, slots=True)
class LeaseEntry:
    """One lease in the table."""

    token: str
    """A random name of the holding."""
    beat: int
    """Rises with each sign of life."""
    note: Mapping[str, Any] = field(default_factory=dict)
    """Who the holder is."""


@dataclass(frozen=True, slots=True)
class LeaseTable:
    """The leases of a place, and the names that their holders have taken."""

    leases: Mapping[str, LeaseEntry] = field(default_factory=dict)
    names: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """By name: the lease of its holder, and the token of that lease."""
    last: str = ""
    """The token of the lease that was taken last, whether it is still held or not: while it stays, nobody has come.
    Empty if a program wrote the table that keeps no such token."""

    def without(self, key: str) -> LeaseTable:
        """The table without a lease and its names."""
        leases = {name: entry for name, entry in self.leases.items() if name != key}
        names = {name: held for name, held in self.names.items() if held[0] != key}
        return replace(self, leases=leases, names=names)

    def without_process(self, note: Mapping[str, Any]) -> LeaseTable:
        """The table without all leases of the process of that note, which is dead."""
        left = self
        for key, entry in self.leases.items():
            if all(entry.note.get(name) == note.get(name) for name in ("host", "boot", "namespace", "pid")):
                left = left.without(key)
        return left

    def without_names(self, names: Collection[str]) -> LeaseTable:
        """The table without these names."""
        return replace(self, names={name: held for name, held in self.names.items() if name not in names})

    def held_by(self, name: str) -> tuple[str, LeaseEntry] | None:
        """The lease that holds a name; None if it is free, or its holder gave up its lease or lost it."""
        key, token = self.names.get(name, ("", ""))
        entry = self.leases.get(key)
        return (key, entry) if entry is not None and entry.token == token else None

    def text(self) -> bytes:
        """The table as it is stored."""
        leases = {
            key: {"token": item.token, "beat": item.beat, "holder": dict(item.note)}
            for key, item in self.leases.items()
        }
        content = {"format": 1, "last": self.last, "leases": leases, "names": self.names}
        return packed(json.dumps(content).encode() + b"\n", compressed=bool(self.names))


@dataclass(frozen=True, slots=True)
class _Watched:
    """What this process has seen of a lease."""

    entry: LeaseEntry
    """As it was last."""
    since: float
    """The time at which this sign of life was first seen."""
    silent: float = 0.0
    """Seconds since then."""
    lives: bool = False
    """Whether a sign of life came while this process watched."""


class Leases:
    """The leases of one place, as one process sees them."""

    def __init__(
        self,
        objects: Objects,
        *,
        period: float,
        clock: Callable[[], float] = seconds_awake_or_not,
        note: Callable[[str, float], Mapping[str, Any]] = note_of_holder,
        beats: bool = True,
    ) -> None:
        """`period` in seconds. The others are for tests; without `beats`, a lease gives a sign of life on call only."""
        self.period = period
        self._objects = objects
        self._clock = clock
        self._note = note
        self.beats = beats
        self._watched: dict[str, _Watched] = {}
        self._guard = threading.Lock()
        self._changing = threading.Lock()
        self._known: tuple[LeaseTable, str] | None = None
        """The table and its version as this process saw them last."""
        self._is_alone = True
        """Whether nobody else had written the table at the last look: then the next write needs no look before it."""

    def describe(self) -> str:
        """The place of the table, for a message."""
        return self._objects.describe(LOCKS)

    def try_take(self, key: str, operation: str, *, place: str) -> Lease | LockRefused:
        """The lease of that key, or the reason why it cannot be had now. Keeps it until it is released."""
        token, note = secrets.token_hex(8), self._note(operation, time.time())

        def take(table: LeaseTable) -> tuple[LeaseTable, LockRefused | bool]:
            entry = table.leases.get(key)
            if entry is not None and not self.is_dead(key, entry):
                return table, self.refusal(key, entry, place)
            left = table.without(key) if entry is None else table.without_process(entry.note)
            leases = {**left.leases, key: LeaseEntry(token, 0, note)}
            return replace(left, leases=leases, last=token), entry is not None

        result = self.change(take)
        if isinstance(result, LockRefused):
            return result
        return Lease(self, key, token, takes_over=result)

    def is_dead(self, key: str, entry: LeaseEntry) -> bool:
        """Whether the holder of the lease is certainly dead, or has given no sign of life for a period."""
        return process_exists(entry.note) is False or self._watch(key, entry).silent >= self.period

    def _watch(self, key: str, entry: LeaseEntry) -> _Watched:
        """What this process has seen of the lease, with this look at it."""
        with self._guard:
            now, last = self._clock(), self._watched.get(key)
            if last is None or last.entry.token != entry.token:
                last = _Watched(entry, now)
            elif last.entry.beat != entry.beat:
                last = _Watched(entry, now, lives=True)
            self._watched[key] = last = replace(last, silent=now - last.since)
            return last

    def refusal(self, key: str, entry: LeaseEntry, place: str) -> LockRefused:
        """The refusal of a lease. Its holder is waited for until it is clear whether it lives."""
        watched = self._watch(key, entry)
        hint = (
            f"wait for its end, or give --lock-timeout; without a sign of life for {self.period:g} s it loses the lock"
        )
        return replace(
            locked_by(entry.note, place, hint=hint),
            doubtful=0.0 if watched.lives or process_exists(entry.note) else self.period - watched.silent,
            pause=self.period / (2 * _BEATS),
        )

    def held(self) -> tuple[HeldLock, ...]:
        """The leases of environments, sorted."""
        found = sorted(self.table().leases.items(), key=itemgetter(0))
        return tuple(
            HeldLock(key, holder_of(item.note), self._watch(key, item).silent or None)
            for key, item in found
            if key[:1] != OF_A_RUN and process_exists(item.note) is not False
        )

    def remove(self, key: str) -> LockHolder | None:
        """Takes the lease away from whoever has it."""

        def take_away(table: LeaseTable) -> tuple[LeaseTable, LockHolder | None]:
            entry = table.leases.get(key)
            return (table.without(key), holder_of(entry.note) or LockHolder()) if entry else (table, None)

        return self.change(take_away)

    def table(self) -> LeaseTable:
        """The table as it is stored now."""
        return self._read()[0]

    def change(self, edit: Callable[[LeaseTable], tuple[LeaseTable, _T]]) -> _T:
        """Replaces the table by what `edit` makes of it, again and again until nobody else changed it in between.

        Who is alone begins with the table that was seen last: a write over it succeeds only if it is still the present
        one, and what leads to no write is decided on the present one.
        """
        with self._changing:  # so that a sign of life and the names of one run never refuse each other
            known = self._known if self._is_alone else None
            while True:
                table, version = known or self._read()
                edited, result = edit(table)
                if edited != table:
                    with suppress(Conflict):
                        (version,) = self._objects.write([ObjectChange(LOCKS, edited.text(), version)])
                        self._known = edited, version
                        return result
                elif known is None:
                    return result
                known = None

    def _read(self) -> tuple[LeaseTable, str]:
        content = self._objects.read(LOCKS)
        if content is None:
            return LeaseTable(), ABSENT
        text = unpacked(content, self.describe(), hint=_DAMAGED)
        before, known = self._known, (_table(json_at(text, self.describe(), hint=_DAMAGED)), content.version)
        self._is_alone, self._known = before is None or before[1] == content.version, known
        return known


_DAMAGED: Final = "make sure that no run is under way; then delete it"


def _table(content: Mapping[str, Any]) -> LeaseTable:
    """The table in the JSON; what has another form is left out."""
    leases, names, last = content.get("leases"), content.get("names"), content.get("last")
    return LeaseTable(
        {
            key: LeaseEntry(token, beat, note)
            for key, item in (leases.items() if isinstance(leases, dict) else ())
            if isinstance(item, dict)
            and isinstance(token := item.get("token"), str)
            and isinstance(beat := item.get("beat"), int)
            and isinstance(note := item.get("holder"), dict)
        },
        {
            name: (held[0], held[1])
            for name, held in (names.items() if isinstance(names, dict) else ())
            if isinstance(held, list) and len(held) == 2 and all(isinstance(item, str) for item in held)
        },
        last if isinstance(last, str) else "",
    )


class Lease:
    """A lease that this process holds. A thread gives its signs of life until it is released, or another one has it."""

    def __init__(self, leases: Leases, key: str, token: str, *, takes_over: bool) -> None:
        self.key = key
        self.token = token
        self.takes_over = takes_over
        """Whether an earlier holder did not give it back."""
        self._leases = leases
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._live, name=f"lease of {key}", daemon=True)
        if leases.beats:
            self._thread.start()

    def release(self) -> None:
        self._ended.set()
        if self._leases.beats:
            self._thread.join()
        self._leases.change(self._given_back)

    def beat(self) -> bool:
        """Gives a sign of life; False if the lease is another's. Raises Problems if the place cannot be reached."""
        return self._leases.change(self._beaten)

    def is_held(self) -> bool:
        """Whether the lease is still this one. True after it was given back."""
        entry = self._leases.table().leases.get(self.key)
        return self._ended.is_set() or (entry is not None and entry.token == self.token)

    def _live(self) -> None:
        pause = self._leases.period / _BEATS
        while not self._ended.wait(pause):
            with suppress(Problems):  # a place that cannot be reached now may be in time
                if not self.beat():
                    return

    def _given_back(self, table: LeaseTable) -> tuple[LeaseTable, None]:
        entry = table.leases.get(self.key)
        return (table.without(self.key) if entry and entry.token == self.token else table), None

    def _beaten(self, table: LeaseTable) -> tuple[LeaseTable, bool]:
        entry = table.leases.get(self.key)
        if entry is None or entry.token != self.token:
            return table, False
        return replace(table, leases={**table.leases, self.key: replace(entry, beat=entry.beat + 1)}), True

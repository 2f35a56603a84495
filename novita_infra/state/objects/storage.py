"""State, journal and history of an environment as objects, the same for every backend of that sort.

Every write is an append with the next number, or compares the head. So a run that another one overtook, or whose lease
was taken over, cannot write any more.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from novita_infra.model.diagnostics import EXIT_REFUSED, Problems, problem
from novita_infra.model.frozen import dataclass
from novita_infra.state.backend import Overtaken, StateStorage, Stored, Version
from novita_infra.state.objects.contents import EnvironmentObjects, journal_of, may_be_replaced
from novita_infra.state.objects.layout import (
    Head,
    Segment,
    SegmentKind,
    audit_prefix,
    count_of,
    head_key,
    packed,
    segment_key,
    state_id,
    states_prefix,
    time_of,
)
from novita_infra.state.objects.leases import Lease, Leases
from novita_infra.state.objects.objects import ABSENT, Conflict, ObjectChange, Objects, ObjectTraits
from novita_infra.state.objects.pacing import Pacing
from novita_infra.state.store import LockHolder, LockRefused

_TRIES: Final = 20
"""How often a reader starts over because a run saved while it read."""
_SLACK: Final = 5
"""Versions beyond the kept ones that are removed together."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What of an environment was there when it was read."""

    head: str
    """The version of the head; ABSENT if there was none."""
    state: str = ""
    """The id of the state."""
    fence: int = 0
    next: int = 0
    """The number of the segment that would come next."""


class ObjectStorage(StateStorage):
    """A StateStorage in objects."""

    def __init__(
        self,
        objects: Objects,
        environment: str,
        traits: ObjectTraits,
        leases: Leases,
        *,
        now: Callable[[], float],
    ) -> None:
        self._objects = objects
        self._environment = environment
        self._traits = traits
        self._leases = leases
        self._now = now
        self._contents = EnvironmentObjects(objects, environment)
        """The objects as they were at the last read, where a place gives them all at once; else as they are."""
        self._last: tuple[_Seen, Stored] | None = None
        """What was read last: a reader that looks often fetches a state again only if it changed."""
        self._lease: Lease | None = None
        self._writer: _SegmentWriter | None = None
        """The journal of the run that this storage is part of."""

    def describe(self) -> str:
        return self._contents.describe()

    def describe_journal(self) -> str:
        return self._contents.describe_journal()

    def restore_hint(self) -> str:
        return self._contents.hint

    def remains(self) -> str:
        return self._contents.remains()

    def read(self) -> Stored:
        return self._read(damaged=False)

    def read_damaged(self) -> Stored:
        return self._read(damaged=True)

    def _read(self, *, damaged: bool) -> Stored:
        for _ in range(_TRIES):
            content = self._look().head_object()
            version = content.version if content else ABSENT
            try:
                head = self._contents.head(content)
            except Problems:
                if not damaged:
                    raise
                head = Head()
            if not head.state:
                return Stored(None, None, _Seen(version, fence=head.fence))
            stored = self._stored(head, version, damaged=damaged)
            if stored is not None:
                return stored
        raise problem(f"{self.describe()} keeps changing", "wait for the other run to end")

    def _look(self) -> EnvironmentObjects:
        """The objects of the environment as they are now."""
        self._contents = EnvironmentObjects(self._objects.snapshot(), self._environment)
        return self._contents

    def _stored(self, head: Head, version: str, *, damaged: bool) -> Stored | None:
        """What is stored at that version of the head; None if it has changed since."""
        last, own = self._last, self._writer
        if not damaged and own is not None and own.id == head.state:
            if len(self._contents.journal_keys(own.id)) == own.number:
                return own.stored(_Seen(version, own.id, head.fence, own.number))
        elif (
            last is not None
            and last[0].head == version
            and len(self._contents.journal_keys(head.state)) == last[0].next
        ):
            return last[1]
        fault: Problems | None = None
        state, segments = b"", list[Segment]()
        try:
            state = self._contents.state(head.state)
        except Problems as error:
            fault = error
        try:
            segments = self._contents.segments(head.state, damaged=damaged)
        except Problems as error:
            fault = fault or error
        if fault is not None or may_be_replaced(segments):
            # Who replaces the state writes its trail before the head: without one, the head is still the same.
            again = self._contents.head_object()
            if again is None or again.version != version:
                return None
        if fault is not None and not damaged:
            raise fault
        seen = _Seen(version, head.state, head.fence, len(segments))
        stored = Stored(state, journal_of(segments), seen)
        if fault is None:
            self._last = seen, stored
        return stored

    def replace(self, state: bytes, stored: Stored, trail: bytes = b"", audit: bytes = b"") -> None:
        seen, before = self._checked(stored), stored.journal or b""
        id = self._new_id(seen)
        # The end of a journal makes the new state, which names the end of the log: so the log comes first.
        changes = [self._state_change(id, state), *self._audit_changes(id, audit)]
        if seen.state:
            kind: SegmentKind = "end" if trail.startswith(before) or not trail else "begin"
            rest = trail.removeprefix(before) if kind == "end" else trail
            changes.append(self._segment_change(seen.state, seen.next, kind, rest))
        changes.append(self._head_change(seen, id))
        self._write(changes)
        self._writer = None
        self._drop_old(id)

    def begin(self, state: bytes, header: bytes, stored: Stored, audit: bytes = b"") -> _SegmentWriter:
        seen = self._checked(stored)
        if seen.state and state == stored.state:
            id, number, changes = seen.state, seen.next, list[ObjectChange]()
        else:
            id, number = self._new_id(seen), 0
            changes = [self._state_change(id, state)]
            if seen.state:
                changes.append(self._segment_change(seen.state, seen.next, "end"))
        changes.append(self._segment_change(id, number, "begin", header))
        changes += self._audit_changes(id, audit)
        if id != seen.state:
            changes.append(self._head_change(seen, id))
        self._write(changes)
        self._writer = _SegmentWriter(self, id, number + 1, Stored(state, header))
        return self._writer

    def _checked(self, stored: Stored) -> _Seen:
        """What was there when it was read. Raises Problems if the lease is lost, and Overtaken.

        A run that ends continues from its own last segment: one that it did not write is another's.
        """
        if self._lease is not None and not self._lease.is_held():
            raise self._taken_over()
        seen = stored.version
        assert isinstance(seen, _Seen)  # noqa: S101 -- what `read` gave
        if self._writer is None:
            return seen
        if (seen.state, seen.next) != (self._writer.id, self._writer.number):
            raise self._taken_over()
        return seen

    def append(self, id: str, number: int, lines: bytes) -> None:
        """Appends the lines as that segment of the journal. Raises Problems if the lease was taken over."""
        try:
            self._objects.write([self._segment_change(id, number, "lines", lines)])
        except Conflict as error:
            raise self._taken_over() from error

    def _taken_over(self) -> Problems:
        return problem(
            f"the lock of {self.describe()} was taken over while this run gave no sign of life; it stopped before its "
            "next call",
            "run the command again: it goes on from what the other run left",
            code=EXIT_REFUSED,
        )

    def try_lock(self, operation: str) -> Lease | LockRefused:
        lease = self._leases.try_take(self._environment, operation, place=self.describe())
        if isinstance(lease, LockRefused):
            return lease
        if lease.takes_over:
            try:
                self._fence_off()
            except BaseException:
                lease.release()
                raise
        self._lease = lease
        return lease

    def lock_holder(self) -> LockHolder | None:
        held = (lock for lock in self._leases.held() if lock.environment == self._environment)
        return next(((lock.holder or LockHolder()) for lock in held), None)

    def break_lock(self) -> LockHolder | None:
        holder = self._leases.remove(self._environment)
        if holder is not None:
            self._fence_off()
        return holder

    def _fence_off(self) -> None:
        """Makes every later write of a run that has read or written before this moment a Conflict."""
        while True:
            content = self._look().head_object()
            head = self._contents.head(content)
            if head.state:
                number = len(self._contents.journal_keys(head.state))
                change = self._segment_change(head.state, number, "fence")
            else:
                text = Head(fence=head.fence + 1).text()
                change = ObjectChange(head_key(self._environment), text, content.version if content else ABSENT)
            with suppress(Conflict):
                self._objects.write([change])
                return

    def read_audit(self) -> Sequence[tuple[str, bytes]]:
        return self._look().audit()

    def versions(self) -> tuple[Version, ...]:
        ids = self._look().ids()
        try:
            present = self._contents.head(self._contents.head_object()).state
        except Problems:  # a damaged head names none
            present = ""
        newer = [*ids[1:], ""]  # a state was replaced when the next one was written
        found = [Version(id, time_of(next_)) for id, next_ in zip(ids, newer, strict=True) if id != present]
        return tuple(reversed(found))

    def read_version(self, version: Version) -> Stored:
        return Stored(self._contents.state(version.id), journal_of(self._contents.segments(version.id, damaged=True)))

    def _new_id(self, seen: _Seen) -> str:
        last = seen.state or max(self._contents.ids(), default="")
        return state_id(count_of(last) + 1, self._now(), secrets.token_hex(4))

    def _state_change(self, id: str, state: bytes) -> ObjectChange:
        data = packed(state, compressed=self._traits.compressed)
        return ObjectChange(states_prefix(self._environment) + id, data, ABSENT)

    def _audit_changes(self, id: str, lines: bytes) -> Sequence[ObjectChange]:
        """The part of the audit log that is saved with the state of that id; none without lines."""
        data = packed(lines, compressed=self._traits.compressed)
        return [ObjectChange(audit_prefix(self._environment) + id, data, ABSENT)] if lines else []

    def _segment_change(self, id: str, number: int, kind: SegmentKind, lines: bytes = b"") -> ObjectChange:
        text = Segment(kind, secrets.token_hex(8), lines).text()
        data = packed(text, compressed=self._traits.compressed)
        return ObjectChange(segment_key(self._environment, id, number), data, ABSENT)

    def _head_change(self, seen: _Seen, id: str) -> ObjectChange:
        return ObjectChange(head_key(self._environment), Head(id, seen.fence).text(), seen.head)

    def _write(self, changes: list[ObjectChange]) -> None:
        """Makes the changes. Raises Overtaken where another run was faster."""
        try:
            self._objects.write(changes)
        except Conflict:
            state = changes[0]
            if (
                len(changes) > 1
            ):  # a place that makes one change after the other has kept the state, which nothing names
                self._objects.write([ObjectChange(state.key, None)])
            raise Overtaken from None

    def _drop_old(self, present: str) -> None:
        """Deletes the oldest versions, and their journals, beyond those that are kept."""
        ids = [id for id in self._contents.ids() if id != present]
        surplus = len(ids) - self._traits.kept_versions
        if surplus < _SLACK:
            return
        gone = [states_prefix(self._environment) + id for id in ids[:surplus]]
        for id in ids[:surplus]:
            gone += self._contents.journal_keys(id)
        self._objects.write([ObjectChange(key, None) for key in gone])


class _SegmentWriter:
    """The journal of a run: a segment for each group of lines that come together."""

    def __init__(self, storage: ObjectStorage, id: str, number: int, begin: Stored) -> None:
        """`begin` is what the journal began with."""
        self._storage = storage
        self._state = begin.state
        self._lines = bytearray(begin.journal or b"")
        self.id = id
        """The state that the journal continues from."""
        self.number = number
        """The number of the next segment."""
        self._open = True
        self._pacing = Pacing()

    def pause(self) -> None:
        self._pacing.pause()

    def append(self, lines: bytes) -> None:
        if not self._open:
            raise problem(f"{self._storage.describe_journal()} is closed", "this is a fault of novita-infra; report it")
        with self._pacing.write():
            self._storage.append(self.id, self.number, lines)
        self.number += 1
        self._lines += lines

    def stored(self, seen: _Seen) -> Stored:
        """What is stored while nobody else has written: no segment is fetched that this run has written itself."""
        return Stored(self._state, bytes(self._lines), seen)

    def close(self) -> None:
        self._open = False

"""The stores of every backend: guards of serial and lineage, the journal of a dead run, and the messages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Final

from novita_infra.model.diagnostics import Problems, problem
from novita_infra.model.frozen import dataclass
from novita_infra.state.backend import BackendAround, Overtaken, StateStorage, Stored
from novita_infra.state.format.file_format import previous_digest, read_state, state_digest, write_state
from novita_infra.state.format.journal import fold, header_line, notes_in, trail
from novita_infra.state.journal_queue import JournalQueue
from novita_infra.state.state import AuditHead, State, new_state, with_slow_digests
from novita_infra.state.store import Journal, LockHolder, LockRefused, StateLock, StateLost, StateVersion

if TYPE_CHECKING:
    from novita_infra.state.audit.entries import AuditEntry

_SAVED_NOTHING: Final = "nothing was saved; run the command again"
_PLAN_AGAIN: Final = "plan again"


class GuardedBackend(BackendAround):
    """Implements StateBackend on the storages of any backend."""

    def store(self, environment: str, *, project: str = "") -> GuardedStore:
        return GuardedStore(self._backend.storage(environment), partial(new_state, project, environment))


@dataclass(frozen=True, slots=True)
class _OwnRun:
    """A run under way: the state that it started from, the same as it is stored, and its journal."""

    state: State
    data: bytes
    journal: JournalQueue

    def states(self, stored: Stored) -> tuple[State, State] | None:
        """The first state and its records now; None unless exactly what the run wrote is stored.

        A run of thousands of steps so reads none of its own lines at its end.
        """
        if stored.state != self.data or not self.journal.is_whole(stored.journal):
            return None
        return self.state, self.journal.records_after(self.state)


class GuardedStore:
    """Implements Store on the storage of one environment."""

    def __init__(self, storage: StateStorage, new: Callable[[], State]) -> None:
        """`new` makes the state if nothing is stored."""
        self.storage = storage
        """Where the state is, for commands on damaged states and on earlier ones."""
        self._make_new = new
        self._own_run: _OwnRun | None = None
        """The run that this store keeps the journal of."""
        self._last: tuple[Stored, State | None, State | None] | None = None
        """What was read last."""
        self._saved: StateVersion | None = None
        """What was saved last, if nothing was read since."""
        self._slow: tuple[State, State] | None = None
        """The state that was loaded last, as it is stored and with slow digests."""

    def describe(self) -> str:
        return self.storage.describe()

    def load(self) -> State:
        current = self._read()[-1]
        if current is None:
            return self._new
        if self._slow is None or self._slow[0] is not current:
            self._slow = current, with_slow_digests(current)
        return self._slow[1]

    def save(self, state: State, *, above: int = 0) -> State:
        """As Store.save; the new serial is also above that one."""
        stored = self.storage.read()
        base, current = (self._own_run and self._own_run.states(stored)) or self._read(stored)[1:]
        # A run passes the serial that it started with; the lines of its own journal are part of the state it saves.
        began = self._own_run.state.serial if self._own_run else None
        if current and state.serial not in {current.serial, began}:
            raise self._moved_on(state, current, _SAVED_NOTHING)
        if current and state.lineage != current.lineage:
            raise problem(
                f"{self.describe()} is of another lineage, {current.lineage}",
                "nothing was saved; run the command again",
            )
        audit, lines = self._audited(stored, base, current, state)
        serial = max(state.serial, current.serial if current else 0, above) + 1
        saved = replace(state, serial=serial, audit=audit)
        previous = state_digest(stored.state) if stored.state else ""
        data = write_state(saved, previous=previous)
        changes = trail(base, stored.journal, current=current, saved=saved) if base and current else b""
        try:
            self.storage.replace(data, stored, changes, lines)
        except Overtaken:
            raise self._overtaken(state, _SAVED_NOTHING) from None
        self._own_run, self._saved = None, StateVersion(saved.lineage, saved.serial, previous)
        return saved

    def version(self) -> StateVersion | None:
        if self._saved is not None or self._last is None:
            return self._saved
        stored, base, current = self._last
        if stored.state is None or base is None or current is None:
            return None
        changes = current.serial - base.serial
        return StateVersion(base.lineage, base.serial, previous_digest(stored.state), changes)

    def has_old_key(self) -> bool:
        return self.storage.has_old_key()

    def lock_holder(self) -> LockHolder | None:
        return self.storage.lock_holder()

    def try_lock(self, operation: str) -> StateLock | LockRefused:
        return self.storage.try_lock(operation)

    @contextmanager
    def journal(self, state: State, *, confirmed: Callable[[StateVersion], None] = lambda _: None) -> Iterator[Journal]:
        stored, base, current = self._read()
        if current and (current.lineage, current.serial) != (state.lineage, state.serial):
            raise self._moved_on(state, current, _PLAN_AGAIN)
        audit, lines = self._audited(stored, base, current)
        state = replace(state, audit=audit)
        version = StateVersion(state.lineage, state.serial, _previous(stored, base, state))
        data, header = write_state(state, previous=version.previous), header_line(state)
        try:
            writer = self.storage.begin(data, header, stored, lines)
        except Overtaken:
            raise self._overtaken(state, _PLAN_AGAIN) from None
        journal = JournalQueue(writer, header, confirmed=lambda lines: confirmed(replace(version, changes=lines)))
        self._own_run = _OwnRun(state, data, journal)
        try:
            yield journal
        finally:
            journal.close()

    def unsaved_calls(self) -> list[AuditEntry]:
        """The calls that the journal of a run under way or of a dead run notes, for the audit log."""
        return self._noted(*self._read())

    def _noted(self, stored: Stored, base: State | None, current: State | None) -> list[AuditEntry]:
        own = self._own_run
        if base is None or current is None or (own is None and current is base):
            return []
        from novita_infra.state.audit.entries import noted_entries  # noqa: PLC0415 -- a command that reads needs none

        if own is not None and base.serial == own.state.serial:
            return noted_entries(own.journal.notes, own.state.last_run, own.state.used_plans)
        if current is base or stored.journal is None:
            return []
        return noted_entries(notes_in(stored.journal), base.last_run, base.used_plans)

    def _audited(
        self, stored: Stored, base: State | None, current: State | None, edited: State | None = None
    ) -> tuple[AuditHead, bytes]:
        """The end of the audit log with the calls of the journal, and the lines to add to the log.

        `edited` is a state that is saved; where no run of this store made it, the command that did is an entry, too.
        What that state itself says of the log does not count: an earlier state does not take the log back.
        """
        from novita_infra.state.audit.entries import chained, edit_entry  # noqa: PLC0415 -- likewise

        entries, run = self._noted(stored, base, current), edited.last_run if edited else None
        if run is not None and self._own_run is None and (current is None or run != current.last_run):
            entries.append(edit_entry(run))
        head = current.audit if current else AuditHead()
        return chained(head, entries, (current or edited or self._new).lineage)

    @cached_property
    def _new(self) -> State:
        """The state if nothing is stored."""
        return self._make_new()

    def _read(self, stored: Stored | None = None) -> tuple[Stored, State | None, State | None]:
        """What is stored, the state in it, and that state with the changes of its journal."""
        stored = stored or self.storage.read()
        self._saved = None
        if self._last is None or self._last[0] != stored:
            self._last = stored, *self._parsed(stored)
        return self._last

    def _parsed(self, stored: Stored) -> tuple[State | None, State | None]:
        place, journal_place = self.describe(), self.storage.describe_journal()
        if stored.state is None:
            remains = self.storage.remains()
            if stored.journal is not None:
                summary = f"{journal_place} goes on from a state file that is not there"
                raise StateLost(summary, self.storage.restore_hint())
            if remains:
                raise StateLost(f"{place} is not there, and {remains}", self.storage.restore_hint())
            return None, None
        if not stored.state.strip(b"\0 \t\r\n"):
            raise StateLost(f"{place} is empty", self.storage.restore_hint())
        try:
            state = read_state(stored.state, place, hint="")
        except Problems:  # the same again with the hint, which reads the backup
            state = read_state(stored.state, place, hint=self.storage.restore_hint())
        return state, state if stored.journal is None else fold(state, stored.journal, journal_place)

    def _overtaken(self, state: State, hint: str) -> Problems:
        """The problem of a run that another run overtook between its reading and its writing."""
        return self._moved_on(state, self._read()[-1] or self._new, hint)

    def _moved_on(self, state: State, current: State, hint: str) -> Problems:
        when = " in the meantime" if hint == _SAVED_NOTHING else ""
        who = f"; the last change was {current.last_run}" if current.last_run else ""
        moved = "has moved on" if current.serial > state.serial else "was set back"
        return problem(
            f"{self.describe()} {moved} from version {state.serial} to {current.serial}{when}{who}",
            hint,
        )


def _previous(stored: Stored, base: State | None, state: State) -> str:
    """The digest that a state names which a run starts from: a state of the serial that is stored takes its place."""
    if stored.state is None or base is None:
        return ""
    return previous_digest(stored.state) if base.serial == state.serial else state_digest(stored.state)

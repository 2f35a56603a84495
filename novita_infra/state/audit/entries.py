"""The entries of an audit log: from the notes of a journal, to the lines of a log, and back.

Each entry names the digest of the line before it. The state names that of the last one, so that a log that was changed
or cut does not fit it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, fields, replace
from typing import Any, Final

from novita_infra.api.noting.calls import UNKNOWN
from novita_infra.encoding import INLINE, Json, Malformed, compact, decode_as, encode, parse_json
from novita_infra.model.frozen import dataclass
from novita_infra.state.format.file_format import state_digest
from novita_infra.state.state import AuditHead, LastRun, UsedPlan

SAVED: Final = "saved"
"""The outcome of an entry that is of no call: a command has changed the state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditCause:
    """Who made a call, and why."""

    command: str = ""
    """The command, such as `apply` or `state restore`."""
    by: str = ""
    """The process, for a person: `ada, process 12 on host`."""
    run: str = ""
    """The address of the run of a CI service."""
    plan: str = ""
    """The digest of the plan."""
    address: str = ""
    """The resource."""
    step: str = ""
    """The call by its name in the plan, such as `create`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedCall:
    """A call, and what came of it."""

    method: str = ""
    """The HTTP method; empty for a change of the state."""
    path: str = ""
    """The path and the query, without secrets."""
    attempts: int = 0
    """How often the call was sent."""
    status: int = 0
    """The HTTP status of the last answer; 0 without one."""
    request: str = ""
    """The id that the service gave the last attempt."""
    outcome: str = ""
    """`done`, `refused`, `not sent`, `unknown` or `saved`."""
    ended: float = 0.0
    """When the last answer came, or failed to come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One call that may have changed something, or one change of the state by a command."""

    number: int = 0
    """From 1 on, without a gap."""
    previous: str = ""
    """The digest of the entry before it; empty for the first one."""
    lineage: str = ""
    """The state that the log belongs to; empty in the log of a user."""
    at: float = 0.0
    """When the intent was noted, in Unix seconds, by the clock of the account."""
    of: int = 0
    """In the log of a user: the number of the entry whose call this is the answer to."""
    cause: AuditCause = field(default=AuditCause(), metadata=INLINE)
    call: AuditedCall = field(default=AuditedCall(), metadata=INLINE)


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of a log as it is stored."""

    place: str
    """For a message: `line 7 of state/default.audit`."""
    digest: str
    entry: AuditEntry | None
    """None for a line that is no entry."""


def noted_entries(notes: Iterable[Json], run: LastRun | None, plans: Sequence[UsedPlan] = ()) -> list[AuditEntry]:
    """The entries of the calls that the notes of one run are about, in their order.

    The notes on one call follow one another: the last answer counts. A call without any has an unknown outcome.
    """
    calls: dict[int, dict[str, Any]] = {}
    for note in notes:
        match note:
            case {"call": int(id)}:
                calls.setdefault(id, {"outcome": UNKNOWN}).update(note)
    cause = encode(_cause_of(run, plans))
    return [_noted(call, cause) for call in calls.values()]


def edit_entry(run: LastRun) -> AuditEntry:
    """The entry of a command that changes the state, and calls nothing."""
    return AuditEntry(at=run.since, cause=_cause_of(run, ()), call=AuditedCall(outcome=SAVED))


def _noted(call: Mapping[str, Any], cause: Mapping[str, Any]) -> AuditEntry:
    """The entry of a call. What a newer program notes besides is left out."""
    known = {name: fact for name, fact in call.items() if name in _NOTED}
    try:
        return decode_as(AuditEntry, {**known, **cause})
    except Malformed:
        return decode_as(AuditEntry, {**cause, **encode(AuditedCall(outcome=UNKNOWN))})


_NOTED: Final = frozenset({"at", "address", "step", *(item.name for item in fields(AuditedCall))})


def _cause_of(run: LastRun | None, plans: Sequence[UsedPlan]) -> AuditCause:
    if run is None:
        return AuditCause()
    plan = run.digest or next((plan.digest for plan in plans if plan.id == run.plan), "")
    return AuditCause(command=run.operation, by=run.by, run=run.ci, plan=plan)


def chained(head: AuditHead, entries: Iterable[AuditEntry], lineage: str = "") -> tuple[AuditHead, bytes]:
    """The lines that continue a log after its head, and its head then."""
    lines = []
    for entry in entries:
        place = {"number": head.count + 1, "previous": head.digest, "lineage": lineage}
        line = compact({**encode(entry), **{name: part for name, part in place.items() if part}})
        lines.append(line + b"\n")
        head = AuditHead(head.count + 1, state_digest(line))
    return head, b"".join(lines)


def log_lines(parts: Iterable[tuple[str, bytes]]) -> list[LogLine]:
    """The lines of a log, from its parts with their places."""
    lines = []
    for place, data in parts:
        for number, line in enumerate(data.split(b"\n"), start=1):
            if line:
                lines.append(LogLine(f"line {number} of {place}", state_digest(line), _entry(line)))
    return lines


def _entry(line: bytes) -> AuditEntry | None:
    try:
        return decode_as(AuditEntry, parse_json(line))
    except (ValueError, RecursionError, Malformed):
        return None


def last_head(lines: Sequence[LogLine]) -> AuditHead:
    """The head of a log that ends with its last entry."""
    last = next((line for line in reversed(lines) if line.entry is not None), None)
    return AuditHead(last.entry.number, last.digest) if last is not None and last.entry is not None else AuditHead()


def head_after(head: AuditHead, lines: Sequence[LogLine]) -> AuditHead:
    """The head of the log that continues furthest from the given one. Each further entry names the one before it."""
    following: Mapping[str, LogLine] = {line.entry.previous: line for line in lines if line.entry}
    while (line := following.get(head.digest)) and line.entry and line.entry.number == head.count + 1:
        head = AuditHead(line.entry.number, line.digest)
    return head


def numbered(entries: Iterable[AuditEntry], head: AuditHead, lineage: str) -> list[AuditEntry]:
    """The entries with the numbers that they will have after the head."""
    return [
        replace(entry, number=number, lineage=lineage) for number, entry in enumerate(entries, start=head.count + 1)
    ]

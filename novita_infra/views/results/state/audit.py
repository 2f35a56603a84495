"""The audit log: a row for each call that changes something, and whether the log is whole. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from novita_infra.model.clock import timestamp
from novita_infra.model.diagnostics import Severity
from novita_infra.model.frozen import dataclass
from novita_infra.state.audit.checking import AuditCheck
from novita_infra.state.audit.entries import AuditEntry
from novita_infra.state.state import AuditHead
from novita_infra.views.content.lines import Line, Tone, line
from novita_infra.views.content.listing import Listing, Statement, fact
from novita_infra.views.results.state_fsck import StateFault

_SHORT = 12
"""Letters of the digest of a plan in the text."""


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One call, or one change of the state by a command."""

    number: int = fact("Its number in the log, from 1 on.")
    at: str = fact("When it was about to be sent, in UTC, by the clock of the account.")
    outcome: str = fact(
        "`done`; `refused`, so that nothing happened; `not sent`; `unknown`: the answer was lost, or the process was "
        "killed before it came; `saved`: a command has changed the state, and called nothing."
    )
    method: str | None = fact("The HTTP method; null for a change of the state.")
    path: str | None = fact("The path and the query, without secrets; null for a change of the state.")
    status: int | None = fact("The HTTP status of the last answer; null without one.")
    attempts: int = fact("How often the call was sent.")
    request_id: str | None = fact("The id that the service gave the last attempt; null without one.")
    address: str | None = fact("The resource that it was for; null outside of a plan.")
    step: str | None = fact("The step of the plan, such as `create`; null outside of a plan.")
    command: str = fact("The command, such as `apply`.")
    plan: str | None = fact("The digest of the plan; null without one.")
    by: str = fact("The user, the process and the host.")
    run: str | None = fact("The address of the run of a CI service; null without one.")
    ended: str | None = fact("When the last answer came, or failed to come, in UTC; null where that is not known.")


@dataclass(frozen=True, slots=True)
class AuditListing(Listing):
    """The calls that changed something, the newest last, as `audit show --json` prints them."""

    name: ClassVar[str] = "audit_log"
    row: ClassVar[type] = AuditRow
    empty: ClassVar[str] = "No call is noted."

    rows: tuple[AuditRow, ...]

    def lines(self) -> Iterator[Line]:
        """For each call a line of what and its outcome, and below it who, why and by which call: all fit 60 columns."""
        if not self.rows:
            yield line((self.empty, Tone.GOOD))
        for row in self.rows:
            yield from _lines(row)


def _lines(row: AuditRow) -> Iterator[Line]:
    tone = {"done": Tone.GOOD, "saved": Tone.GOOD, "unknown": Tone.BAD}.get(row.outcome, Tone.CHANGE)
    what = " ".join(part for part in (row.step, row.address) if part) or row.command
    attempts = f", sent {row.attempts} times" if row.attempts > 1 else ""
    yield line((f"{row.number} {what}: ", Tone.STRONG), (f"{row.outcome}{attempts}", tone))
    yield line(f"    {row.at.replace('T', ' ').replace('Z', ' UTC')}, {row.command}")
    yield line(f"    {row.by}")
    if row.method:
        status = f" {row.status}" if row.status else ""
        yield line(f"    {row.method} {row.path}{status}")
    if row.request_id:
        yield line(f"    request id {row.request_id}")
    if row.plan:
        yield line(f"    plan {row.plan.rpartition(':')[2][:_SHORT]}")
    if row.run:
        yield line(f"    {row.run}")


def audit_listing(entries: Iterable[AuditEntry]) -> AuditListing:
    """The rows of the entries, in their order."""
    return AuditListing(tuple(map(_row, entries)))


def _row(entry: AuditEntry) -> AuditRow:
    return AuditRow(
        number=entry.number,
        at=timestamp(entry.at),
        outcome=entry.call.outcome,
        method=entry.call.method or None,
        path=entry.call.path or None,
        status=entry.call.status or None,
        attempts=entry.call.attempts,
        request_id=entry.call.request or None,
        address=entry.cause.address or None,
        step=entry.cause.step or None,
        command=entry.cause.command,
        plan=entry.cause.plan or None,
        by=entry.cause.by,
        run=entry.cause.run or None,
        ended=timestamp(entry.call.ended) if entry.call.ended else None,
    )


@dataclass(frozen=True, slots=True)
class AuditVerdict(Statement):
    """Whether an audit log is whole, as `audit verify --json` prints it."""

    name: ClassVar[str] = "audit_check"
    row: ClassVar[type] = StateFault
    empty: ClassVar[str] = ""

    whole: bool = fact("Whether each entry is there as it was written.")
    entries: int = fact("The number of the newest entry that the state names.")
    digest: str | None = fact("The digest of that entry; null without any.")
    unsaved: int = fact("How many calls of a killed run are noted, which the next command adds to the log.")
    rows: tuple[StateFault, ...] = fact("Everything that is wrong, the newest entries first.")

    def lines(self) -> Iterator[Line]:
        """The verdict, and each fault with its hint below."""
        if self.whole:
            many = "1 entry" if self.entries == 1 else f"{self.entries} entries"
            yield line(("The audit log is whole: ", Tone.GOOD), f"{many}.")
        for row in self.rows:
            tone = Tone.BAD if row.severity is Severity.ERROR else Tone.CHANGE
            yield line((f"{row.severity.value}: ", tone), row.summary)
            yield line(f"    {row.hint}")
        if self.unsaved:
            yield line(f"{self.unsaved} more are in the journal of a run that has not ended, or was killed.")
        if self.digest:
            yield line(f"Digest: {self.digest}")


def audit_check(check: AuditCheck, head: AuditHead, *, unsaved: int) -> AuditVerdict:
    """The verdict on a log with that end; `unsaved` calls are in the journal of a killed run."""
    rows = (StateFault(item.severity, None, item.summary, item.hint) for item in check.faults)
    return AuditVerdict(check.is_whole, head.count, head.digest or None, unsaved, tuple(rows))

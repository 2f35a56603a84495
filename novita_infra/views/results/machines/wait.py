"""The ends of waits for objects. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from novita_infra.model.durations import in_words
from novita_infra.model.frozen import dataclass
from novita_infra.model.resources import Phase
from novita_infra.planning.waits import EndedWait, WaitOutcome
from novita_infra.views.content.listing import Listing, cell, fact


@dataclass(frozen=True, slots=True)
class EndedWaitRow:
    """The end of the wait for one object."""

    title: str = cell("NAME")
    address: str | None = fact("The address, with the environment where several are meant; null where no state has it.")
    kind: str = fact("The type of the resource, as in an address.")
    id: str = fact("The id of the object.")
    outcome: WaitOutcome = fact("How the wait ended.", title="WAIT")
    phase: Phase | None = fact("The phase when it was last read; null if it was not read.", title="PHASE")
    status: str | None = fact("The status, as the API words it; null if it was not read.", title="STATUS")
    seconds: int = fact("The seconds of the wait.")
    after: str = cell("AFTER")
    reason: str | None = fact("Why it cannot become what it is waited for; null where it may.")
    note: str = cell("NOTE")


@dataclass(frozen=True, slots=True)
class EndedWaitListing(Listing):
    """The ends of the waits for objects, as `wait --json` prints them."""

    name: ClassVar[str] = "wait"
    row: ClassVar[type] = EndedWaitRow
    empty: ClassVar[str] = "Nothing was waited for."

    rows: tuple[EndedWaitRow, ...]


def wait_listing(ends: Iterable[EndedWait]) -> EndedWaitListing:
    """The ends in their order."""
    return EndedWaitListing(tuple(map(_row, ends)))


def _row(end: EndedWait) -> EndedWaitRow:
    gone = end.outcome is not WaitOutcome.TIMED_OUT
    return EndedWaitRow(
        title=end.title,
        address=end.address or None,
        kind=end.kind,
        id=end.id,
        outcome=end.outcome,
        phase=end.live.phase if end.live else (Phase.GONE if gone else None),
        status=end.live.status if end.live else None,
        seconds=round(end.seconds),
        after=in_words(end.seconds),
        reason=end.reason or None,
        note=end.reason,
    )

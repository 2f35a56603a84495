"""What `sweep` finds past its deadline, and what was done with it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from novita_infra.model.clock import timestamp
from novita_infra.model.durations import in_words
from novita_infra.model.frozen import dataclass
from novita_infra.model.identity import owner_of
from novita_infra.planning.overdue import OverdueObject, SweepOutcome
from novita_infra.views.content.lines import Line, Tone, line
from novita_infra.views.content.listing import Listing, cell, fact


@dataclass(frozen=True, slots=True)
class SweptRow:
    """An object past its deadline."""

    id: str = fact("The id of the object.", title="ID")
    name: str = fact("The name of the object in the account.", title="NAME")
    kind: str = fact("The type of the resource, as in an address.")
    owner: str = fact("The project, environment and address that its mark names.", title="OWNER")
    deadline: str = fact("The deadline in its mark, in UTC.", title="DEADLINE")
    overdue_seconds: int = fact("For how long it is past its deadline.")
    overdue: str = cell("OVERDUE")
    outcome: SweepOutcome = fact("What was done with it; `due` for nothing yet.", title="OUTCOME")
    reason: str | None = fact("Why it was not ended; null where it was, or is still due.")


@dataclass(frozen=True, slots=True)
class SweptListing(Listing):
    """The objects past their deadlines, as `sweep --json` prints them."""

    name: ClassVar[str] = "sweep"
    row: ClassVar[type] = SweptRow
    empty: ClassVar[str] = "Nothing is past its deadline."
    rows: tuple[SweptRow, ...]

    def closing(self) -> Iterator[Line]:
        """The reasons why objects were not ended."""
        for row in self.rows:
            if row.reason:
                yield line((f"{row.id}: ", Tone.STRONG), (row.reason, Tone.CHANGE))


def swept_listing(items: Iterable[OverdueObject], *, now: float) -> SweptListing:
    """The listing of the objects. `now` is in Unix seconds."""
    return SweptListing(tuple(_row(item, now) for item in items))


def _row(item: OverdueObject, now: float) -> SweptRow:
    owner, overdue = owner_of(item.live.mark), max(0, int(now - item.deadline))
    return SweptRow(
        id=item.live.id,
        name=item.live.name,
        kind=item.kind.type,
        owner=owner.path if owner else "",
        deadline=timestamp(item.deadline),
        overdue_seconds=overdue,
        overdue=in_words(overdue),
        outcome=item.outcome,
        reason=item.reason or None,
    )

"""Orphans: a table with the sum of their prices. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from novita_infra.catalogue.prices import Amount
from novita_infra.model.durations import in_words
from novita_infra.model.frozen import dataclass
from novita_infra.planning.orphans import Orphan
from novita_infra.views.content.lines import Line, Tone, line
from novita_infra.views.content.listing import Listing, cell, fact
from novita_infra.views.results.machines.cells import (
    MeasuredUse,
    counted,
    measured_use,
    price_cell,
    sum_text,
    time_or_none,
    use_cell,
)


@dataclass(frozen=True, slots=True)
class ListedObject:
    """A live object, as a list of the API shows it."""

    kind: str = fact("The type of the resource, as in an address.", title="KIND")
    id: str = fact("The id of the object.", title="ID")
    name: str = fact("The name of the object in the account.", title="NAME")
    status: str = fact("The status, as the API words it.", title="STATUS")


@dataclass(frozen=True, slots=True)
class OrphanRow(ListedObject):
    """A live object that is in no state."""

    details_read: bool = fact(
        "Whether what `--details` reads is read; if not, a null of `created`, `age_seconds` or `gpu_use` says nothing."
    )
    created: str | None = fact("When it was created, in UTC; null if it is not known, or not read.")
    age_seconds: int | None = fact("The age; null if it is not known.")
    age: str = cell("AGE")
    price: str = cell("PER HOUR")
    per_hour: Amount = fact("The known part of the price of an hour.")
    price_unknown: tuple[str, ...] = fact("What has no known price.")
    gpu_use: MeasuredUse | None = fact("The use of the GPUs; null where nothing is measured, or not read.")
    last_use: str = cell("LAST GPU USE")
    made_by: str | None = fact("The owner by the owner mark, `project/environment/address`; null without a mark.")
    perhaps_of: str | None = fact("The resource whose create got no answer and may have made it; null without one.")
    maker: str = cell("MADE BY")


@dataclass(frozen=True, slots=True)
class OrphanListing(Listing):
    """The live objects of the account that are in no state, as `orphans --json` prints them."""

    name: ClassVar[str] = "orphans"
    row: ClassVar[type] = OrphanRow
    empty: ClassVar[str] = "No orphans: every live object of the account is in a state."

    rows: tuple[OrphanRow, ...]
    unlisted: tuple[str, ...] = ()
    """The types that could not be read, or of which only v2 lists more."""

    def lines(self) -> Iterator[Line]:
        """The table; without rows, that there are none as far as the account was read."""
        if self.rows or not self.unlisted:
            yield from Listing.lines(self)
        else:
            yield line(("No orphans among what was read.", Tone.CHANGE))

    def closing(self) -> Iterator[Line]:
        yield line()
        prices = ((row.per_hour, bool(row.price_unknown)) for row in self.rows)
        yield line((sum_text(f"{counted(len(self.rows), 'object')} in no state", prices), Tone.STRONG))


def orphan_listing(orphans: Iterable[Orphan], *, now: float, unlisted: Iterable[str] = ()) -> OrphanListing:
    """The orphans in their order. `now` is in Unix seconds; `unlisted` are the types that could not be read."""
    return OrphanListing(tuple(_row(item, now) for item in orphans), tuple(unlisted))


def termination_lines(orphans: Iterable[Orphan]) -> Iterator[Line]:
    """The objects that will be deleted."""
    for item in orphans:
        what = f"{item.kind} {item.live.id} ({item.live.name})"
        yield line(("  - ", Tone.REMOVE), what, " will be deleted, with all that is on it: ", _per_hour(item))


def _row(item: Orphan, now: float) -> OrphanRow:
    live = item.live
    return OrphanRow(
        kind=item.kind,
        id=live.id,
        name=live.name,
        status=live.status,
        details_read=not item.unread,
        created=time_or_none(live.created),
        age_seconds=max(0, round(now - live.created)) if live.created else None,
        age=in_words(now - live.created) if live.created else ("not read" if item.unread else "unknown"),
        price=price_cell(item),
        per_hour=item.per_hour,
        price_unknown=item.unknown,
        gpu_use=measured_use(item),
        last_use=use_cell(item, now),
        made_by=item.owner or None,
        perhaps_of=item.perhaps or None,
        maker=item.owner or (f"perhaps {item.perhaps}" if item.perhaps else "not marked"),
    )


def _per_hour(item: Orphan) -> str:
    return f"it costs {price_cell(item)} per hour" if item.costs else "it is free"

"""Objects that nobody's books know, as text and as JSON. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from novita_infra.catalogue.prices import MONTH, Amount, usd
from novita_infra.model.clock import in_words
from novita_infra.planning.orphans import Orphan
from novita_infra.views.content.lines import Line, Tone, line

_HEADS: Final = ("KIND", "ID", "NAME", "STATUS", "AGE", "PER HOUR", "LAST GPU USE", "MADE BY")
_NOW: Final = 1800.0
"""Seconds within which a use counts as one of now: figures come every quarter of an hour, and late."""


def orphan_lines(orphans: Sequence[Orphan], *, now: float) -> Iterator[Line]:
    """A table, the dearest first, with the sum of the prices. `now` is in Unix seconds."""
    if not orphans:
        yield line(("No orphans: every live object of the account is on record.", Tone.GOOD))
        return
    rows = [_HEADS, *(_row(item, now) for item in orphans)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADS))]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        yield line(("  ".join(cells).rstrip(), Tone.STRONG if row is _HEADS else None))
    yield line()
    yield line((_sum(orphans), Tone.STRONG))


def termination_lines(orphans: Iterable[Orphan]) -> Iterator[Line]:
    """What would be deleted."""
    for item in orphans:
        what = f"{item.kind} {item.live.id} ({item.live.name})"
        yield line(("  - ", Tone.REMOVE), what, " will be deleted, with all that is on it: ", _per_hour(item))


def _row(item: Orphan, now: float) -> tuple[str, ...]:
    live = item.live
    age = in_words(now - live.created) if live.created else "not told"
    made_by = item.owner or (f"perhaps {item.perhaps}" if item.perhaps else "not marked")
    return item.kind, live.id, live.name, live.status, age, _price(item), _use(item, now), made_by


def _per_hour(item: Orphan) -> str:
    return f"it costs {_price(item)} per hour" if item.costs else "it is free"


def _price(item: Orphan) -> str:
    told = _amount(item.per_hour) if item.costs else "free"
    if not item.unknown:
        return told
    return f"{told} and more" if item.per_hour else "unknown"


def _use(item: Orphan, now: float) -> str:
    if item.use is None:
        return "-"
    if item.use.last is None:
        return f"none in {in_words(now - item.use.since)}"
    ago = now - item.use.last
    return "now" if ago < _NOW else f"{in_words(ago)} ago"


def _sum(orphans: Sequence[Orphan]) -> str:
    total = sum((item.per_hour for item in orphans), Amount())
    unknown = any(item.unknown for item in orphans)
    count = "1 object" if len(orphans) == 1 else f"{len(orphans):,} objects"
    if unknown and not total:
        return f"{count} on no record, of an unknown price."
    more = ", and what is of an unknown price" if unknown else ""
    return f"{count} on no record: {_amount(total)} per hour, {_amount(total * MONTH, digits=2)} per month{more}."


def _amount(amount: Amount, *, digits: int = 5) -> str:
    return " to ".join(dict.fromkeys(usd(part, digits=digits) for part in (amount.least, amount.most)))

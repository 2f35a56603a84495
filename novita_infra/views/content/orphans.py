"""Orphans as a table and as data. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from novita_infra.catalogue.prices import MONTH, Amount, plain_usd, usd
from novita_infra.model.clock import timestamp
from novita_infra.model.durations import in_words
from novita_infra.planning.orphans import Orphan
from novita_infra.views.content.lines import Line, Tone, line, table_lines

_HEADS: Final = ("KIND", "ID", "NAME", "STATUS", "AGE", "PER HOUR", "LAST GPU USE", "MADE BY")
_NOW: Final = 1800.0
"""Seconds within which a use counts as current: figures come every quarter of an hour, and late."""


def orphan_lines(orphans: Sequence[Orphan], *, now: float) -> Iterator[Line]:
    """A table in the order of the orphans, with the sum of the prices. `now` is in Unix seconds."""
    if not orphans:
        yield line(("No orphans: every live object of the account is in a state.", Tone.GOOD))
        return
    yield from table_lines((_row(item, now) for item in orphans), heads=_HEADS)
    yield line()
    yield line((_sum(orphans), Tone.STRONG))


def termination_lines(orphans: Iterable[Orphan]) -> Iterator[Line]:
    """The objects that will be deleted."""
    for item in orphans:
        what = f"{item.kind} {item.live.id} ({item.live.name})"
        yield line(("  - ", Tone.REMOVE), what, " will be deleted, with all that is on it: ", _per_hour(item))


def orphans_data(orphans: Iterable[Orphan], *, now: float) -> list[dict[str, Any]]:
    """The same as data; prices are decimals in text, in USD."""
    return [
        {
            "kind": item.kind,
            "id": item.live.id,
            "name": item.live.name,
            "status": item.live.status,
            "created": _time(item.live.created),
            "age_seconds": max(0, round(now - item.live.created)) if item.live.created else None,
            "per_hour": {"least": plain_usd(item.per_hour.least), "most": plain_usd(item.per_hour.most)},
            "price_unknown": list(item.unknown),
            "gpu_use": item.use and {"last": _time(item.use.last), "measured_since": _time(item.use.since)},
            "made_by": item.owner or None,
            "perhaps_of": item.perhaps or None,
        }
        for item in orphans
    ]


def _row(item: Orphan, now: float) -> tuple[str, ...]:
    live = item.live
    age = in_words(now - live.created) if live.created else "unknown"
    made_by = item.owner or (f"perhaps {item.perhaps}" if item.perhaps else "not marked")
    return item.kind, live.id, live.name, live.status, age, _price(item), _use(item, now), made_by


def _per_hour(item: Orphan) -> str:
    return f"it costs {_price(item)} per hour" if item.costs else "it is free"


def _price(item: Orphan) -> str:
    text = _amount(item.per_hour) if item.costs else "free"
    if not item.unknown:
        return text
    return f"{text} and more" if item.per_hour else "unknown"


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
        return f"{count} in no state, of an unknown price."
    more = ", and what is of an unknown price" if unknown else ""
    return f"{count} in no state: {_amount(total)} per hour, {_amount(total * MONTH, digits=2)} per month{more}."


def _amount(amount: Amount, *, digits: int = 5) -> str:
    return " to ".join(dict.fromkeys(usd(part, digits=digits) for part in (amount.least, amount.most)))


def _time(seconds: float | None) -> str | None:
    return timestamp(seconds) if seconds else None

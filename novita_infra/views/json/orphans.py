"""Orphans as JSON. Prices are decimals in text, in USD. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from novita_infra.catalogue.prices import plain_usd
from novita_infra.model.clock import timestamp
from novita_infra.planning.orphans import Orphan


def orphans_json(orphans: Iterable[Orphan], *, now: float) -> list[dict[str, Any]]:
    """The same for a program; prices in USD as decimals in text."""
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


def _time(seconds: float | None) -> str | None:
    return timestamp(seconds) if seconds else None

"""Records of the simulator from which it makes bills of the past, for the object of a small project."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from novita_infra.simulator.world.engine.account_records import Meter

DAY = 86_400


def moment_of(text: str) -> int:
    """The Unix seconds of a date."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def recorded_id(project: Path, environment: str = "default") -> str:
    """The id of the one object that the state of the environment records."""
    records = json.loads((project / "state" / f"{environment}.json").read_text())["records"]
    (record,) = records.values() if isinstance(records, dict) else records
    return str(record["id"])


def storage_meter(owner: str) -> Meter:
    """Two days of a storage of 20 GB in March."""
    since = moment_of("2026-03-01")
    return Meter(
        id=f"meter of {owner}",
        created=since,
        category="cloud_storage",
        owner=owner,
        product="Network Volume",
        units=20,
        price=200,
        period=DAY,
        since=since,
        until=since + 2 * DAY,
    )

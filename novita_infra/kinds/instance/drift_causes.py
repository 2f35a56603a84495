"""The platform events of an instance: reclaimed, migrated, frozen, expired or failed. Pure.

The service names no cause; each is derived from other fields of its answer (gpu-instance-get-instance).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from novita_infra.api.json_values import created_in, int_of, object_of, text_of
from novita_infra.api.request import GPU, Pages
from novita_infra.kinds.kind import Circumstances, Migrations, PlatformEvent
from novita_infra.model.lifecycle import Cause
from novita_infra.model.records import Record
from novita_infra.model.resources import PRESENT, Live, Phase

_RECLAIMED: Final = {
    "notified": "the spot machine is about to be reclaimed",
    "reclaiming": "the spot machine is being reclaimed",
    "terminated": "the spot machine was reclaimed",
}
"""By `spotStatus`."""
_POWER: Final = ("power",)


def platform_event(record: Record, live: Live | None, circumstances: Circumstances) -> PlatformEvent | None:
    """The platform event since the instance was recorded; None where nothing shows one."""
    if live is None or live.phase not in PRESENT:
        return _gone(record, circumstances.now)
    spot = text_of(live.outputs.get("spotStatus"))
    if spot in _RECLAIMED:
        at = int_of(live.outputs.get("reclaimAt"))
        when = f" at {_time(at)}" if at and spot == "notified" else ""
        return PlatformEvent(Cause.SPOT_RECLAIM, _RECLAIMED[spot] + when, _POWER)
    if live.status == "migrating":
        return PlatformEvent(
            Cause.MIGRATION, "it is moved to another node; new data on its own disks does not come along"
        )
    migrated = circumstances.migrated.get(record.id, 0.0)
    if migrated > record.seen_at:
        message = f"it was moved to another node at {_time(int(migrated))}; new data on its own disks may be gone"
        return PlatformEvent(Cause.MIGRATION, message)
    if live.status != "freezing" and live.phase is not Phase.STOPPED:
        return None
    ends = int_of(live.outputs.get("endTime"))
    if ends and ends <= circumstances.now:
        return PlatformEvent(Cause.EXPIRED, f"its term ended at {_time(ends)}", _POWER)
    if circumstances.in_arrears and (live.status == "freezing" or _should_run(record)):
        return PlatformEvent(Cause.ARREARS, "it does not run while the account is in arrears", _POWER)
    if live.status == "freezing":
        return PlatformEvent(Cause.EXPIRED, "it is frozen", _POWER)
    return PlatformEvent(Cause.FAILED, live.trouble, _POWER) if live.trouble else None


def _read_migration(job: Mapping[str, Any]) -> tuple[str, float]:
    return text_of(job.get("instanceId")), created_in(job)


def _migrations_since(moment: float) -> Pages:
    query: dict[str, str | int] = {"type": "autoInstanceMigrate", "startTime": int(moment)}
    return Pages(path=f"{GPU}/jobs", items=("jobs",), identity=("Id", "id"), number="pageNum", query=query)


MIGRATIONS: Final = Migrations(
    possible=lambda record: object_of(record.spec.get("autoMigrate")).get("enabled") is True,
    pages=_migrations_since,
    read=_read_migration,
)
"""The migration jobs of the platform (gpu-instance-list-jobs). A machine only migrates where autoMigrate allows it."""


def _gone(record: Record, now: float) -> PlatformEvent | None:
    ends = int_of(record.outputs.get("endTime"))
    if ends and ends <= now:
        return PlatformEvent(Cause.EXPIRED, f"its term ended at {_time(ends)}, and it was removed")
    if text_of(record.outputs.get("spotStatus")) in _RECLAIMED:
        return PlatformEvent(
            Cause.SPOT_RECLAIM, "the spot machine was being reclaimed when it was last read, and is gone"
        )
    if record.spec.get("billingMode") == "spot":
        return PlatformEvent(Cause.SPOT_RECLAIM, "the spot machine is gone: reclaimed, or deleted by somebody")
    return None


def _should_run(record: Record) -> bool:
    """Whether the manifest declares it running, or it ran when it was last read."""
    return record.spec.get("power") == "running" or record.outputs.get("status") == "running"


def _time(seconds: int) -> str:
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
    except (OverflowError, ValueError, OSError):
        return str(seconds)

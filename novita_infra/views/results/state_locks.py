"""The locks of states that are held. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from novita_infra.model.durations import in_words
from novita_infra.model.frozen import dataclass
from novita_infra.state.backend import HeldLock
from novita_infra.views.content.listing import Listing, cell, fact

_UNKNOWN = "?"


@dataclass(frozen=True, slots=True)
class LockRow:
    """A lock that a run holds."""

    environment: str = fact("The environment whose state is locked.", title="ENVIRONMENT")
    operation: str | None = fact("The command of the holder; null if it is not known.", title="HOLDER")
    user: str | None = fact("The user; null if it is not known.", title="USER")
    pid: str | None = fact("The number of the process; null if it is not known.", title="PROCESS")
    host: str | None = fact("The machine; null if it is not known.", title="HOST")
    since: str | None = fact("When the run began, as it said itself; null if it is not known.", title="SINCE")
    age_seconds: float | None = fact("Seconds since its last sign of life; null where locks end with their process.")
    age: str = cell("LAST SIGN OF LIFE")


@dataclass(frozen=True, slots=True)
class LockListing(Listing):
    """The locks that are held, as `state lock list --json` prints them."""

    name: ClassVar[str] = "state_locks"
    row: ClassVar[type] = LockRow
    empty: ClassVar[str] = "No state of the project is locked."

    rows: tuple[LockRow, ...]


def lock_listing(locks: Iterable[HeldLock]) -> LockListing:
    """The locks in their order."""
    return LockListing(tuple(map(_row, locks)))


def _row(lock: HeldLock) -> LockRow:
    holder = lock.holder
    fields = [getattr(holder, name, _UNKNOWN) for name in ("operation", "user", "pid", "host", "since")]
    operation, user, pid, host, since = (None if text == _UNKNOWN else text for text in fields)
    age = "-" if lock.age is None else f"{in_words(lock.age)} ago"
    return LockRow(
        environment=lock.environment,
        operation=operation,
        user=user,
        pid=pid,
        host=host,
        since=since,
        age_seconds=lock.age,
        age=age,
    )

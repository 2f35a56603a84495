"""The history of a state: a row for each saved state that is still kept. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from novita_infra.model.clock import moment, timestamp
from novita_infra.model.frozen import dataclass
from novita_infra.state.recovery.history import SavedState
from novita_infra.views.content.listing import Listing, cell, fact

_SHORT = 12
"""Letters of the digest of a plan in the text."""


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """A saved state."""

    serial: int = fact("The version: `state restore --serial` takes it.", title="SERIAL")
    saved: str | None = fact("When it was saved, in UTC; null if that is not known.")
    time: str = cell("SAVED")
    operation: str | None = fact("The command that saved it, such as `apply`; null if that is not known.", title="BY")
    by: str | None = fact("The user, the process and the host; null if that is not known.", title="WHO")
    plan: str | None = fact("The id of the approved plan that was applied; null without one.")
    short_plan: str = cell("PLAN")
    resources: int = fact("How many resources it records.", title="RESOURCES")
    bytes: int = fact("The size of the stored state.", title="BYTES")
    present: bool = fact("Whether it is the present state.", title="PRESENT")


@dataclass(frozen=True, slots=True)
class StateHistory(Listing):
    """The saved states of an environment that are kept, the newest first, as `state history --json` prints them."""

    name: ClassVar[str] = "state_history"
    row: ClassVar[type] = HistoryRow
    empty: ClassVar[str] = "No history: nothing is stored."

    rows: tuple[HistoryRow, ...]


def state_history(states: Iterable[SavedState]) -> StateHistory:
    """The rows of the saved states, in their order."""
    return StateHistory(tuple(map(_row, states)))


def _row(saved: SavedState) -> HistoryRow:
    run = saved.state.last_run
    plan = run.plan if run and run.plan else None
    return HistoryRow(
        serial=saved.state.serial,
        saved=timestamp(saved.at) if saved.at is not None else None,
        time=moment(saved.at) if saved.at is not None else "-",
        operation=run.operation if run else None,
        by=run.by if run else None,
        plan=plan,
        short_plan=plan.rpartition(":")[2][:_SHORT] if plan else "-",
        resources=len(saved.state.records),
        bytes=saved.size,
        present=saved.present,
    )

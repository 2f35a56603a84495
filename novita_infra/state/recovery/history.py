"""The history of a state: every saved state that is still kept, with who saved it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from novita_infra.model.frozen import dataclass
from novita_infra.state.format.file_format import write_state
from novita_infra.state.recovery.kept import Kept
from novita_infra.state.state import State


@dataclass(frozen=True, slots=True)
class SavedState:
    """A state as a run or an edit saved it."""

    state: State
    """`last_run` is None where it is not known who saved it."""
    at: float | None
    """When it was saved, in Unix seconds, if that is known."""
    size: int
    """Bytes."""
    present: bool = False


def saved_states(kept: Sequence[Kept]) -> list[SavedState]:
    """The saved states of the lineage of the present one, the newest first. What is damaged is left out.

    A run stores the state that it begins with under its own name, so a kept state says who used it, and the journal
    beside it, which makes the next state, says who saved that.
    """
    found: dict[int, SavedState] = {}
    lineage = next((item.base.lineage for item in reversed(kept) if item.base), "")
    for item in kept:
        base, result, stored = item.base, item.result, item.stored
        if base is None or base.lineage != lineage or stored.state is None:
            continue
        size, known = len(stored.state), found.get(base.serial)
        if known is None:
            unknown = result is not None and result is not base and result.last_run == base.last_run
            state = replace(base, last_run=None) if unknown else base
            known = SavedState(state, state.last_run.since if state.last_run else None, size)
        found[base.serial] = replace(known, size=size)
        if result is not None and result.serial != base.serial and item.version is not None:
            found[result.serial] = SavedState(result, item.version.at, 0)
        if item.version is None and result is not None:
            at = found[result.serial].at if result.serial in found else None
            found[result.serial] = SavedState(result, at, size, present=True)
    rows = [found[serial] for serial in sorted(found, reverse=True) if serial]  # 0 is a state before its first save
    return [row if row.size else replace(row, size=len(write_state(row.state))) for row in rows]

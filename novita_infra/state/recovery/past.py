"""What a storage tells of the past of an environment: its saved states, and how long each step of the last run took."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from novita_infra.model.addresses import Address
from novita_infra.model.frozen import dataclass
from novita_infra.model.records import Record
from novita_infra.state.backend import StateStorage
from novita_infra.state.format.journal import record_changes
from novita_infra.state.recovery.history import SavedState, saved_states
from novita_infra.state.recovery.kept import Kept, read_kept
from novita_infra.state.state import LastRun

_SAVED: Final = "saved"
"""The event of what a save changed beside the lines of its run: that was no step."""


@dataclass(frozen=True, slots=True)
class StepTime:
    """When a call of a run was sent, and when its end was recorded. Unix seconds."""

    address: Address
    call: str
    """Such as `create`."""
    begin: float
    end: float | None = None
    """None where the run recorded no end: it was interrupted, or the call failed."""
    answered: float | None = None
    """When the id of a new object was recorded; the rest until the end is the wait for the object."""
    ended: str = ""
    """Why the run stopped waiting, in words."""


@dataclass(frozen=True, slots=True)
class RunTimes:
    """The steps of one run, in the order of their begin."""

    run: LastRun | None
    """None where it is not known which run it was."""
    steps: tuple[StepTime, ...]

    @property
    def begin(self) -> float:
        """When its first call was sent."""
        return min(step.begin for step in self.steps)

    @property
    def end(self) -> float:
        """The last time that is known."""
        return max(max(step.begin, step.end or 0.0, step.answered or 0.0) for step in self.steps)


@dataclass(frozen=True, slots=True)
class Past:
    """The past of an environment, as far as it is kept."""

    states: tuple[SavedState, ...] = ()
    """The newest first."""
    last: RunTimes | None = None
    """The last run that made a call; None where none is kept."""


def past_of(storage: StateStorage) -> Past:
    """The past that the storage keeps. Raises Problems as `read_kept`."""
    kept = read_kept(storage)
    return Past(tuple(saved_states(kept)), _last_run(kept))


def _last_run(kept: Sequence[Kept]) -> RunTimes | None:
    for item in reversed(kept):
        if steps := step_times(item.stored.journal or b""):
            return RunTimes(item.result.last_run if item.result else None, steps)
    return None


def step_times(journal: bytes) -> tuple[StepTime, ...]:
    """The calls in a journal, in the order of their begin."""
    return tuple(sorted(_calls(record_changes(journal)), key=lambda step: (step.begin, step.address)))


def _calls(changes: Iterable[tuple[str, Address, Record | None]]) -> Iterator[StepTime]:
    under_way: dict[Address, tuple[str, StepTime]] = {}
    removed: list[StepTime] = []
    now = 0.0
    for event, address, record in changes:
        if event == _SAVED:
            continue
        if record is None:
            if address in under_way:
                removed.append(under_way.pop(address)[1])
            continue
        now = max(now, record.seen_at)
        yield from (replace(step, end=max(step.begin, now)) for step in removed)
        removed.clear()  # the line of a removal has no time: the next one was written right after it
        pending, known = record.pending, under_way.get(address)
        if known is not None and (pending is None or pending.operation != known[0]):
            yield replace(under_way.pop(address)[1], end=record.seen_at)
            known = None
        if pending is not None:
            step = known[1] if known else StepTime(address, pending.call, pending.since)
            answered = record.seen_at if record.id and pending.call == "create" else None
            under_way[address] = (
                pending.operation, replace(step, answered=step.answered or answered, ended=pending.ended),
            )  # fmt: skip
    yield from (replace(step, end=max(step.begin, now)) for step in removed)
    yield from (step for _, step in under_way.values())

"""Waits for objects: until an object is in a phase, with the limits after which a wait fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from novita_infra.applying.errors import NeverShown, StepFailed, StillMoving
from novita_infra.applying.events import Progressed
from novita_infra.applying.failure_logs import failure_log
from novita_infra.applying.polling import Poller
from novita_infra.applying.run import Run, Span, StepRun
from novita_infra.model.clock import GRACE, Clock
from novita_infra.model.concurrency import racing
from novita_infra.model.resources import Live, Phase
from novita_infra.refresh.objects import only_listed

STUCK: Final = 60.0
"""Seconds for which an object must be stuck before its wait fails: until then the service may start over."""
LOG_PATIENCE: Final = 10.0
"""Real seconds that a failure waits for the object's log."""


class Waits:
    """The waits of one run: one poller for each resource type, made when it is first needed."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._pollers: dict[str, Poller] = {}

    async def until(
        self, at: StepRun, id: str, phases: frozenset[Phase], *, also: Callable[[Live], bool] | None = None
    ) -> Live:
        """Returns the object when it is in one of the phases and `also` holds.

        Raises StepFailed if it fails, vanishes or the time is up, and StillMoving if the run is asked to stop.
        """
        wait = _ObjectWait(at, id, phases, also)
        try:
            return await self._first_end(wait, at, id)
        except StepFailed as failure:
            failure.log = await self._log_of(at, wait.live)
            raise

    async def close(self) -> None:
        """Ends the polls in the background."""
        for poller in self._pollers.values():
            await poller.close()

    async def _first_end(self, wait: _ObjectWait, at: StepRun, id: str) -> Live:
        """The object, unless the run is asked to stop or the step's time is up before."""
        polling = self._poller(at).until(id, wait.look, deleted=wait.deleted)
        timer = _expire(self._run.clock, at.span)
        async with racing(polling, self._run.stop.wait(), timer) as (waiting, stopping, _):
            if waiting.done():
                waiting.result()
                return wait.live or Live(id, "", Phase.GONE, "", {})
            where = f"{id} is still {wait.status or 'on its way'}"
            if stopping.done():
                raise StillMoving(where)
            trouble = f" ({wait.live.trouble})" if wait.live and wait.live.trouble else ""
            raise StepFailed(
                f"{where} after {at.step.limits.timeout:g} s{trouble}", wait.remedy() or _waited_again("timeouts")
            )

    async def _log_of(self, at: StepRun, live: Live | None) -> tuple[str, ...]:
        """The last lines of the object's log; none if the run is asked to stop before they are read."""
        if live is None:
            return ()
        run = self._run
        log = failure_log(run.client, at.kind, live)
        async with racing(log, run.stop.wait(), seconds=LOG_PATIENCE) as (reading, _):
            lines: tuple[str, ...] = reading.result() if reading.done() and reading.exception() is None else ()
            return lines

    def _poller(self, at: StepRun) -> Poller:
        prefix = at.kind.type
        if prefix not in self._pollers:
            self._pollers[prefix] = Poller(at.kind, client=self._run.client, clock=self._run.clock)
        return self._pollers[prefix]


class _ObjectWait:
    """One wait: what it has read of its object so far."""

    def __init__(self, at: StepRun, id: str, phases: frozenset[Phase], also: Callable[[Live], bool] | None) -> None:
        self._at, self._id, self._phases, self._also = at, id, phases, also
        self.deleted = Phase.GONE in phases
        """Whether the object was deleted by a call."""
        self._certain = not only_listed(at.kind)
        """Whether absence needs no grace time: a get is up to date, a list may lag behind the create."""
        self._stage_since = at.run.clock.now()
        self._stage = ""
        self._stuck_since: float | None = None
        self.live: Live | None = None
        """The object as last read."""
        self.status = ""
        self._part = 0

    def look(self, live: Live | None) -> bool:
        """Whether the wait is over; raises StepFailed if it cannot succeed any more. None is an absent object."""
        if live is None:
            if Phase.GONE in self._phases:
                return True
            if not self._certain and self._at.elapsed < GRACE:
                return False
            if self.live is None:
                raise NeverShown(f"no read of the API shows {self._id}")
            raise StepFailed(f"{self._id} vanished while it was waited for")
        self.live = live
        shown, self.status, self._part = (self.status, self._part), live.status, live.progress.part
        if shown != (self.status, self._part):
            note = str(live.progress)
            self._at.run.emit(Progressed(self._at.step, self._id, live.phase, live.status, self._at.elapsed, note))
        self._check_stage(live)
        if live.phase is Phase.FAILED and self._phases.isdisjoint({Phase.FAILED, Phase.GONE}):
            raise StepFailed(f"{self._id} failed: {live.trouble or live.status}", self.remedy())
        self._check_stuck(live)
        return live.phase in self._phases and (self._also is None or self._also(live))

    def remedy(self) -> str:
        """What must be done before the next run, or it will fail as this one did; empty if that is not known."""
        remedy = self._at.kind.remedy(self.live) if self.live and Phase.GONE not in self._phases else ""
        return f"{remedy} first" if remedy else ""

    def _check_stuck(self, live: Live) -> None:
        """Raises StepFailed if the object has been stuck for STUCK seconds: all that would make it ready failed."""
        now = self._at.run.clock.now()
        if not live.stuck or Phase.GONE in self._phases:
            self._stuck_since = None
        elif self._stuck_since is None:
            self._stuck_since = now
        elif now - self._stuck_since >= STUCK:
            raise StepFailed(
                f"{self._id} does not come up: {live.trouble}",
                f"it is recorded in the state and remains: {self._at.kind.remedy(live) or 'change what is wrong'}, "
                "and the next run goes on with it",
            )

    def _check_stage(self, live: Live) -> None:
        """Raises StepFailed if the object has been in a stage of coming up for longer than the stage's limit."""
        now = self._at.run.clock.now()
        stage = self._at.kind.api.read.stages.get(live.status, "")
        if stage != self._stage:
            self._stage, self._stage_since = stage, now
        limit = self._at.step.limits.stages.get(stage)
        if limit is not None and now - self._stage_since > limit:
            trouble = f" ({live.trouble})" if live.trouble else ""
            raise StepFailed(
                f"{self._id} has been {live.status} for more than {limit:g} s{trouble}",
                self.remedy() or _waited_again(f"timeouts.{stage}"),
            )


def _waited_again(setting: str) -> str:
    return f"it is recorded in the state, and the next run waits for it again (longer: lifecycle.{setting})"


async def _expire(clock: Clock, span: Span) -> None:
    """Returns when the span is over; never if it has no end."""
    if span.until is None:
        await asyncio.Event().wait()
        return
    await clock.sleep(max(0.0, span.until - clock.now()))

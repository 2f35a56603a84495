"""The turns of the members of one rollout: at most so many are down at one time because of the run.

A member is down from the first of its steps until the last one is done. What the state records of it says so before
the first call goes out, so that a run that is cut off leaves no doubt who is down.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import Counter, deque
from collections.abc import Iterable

from novita_infra.applying.errors import Interrupted
from novita_infra.applying.events import Outcome, Progressed
from novita_infra.applying.run import Run
from novita_infra.model.addresses import Address
from novita_infra.model.concurrency import racing
from novita_infra.model.durations import in_words
from novita_infra.model.resources import Phase
from novita_infra.planning.plan.rollouts import Rollout
from novita_infra.planning.plan.steps import Step


class Turns:
    """The turns of one rollout."""

    def __init__(self, rollout: Rollout, steps: Iterable[Step], run: Run) -> None:
        """`steps` are those of the whole plan."""
        self._rollout = rollout
        self._run = run
        self._left = Counter(step.address for step in steps if step.rollout == rollout.name)
        """How many steps of each member are not done."""
        self._turns: dict[Address, asyncio.Event] = {}
        """By member of which a step has arrived, what is set when it gets its turn."""
        self._begun: dict[Address, asyncio.Event] = {}
        """By such a member, what is set when its steps may begin."""
        self._places: dict[Address, float] = {}
        """By member that has its turn, from when on its place is free, in Unix seconds."""
        self._to_come = deque(member for member in rollout.order if rollout.in_order and member in self._left)
        """The members without a turn, the next one first: all of them, or those that have arrived."""
        self._stopped = ""
        """Why no more members are taken down."""
        if len(rollout.left_down) >= rollout.limit:
            down = ", ".join(map(str, rollout.left_down))
            self._stopped = f"the rollout of {rollout.name} did not begin: {down} is down, and left alone"
        free = rollout.limit - len(rollout.left_down) - len(rollout.down)
        self._owed = max(0, -free)
        """How many more members must be ready before one can be taken down."""
        self._free = self._free_from(max(0, free))
        """A heap of the times from which one more member may be taken down."""

    async def take(self, step: Step) -> None:
        """Returns when the member of the step may be taken down, and the state says that it is.

        Raises Interrupted if the run is asked to stop before, or the rollout has stopped.
        """
        member = step.address
        if member in self._begun:  # another step of the member came first
            if not self._begun[member].is_set():
                await self._wait(self._begun[member])
            return
        self._begun[member], self._turns[member] = asyncio.Event(), asyncio.Event()
        if member not in self._rollout.down:
            await self._take_turn(step)
        self._run.check_stop()
        await self._run.records.roll({member: 0.0})
        self._begun[member].set()

    async def done(self, step: Step) -> None:
        """Records that a step is done; after the last one the member is ready, and its place is free."""
        member = step.address
        self._left[member] -= 1
        if self._left[member]:
            return
        del self._left[member]
        rollout, now = self._rollout, self._run.clock.now()
        over = not self._left and not self._stopped
        changed = (*rollout.order, *rollout.down, *rollout.changed) if over else (member,)
        await self._run.records.roll(dict.fromkeys(changed, None if over or not rollout.pause else now))
        if self._owed:
            self._owed -= 1
        else:
            heapq.heappush(self._free, now + rollout.pause)
        self._give()

    def failed(self, step: Step, outcome: Outcome) -> None:
        """Stops the rollout, because a step of a member is not done."""
        if self._stopped:
            return
        what = "is still moving" if outcome is Outcome.MOVING else "failed"
        if outcome is Outcome.SKIPPED:
            what = "was not changed"
        self._stopped = f"the rollout of {self._rollout.name} stopped: {step.address} {what}"
        for waited_for in (*self._turns.values(), *self._begun.values()):
            waited_for.set()

    async def _take_turn(self, step: Step) -> None:
        """Returns when the member of the step, which is not down, may be taken down."""
        member = step.address
        self._check()
        if not self._rollout.in_order:
            self._to_come.append(member)
        self._give()
        if not self._turns[member].is_set():
            await self._wait(self._turns[member])
        await self._pause(step, self._places[member] - self._run.clock.now())
        self._check()

    def _free_from(self, places: int) -> list[float]:
        """The times from which members may be taken down: a pause after those that an earlier run has changed."""
        now, rolling = self._run.clock.now(), self._run.records.rolling
        # A run that was cut off may not have recorded when a member was ready again.
        earlier = (rolling[member] or now for member in self._rollout.changed if member in rolling)
        times = sorted((ready_at + self._rollout.pause for ready_at in earlier), reverse=True)
        return sorted([*times[:places], *[0.0] * (places - len(times))])

    def _give(self) -> None:
        """Gives a turn to each member that may have one now."""
        while self._free and self._to_come and self._to_come[0] in self._turns:
            member = self._to_come.popleft()
            self._places[member] = heapq.heappop(self._free)
            self._turns[member].set()

    async def _wait(self, turn: asyncio.Event) -> None:
        async with racing(self._run.stop.wait(), turn.wait()):
            pass
        self._check()

    async def _pause(self, step: Step, seconds: float) -> None:
        if seconds > 0 and not self._stopped:
            note = f"the rollout of {self._rollout.name} goes on in {in_words(seconds)}"
            self._run.emit(Progressed(step, step.id, Phase.CHANGING, "waiting", 0.0, note))
            await self._run.pause(seconds)

    def _check(self) -> None:
        """Raises Interrupted if no more members are taken down."""
        self._run.check_stop()
        if self._stopped:
            raise Interrupted(self._stopped)

"""Waits until objects are in a phase, or until an expression over their attributes holds."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from novita_infra.api.errors import ApiError
from novita_infra.applying.polling import Poller
from novita_infra.kinds import KINDS
from novita_infra.model.concurrency import racing, together
from novita_infra.model.resources import Live, Phase
from novita_infra.operations.account.targets import ObjectTarget, targets_of
from novita_infra.operations.account.view import AccountView
from novita_infra.operations.machines.conditions import ObjectCondition
from novita_infra.planning.waits import EndedWait, WaitOutcome


async def wait_for_objects(
    view: AccountView, words: Sequence[str], condition: ObjectCondition, *, most: float
) -> list[EndedWait]:
    """The end of the wait for each object that the words mean, after at most `most` seconds.

    Raises Problems with every word that means nothing, and for a condition that no object of a kind can fulfil.
    """
    targets = await targets_of(view, words, list(KINDS.values()), gone=True)
    kinds = {item.kind.type: item.kind for item in targets}
    for kind in kinds.values():
        condition.check(kind)
    pollers = {name: Poller(kind, client=view.client, clock=view.clock) for name, kind in kinds.items()}
    try:
        waits = (_Wait(view, item, condition).end(pollers[item.kind.type], most) for item in targets)
        ends: list[EndedWait] = await together(*waits)
        return ends
    finally:
        for poller in pollers.values():
            await poller.close()


class _CannotBecome(Exception):
    """The object cannot become what it is waited for."""


class _Wait:
    """One wait for one object."""

    def __init__(self, view: AccountView, target: ObjectTarget, condition: ObjectCondition) -> None:
        self._view, self._target, self._condition = view, target, condition
        self._live: Live | None = None
        self._status = ""

    async def end(self, poller: Poller, most: float) -> EndedWait:
        """The end of the wait."""
        view, target = self._view, self._target
        since = view.clock.now()
        outcome, reason = WaitOutcome.TIMED_OUT, ""
        # An object that is known to be gone is read once more: two reads without it are absence.
        polling = poller.until(target.live.id, self._look, deleted=self._condition.phase is Phase.GONE)
        with view.client.awaited.wait(f"a change of {target.title}"):
            async with racing(polling, view.clock.sleep(most)) as (found, _):
                if found.done():
                    try:
                        found.result()
                        outcome = WaitOutcome.MET
                    except _CannotBecome as error:
                        outcome, reason = WaitOutcome.FAILED, str(error)
                    except ApiError as error:
                        outcome, reason = WaitOutcome.FAILED, str(error)
        if outcome is WaitOutcome.TIMED_OUT:
            reason = self._what_starts_it()
        address = target.title if target.recorded else ""
        seconds = view.clock.now() - since
        return EndedWait(target.kind.type, target.live.id, target.title, address, self._live, outcome, seconds, reason)

    def _what_starts_it(self) -> str:
        """What to do about a stopped machine that is waited for until it is ready: it does not start by itself."""
        target, live = self._target, self._live
        is_stopped = live is not None and live.phase is Phase.STOPPED and self._condition.phase is Phase.READY
        if not is_stopped or target.kind.machine is None or "start" not in target.kind.machine.actions:
            return ""
        return f"it is stopped; novita-infra instance start {shlex.quote(target.title)} starts it"

    def _look(self, live: Live | None) -> bool:
        """Whether the condition holds. Raises _CannotBecome, and Problems for a wrong expression."""
        self._live, wanted = live, self._condition.phase
        if live is None:
            if wanted is Phase.GONE:
                return True
            raise _CannotBecome("it does not exist")
        if live.status != self._status:
            self._status = live.status
            self._view.report(f"{self._target.title} is {live.status or live.phase.value}")
        if self._condition.holds(self._target.kind, live):
            return True
        if live.phase is Phase.LEAVING and wanted is not Phase.GONE:
            raise _CannotBecome("it is being deleted")
        if live.phase is Phase.FAILED and wanted is not Phase.GONE:
            raise _CannotBecome(f"it has failed: {live.trouble or live.status}")
        return False

"""Machines that run and whose GPUs rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from novita_infra.account.metrics import STEP, WINDOW
from novita_infra.kinds import KINDS
from novita_infra.model.concurrency import together
from novita_infra.model.frozen import dataclass
from novita_infra.model.resources import Phase
from novita_infra.operations.account.view import AccountView
from novita_infra.operations.machines.details import last_use_of
from novita_infra.operations.machines.listing import find_machines
from novita_infra.planning.priced import RentedMachine

LOOKED_BACK: Final = 500
"""So many machines are looked at over the whole WINDOW. The answer of that is fifty times as long as one about 2 h."""


@dataclass(frozen=True, slots=True)
class IdleSearch:
    """The machines whose GPUs rest."""

    items: list[RentedMachine]
    """The most expensive first."""
    unmeasured: list[RentedMachine]
    """Those that have no figures for so long: nobody knows whether they rest."""


async def find_idle_machines(view: AccountView, words: Sequence[str], *, since: float) -> IdleSearch:
    """The machines that run and whose GPUs were not used in the last `since` seconds; one call for each that runs.

    Of more than LOOKED_BACK machines, the figures of that time alone are read, and once more those of the dearest
    LOOKED_BACK that rest, for their last use. Without words, all machines of the account are meant.
    Raises Problems with every word that means nothing, and ApiError.
    """
    found = await find_machines(view, words, detailed=False)
    running = [item for item in found.items if item.live.phase is Phase.READY and _is_measured(item)]
    is_small = len(running) <= LOOKED_BACK
    seen = await _with_use(view, running, back=WINDOW if is_small else since + 2 * STEP)
    now = view.clock.now()
    resting = [item for item in seen if _rests(item, since, now)]
    if not is_small:
        dearest = await _with_use(view, resting[:LOOKED_BACK], back=WINDOW)
        resting = [item for item in dearest if _rests(item, since, now)] + resting[LOOKED_BACK:]
    return IdleSearch(resting, [item for item in seen if not _is_known(item, since, now)])


async def _with_use(view: AccountView, machines: Sequence[RentedMachine], *, back: float) -> list[RentedMachine]:
    uses = await together(
        *(last_use_of(view.client, view.clock, KINDS[item.kind], item.live, back=back) for item in machines)
    )
    return [replace(item, use=use, unread=False) for item, use in zip(machines, uses, strict=True)]


def _is_measured(machine: RentedMachine) -> bool:
    metrics = KINDS[machine.kind].market.use
    return metrics is not None and metrics.measured(machine.live)


def _is_known(machine: RentedMachine, since: float, now: float) -> bool:
    """Whether the figures tell if it rests."""
    use = machine.use
    return use is not None and (use.last is not None or now - use.since >= since)


def _rests(machine: RentedMachine, since: float, now: float) -> bool:
    use = machine.use
    return use is not None and _is_known(machine, since, now) and now - (use.last or use.since) >= since

"""Machines that run and whose GPUs rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from novita_infra.kinds import KINDS
from novita_infra.model.concurrency import together
from novita_infra.model.frozen import dataclass
from novita_infra.model.resources import Phase
from novita_infra.operations.account.view import AccountView
from novita_infra.operations.machines.details import last_use_of
from novita_infra.operations.machines.listing import find_machines
from novita_infra.planning.priced import RentedMachine


@dataclass(frozen=True, slots=True)
class IdleSearch:
    """The machines whose GPUs rest."""

    items: list[RentedMachine]
    """The most expensive first."""
    unmeasured: int
    """How many machines have no figures for so long: nobody knows whether they rest."""


async def find_idle_machines(view: AccountView, words: Sequence[str], *, since: float) -> IdleSearch:
    """The machines that run and whose GPUs were not used in the last `since` seconds; one call for each that runs.

    Without words, all of the account. Raises Problems with every word that means nothing, and ApiError.
    """
    found = await find_machines(view, words, detailed=False)
    running = [item for item in found.items if item.live.phase is Phase.READY and _is_measured(item)]
    uses = await together(*(last_use_of(view.client, view.clock, KINDS[item.kind], item.live) for item in running))
    now = view.clock.now()
    measured = [
        replace(item, use=use, unread=False)
        for item, use in zip(running, uses, strict=True)
        if use is not None and (use.last is not None or now - use.since >= since)
    ]
    resting = [item for item in measured if item.use and now - (item.use.last or item.use.since) >= since]
    return IdleSearch(resting, len(running) - len(measured))


def _is_measured(machine: RentedMachine) -> bool:
    metrics = KINDS[machine.kind].market.use
    return metrics is not None and metrics.measured(machine.live)

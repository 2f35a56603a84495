"""The machines of an account: what runs, what it costs, and why something does not run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from novita_infra.catalogue.prices import PriceList
from novita_infra.kinds import KINDS, MACHINE_KINDS
from novita_infra.kinds.kind import Circumstances
from novita_infra.model.addresses import Address
from novita_infra.model.concurrency import together
from novita_infra.model.frozen import dataclass
from novita_infra.model.records import Record
from novita_infra.model.resources import Phase
from novita_infra.operations.account.beyond_v1 import V2Search, lists_of_types, objects_of_v2
from novita_infra.operations.account.live_costs import live_costs
from novita_infra.operations.account.targets import ObjectTarget, all_targets, targets_of
from novita_infra.operations.account.view import AccountView
from novita_infra.operations.machines.details import FEW, has_details, read_details
from novita_infra.planning.priced import RentedMachine, dearest_first
from novita_infra.refresh.catalogue import read_price_list
from novita_infra.refresh.circumstances import RecordedPair, read_arrears, read_migrations

AT_REST: Final = frozenset({Phase.STOPPED, Phase.GONE})
"""The phases in which nothing runs."""


@dataclass(frozen=True, slots=True)
class MachineSearch:
    """The machines of an account."""

    items: list[RentedMachine]
    """The most expensive first."""
    hidden: int = 0
    """How many that do not run were left out."""
    beyond: V2Search = V2Search()
    """With `everything`: what only v2 lists."""


async def find_machines(
    view: AccountView, words: Sequence[str] = (), *, everything: bool = False, detailed: bool | None = None
) -> MachineSearch:
    """The machines that the words mean; without words those that run, with `everything` all of them.

    `detailed` says whether the times and the use of each are read; None means where there are FEW.
    Raises Problems with every word that means nothing, and ApiError.
    """
    types = [kind.type for kind in MACHINE_KINDS] if everything and not words else []
    found, in_v2 = await together(
        targets_of(view, words, MACHINE_KINDS, gone=True) if words else all_targets(view, MACHINE_KINDS),
        objects_of_v2(view.client, lists_of_types(types)),
    )
    shown = [item for item in found if words or everything or item.live.phase not in AT_REST]
    prices, circumstances = await together(
        read_price_list(view.client, [item.kind for item in shown]), _circumstances(view, shown)
    )
    machines = [_machine(view, item, prices, circumstances) for item in shown]
    if detailed is None:
        detailed = sum(map(_has_details, machines)) <= FEW
    if detailed:
        machines = await together(*(_with_details(view, machine) for machine in machines))
    else:
        machines = [replace(machine, unread=_has_details(machine)) for machine in machines]
    known = {kind.type: frozenset(item.live.id for item in found if item.kind is kind) for kind in MACHINE_KINDS}
    return MachineSearch(dearest_first(machines), len(found) - len(shown), in_v2.without(known))


def _machine(view: AccountView, item: ObjectTarget, prices: PriceList, circumstances: Circumstances) -> RentedMachine:
    """The machine without what takes calls of its own."""
    kind, live = item.kind, item.live
    about = kind.machine
    assert about is not None  # noqa: S101 -- of MACHINE_KINDS
    costs = () if live.phase is Phase.GONE else live_costs(kind, live, prices)
    return RentedMachine(
        kind.type,
        live,
        costs,
        address=view.recorded.address_of(kind.type, live.id),
        environment=item.recorded.environment if item.recorded else "",
        product=about.product(live),
        place=about.place(live),
        reason=_reason(item, circumstances),
    )


def _reason(item: ObjectTarget, circumstances: Circumstances) -> str:
    """Why the machine does not run, or what is wrong with it; empty where nothing is."""
    live, record = item.live, _record_of(item)
    event = item.kind.drift.platform_event
    found = event(record, None if live.phase is Phase.GONE else live, circumstances) if event else None
    if found and found.message:
        return found.message
    if live.trouble:
        return live.trouble
    if live.phase is Phase.GONE:
        return "it does not exist any more: somebody deleted it; the API does not say who"
    if live.phase is not Phase.STOPPED:
        return ""
    if item.recorded and item.kind.is_stopped(item.recorded.record.spec):
        return "its manifest declares it stopped"
    return "somebody stopped it; the API does not say who"


def _record_of(item: ObjectTarget) -> Record:
    """The record; for an object that no state records, one that says what the object shows."""
    live = item.live
    return item.recorded.record if item.recorded else Record(Address(item.kind.type, live.id), live.id, live.values)


async def _circumstances(view: AccountView, found: Sequence[ObjectTarget]) -> Circumstances:
    """The facts that may explain why something does not run."""
    now = view.clock.now()
    resting = [item for item in found if item.live.phase is not Phase.READY]
    lives = [(item, item.live if item.live.phase is not Phase.GONE else None) for item in resting]
    pairs = [RecordedPair(item.kind, _record_of(item), live) for item, live in lives]
    recorded = [(item.kind, item.recorded.record) for item in found if item.recorded]
    owes, migrated = await together(read_arrears(view.client, pairs, now=now), read_migrations(view.client, recorded))
    return Circumstances(now, owes, migrated)


def _has_details(machine: RentedMachine) -> bool:
    return machine.live.phase is not Phase.GONE and has_details(KINDS[machine.kind], machine.live)


async def _with_details(view: AccountView, machine: RentedMachine) -> RentedMachine:
    """With its times and its use, where the service tells them."""
    if not _has_details(machine):
        return machine
    live, use = await read_details(view.client, view.clock, KINDS[machine.kind], machine.live)
    return replace(machine, live=live, use=use)

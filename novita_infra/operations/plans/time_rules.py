"""Reads what the rules of time of declared resources need of their live objects: the last use, and the age."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from novita_infra.account.metrics import WINDOW, GpuUse
from novita_infra.api.errors import Refused
from novita_infra.api.protocol import ApiClient
from novita_infra.kinds.machine import TimeRules
from novita_infra.model.addresses import Address
from novita_infra.model.concurrency import together
from novita_infra.model.identity import moments_of
from novita_infra.model.resources import PRESENT, Existing, Live, Phase
from novita_infra.model.values import Spec
from novita_infra.planning.inputs import PlanInputs
from novita_infra.refresh.objects import read_one


async def read_use(client: ApiClient, inputs: PlanInputs) -> dict[str, GpuUse]:
    """The last use of running objects, by id, where a rule of time needs it. Missing figures are no failure."""
    lives = [(address, live) for address, live in _ruled(inputs, _needs_use) if live.phase is Phase.READY]
    found = await together(*(_use(client, inputs, address, live) for address, live in lives))
    return {live.id: use for (_, live), use in zip(lives, found, strict=True) if use is not None}


async def read_ages(client: ApiClient, inputs: PlanInputs) -> dict[Address, Existing]:
    """The objects with the time of their creation, where a rule of time needs it and neither list nor mark has it."""
    lives = [
        (address, live)
        for address, live in _ruled(inputs, _needs_age)
        if not (live.created or moments_of(live.mark).created or live.outputs.get("createdAt"))
    ]
    found = await together(*(_read(client, inputs, address, live) for address, live in lives))
    existing = inputs.world.existing
    return {
        address: replace(existing[address], live=replace(live, created=read.created))
        for (address, live), read in zip(lives, found, strict=True)
        if read is not None and read.created
    }


def _ruled(inputs: PlanInputs, needs: Callable[[TimeRules, Spec], bool]) -> Iterator[tuple[Address, Live]]:
    """The declared resources with a rule of time that needs something, and their objects."""
    for item in inputs.config.declared if not inputs.options.destroys else ():
        machine, found = inputs.kinds[item.address.type].machine, inputs.world.existing.get(item.address)
        if machine is None or machine.times is None or found is None or found.live is None:
            continue
        if found.live.phase in PRESENT and item.address not in inputs.world.unread and needs(machine.times, item.spec):
            yield item.address, found.live


def _needs_use(times: TimeRules, spec: Spec) -> bool:
    return times.needs_use(spec)


def _needs_age(times: TimeRules, spec: Spec) -> bool:
    return times.needs_age(spec)


async def _use(client: ApiClient, inputs: PlanInputs, address: Address, live: Live) -> GpuUse | None:
    metrics = inputs.kinds[address.type].market.use
    if metrics is None or not metrics.measured(live):
        return None
    try:
        return metrics.read(await client.send(metrics.request(live.id, inputs.now, WINDOW)), inputs.now)
    except Refused:
        return None


async def _read(client: ApiClient, inputs: PlanInputs, address: Address, live: Live) -> Live | None:
    try:
        return await read_one(client, inputs.kinds[address.type], live.id)
    except Refused:
        return None

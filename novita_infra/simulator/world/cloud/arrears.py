"""Arrears: machines freeze, workers are removed, storages are released; a top-up restores workers."""

from __future__ import annotations

from novita_infra.simulator.world.cloud import endpoints, instances, outages
from novita_infra.simulator.world.engine.account_records import Account, Payment, Term
from novita_infra.simulator.world.engine.settings import DAY
from novita_infra.simulator.world.engine.world import World
from novita_infra.simulator.world.market import money


def top_up(world: World, amount: int, *, note: str = "") -> None:
    """Pays into the account, in 1/100000 USD. Endpoints get their workers back when the account is out of arrears."""
    money.pay(world, Payment(id="", kind="recharge", amount=amount, note=note))
    account = world.account
    if not account.arrears or money.funds_left(world) <= 0:
        return
    account.arrears = 0.0
    world.expect(world.accounts, account, [])
    money.foresee(world)
    for endpoint in world.endpoints:
        endpoints.revive(world, endpoint)


def on_event(world: World, account: Account, event: str) -> None:
    """Handles an empty balance, and the end of the time for which storages are kept without money."""
    if money.funds_left(world) > 0:
        money.foresee(world)
        return
    if event == "!empty":
        account.arrears = world.moment
        for instance in list(world.instances):
            if instance.billing != "monthly":
                outages.freeze(world, instance)
        for endpoint in list(world.endpoints):
            endpoints.starve(world, endpoint)
        world.expect(world.accounts, account, [(world.timings.storage_kept, "!release")])
    elif any(instance.status == "running" for instance in world.instances):
        world.expect(world.accounts, account, [(DAY, "!release")])
    else:
        for storage in list(world.storages):
            money.end_storage(world, storage)
            world.storages.remove(storage)


def on_term_event(world: World, term: Term, event: str) -> None:
    """Handles the end of the months of a machine: automatic renewal, or a freeze and later the removal."""
    instance = world.instances.get(term.id)
    if instance is None or instance.status in instances.LEAVING:
        world.terms.remove(term)
    elif event == "!forgotten":
        instances.remove_instance(world, instance)
        world.terms.remove(term)
    elif instance.renews and money.funds_left(world) >= money.term_price(instance, instance.renews):
        money.buy(world, instance, months=instance.renews, renewal=True)
        world.instances.touch(instance)
    else:
        outages.freeze(world, instance)
        world.expect(world.terms, term, [(world.timings.data_kept, "!forgotten")])

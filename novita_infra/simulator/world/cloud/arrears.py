"""Arrears, of the account and of the budget of the member: machines freeze and workers are removed.

A payment, or a larger budget, restores workers. Storages are released after days without money.
"""

from __future__ import annotations

from novita_infra.simulator.world.cloud import endpoints, instances, outages
from novita_infra.simulator.world.engine.account_records import Account, Payment, TeamBudget, Term
from novita_infra.simulator.world.engine.settings import DAY
from novita_infra.simulator.world.engine.world import World
from novita_infra.simulator.world.market import budgets, money


def top_up(world: World, amount: int, *, note: str = "") -> None:
    """Pays into the account, in 1/100000 USD. Endpoints get their workers back when the account is out of arrears."""
    money.pay(world, Payment(id="", kind="recharge", amount=amount, note=note))
    account = world.account
    if not account.arrears or money.funds_left(world) <= 0:
        return
    account.arrears = 0.0
    world.expect(world.accounts, account, [])
    money.foresee(world)
    _revive(world)


def set_budget(world: World, owner: str, *, kind: str, limit: int) -> None:
    """Sets the budget of the member or of a key (1/10000 USD). Endpoints get their workers back if it is enough now."""
    before = world.budgets.get(owner)
    budgets.configure(world, owner, kind=kind, limit=limit)
    if before is not None and before.stopped and budgets.is_enough(world, owner):
        before.stopped = False
        _revive(world)


def on_budget_event(world: World, budget: TeamBudget, _event: str) -> None:
    """Handles the end of a billing cycle: an exhausted budget ends what is billed by the hour (guides/budgets)."""
    was_stopped, budget.stopped = budget.stopped, not budgets.is_enough(world, budget.id)
    if budget.stopped and not was_stopped:
        _stop(world)
    elif was_stopped and not budget.stopped:
        _revive(world)
    budgets.await_cycle(world, budget)


def _stop(world: World) -> None:
    for instance in list(world.instances):
        if instance.billing != "monthly":
            outages.freeze(world, instance)
    for endpoint in list(world.endpoints):
        endpoints.starve(world, endpoint)


def _revive(world: World) -> None:
    """Gives endpoints their workers back, unless something else still withholds them."""
    budget = world.budgets.get(world.owner)
    if world.account.arrears or (budget is not None and budget.stopped):
        return
    for endpoint in world.endpoints:
        endpoints.revive(world, endpoint)


def on_event(world: World, account: Account, event: str) -> None:
    """Handles an empty balance, and the end of the time for which storages are kept without money."""
    if money.funds_left(world) > 0:
        money.foresee(world)
        return
    if event == "!empty":
        account.arrears = world.moment
        _stop(world)
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

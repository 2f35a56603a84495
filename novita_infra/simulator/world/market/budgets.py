"""Budgets of the member and of keys: what counts against them, and what an exhausted one refuses (guides/budgets).

A budget of a key counts its calls of language models. That of the member, of whom there is one, counts everything.
"""

from __future__ import annotations

import math
from typing import Final

from novita_infra.simulator.errors import ApiRefusal
from novita_infra.simulator.world.engine.account_records import TeamBudget
from novita_infra.simulator.world.engine.periods import period
from novita_infra.simulator.world.engine.world import World
from novita_infra.simulator.world.market import money

UNLIMITED: Final = "Unlimited"
ONE_TIME: Final = "One-time"
RECURRING: Final = "Recurring"
LEAST: Final = 10_000
"""The smallest limit, in 1/10000 USD."""
_PART: Final = 10
"""1/100000 USD in 1/10000 USD."""


def configure(world: World, owner: str, *, kind: str, limit: int) -> None:
    """Sets the budget of the member or of a key. A one-time one with another limit counts from its first setting."""
    budget = world.budgets.get(owner)
    if budget is not None and (kind == UNLIMITED or kind != budget.type):
        world.budgets.remove(budget)
        budget = None
    if kind == UNLIMITED:
        return
    if budget is None:
        before = _spent(world, owner) if kind == ONE_TIME else 0
        budget = world.budgets.add(TeamBudget(id=owner, created=world.moment, type=kind, limit=limit, before=before))
    budget.limit = limit
    await_cycle(world, budget)


def await_cycle(world: World, budget: TeamBudget) -> None:
    """Schedules the end of the billing cycle, an hour. Nothing that a key budget counts is billed by the hour."""
    if budget.id == world.owner:
        world.expect(world.budgets, budget, [(period("Hour", int(world.moment))[1] - world.moment, "!cycle")])


def used(world: World, owner: str) -> int:
    """What counts against the budget of the member or of a key, in 1/10000 USD.

    By the reference, nothing is used of a key without a budget.
    """
    budget = world.budgets.get(owner)
    if budget is None:
        return _spent(world, owner) // _PART if owner == world.owner else 0
    before = budget.before
    if budget.type == RECURRING:
        before = _spent(world, owner, period("Month", int(world.moment))[0])
    return (_spent(world, owner) - before) // _PART


def remaining(world: World, owner: str) -> int:
    """What is left of the budget of the member or of a key, in 1/10000 USD; negative beyond the limit."""
    budget = world.budgets.get(owner)
    return 0 if budget is None else budget.limit - used(world, owner)


def is_enough(world: World, owner: str, cost: int = 1) -> bool:
    """Whether the budget covers a cost in 1/10000 USD; by default, whether anything is left. Without one, always."""
    return world.budgets.get(owner) is None or remaining(world, owner) >= cost


def check_funds(world: World, price: int = 0) -> None:
    """Refuses with BALANCE_NOT_ENOUGH what the account or the budget of the member cannot pay: 1/100000 USD.

    No page has the reason for an exhausted budget.
    """
    if money.funds_left(world) < max(price, 1):
        raise ApiRefusal("BALANCE_NOT_ENOUGH", "the balance is not enough")
    if not is_enough(world, world.owner, max(1, -(-price // _PART))):
        raise ApiRefusal("BALANCE_NOT_ENOUGH", "the budget of the member is exhausted")


def _spent(world: World, owner: str, until: float = math.inf) -> int:
    """The costs of the member or of a key before a time, by default all, in 1/100000 USD."""
    uses = [use for use in world.usages if use.since < until]
    if owner != world.owner:
        return sum(use.cost for use in uses if use.key == owner and use.category == "llm")
    bought = sum(
        -payment.amount for payment in world.payments if payment.kind != "recharge" and payment.created < until
    )
    rented = sum(money.meter_cost(meter, min(until, world.moment)) for meter in world.meters)
    return bought + rented + sum(use.cost for use in uses)

"""Rate limits and costs of model calls. Money: 1/100000 USD.

Tokens are summed by key, model and hour. The cost of each sum is rounded down once, so that bills and balance agree.
"""

from __future__ import annotations

from novita_infra.simulator.errors import ApiRefusal
from novita_infra.simulator.world.engine.account_records import Usage
from novita_infra.simulator.world.engine.world import World
from novita_infra.simulator.world.llm import models
from novita_infra.simulator.world.llm.models import Model
from novita_infra.simulator.world.market import budgets, money

MILLION = 1_000_000


def check_call_funds(world: World, key: str) -> None:
    """Refuses with NOT_ENOUGH_BALANCE if the account cannot pay, or a budget of the member or the key is exhausted."""
    if money.funds_left(world) < 1:
        raise ApiRefusal("NOT_ENOUGH_BALANCE", "not enough balance")
    for owner in (world.owner, key):
        if not budgets.is_enough(world, owner):
            raise ApiRefusal("NOT_ENOUGH_BALANCE", f"the budget of {owner} is exhausted")


def admit(world: World, model: Model, key: str) -> None:
    """Admits a call with a key if there is money and the limits of the minute allow it, and counts it.

    Raises NOT_ENOUGH_BALANCE, RATE_LIMIT_EXCEEDED, TOKEN_LIMIT_EXCEEDED (llm-rate-limits).
    """
    check_call_funds(world, key)
    tier = models.tier(world) - 1
    if world.rates.used(f"rpm {model.id}", at=world.moment) >= model.rpm[tier]:
        raise ApiRefusal("RATE_LIMIT_EXCEEDED", f"more than {model.rpm[tier]} requests a minute to {model.id}")
    if world.rates.used(f"tpm {model.id}", at=world.moment) >= model.tpm[tier]:
        raise ApiRefusal("TOKEN_LIMIT_EXCEEDED", f"more than {model.tpm[tier]} tokens a minute to {model.id}")
    world.rates.add(f"rpm {model.id}", 1, at=world.moment)


def spend_tokens(world: World, model: Model, *, key: str, tokens_in: int, tokens_out: int) -> None:
    """Charges the tokens of an answer, and counts them in the limit of the minute."""
    world.rates.add(f"tpm {model.id}", tokens_in + tokens_out, at=world.moment)
    charge_tokens(world, model, key=key, tokens_in=tokens_in, tokens_out=tokens_out)


def charge_tokens(world: World, model: Model, *, key: str, tokens_in: int, tokens_out: int) -> None:
    """Charges the tokens of one answer."""
    price_in, price_out = model.price(tokens_in)
    charge(
        world,
        key=key,
        product=model.id,
        prices=(price_in * 10, price_out * 10),
        units=(tokens_in, tokens_out),
    )


def charge(
    world: World,
    *,
    key: str,
    product: str,
    prices: tuple[int, int],
    units: tuple[int, int],
    category: str = "llm",
) -> None:
    """Charges usage. Prices are for a million units."""
    hour = int(world.moment) // 3600 * 3600
    name = world.draw("usage", category, key, product, str(hour), *map(str, prices), length=24)
    usage = world.usages.get(name) or world.usages.add(
        Usage(
            id=name,
            created=world.moment,
            category=category,
            key=key,
            product=product,
            since=hour,
            price_in=prices[0],
            price_out=prices[1],
        )
    )
    before = usage.cost
    usage.units_in += units[0]
    usage.units_out += units[1]
    usage.requests += 1
    world.usages.touch(usage)
    world.sums.settled -= usage.cost - before
    if usage.cost != before:
        money.foresee(world)

"""Bills of random fleets over weeks add up to the simulator's books, to the last unit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from account_views import viewed
from draws import draws
from foreign_objects import make_foreign
from rig import Rig

from novita_infra.account.billing import BilledLine, sum_of
from novita_infra.account.spans import DAY, HOUR, TimeSpan, span_of
from novita_infra.operations.account.billing.reading import (
    Bills,
    read_keys,
    read_months,
    read_terms,
    read_transactions,
    read_usage,
)
from novita_infra.simulator import PROFILES, Fault
from novita_infra.simulator.errors import ApiRefusal
from novita_infra.simulator.world.cloud import instances, storages
from novita_infra.simulator.world.engine.world import World
from novita_infra.simulator.world.llm import models, usage
from novita_infra.simulator.world.market import money
from novita_infra.simulator.world.market.catalogue import product_of

SEEDS = [pytest.param(seed, marks=() if seed < 1 else pytest.mark.slow) for seed in range(max(4, draws(5)))]
WEEKS = 10 * 7 * DAY
"""More than two windows of 31 days."""
SECOND = "key_second"


def live_through(rig: Rig, random: Random, seconds: int = WEEKS) -> int:
    """Lets a random fleet run for so long; the first moment."""
    world, began = rig.world, int(rig.clock.now())
    make_foreign(rig, "instance")
    while rig.clock.now() < began + seconds:
        with suppress(ApiRefusal, AssertionError):  # a deletion of what is being created; a fleet beyond the stock
            _act(rig, random)
        rig.clock.run(rig.clock.sleep(random.choice([61.5, 3599, HOUR * 7.3, DAY * 1.6, DAY * 4])))
        world.advance()
    return began


def _act(rig: Rig, random: Random) -> None:
    world = rig.world
    match random.randrange(9):
        case 0:
            mode = random.choice(["onDemand", "spot", "monthly"])
            months = {"month": random.randrange(1, 3)} if mode == "monthly" else {}
            make_foreign(rig, "instance", {"billingMode": mode, "rootfsSize": random.choice([60, 77]), **months})
        case 1:
            make_foreign(rig, "network_storage", {"storageSize": random.randrange(10, 900)})
        case 2:
            workers = {"minNum": random.randrange(3), "maxNum": 3, "freeTimeout": 60, "maxConcurrent": 1, "gpuNum": 1}
            make_foreign(rig, "endpoint", {"workerConfig": workers})
        case 3 if len(world.instances):
            random.choice([instances.stop, instances.start, instances.delete])(world, _one(world.instances, random))
        case 4 if len(world.storages):
            storages.delete(world, _one(world.storages, random))
        case 5:
            money.move_price(world, product_of("L40S.16c96g"), per_cent=random.randrange(50, 150))
        case _:
            for _ in range(random.randrange(1, 5)):
                usage.charge_tokens(
                    world,
                    random.choice(models.MODELS),
                    key=random.choice(["key_first", SECOND]),
                    tokens_in=random.randrange(1, 90_000),
                    tokens_out=random.randrange(1, 9_000),
                )


def _one(table: Iterable[object], random: Random) -> str:
    return str(getattr(random.choice([*table]), "id"))  # noqa: B009 -- tables of different records


def _by_owner(lines: Iterable[BilledLine]) -> dict[str, Fraction]:
    sums: Counter[str] = Counter()
    for line in lines:
        sums[line.owner] += line.amount or 0  # type: ignore[assignment]
    return {owner: Fraction(amount) for owner, amount in sums.items() if amount}


def _books(world: World) -> dict[str, Fraction]:
    """The costs of usage by owner, as the world counts them."""
    sums: Counter[str] = Counter()
    for meter in world.meters:
        sums[meter.owner] += money.meter_cost(meter, world.moment)
    for used in world.usages:
        sums[used.key] += used.cost
    return {owner: Fraction(amount) for owner, amount in sums.items() if amount}


def _bought(world: World) -> dict[str, Fraction]:
    sums: Counter[str] = Counter()
    for payment in world.payments:
        if payment.kind != "recharge":
            sums[payment.owner] -= payment.amount
    return {owner: Fraction(amount) for owner, amount in sums.items() if amount}


def _read(rig: Rig, span: TimeSpan) -> tuple[Bills, Bills, Bills]:
    return (
        viewed(rig, lambda view: read_usage(view, span)),
        viewed(rig, lambda view: read_terms(view, span)),
        viewed(rig, lambda view: read_keys(view, span)),
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_bills_of_a_random_fleet_agree_with_the_books(tmp_path: Path, seed: int) -> None:
    rig, random = Rig(tmp_path, environ={}, seed=seed), Random(seed)
    began = live_through(rig, random)
    for since in (began, began // DAY * DAY):
        rig.world.advance()
        span = span_of(since, None, rig.clock.now())
        assert span.period == (HOUR if since == began else DAY)
        used, terms, keys = _read(rig, span)
        assert _by_owner(used.lines) == _books(rig.world)
        assert _by_owner(terms.lines) == _bought(rig.world)
        assert sum_of(used.lines) + sum_of(terms.lines) == money.spent(rig.world)
        assert used.unlisted == terms.unlisted == 0
        llm = [line for line in used.lines if line.category == "llm"]
        assert _by_owner(keys.lines) == _by_owner(llm) != {}
        assert all(line.exact for line in (*used.lines, *terms.lines, *keys.lines))
    assert {line.category for line in used.lines} == {"gpu", "serverless", "cloud_storage", "llm"}
    months = viewed(rig, lambda view: read_months(view, "", ""))
    assert sum(month.total or 0 for month in months) == money.spent(rig.world)
    paid = viewed(rig, lambda view: read_transactions(view, span))
    assert len(paid) == len(rig.world.payments)


@pytest.mark.parametrize("seed", SEEDS[:4])
def test_parts_of_a_range_add_up_to_it(tmp_path: Path, seed: int) -> None:
    rig, random = Rig(tmp_path, environ={}, seed=seed), Random(seed)
    began = live_through(rig, random, 40 * DAY) // DAY * DAY
    ends = sorted({began, *(began + random.randrange(1, 40) * DAY for _ in range(3)), began + 42 * DAY})
    parts = [_read(rig, TimeSpan(start, end, DAY)) for start, end in pairwise(ends)]
    whole = _read(rig, TimeSpan(ends[0], ends[-1], DAY))
    for number in range(3):
        lines = sorted((line for part in parts for line in part[number].lines), key=repr)
        assert lines == sorted(whole[number].lines, key=repr)


def test_whole_numbers_alone_lack_less_than_one_of_them_for_each_line(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={}, quirks=PROFILES["documented"])
    began = live_through(rig, Random(5), 20 * DAY)
    used, terms, _ = _read(rig, span_of(began // DAY * DAY, None, rig.clock.now()))
    missing = money.spent(rig.world) - sum_of(used.lines) - sum_of(terms.lines)
    assert 0 < missing < 10 * len(used.lines)
    assert not any(line.exact for line in used.lines)
    assert 0 < used.unlisted < 10 * len(used.lines)


def test_a_service_that_is_asked_too_fast_is_asked_again(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    make_foreign(rig, "network_storage")
    began = int(rig.clock.now()) // DAY * DAY
    rig.clock.run(rig.clock.sleep(40 * DAY))
    rig.world.faults.add(Fault(operation="account.usage_bills", status=429, reason="LIST_BILL_TOO_FAST", count=15))
    used = viewed(rig, lambda view: read_usage(view, span_of(began, None, rig.clock.now())))
    assert sum_of(used.lines) == money.spent(rig.world)
    assert rig.world.calls["account.usage_bills"] == 20 + 15


def test_a_category_that_the_service_does_not_know_is_left_out(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    make_foreign(rig, "network_storage")
    began = int(rig.clock.now()) // DAY * DAY
    rig.clock.run(rig.clock.sleep(5 * DAY))
    rig.world.faults.add(Fault(operation="account.usage_bills", status=400, reason="INVALID_PRODUCT_CATEGORY", count=3))
    used = viewed(rig, lambda view: read_usage(view, span_of(began, None, rig.clock.now())))
    assert rig.world.calls["account.usage_bills"] == 10
    assert sum_of(used.lines) == used.control == money.spent(rig.world) > 0

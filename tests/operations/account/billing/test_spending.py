"""What a project has cost agrees with the simulator's books, while its resources come, change and go for weeks."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import pytest
from account_views import viewed
from draws import draws
from foreign_objects import make_foreign
from rig import Rig

from novita_infra.account.spans import DAY, HOUR, TimeSpan, span_of
from novita_infra.catalogue.prices import Amount
from novita_infra.model.diagnostics import Problems
from novita_infra.operations.account.billing.spending import ProjectSpending, read_spending
from novita_infra.simulator.world.market import money

MACHINE: dict[str, Any] = {
    "product": {"id": "4090.16c62g"},
    "cluster": "us-dallas-nas-2",
    "image": "ubuntu:22.04",
    "rootDiskGb": 84,
}
LABELS: tuple[dict[str, str], ...] = ({"team": "a"}, {"team": "b"}, {})
SEEDS = [pytest.param(seed, marks=() if seed < 1 else pytest.mark.slow) for seed in range(max(4, draws(4)))]


def _fleet(random: Random, turn: int) -> list[dict[str, Any]]:
    """A random fleet: machines that run or rest, on demand or by the month, and storages."""
    found = []
    for number in range(3):
        if random.random() < 0.7:
            spec = {**MACHINE, "power": random.choice(["running", "stopped"])}
            found.append(_document("Instance", f"m{number}", LABELS[number], spec))
        if random.random() < 0.5:
            spec = {"cluster": "us-dallas-nas-2", "sizeGb": 10 * turn + random.randrange(10, 20)}  # one only grows
            found.append(_document("NetworkStorage", f"s{number}", LABELS[number], spec))
    return found


def _document(kind: str, name: str, labels: dict[str, str], spec: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": name, "labels": labels} if labels else {"name": name}
    return {"apiVersion": "novita-infra/v1", "kind": kind, "metadata": metadata, "spec": spec}


def _spent(rig: Rig, span: TimeSpan, by: str = "address") -> ProjectSpending:
    return viewed(rig, lambda view: read_spending(view, span, by))


def _sum(found: ProjectSpending) -> Fraction:
    return sum((item.usage + item.bought for item in found.spendings), Fraction(0))


@pytest.mark.parametrize("seed", SEEDS)
def test_spending_of_a_random_project_agrees_with_the_books(tmp_path: Path, seed: int) -> None:
    rig, random = Rig(tmp_path, environ={}, seed=seed), Random(seed)
    rig.declare()
    foreign = make_foreign(rig, "network_storage", {"storageSize": 333})
    began = int(rig.clock.now())
    for turn in range(8):
        rig.write("main.yaml", *_fleet(random, turn))
        rig.apply(allow_data_loss=("*",), allow_large_change=True)
        rig.clock.run(rig.clock.sleep(random.choice([HOUR * 5.5, DAY * 3.3, DAY * 9])))
        rig.world.advance()
    span = span_of(began // DAY * DAY, None, rig.clock.now())
    theirs = sum(money.meter_cost(meter, rig.world.moment) for meter in rig.world.meters if meter.owner == foreign)
    found = _spent(rig, span)
    assert _sum(found) == money.spent(rig.world) - theirs > 0
    assert found.others == theirs > 0
    for by in ("kind", "label", "label:team"):
        assert _sum(_spent(rig, span, by)) == _sum(found)
    assert {item.name for item in _spent(rig, span, "label:team").spendings} <= {"a", "b", "without team"}


def test_what_always_ran_has_cost_what_the_plan_said(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(("Instance", "m", MACHINE), ("NetworkStorage", "s", {"cluster": "us-dallas-nas-2", "sizeGb": 120}))
    rig.clock.run(rig.clock.sleep(DAY - rig.clock.now() % DAY + 1))
    rig.apply()
    plan = rig.plan()
    rig.clock.run(rig.clock.sleep(10 * DAY))
    rig.world.advance()
    found = _spent(rig, span_of(int(rig.clock.now()) - 12 * DAY, None, rig.clock.now()))
    assert plan.cost is not None
    assert sum((item.per_hour for item in found.spendings if item.per_hour), Amount()) == plan.cost.total.after
    for item in found.spendings:
        assert item.expected is not None
        assert item.expected.least <= item.usage <= item.expected.most


def _batch(*words: str, **more: Any) -> tuple[str, str, dict[str, Any]]:
    template = {"messages": [{"role": "user", "content": "Say {{word}}"}], "max_tokens": 500}
    rows = [{"word": word} for word in words]
    spec = {"model": "deepseek/deepseek-v3-0324", "input": {"rows": rows, "template": template}, **more}
    return "Batch", "it", spec


def test_batches_have_cost_what_their_records_say_also_those_that_were_replaced(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    costs = []
    for words in ("abcdefgh", "ij"):
        rig.declare(_batch(*words, results="out/it.jsonl"))
        rig.apply()
        costs.append(Fraction(str(rig.record("batch.it").outputs["costUsd"])) * 100_000)
    rig.clock.run(rig.clock.sleep(2 * DAY))
    rig.world.advance()
    span = span_of(int(rig.clock.now()) - 4 * DAY, None, rig.clock.now())
    found = _spent(rig, span)
    assert {(item.name, item.deleted): item.usage for item in found.spendings} == {
        ("batch.it", True): costs[0],
        ("batch.it", False): costs[1],
    }
    assert found.recorded == _sum(found) == sum(costs) > 0
    assert found.unknown == ()
    assert found.others <= 1  # the bill of an hour is rounded
    later = TimeSpan(int(rig.clock.now()) - DAY, int(rig.clock.now()), DAY)
    assert _spent(rig, later).spendings == ()


def test_batches_whose_cost_is_not_known_are_named(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(_batch("a"))
    rig.apply()
    span = span_of(int(rig.clock.now()) - DAY, None, rig.clock.now())
    found = _spent(rig, span)
    assert (found.spendings, found.unknown) == ((), (f"batch.it ({rig.record('batch.it').id})",))
    rig.declare(_batch("a", results="out/it.jsonl"))
    rig.apply()
    assert _spent(rig, span).unknown == ()
    for record in list(rig.world.batches):
        rig.world.batches.remove(record)
    assert len(_spent(rig, span).unknown) == 1


def test_a_project_is_needed(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    with pytest.raises(Problems, match=r"there is no project here; go to its folder, or name it: --project FOLDER"):
        _spent(rig, TimeSpan(0, DAY, DAY))

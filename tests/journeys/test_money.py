"""What a plan says of money, from the first plan to the last bill: budgets, prices that move, and what nobody knows."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from plan_files import apply_saved, save
from plan_shapes import checked_json
from rig import WRITES, Rig

from novita_infra.catalogue.prices import rate
from novita_infra.cli import root
from novita_infra.model.diagnostics import EXIT_OVER_BUDGET, Problems
from novita_infra.planning.plan.costs import Money, Row
from novita_infra.planning.plan.review import Review
from novita_infra.simulator import Fault, open_world
from novita_infra.simulator.world.market.catalogue import product_of
from novita_infra.simulator.world.market.money import list_price, move_price, spent
from novita_infra.views.content.costs import sum_texts
from novita_infra.views.content.lines import plain
from novita_infra.views.formats.json.plan import plan_json
from novita_infra.views.plan_lines.plan import plan_lines

HERE = "us-dallas-nas-2"
MACHINE: dict[str, Any] = {"product": {"id": "4090.16c62g"}, "cluster": HERE, "image": "ubuntu:22.04"}
STORAGE = ("NetworkStorage", "data", {"cluster": HERE, "sizeGb": 120})
ENDPOINT: dict[str, Any] = {
    "product": {"id": "SL-serverless-1"},
    "image": "nginx:1.27",
    "ports": ["80/http"],
    "healthPath": "/",
    "workers": {"min": 0, "max": 3, "idleTimeout": 60, "maxConcurrency": 8, "requestTimeout": 600},
    "scaling": {"type": "queue", "value": 10},
}


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path, environ={})


def project(rig: Rig, **rules: Any) -> None:
    rig.write(
        "novita-infra.yaml",
        {"apiVersion": "novita-infra/v1", "kind": "Project", "metadata": {"name": "rig"}, **rules},
    )


def machines(count: int, **more: Any) -> list[tuple[str, str, dict[str, Any]]]:
    return [("Instance", f"m{index}", {**MACHINE, **more}) for index in range(count)]


def money_of(plan: Review) -> Money:
    assert plan.cost is not None
    return plan.cost


def row(plan: Review, address: str) -> Row:
    return next(row for row in money_of(plan).rows if str(row.address) == address)


def written(rig: Rig) -> int:
    return sum(count for name, count in rig.world.calls.items() if name in WRITES)


def test_a_plan_tells_the_environment_before_and_after_and_the_bill_agrees(rig: Rig) -> None:
    rig.declare(*machines(2), STORAGE, m0={"group": "lab"})
    rig.apply()
    rig.declare(*machines(3, rootDiskGb=84), STORAGE, m0={"group": "lab"})
    plan = rig.plan()
    total = money_of(plan).total
    assert total.before.most == 71_000
    assert total.after.most == 3 * 35_500 + 1_000
    assert money_of(plan).groups["lab"].delta.most == 500
    assert row(plan, "instance.m2").before == ()
    assert not row(plan, "network_storage.data").moves
    rig.apply()
    spent_then = spent(rig.world)
    rig.clock.run(rig.clock.sleep(3600))
    rig.world.advance()
    assert spent(rig.world) - spent_then == total.after.most


def test_what_a_plan_leaves_out_still_counts(rig: Rig) -> None:
    rig.declare(*machines(2), STORAGE)
    rig.apply()
    rig.declare(*machines(3), STORAGE)
    total = money_of(rig.plan(targets=("instance.m2",))).total
    assert total.before.most == 71_000
    assert total.after.most == 106_000


def test_destroy_reports_savings_and_works_without_prices(rig: Rig) -> None:
    rig.declare(*machines(1), STORAGE)
    rig.apply()
    assert money_of(rig.plan(destroys=True)).total.delta.most == -36_000
    rig.world.faults.add(Fault(operation="*products.list", status=403, reason="FORBIDDEN", count=None))
    plan = rig.plan(destroys=True)
    assert money_of(plan).total.before.most == 1_000
    assert "cost: less by what has no known price: RTX 4090 24GB, on demand\n" in plain(plan_lines(plan))
    assert "per hour: at least $0.01 -> $0.00\n" in plain(plan_lines(plan))
    rig.destroy()
    assert rig.live_ids() == []


def test_a_plan_over_the_budget_is_refused_before_anything_is_called(rig: Rig) -> None:
    rig.declare(*machines(2), STORAGE)
    project(rig, budget={"perHour": "0.71", "perMonth": 511.2})
    rig.apply()
    rig.declare(*machines(3), STORAGE)
    before = written(rig)
    plan = rig.plan()
    assert (plan.code, written(rig)) == (EXIT_OVER_BUDGET, before)
    assert [problem.summary.partition(" at the most")[0] for problem in plan.problems] == [
        "environment default would cost $1.06 per hour",
        "environment default would cost $763.20 per month",
    ]
    rig.declare(*machines(1), STORAGE)
    rig.apply()


def test_an_endpoint_counts_with_its_most_workers(rig: Rig) -> None:
    rig.declare(("Endpoint", "api", ENDPOINT))
    project(rig, budget={"perHour": 2})
    plan = rig.plan()
    assert plan.code == EXIT_OVER_BUDGET
    assert rate(row(plan, "endpoint.api").after).least == 0
    project(rig, budget={"perHour": 2.01})
    assert rig.plan().code == 0


BATCH = {
    "model": "deepseek/deepseek-v3-0324",
    "input": {"rows": [{}], "template": {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 1000}},
}


def test_a_batch_is_held_against_the_budget_of_what_is_paid_at_once(rig: Rig) -> None:
    rig.declare(("Batch", "it", BATCH))
    most = money_of(rig.plan()).total.once
    less, enough = (str(Decimal(math.ceil(most) - left) / 100_000) for left in (1, 0))
    project(rig, budget={"once": less})
    refused = rig.plan()
    assert refused.code == EXIT_OVER_BUDGET
    (problem,) = refused.problems
    assert problem.summary.startswith("the plan would pay $")
    assert "most of it: batch.it $" in problem.hint
    assert "raise budget.once" in problem.hint
    assert any(title == "budget" and text.endswith(" at once") for title, text in sum_texts(money_of(refused)))
    assert Decimal(checked_json(refused)["novita"]["money"]["budget"]["once"]) == Decimal(less)
    project(rig, budget={"once": enough})
    rig.apply()
    project(rig, budget={"once": 0})
    assert rig.plan().empty


def test_a_plan_that_pays_more_at_once_than_a_month_may_cost_says_what_the_budget_bounds(rig: Rig) -> None:
    rig.declare(("Batch", "it", BATCH))
    project(rig, budget={"perMonth": "0.00001"})
    plan = rig.plan()
    assert not plan.problems
    (note,) = plan.notes
    assert "it bounds only what goes on" in note.summary
    assert "budget.once" in note.hint
    project(rig, budget={"perMonth": "0.00001", "once": 1})
    assert not rig.plan().notes
    project(rig, budget={"perMonth": 1})
    assert not rig.plan().notes


def test_what_is_over_the_budget_already_may_be_made_cheaper(rig: Rig) -> None:
    rig.declare(*machines(3))
    rig.apply()
    project(rig, budget={"perHour": 0.1})
    rig.declare(*machines(2))
    plan = rig.plan()
    assert plan.code == 0
    assert any("over its budget of $0.10" in note.summary for note in plan.notes)
    rig.apply()
    rig.declare(*machines(3))
    assert rig.plan().code == EXIT_OVER_BUDGET
    rig.destroy()


def test_an_environment_s_own_budget_holds_there(rig: Rig) -> None:
    rig.declare(*machines(1))
    project(rig, budget={"perHour": 0.1}, environments={"dev": {}, "prod": {"budget": {"perHour": 5}}})
    rig.environment = "dev"
    assert rig.plan().code == EXIT_OVER_BUDGET
    rig.environment = "prod"
    assert rig.plan().code == 0


def test_an_unknown_price_is_named_and_refused_by_the_budget(rig: Rig) -> None:
    rig.declare(("Endpoint", "api", {**ENDPOINT, "rootDiskGb": 150}))
    project(rig, budget={"perHour": 5})
    plan = rig.plan()
    assert row(plan, "endpoint.api").unknown == ("root disk beyond 100 GB",)
    assert any("endpoint.api (root disk beyond 100 GB)" in note.summary for note in plan.notes)
    project(rig, budget={"perHour": 5, "unknown": "refuse"})
    assert rig.plan().code == EXIT_OVER_BUDGET
    project(rig, budget={"unknown": "refuse"})
    assert rig.plan().code == 0


def test_what_loses_its_price_makes_no_room_in_the_budget(rig: Rig) -> None:
    project(rig, budget={"perMonth": 230})
    rig.declare(*machines(1, billingMode="monthly", months=1))
    rig.apply()
    odd = machines(1, billingMode="monthly", months=2)
    rig.declare(*odd, ("Instance", "b", {"product": {"gpu": "RTX 3090"}, "image": "ubuntu:22.04"}))
    before = written(rig)
    plan = rig.plan()
    assert (plan.code, written(rig)) == (EXIT_OVER_BUDGET, before)
    assert "not known; counted as before: $0.315/h; $226.80 at once; unknown: RTX 4090 24GB, 2 months\n" in (
        plain(plan_lines(plan))
    )
    assert "per month: $226.80 -> at least $378.00 (at least +$151.20)\n" in plain(plan_lines(plan))
    money = plan_json(plan)["novita"]["money"]
    assert money["delta"]["per_month"] == {"least": "151.2", "most": "151.2"}
    assert money["unknown"] == [
        {"address": "instance.m0", "what": "RTX 4090 24GB, 2 months", "counted_as_before": True}
    ]
    rig.declare(*odd)
    assert money_of(rig.plan()).total.delta.most == 0
    rig.apply()
    assert "Cost of environment default: not known, as before\n" in plain(plan_lines(rig.plan()))


def test_what_nobody_knows_is_named_once_and_is_not_nothing(rig: Rig) -> None:
    rig.declare(*machines(1, billingMode="monthly", months=5, rootDiskGb=100))
    project(rig, budget={"perMonth": 1, "unknown": "refuse"})
    plan = rig.plan()
    text = plain(plan_lines(plan))
    assert "cost: unknown: RTX 4090 24GB, 5 months, root disk beyond 60 GB\n" in text
    assert text.partition("Cost of environment")[2].count("RTX 4090 24GB, 5 months") == 1
    for title in ("per hour: $0.00 ->", "per month: $0.00 ->", "at once:"):
        assert f"{title} not known\n" in text
    assert len(plan.problems) == 2


def test_of_several_offers_the_dearest_is_held_against_the_budget(rig: Rig) -> None:
    either = {"product": {"anyOf": [{"id": "4090.16c62g"}, {"id": "H100-80GB.20c240g"}]}, "image": "ubuntu:22.04"}
    rig.declare(("Instance", "a", either))
    project(rig, budget={"perHour": 1})
    assert rig.plan().code == EXIT_OVER_BUDGET
    project(rig, budget={"perHour": 2.35})
    rig.apply()
    assert money_of(rig.plan()).total.after.most == 35_000


def test_months_are_shown_by_the_hour_and_paid_at_once(rig: Rig) -> None:
    rig.declare(*machines(1, billingMode="monthly", months=3))
    plan = rig.plan()
    price = dict(product_of("4090.16c62g").monthly)[3]
    assert money_of(plan).total.once == price
    assert money_of(plan).total.after.most * 720 * 3 == price
    rig.apply()
    assert spent(rig.world) == price
    assert money_of(rig.plan()).total.once == 0


def test_a_plan_has_present_prices_and_a_saved_plan_is_held_to_them(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={}, scenario="price-flap")
    rig.declare(*machines(1))
    project(rig, maxPriceRise="0%")
    product = product_of("4090.16c62g")
    outcomes = set()
    for _ in range(12):
        rig.clock.run(rig.clock.sleep(61))
        rig.world.advance()
        then = list_price(rig.world, product)
        path = save(rig)
        rig.clock.run(rig.clock.sleep(61))
        rig.world.advance()
        now = list_price(rig.world, product)
        assert money_of(rig.plan()).total.after.most == now
        if now <= then:
            apply_saved(rig, path)
            rig.destroy()
            outcomes.add("applied")
            continue
        with pytest.raises(Problems) as caught:
            apply_saved(rig, path)
        assert caught.value.code == EXIT_OVER_BUDGET
        assert rig.live_ids() == []
        outcomes.add("refused")
    assert outcomes == {"applied", "refused"}


def test_a_rise_within_what_is_allowed_is_no_reason_to_refuse(rig: Rig) -> None:
    rig.declare(*machines(1))
    project(rig, maxPriceRise="12.5%")
    path = save(rig)
    move_price(rig.world, product_of("4090.16c62g"), per_cent=113)
    with pytest.raises(Problems):
        apply_saved(rig, path)
    move_price(rig.world, product_of("4090.16c62g"), per_cent=112)
    assert apply_saved(rig, path).succeeded


def test_a_rise_that_breaks_the_budget_is_refused_however_much_is_allowed(rig: Rig) -> None:
    rig.declare(*machines(1))
    project(rig, maxPriceRise="100%", budget={"perHour": 0.5})
    path = save(rig)
    move_price(rig.world, product_of("4090.16c62g"), per_cent=150)
    with pytest.raises(Problems) as caught:
        apply_saved(rig, path)
    assert caught.value.code == EXIT_OVER_BUDGET
    assert "over its budget of $0.50" in str(caught.value)


# --- on the command line ----------------------------------------------------------------------------------------------

MANIFEST = """\
apiVersion: novita-infra/v1
kind: Instance
metadata: {name: trainer}
spec: {product: {id: 4090.16c62g}, gpuCount: 2, image: "ubuntu:22.04"}
"""
PROJECT = """\
apiVersion: novita-infra/v1
kind: Project
metadata: {name: costs}
budget: {perHour: BUDGET}
maxPriceRise: 10%
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NOVITA_INFRA_SIM", "1")
    (tmp_path / "main.yaml").write_text(MANIFEST)
    return lambda *words: CliRunner().invoke(root, list(words), prog_name="novita-infra")


def test_plan_and_apply_exit_with_6_over_a_budget(run: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "novita-infra.yaml").write_text(PROJECT.replace("BUDGET", "0.69999"))
    for words in (["plan"], ["plan", "--json"], ["plan", "--out", "x.niplan"], ["apply", "--auto-approve"]):
        assert run(*words).exit_code == EXIT_OVER_BUDGET, words
    assert not (tmp_path / "x.niplan").exists()
    assert "over its budget of $0.69999; the plan's part: +$0.70; most of all cost instance.trainer $0.70" in (
        run("plan").stderr
    )
    (tmp_path / "novita-infra.yaml").write_text(PROJECT.replace("BUDGET", "0.7"))
    found = run("plan", "--json")
    assert found.exit_code == 0
    data = json.loads(found.stdout)
    assert data["novita"]["money"]["delta"]["per_month"] == {"least": "504", "most": "504"}
    assert data["resource_changes"][0]["novita"]["cost"]["lines"]["after"][0]["price"] == "0.35"


def test_apply_exits_with_6_when_a_price_rose_since_the_saved_plan(run: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "novita-infra.yaml").write_text(PROJECT.replace("BUDGET", "9"))
    assert run("plan", "--out", "x.niplan").exit_code == 0
    assert "prices read" in run("show", "x.niplan").stdout
    _prices(tmp_path, per_cent=120)
    refused = run("apply", "x.niplan")
    assert refused.exit_code == EXIT_OVER_BUDGET
    assert "the price rose by 20 %" in refused.stderr
    _prices(tmp_path, per_cent=110)
    assert "cost: +$0.77/h" in run("plan").stdout


def _prices(folder: Path, *, per_cent: int) -> None:
    world = open_world(folder / ".novita-infra" / "sim.db", now=time.time)
    move_price(world, product_of("4090.16c62g"), per_cent=per_cent)
    world.close()

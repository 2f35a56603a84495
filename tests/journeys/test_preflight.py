"""What cannot be had is found before anything is called: stock, limits, quotas, money, and the wrong account."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rig import WRITES, Rig

from novita_infra.model.diagnostics import EXIT_BLOCKED, EXIT_REFUSED, Problems
from novita_infra.planning.plan.review import Review
from novita_infra.simulator import Fault, Trouble
from novita_infra.simulator.world.market.catalogue import set_stock

HERE, THERE = "us-dallas-nas-2", "us-ca-nas-2"
MACHINE: dict[str, Any] = {"product": {"id": "4090.16c62g"}, "cluster": HERE, "image": "ubuntu:22.04"}
STORAGE = ("NetworkStorage", "data", {"cluster": HERE, "sizeGb": 10})
ENDPOINT: dict[str, Any] = {
    "product": {"id": "SL-serverless-1"},
    "image": "nginx:1.27",
    "ports": ["80/http"],
    "healthPath": "/",
    "workers": {"min": 1, "max": 2, "idleTimeout": 60, "maxConcurrency": 8, "requestTimeout": 600},
    "scaling": {"type": "queue", "value": 10},
}


def text_of(plan: Review) -> list[str]:
    return [f"{item.address}: {item.summary}" if item.address else item.summary for item in plan.problems]


def noted(plan: Review) -> list[str]:
    return [f"{item.address}: {item.summary}" if item.address else item.summary for item in plan.notes]


def written(rig: Rig) -> int:
    """How many writes reached the service."""
    return sum(count for name, count in rig.world.calls.items() if name in WRITES)


def blocked(rig: Rig, **asked: Any) -> list[str]:
    """What blocks the plan; that nothing was called is checked as well."""
    before = written(rig)
    plan = rig.plan(**asked)
    assert (plan.code, written(rig)) == (EXIT_BLOCKED, before)
    return text_of(plan)


# --- stock ----------------------------------------------------------------------------------------------------------


def test_a_product_without_stock_blocks_the_plan_before_any_call(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={}, scenario="no-stock")
    rig.declare(("Instance", "a", MACHINE), STORAGE)
    plan = rig.plan()
    assert text_of(plan) == [f"instance.a: no RTX 4090 24GB is free in {HERE} (US-01 (Dallas))"]
    assert str(plan.problems[0].origin) == "main.yaml:8:3"
    assert "lifecycle.waitForCapacity" in plan.problems[0].hint
    assert blocked(rig)


def test_what_is_free_elsewhere_is_not_free_here(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(("Instance", "a", MACHINE))
    set_stock(rig.world, products="4090.16c62g", clusters=HERE, places=0)
    assert blocked(rig) == [f"instance.a: no RTX 4090 24GB is free in {HERE} (US-01 (Dallas))"]
    rig.declare(("Instance", "a", {**MACHINE, "cluster": THERE}))
    rig.apply()
    rig.assert_converged()


def test_a_cluster_without_the_product_is_reported_with_those_that_have_it(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(("Instance", "a", {**MACHINE, "cluster": "us-ca-6"}))
    assert blocked(rig) == ["instance.a: there is no RTX 4090 24GB in cluster us-ca-6 (US-CA-06 (California))"]
    assert "AS-SGP-02 (Singapore)" in rig.plan().problems[0].hint


def test_more_gpus_than_a_machine_there_has_are_not_to_be_had(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(("Instance", "a", {**MACHINE, "gpuCount": 8}))
    set_stock(rig.world, products="4090.16c62g", clusters=HERE, places=4)
    assert blocked(rig) == [f"instance.a: there is no RTX 4090 24GB in {HERE} (US-01 (Dallas)) for 8 GPUs"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"billingMode": "spot", "product": {"id": "5090.16c96g"}}, "is not offered spot"),
        ({"rootDiskGb": 4000}, "4000 GB are more than the largest root disk of RTX 4090 24GB"),
    ],
)
def test_what_the_product_does_not_offer_blocks_the_plan(changes: dict[str, Any], reason: str, tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(("Instance", "a", {**MACHINE, **changes}))
    (text,) = blocked(rig)
    assert reason in text


def test_a_cpu_machine_is_asked_for_as_well(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={}, scenario="no-stock")
    rig.declare(("Instance", "a", {"product": {"cpu": "CPU 2C"}, "cluster": HERE, "image": "ubuntu:22.04"}))
    assert blocked(rig) == [f"instance.a: no CPU 2C 4GB is free in {HERE} (US-01 (Dallas))"]


def test_the_workers_that_an_endpoint_always_has_must_be_free(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={}, scenario="no-stock")
    rig.declare(("Endpoint", "api", ENDPOINT))
    assert blocked(rig) == ["endpoint.api: no RTX 4090 24GB is free in any cluster"]
    rig.declare(("Endpoint", "api", {**ENDPOINT, "workers": {**ENDPOINT["workers"], "min": 0}}))
    rig.apply()
    rig.assert_converged()


def test_another_offer_that_is_free_makes_it_a_note(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    wishes = [{"id": "H100-80GB.20c240g", "cluster": HERE}, {"gpu": "L40S", "cluster": THERE}]
    rig.declare(("Instance", "a", {"product": {"anyOf": wishes}, "image": "ubuntu:22.04"}))
    set_stock(rig.world, products="H100*", clusters=HERE, places=0)
    plan = rig.plan()
    assert plan.problems == ()
    assert f"instance.a: no H100 SXM 80GB is free in {HERE} (US-01 (Dallas)): L40S 48GB in {THERE} will do" in noted(
        plan
    )
    rig.apply()
    assert [live.product for live in rig.world.instances] == ["L40S.16c96g"]


def test_no_offer_that_is_free_blocks_with_all_of_them(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={}, scenario="no-stock")
    wishes = [{"gpu": "H100", "cluster": HERE}, {"gpu": "L40S", "billingMode": "spot"}]
    rig.declare(("Instance", "a", {"product": {"anyOf": wishes}, "image": "ubuntu:22.04"}))
    assert blocked(rig) == [
        f"instance.a: no H100 SXM 80GB is free in {HERE} (US-01 (Dallas)); no L40S 48GB is free in any cluster at spot"
    ]


def test_what_may_be_waited_for_is_a_note(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={}, scenario="stock-later")
    rig.declare(("Instance", "a", MACHINE), a={"waitForCapacity": "30m"})
    plan = rig.plan()
    assert plan.problems == ()
    assert any("the create is tried again until something is free" in text for text in noted(plan))
    rig.apply()
    rig.assert_converged()


@pytest.mark.parametrize("lifecycle", [{}, {"waitForCapacity": "30m"}, {"createBeforeDestroy": True}])
def test_nothing_is_destroyed_for_something_that_is_not_to_be_had(lifecycle: dict[str, Any], tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(("Instance", "a", MACHINE))
    rig.apply()
    rig.declare(("Instance", "a", {**MACHINE, "product": {"id": "H100-80GB.20c240g"}}), a=lifecycle)
    set_stock(rig.world, products="H100*", clusters="*", places=0)
    assert blocked(rig) == [f"instance.a: no H100 SXM 80GB is free in {HERE} (US-01 (Dallas))"]
    assert [live.product for live in rig.world.instances] == ["4090.16c62g"]


def test_a_replacement_that_comes_first_may_be_waited_for(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(("Instance", "a", MACHINE))
    rig.apply()
    lifecycle = {"waitForCapacity": "30m", "createBeforeDestroy": True}
    rig.declare(("Instance", "a", {**MACHINE, "product": {"id": "H100-80GB.20c240g"}}), a=lifecycle)
    set_stock(rig.world, products="H100*", clusters="*", places=0)
    assert rig.plan().problems == ()


def test_a_machine_that_is_stopped_needs_its_place_again(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(("Instance", "a", {**MACHINE, "power": "stopped"}))
    rig.apply()
    rig.declare(("Instance", "a", MACHINE))
    set_stock(rig.world, products="*", clusters="*", places=0)
    assert blocked(rig) == [f"instance.a: no RTX 4090 24GB is free in {HERE} (US-01 (Dallas))"]
    assert "--exclude 'instance.a'" in rig.plan().problems[0].hint
    rig.declare(("Instance", "a", MACHINE), a={"waitForCapacity": "30m"})
    assert rig.plan().problems == ()
    assert noted(rig.plan())[-1].endswith("it is tried all the same")
    set_stock(rig.world, products="*", clusters="*", places=None)
    rig.apply()
    rig.assert_converged()


def test_what_is_left_out_blocks_nothing(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={}, scenario="no-stock")
    rig.declare(("Instance", "a", MACHINE), STORAGE)
    rig.apply(targets=("network_storage.data",))
    assert rig.record("network_storage.data").id


def test_stock_that_may_not_be_asked_for_is_a_note(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(("Instance", "a", {**MACHINE, "billingMode": "spot"}))
    rig.world.faults.add(
        Fault(kind=Trouble.STATUS, operation="account.balance", status=403, reason="FORBIDDEN", count=None)
    )
    plan = rig.plan()
    assert plan.problems == ()
    assert any(
        text.startswith("not checked: GET /openapi/v1/billing/balance/detail: FORBIDDEN") for text in noted(plan)
    )


def test_a_plan_that_makes_nothing_asks_for_nothing_more(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(("Instance", "a", MACHINE), ("ImagePrewarm", "p", {"image": "ubuntu:22.04", "cluster": HERE}), STORAGE)
    rig.apply()
    rig.world.calls.clear()
    assert rig.plan().empty
    assert rig.world.calls["products.list"] == 3
    assert {"account.balance", "prewarms.quota", "keys.list"}.isdisjoint(rig.world.calls)


# --- limits and quotas ----------------------------------------------------------------------------------------------


def test_a_limit_of_the_account_blocks_the_plan(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(("Endpoint", "api", {**ENDPOINT, "workers": {**ENDPOINT["workers"], "max": 5000}}))
    (text,) = blocked(rig)
    assert "workers.max 5000 is out of the account's limits" in text


@pytest.mark.parametrize(
    ("kind", "spec", "lacks"),
    [("NetworkStorage", {"sizeGb": 10}, "network storage"), ("VPC", {}, "private networks")],
)
def test_a_cluster_without_what_is_to_be_made_there_blocks_the_plan(
    kind: str, spec: dict[str, Any], lacks: str, tmp_path: Path
) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare((kind, "x", {**spec, "cluster": "5"}))
    (text,) = blocked(rig)
    assert f"cluster 5 (EU-GB-01 (United Kingdom)) has no {lacks}" in text


def prewarms(count: int) -> list[tuple[str, str, dict[str, Any]]]:
    return [("ImagePrewarm", f"p{index}", {"image": f"ubuntu:{index}", "cluster": HERE}) for index in range(count)]


def test_more_prewarm_tasks_than_the_quota_block_the_plan(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.world.limits = replace(rig.world.limits, prewarm_tasks=3)
    rig.declare(*prewarms(3))
    rig.apply()
    rig.declare(*prewarms(5))
    assert blocked(rig) == ["the account may have 3 image_prewarm: there are 3, and the plan makes 2 more"]


def test_tasks_that_go_make_room_for_those_that_come(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.world.limits = replace(rig.world.limits, prewarm_tasks=3)
    rig.declare(*prewarms(3))
    rig.apply()
    rig.declare(*prewarms(4)[1:])
    plan = rig.plan()
    assert plan.problems == ()
    assert any("those that it deletes may have to go first" in text for text in noted(plan))


# --- money ----------------------------------------------------------------------------------------------------------


def test_a_balance_that_does_not_last_an_hour_blocks_the_plan(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={}, scenario="small-purse")
    rig.declare(("Instance", "a", {**MACHINE, "gpuCount": 4}))
    assert blocked(rig) == ["the balance is $1.00, and what the plan adds costs $1.40: $1.40/h for 1 h"]
    assert rig.plan(runway=30).problems == ()


def test_the_runway_says_how_long_it_must_last(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={}, scenario="small-purse")
    rig.declare(("Instance", "a", MACHINE))
    assert rig.plan().problems == ()
    assert blocked(rig, runway=240) == ["the balance is $1.00, and what the plan adds costs $1.40: $0.35/h for 4 h"]


def test_months_are_paid_at_once_and_count_in_full(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={}, scenario="small-purse")
    rig.declare(("Instance", "a", {**MACHINE, "billingMode": "monthly", "months": 1}))
    (text,) = blocked(rig, runway=0)
    assert text == "the balance is $1.00, and what the plan adds costs $226.80: $226.80 at once"


def test_what_runs_already_and_what_gets_cheaper_needs_no_balance(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(("Instance", "a", {**MACHINE, "gpuCount": 4}), STORAGE)
    rig.apply()
    rig.world.sums.settled = 1
    rig.declare(("Instance", "a", {**MACHINE, "gpuCount": 4, "command": "sleep 1", "power": "stopped"}), STORAGE)
    assert rig.plan().problems == ()


def test_an_account_without_balance_is_reported_before_the_first_call(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={}, scenario="broke")
    rig.clock.run(rig.clock.sleep(301))
    rig.declare(("Instance", "a", MACHINE), STORAGE)
    (text,) = blocked(rig)
    assert text.startswith("the balance is $0.00, and what the plan adds costs $0.35")


# --- the account ----------------------------------------------------------------------------------------------------


def guarded(rig: Rig, account: str) -> None:
    rig.write(
        "novita-infra.yaml",
        {"apiVersion": "novita-infra/v1", "kind": "Project", "metadata": {"name": "rig"}, "account": account},
    )


COMMANDS: dict[str, Callable[[Rig], object]] = {
    "plan": lambda rig: rig.plan(),
    "apply": lambda rig: rig.apply(),
    "destroy": lambda rig: rig.destroy(),
    "import": lambda rig: rig.take_in("instance.a", "whatever"),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_the_key_of_another_account_is_refused_before_anything_is_read(command: str, tmp_path: Path) -> None:
    ours, theirs = Rig(tmp_path / "ours", environ={}, seed=1), Rig(tmp_path / "theirs", environ={}, seed=2)
    for rig in (ours, theirs):
        guarded(rig, ours.world.owner)
        rig.declare(("Instance", "a", MACHINE))
    assert ours.plan().problems == ()
    with pytest.raises(Problems) as refused:
        COMMANDS[command](theirs)
    assert refused.value.code == EXIT_REFUSED
    assert str(refused.value).startswith(
        f"the project is for the account {ours.world.owner}, and this key belongs to {theirs.world.owner}"
    )
    assert set(theirs.world.calls) == {"keys.list"}


def test_whose_key_it_is_must_be_known(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    guarded(rig, rig.world.owner)
    rig.declare(("Instance", "a", MACHINE))
    rig.world.faults.add(Fault(kind=Trouble.STATUS, operation="keys.list", status=403, reason="FORBIDDEN", count=None))
    with pytest.raises(Problems) as refused:
        rig.plan()
    assert refused.value.code == EXIT_REFUSED
    assert "the account of this key is not known" in str(refused.value)


def test_an_environment_has_an_account_of_its_own(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.write(
        "novita-infra.yaml",
        {
            "apiVersion": "novita-infra/v1",
            "kind": "Project",
            "metadata": {"name": "rig"},
            "account": "somebody-else",
            "environments": {"dev": {"account": rig.world.owner}},
        },
    )
    rig.declare(STORAGE)
    with pytest.raises(Problems):
        rig.plan()
    rig.environment = "dev"
    assert rig.plan().problems == ()

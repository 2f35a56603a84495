"""Where stock is wanting, the plan and a refused create name what is free instead, as it is at that moment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rig import Rig

from novita_infra.model.diagnostics import EXIT_BLOCKED
from novita_infra.simulator import Fault, Trouble
from novita_infra.simulator.world.market.catalogue import set_stock

HERE = "us-ca-6"


def machine(product: dict[str, Any], **more: Any) -> tuple[str, str, dict[str, Any]]:
    return ("Instance", "a", {"product": product, "cluster": HERE, "image": "ubuntu:22.04", **more})


def hint(rig: Rig) -> str:
    plan = rig.plan()
    assert plan.code == EXIT_BLOCKED
    (problem,) = plan.problems
    return problem.hint.rpartition("waitForCapacity")[2]


def refused(rig: Rig) -> None:
    rig.world.faults.add(
        Fault(kind=Trouble.STATUS, operation="instances.create", status=400, reason="INSUFFICIENT_RESOURCE", count=None)
    )


def reason(rig: Rig, **options: Any) -> str:
    (end,) = (end for end in rig.apply(expect_success=False, **options).ends if end.reason)
    return end.reason


def test_a_plan_without_stock_names_alternatives_in_its_mode_and_with_no_less_memory(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(machine({"gpu": "L40S"}, billingMode="spot"))
    set_stock(rig.world, products="L40S*", clusters=HERE, places=0)
    assert hint(rig) == (
        "; free in another cluster: `product: {gpu: L40S 48GB}` at $0.28/h per GPU, "
        "`product: {gpu: A100 SXM 80GB}` at $0.80/h per GPU, `product: {gpu: H100 SXM 80GB}` at $1.18/h per GPU"
    )
    rig.declare(machine({"gpu": "L40S"}))
    assert hint(rig) == (
        f"; free in {HERE}: `product: {{gpu: A6000 48GB}}` at $0.45/h per GPU, `product: {{gpu: H200 SXM 141GB}}` at "
        "$3.50/h per GPU; free in another cluster: `product: {gpu: L40S 48GB}` at $0.55/h per GPU"
    )


def test_a_group_that_fits_in_no_cluster_names_what_is_free_in_the_likeliest(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    mounts = [{"storage": "data", "mountPath": "/data"}]
    spec = {"product": {"gpu": "L40S"}, "image": "ubuntu:22.04", "networkStorages": mounts}
    rig.declare(("Instance", "a", spec), ("NetworkStorage", "data", {"sizeGb": 10}))
    set_stock(rig.world, products="L40S*", clusters="*", places=0)
    plan = rig.plan()
    (problem,) = plan.problems
    assert problem.summary == "no cluster has all that instance.a and network_storage.data need together"
    assert problem.hint.endswith(
        "; free in as-sgp-2: `product: {gpu: A6000 48GB}` at $0.45/h per GPU, `product: {gpu: RTX 6000 Ada 48GB}` at "
        "$0.70/h per GPU, `product: {gpu: A100 SXM 80GB}` at $1.60/h per GPU"
    )
    rig.declare(
        ("Instance", "a", {**spec, "product": {"gpu": "A6000 48GB"}}), ("NetworkStorage", "data", {"sizeGb": 10})
    )
    rig.apply()
    rig.assert_converged()


def test_a_pasted_alternative_comes_up(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(machine({"gpu": "L40S"}))
    set_stock(rig.world, products="L40S*", clusters=HERE, places=0)
    assert "`product: {gpu: A6000 48GB}`" in hint(rig)
    rig.declare(machine({"gpu": "A6000 48GB"}))
    rig.apply()
    rig.assert_converged()


def test_a_plan_with_stock_reads_nothing_for_alternatives(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(machine({"gpu": "L40S"}))
    rig.plan()
    assert rig.world.calls["products_v2.list"] == 0
    calls = rig.world.calls["products.list"]
    rig.plan()
    assert rig.world.calls["products.list"] == 2 * calls


def test_a_refused_create_names_what_is_free_when_it_was_refused(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(machine({"gpu": "L40S"}))
    plan = rig.plan()
    set_stock(rig.world, products="26", clusters="*", places=0)
    set_stock(rig.world, products="L40S*", clusters=HERE, places=0)
    refused(rig)
    assert reason(rig, review=plan).endswith(
        "INSUFFICIENT_RESOURCE: a fault of the simulator (HTTP 400); try again later, or ask for another product or "
        f"cluster; free in {HERE}: `product: {{gpu: H200 SXM 141GB}}` at $3.50/h per GPU; free in another cluster: "
        "`product: {gpu: L40S 48GB}` at $0.55/h per GPU, `product: {gpu: RTX 6000 Ada 48GB}` at $0.70/h per GPU"
    )


def test_what_was_refused_though_it_is_listed_as_free_is_no_alternative(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(machine({"gpu": "H200"}))
    plan = rig.plan()
    refused(rig)
    assert reason(rig, review=plan).endswith("try again later, or ask for another product or cluster")


def test_refused_creates_at_once_read_the_stock_once(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(*(("Instance", name, machine({"gpu": "L40S"})[2]) for name in "abcdef"))
    plan, before = rig.plan(), rig.world.calls["products.list"]
    refused(rig)
    ends = rig.apply(review=plan, expect_success=False).ends
    assert [("H200 SXM 141GB" in end.reason) for end in ends] == [True] * 6
    assert rig.world.calls["products.list"] == before + 3 + 1  # by billing mode, and the stock of the cluster


def test_a_market_that_cannot_be_read_hides_no_refusal(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(machine({"gpu": "L40S"}))
    plan = rig.plan()
    refused(rig)
    rig.world.faults.add(Fault(kind=Trouble.STATUS, operation="products.list", status=403, count=None))
    assert reason(rig, review=plan).endswith("try again later, or ask for another product or cluster")


def test_a_product_of_an_endpoint_has_alternatives_of_endpoints(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    workers = {"min": 1, "max": 2, "idleTimeout": 60, "maxConcurrency": 8, "requestTimeout": 600}
    spec = {
        "product": {"gpu": "RTX 4090"},
        "image": "nginx:1.27",
        "ports": ["80/http"],
        "healthPath": "/",
        "workers": workers,
        "scaling": {"type": "queue", "value": 10},
    }
    rig.declare(("Endpoint", "api", spec))
    set_stock(rig.world, products="SL-serverless-1", clusters="*", places=0)
    assert hint(rig) == (
        "; free now: `product: {gpu: L40S 48GB}` at $1.10/h per GPU, `product: {gpu: A100 SXM 80GB}` at $2.90/h per "
        "GPU, `product: {gpu: H100 SXM 80GB}` at $4.30/h per GPU"
    )


@pytest.mark.parametrize("wait", ["1m", None])
def test_a_create_that_waits_names_alternatives_only_in_the_end(wait: str | None, tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    lifecycle = {"a": {"waitForCapacity": wait}} if wait else {}
    rig.declare(machine({"gpu": "L40S"}), **lifecycle)
    plan = rig.plan()
    before = rig.world.calls["products.list"]
    refused(rig)
    text = reason(rig, review=plan)
    assert text.count(f"free in {HERE}: ") == 1
    assert text.endswith("longer: lifecycle.waitForCapacity") == bool(wait)
    assert rig.world.calls["products.list"] == before + 3 + 1

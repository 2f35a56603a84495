"""Products by what they must have: chosen when they are created, and kept as long as they fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rig import Rig

from novita_infra.simulator.world.market.catalogue import product_of, set_stock
from novita_infra.simulator.world.market.money import move_price

WISH = {"minGpuMemoryGb": 40, "maxPricePerHour": 0.6, "choose": "cheapest"}


def machine(**product: Any) -> tuple[str, str, dict[str, Any]]:
    return ("Instance", "a", {"product": product, "image": "ubuntu:22.04"})


def test_a_machine_is_rented_by_memory_and_price_and_kept_whatever_is_cheaper_later(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(machine(**WISH))
    rig.apply()
    (live,) = rig.world.instances
    assert live.product == "26"  # an A6000 of 48 GB for $0.45, below the L40S
    rig.assert_converged()
    move_price(rig.world, product_of("L40S.16c96g"), per_cent=10)
    assert rig.plan().empty
    move_price(rig.world, product_of("26"), per_cent=900)
    assert rig.plan().empty


def test_a_machine_that_no_longer_fits_its_wish_is_replaced(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(machine(**WISH))
    rig.apply()
    rig.declare(machine(minGpuMemoryGb=80, maxPricePerHour=2, choose="cheapest"))
    (change,) = rig.plan().plan.changes
    assert change.action.value == "replace"
    assert change.after["product"]["id"] == "A100-80GB.14c240g"
    rig.declare(machine(**{**WISH, "maxPricePerHour": "0.10"}))
    assert rig.plan().empty, "the price is for the choice"


def test_a_replacement_is_rented_at_a_price_that_the_wish_allows_today(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(machine(**WISH))
    rig.apply()
    move_price(rig.world, product_of("26"), per_cent=900)
    (change,) = rig.plan(replaces=("instance.a",)).plan.changes
    assert change.action.value == "replace"
    assert change.after["product"]["id"] != "26"
    rig.declare(machine(**{**WISH, "maxPricePerHour": "0.10"}))
    assert rig.plan().empty
    (problem,) = rig.plan(replaces=("instance.a",)).problems
    assert "no product fits" in str(problem)


@pytest.mark.parametrize(("free", "cluster"), [("us-ca-nas-2", "us-ca-nas-2"), ("us-ca-6", "us-ca-6")])
def test_a_region_is_tried_cluster_by_cluster(free: str, cluster: str, tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    set_stock(rig.world, products="5090*", clusters="*", places=0)
    set_stock(rig.world, products="5090*", clusters=free, places=8)
    rig.declare(machine(minGpuMemoryGb=32, maxPricePerHour=0.5, region="US", gpu="RTX"))
    rig.apply()
    assert [live.cluster for live in rig.world.instances] == [cluster]
    rig.assert_converged()


def test_a_region_holds_for_what_must_be_in_one_cluster(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    mounts = [{"storage": "data", "mountPath": "/data"}]
    name, kind, spec = machine(gpu="L40S", region="California")
    rig.declare(("NetworkStorage", "data", {"sizeGb": 10}), (name, kind, {**spec, "networkStorages": mounts}))
    rig.apply()
    assert [live.cluster for live in rig.world.instances] == ["us-ca-nas-2"]  # the one of them with storage
    rig.assert_converged()


def test_an_endpoint_is_rented_by_memory_and_kept(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    spec = {
        "product": {"minGpuMemoryGb": 40, "region": "Singapore", "choose": "cheapest"},
        "image": "ubuntu:22.04",
        "ports": ["8000/http"],
        "healthPath": "/",
        "workers": {"min": 0, "max": 1, "idleTimeout": 60, "maxConcurrency": 8, "requestTimeout": 600},
        "scaling": {"type": "queue", "value": 10},
    }
    rig.declare(("Endpoint", "chat", spec))
    rig.apply()
    assert [(live.product, live.cluster) for live in rig.world.endpoints] == [("SL-serverless-3", "as-sgp-2")]
    rig.assert_converged()


def test_a_plan_reads_no_list_of_v2_where_the_names_of_products_tell_the_memory(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(machine(gpu="RTX 4090"))
    rig.plan()
    rig.declare(machine(**WISH))
    rig.plan()
    assert "products_v2.list" not in rig.world.calls


def test_a_wish_that_nothing_fulfils_says_what_is_nearest(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(machine(minGpuMemoryGb=48, maxPricePerHour=0.2))
    (problem,) = rig.plan().problems
    assert problem.summary == "no product fits: the cheapest costs $0.45/h per GPU (A6000 48GB)"
    assert problem.hint == "ask for less, or allow a higher price"

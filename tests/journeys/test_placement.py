"""One cluster for a machine, its storages and its network: found where the manifests leave it open, and then kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rig import Rig

from novita_infra.model.diagnostics import EXIT_BLOCKED, EXIT_ERROR
from novita_infra.planning.plan.review import Review
from novita_infra.simulator import Fault, Position, Trouble
from novita_infra.simulator.world.market.catalogue import CLUSTERS, set_stock

HERE, THERE = "us-dallas-nas-2", "us-ca-nas-2"
STORAGE = ("NetworkStorage", "data", {"sizeGb": 10})
NET: tuple[str, str, dict[str, Any]] = ("VPC", "net", {})
MOUNTS = [{"storage": "data", "mountPath": "/data"}]


def machine(name: str = "a", **more: Any) -> tuple[str, str, dict[str, Any]]:
    return ("Instance", name, {"product": {"gpu": "H200"}, "image": "ubuntu:22.04", "networkStorages": MOUNTS, **more})


def text_of(plan: Review) -> list[str]:
    return [f"{item.address}: {item.summary}; {item.hint}" for item in plan.problems]


def places(rig: Rig) -> set[str]:
    world = rig.world
    return {item.cluster for table in (world.instances, world.storages, world.networks) for item in table}


def test_the_place_is_one_that_has_all_that_must_be_together(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(machine(vpc="net"), STORAGE, NET)
    rig.apply()
    assert places(rig) == {THERE}  # of the two that have an H200, storage and networks, the first by its id
    rig.assert_converged()


def test_what_is_free_goes_before_what_is_not(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    set_stock(rig.world, products="H200*", clusters=THERE, places=0)
    rig.declare(machine(vpc="net"), STORAGE, NET)
    rig.apply()
    assert places(rig) == {HERE}
    rig.assert_converged()


def test_the_cheaper_place_goes_first_where_both_are_free(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(machine(product={"gpu": "RTX 4090"}), ("NetworkStorage", "data", {"sizeGb": 10}))
    set_stock(rig.world, products="4090.16c62g", clusters="as-*", places=0)
    rig.apply()
    (live,) = rig.world.instances
    assert (live.product, live.cluster) == ("4090.16c62g", "eu-de-1")


def test_the_place_is_kept_though_another_one_would_be_found_today(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(machine(), STORAGE)
    rig.apply()
    set_stock(rig.world, products="H200*", clusters=THERE, places=0)
    assert rig.plan().empty
    rig.declare(STORAGE)
    rig.apply()
    rig.assert_converged()
    rig.declare(machine("b"), STORAGE)
    (text,) = text_of(rig.plan())
    assert "no H200 SXM 141GB is free in us-ca-nas-2" in text


def test_what_is_declared_or_there_decides_for_the_rest(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(machine(vpc="net"), STORAGE, ("VPC", "net", {"cluster": "US-01 (Dallas)"}))
    rig.apply()
    assert places(rig) == {HERE}
    rig.declare(machine(vpc="net"), machine("b"), STORAGE, ("VPC", "net", {"cluster": HERE}))
    rig.apply()
    assert places(rig) == {HERE}
    rig.assert_converged()


def test_an_endpoint_and_a_machine_share_the_place_of_their_storage(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    endpoint = {
        "product": {"gpu": "L40S"},
        "image": "nginx:1.27",
        "ports": ["80/http"],
        "healthPath": "/",
        "workers": {"min": 1, "max": 2, "idleTimeout": 60, "maxConcurrency": 8, "requestTimeout": 600},
        "scaling": {"type": "queue", "value": 10},
        "networkStorages": MOUNTS,
    }
    rig.declare(machine(), STORAGE, ("Endpoint", "api", endpoint))
    rig.apply()
    assert places(rig) == {item.cluster for item in rig.world.endpoints} == {THERE}
    rig.assert_converged()


def test_where_nothing_fits_each_cluster_has_its_reason(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    for cluster in (HERE, THERE):
        set_stock(rig.world, products="H200*", clusters=cluster, places=0)
    rig.declare(machine(vpc="net"), STORAGE, NET)
    plan = rig.plan()
    (text,) = text_of(plan)
    assert plan.code == EXIT_BLOCKED
    assert text.startswith(
        "instance.a: no cluster has all that instance.a, network_storage.data and vpc.net need together"
    )
    for place in CLUSTERS:
        assert place.id in text
    assert f"no H200 SXM 141GB is free in {HERE}" in text
    assert "cluster us-ca-6 (US-CA-06 (California)) has no network storage" in text
    assert not rig.live_ids()


def test_conflicting_placements_are_reported(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(machine(cluster=HERE), ("NetworkStorage", "data", {"sizeGb": 10, "cluster": THERE}))
    plan = rig.plan()
    assert (plan.code, text_of(plan)) == (
        EXIT_BLOCKED,
        [
            f"instance.a: instance.a is to be in {HERE} (US-01 (Dallas)), and network_storage.data in {THERE} "
            "(US-CA-02 (California)); both must be in one cluster; network_storage.data is declared at main.yaml:14:1"
        ],
    )


def test_what_is_there_in_two_places_cannot_be_put_together(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(machine(cluster=HERE, networkStorages=[]), ("NetworkStorage", "data", {"sizeGb": 10, "cluster": THERE}))
    rig.apply()
    rig.declare(machine(vpc="net"), ("NetworkStorage", "data", {"sizeGb": 10}), NET)
    plan = rig.plan()
    (text,) = text_of(plan)
    assert plan.code == EXIT_BLOCKED
    assert f"and there is instance.a in {HERE} and network_storage.data in {THERE}" in text


def test_a_storage_that_nothing_mounts_needs_a_place_of_its_own(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(STORAGE)
    plan = rig.plan()
    assert (plan.code, text_of(plan)) == (
        EXIT_ERROR,
        [
            "network_storage.data: nothing says in which cluster network_storage.data is to be; give it a cluster, "
            "such as as-sgp-2"
        ],
    )


@pytest.mark.parametrize("at_write", [0, 1, 2])
def test_a_run_that_is_killed_goes_on_in_the_same_place(at_write: int, tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(machine(vpc="net"), STORAGE, NET)
    assert rig.crash(at_write=at_write, after_effect=True)
    set_stock(rig.world, products="H200*", clusters="*", places=None)
    rig.apply()
    rig.assert_converged()
    assert places(rig) == {THERE}


def test_a_storage_of_a_lost_create_is_adopted_in_its_cluster(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(machine(), STORAGE)
    rig.world.faults.add(Fault(kind=Trouble.LOST, position=Position.AFTER, operation="storages.create", count=1))
    rig.apply(expect_success=False)
    set_stock(rig.world, products="H200*", clusters=THERE, places=0)
    assert all(item.cluster == THERE for item in rig.world.storages)
    set_stock(rig.world, products="H200*", clusters=THERE, places=None)
    rig.apply()
    rig.assert_converged()


def test_the_placement_of_a_machine_follows_a_storage_named_by_id(tmp_path: Path) -> None:
    theirs = Rig(tmp_path / "theirs", environ={})
    theirs.declare(("NetworkStorage", "data", {"sizeGb": 10, "cluster": HERE}))
    theirs.apply()
    rig = Rig(tmp_path / "ours", environ={})
    rig.world = theirs.world
    mounts = [{"storage": {"id": theirs.record("network_storage.data").id}, "mountPath": "/data"}]
    rig.declare(machine(networkStorages=mounts))
    review = rig.plan()
    assert review.plan.changes[0].after["cluster"] == HERE

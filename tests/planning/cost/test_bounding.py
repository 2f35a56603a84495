"""The most that an environment costs if nobody comes back: each object at its highest rate until it is swept."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any

import pytest
from rig import Rig

from novita_infra.planning.plan.costs import Bound
from novita_infra.planning.plan.review import Review
from novita_infra.views.content.costs import bound_text

HOUR, DAY = 3600, 86_400
GPU = 35_000
"""The price of an RTX 4090 per hour in 1/100000 USD."""
DISK = Fraction(40 * 500, 24)
"""40 GB of root disk beyond the free ones, per hour."""
MACHINE: dict[str, Any] = {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04"}
HARD: dict[str, Any] = {**MACHINE, "ttl": {"after": "2h", "hard": True}}
AFTER = HOUR + 600
"""Until the next sweep, and for the deletion."""


def bound(review: Review) -> Bound:
    assert review.cost is not None
    assert review.cost.bound is not None
    return review.cost.bound


def planned(tmp_path: Path, *specs: dict[str, Any]) -> Rig:
    rig = Rig(tmp_path)
    declare(rig, *specs)
    return rig


def declare(rig: Rig, *specs: dict[str, Any], **lifecycles: Any) -> None:
    rig.declare(*(("Instance", f"m{number}", spec) for number, spec in enumerate(specs)), **lifecycles)


def cost(seconds: float, rate: Fraction | int = GPU) -> int:
    return ceil(Fraction(ceil(seconds), HOUR) * rate)


def test_a_new_object_counts_from_its_creation(tmp_path: Path) -> None:
    found = bound(planned(tmp_path, {**HARD, "rootDiskGb": 100}).plan())
    assert found.amount == cost(2 * HOUR + AFTER, GPU + DISK)
    assert found.unbounded == ()


def test_an_existing_object_counts_until_its_deadline(tmp_path: Path) -> None:
    rig = planned(tmp_path, HARD)
    rig.apply()
    rig.clock.run(rig.clock.sleep(HOUR))
    found = bound(rig.plan())
    assert cost(HOUR + AFTER - 60) < found.amount < cost(HOUR + AFTER)
    rig.clock.run(rig.clock.sleep(DAY))
    assert bound(rig.plan(destroys=True)).amount == cost(AFTER)


def test_a_stopped_object_costs_its_disk_unless_the_plan_touches_it(tmp_path: Path) -> None:
    stopped = {**HARD, "rootDiskGb": 100, "power": "stopped"}
    rig = planned(tmp_path, stopped)
    assert bound(rig.plan()).amount == cost(2 * HOUR + AFTER, GPU + DISK)  # until it is stopped, it runs
    rig.apply()
    assert bound(rig.plan()).amount <= cost(2 * HOUR + AFTER, DISK)
    declare(rig, {**stopped, "image": "ubuntu:24.04"})
    assert bound(rig.plan()).amount > cost(2 * HOUR, GPU + DISK)


def test_what_is_replaced_counts_beside_the_new_object(tmp_path: Path) -> None:
    rig = planned(tmp_path, HARD)
    rig.apply()
    declare(rig, {**HARD, "gpuCount": 2})
    assert bound(rig.plan()).amount > cost(2 * HOUR + AFTER, GPU * 2) + cost(2 * HOUR, GPU)


@pytest.mark.parametrize("spec", [MACHINE, {**MACHINE, "ttl": "2h"}], ids=["without", "soft"])
def test_an_object_without_a_hard_deadline_has_no_bound(spec: dict[str, Any], tmp_path: Path) -> None:
    rig = planned(tmp_path, spec)
    for _ in range(2):
        found = bound(rig.plan())
        assert [(str(item.address), item.why) for item in found.unbounded] == [("instance.m0", "no hard ttl")]
        assert bound_text(found) == "no bound for instance.m0 $0.35/h (no hard ttl)"
        rig.apply()


def test_a_hard_ttl_that_comes_later_bounds_nothing(tmp_path: Path) -> None:
    rig = planned(tmp_path, MACHINE)
    rig.apply()
    declare(rig, HARD)
    assert [item.why for item in bound(rig.plan()).unbounded] == ["no hard ttl"]


def test_a_subscription_a_storage_and_an_endpoint_have_no_bound(tmp_path: Path) -> None:
    rig = planned(tmp_path, HARD)
    rig.apply()
    declare(rig, {**MACHINE, "billingMode": "monthly", "months": 1}, HARD)
    assert bound_text(bound(rig.plan())).startswith("no bound for instance.m0 $0.35/h (a subscription); at most $")


def test_the_bound_is_never_rounded_down() -> None:
    assert bound_text(Bound(1)) == "at most $0.01"
    assert bound_text(Bound(1000)) == "at most $0.01"
    assert bound_text(Bound(0)) == "at most $0.00"


def test_what_the_plan_deletes_has_no_bound_until_then(tmp_path: Path) -> None:
    rig = planned(tmp_path, MACHINE)
    rig.apply()
    found = bound_text(bound(rig.plan(destroys=True)))
    assert found == "no bound for instance.m0 $0.35/h (until this plan deletes it)"


def test_without_owner_marks_nothing_has_a_bound(tmp_path: Path) -> None:
    rig = planned(tmp_path, HARD)
    project = {"apiVersion": "novita-infra/v1", "kind": "Project", "metadata": {"name": "rig"}}
    rig.write("novita-infra.yaml", {**project, "ownerMarks": False})
    assert [item.why for item in bound(rig.plan()).unbounded] == ["ownerMarks is false"]

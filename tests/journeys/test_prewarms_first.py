"""Machines that wait for the prewarm of their image by themselves, and go on without it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rig import Rig

from novita_infra.applying.events import Identified, Outcome
from novita_infra.planning.plan.changes import Action
from novita_infra.views.content.graph import declared_needs, needs_of
from novita_infra.views.content.lines import plain
from novita_infra.views.content.why import reasons
from novita_infra.views.plan_lines.plan import plan_lines

PLACE = "us-dallas-nas-2"
MACHINE: dict[str, Any] = {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04", "cluster": PLACE}
WARM = ("ImagePrewarm", "warm", {"image": "ubuntu:22.04", "cluster": PLACE})
NODES = tuple(("Instance", f"node-{number}", MACHINE) for number in (1, 2))
API = (
    "Endpoint",
    "api",
    {
        "product": {"gpu": "RTX 4090"},
        "image": "ubuntu:22.04",
        "cluster": PLACE,
        "ports": ["80/http"],
        "healthPath": "/",
        "workers": {"min": 1, "max": 2, "idleTimeout": 60, "maxConcurrency": 1, "requestTimeout": 60},
        "scaling": {"type": "queue", "value": 1},
    },
)


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path, environ={})


def waits(rig: Rig) -> dict[str, tuple[str, ...]]:
    """By address, what it waits for without needing it."""
    return {str(address): tuple(map(str, others)) for address, others in rig.plan().plan.helped.items()}


def acting(rig: Rig, **asked: Any) -> set[str]:
    return {str(item.address) for item in rig.plan(**asked).plan.changes if item.action is not Action.NONE}


def test_machines_and_endpoints_wait_for_the_prewarm_of_their_image(rig: Rig) -> None:
    rig.declare(WARM, *NODES, API)
    waited = dict.fromkeys(("endpoint.api", "instance.node-1", "instance.node-2"), ("image_prewarm.warm",))
    assert waits(rig) == waited
    states: list[str] = []

    def look(event: object) -> bool:
        if isinstance(event, Identified) and event.step.address.type != "image_prewarm":
            states.extend(task.state for task in rig.world.prewarms)
        return False

    rig.apply(stop_when=look)
    assert set(states) == {"Succeeded"}
    rig.assert_converged()


def test_the_plan_the_graph_and_why_show_the_wait(rig: Rig) -> None:
    rig.declare(WARM, *NODES)
    review = rig.plan()
    assert "# waits for image_prewarm.warm, to start sooner; it goes on without, too" in plain(plan_lines(review))
    machine = next(change.address for change in review.plan.changes if str(change.address) == "instance.node-1")
    assert reasons(review.plan, machine, lambda *_: ()).steps == ("create, after image_prewarm.warm/create",)
    assert {str(need) for need in needs_of(review.plan)[machine]} == {"image_prewarm.warm"}
    assert {str(need) for need in declared_needs(rig.project().declared)[machine]} == {"image_prewarm.warm"}


@pytest.mark.parametrize(
    "other",
    [
        {"image": "ubuntu:24.04", "cluster": PLACE},
        {"image": "ubuntu:22.04", "cluster": "us-ca-nas-2"},
        {"image": "ubuntu:22.04", "cluster": PLACE, "products": ["L40S"]},
    ],
)
def test_another_image_place_or_product_is_not_waited_for(rig: Rig, other: dict[str, Any]) -> None:
    rig.declare(("ImagePrewarm", "warm", other), *NODES)
    assert waits(rig) == {}


def test_a_place_may_be_named_in_either_way_and_a_product_by_its_name(rig: Rig) -> None:
    rig.declare(("ImagePrewarm", "warm", {**WARM[2], "products": ["RTX 4090"]}), NODES[0])
    assert waits(rig) == {"instance.node-1": ("image_prewarm.warm",)}


def test_a_target_brings_neither_the_prewarm_nor_another_machine_along(rig: Rig) -> None:
    rig.declare(WARM, *NODES)
    assert acting(rig, targets=("instance.node-1",)) == {"instance.node-1"}
    assert acting(rig, targets=("image_prewarm.warm",)) == {"image_prewarm.warm"}
    rig.apply()
    new = {"image": "ubuntu:24.04"}
    nodes = [("Instance", name, {**MACHINE, **new}) for _, name, _ in NODES]
    rig.declare(("ImagePrewarm", "warm", {**WARM[2], **new}), *nodes)
    assert acting(rig, targets=("instance.node-1",)) == {"instance.node-1"}
    assert acting(rig, targets=("image_prewarm.warm",)) == {"image_prewarm.warm"}


def test_a_prewarm_that_is_deleted_touches_nobody(rig: Rig) -> None:
    rig.declare(WARM, *NODES)
    rig.apply()
    started = [machine.started for machine in rig.world.instances]
    rig.declare(*NODES)
    assert acting(rig) == {"image_prewarm.warm"}
    rig.apply()
    rig.assert_converged()
    assert [machine.started for machine in rig.world.instances] == started


def test_a_prewarm_that_fails_keeps_no_machine(rig: Rig) -> None:
    big = "team/too-large:1"
    rig.declare(("ImagePrewarm", "warm", {**WARM[2], "image": big}), ("Instance", "node-1", {**MACHINE, "image": big}))
    ends = {str(end.step.address): end.outcome for end in rig.apply(expect_success=False).ends}
    assert ends == {"image_prewarm.warm": Outcome.FAILED, "instance.node-1": Outcome.DONE}


def test_a_machine_that_needs_the_prewarm_is_kept_by_its_failure(rig: Rig) -> None:
    big = "team/too-large:1"
    machine = ("Instance", "node-1", {**MACHINE, "image": big})
    needs: dict[str, Any] = {"node-1": {"dependsOn": ["image_prewarm.warm"]}}
    rig.declare(("ImagePrewarm", "warm", {**WARM[2], "image": big}), machine, **needs)
    ends = {str(end.step.address): end.outcome for end in rig.apply(expect_success=False).ends}
    assert ends == {"image_prewarm.warm": Outcome.FAILED, "instance.node-1": Outcome.SKIPPED}


def test_a_prewarm_that_itself_waits_for_the_machine_gives_way(rig: Rig) -> None:
    rig.declare(WARM, NODES[0], warm={"dependsOn": ["instance.node-1"]})
    assert waits(rig) == {}
    rig.apply()
    rig.assert_converged()

"""What a plan refuses: losing data that nobody allowed, deleting what is protected, changing too much at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rig import Rig

from novita_infra.model.diagnostics import EXIT_REFUSED
from novita_infra.planning.options import Refresh
from novita_infra.planning.plan.changes import Action, Change
from novita_infra.planning.plan.review import Review

MACHINE: dict[str, Any] = {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04", "rootDiskGb": 80}
Declaration = tuple[str, str, dict[str, Any]]
STORAGE = ("NetworkStorage", "data", {"cluster": "us-dallas-nas-2", "sizeGb": 200})
REFUSED: dict[str, Any] = {"allow_data_loss": (), "allow_large_change": False}


def change(review: Review, address: str) -> Change:
    return next(item for item in review.plan.changes if str(item.address) == address)


def losses(plan: Review, address: str) -> list[str]:
    return [str(loss) for loss in change(plan, address).loses]


def up(folder: Path, *resources: Declaration, **lifecycles: dict[str, Any]) -> Rig:
    rig = Rig(folder, environ={})
    rig.declare(*resources, **lifecycles)
    rig.apply()
    return rig


# --- bytes ------------------------------------------------------------------------------------------------------------


def test_a_replacement_says_what_vanishes_and_is_refused_until_that_is_allowed(tmp_path: Path) -> None:
    rig = up(tmp_path, ("Instance", "a", {**MACHINE, "localStorage": {"mountPath": "/scratch"}}))
    rig.declare(("Instance", "a", {**MACHINE, "localStorage": {"mountPath": "/scratch"}, "gpuCount": 2}))
    plan = rig.plan(**REFUSED)
    assert losses(plan, "instance.a") == [
        "what is on its container disk (80 GB)",
        "what is on its local disk at /scratch (size not known)",
    ]
    (problem,) = plan.problems
    assert plan.code == EXIT_REFUSED
    assert problem.address == "instance.a"
    assert problem.summary == (
        "replacing it loses what is on its container disk (80 GB) and what is on its local disk at /scratch "
        "(size not known)"
    )
    assert problem.hint == "if that is wanted, run it again with --allow-data-loss instance.a"
    rig.apply(allow_data_loss=("instance.a",))
    rig.assert_converged()


@pytest.mark.parametrize("product", [{"gpu": "RTX 4090"}, {"cpu": "CPU 4C 8GB"}], ids=["GPU", "CPU"])
def test_the_data_loss_of_an_undeclared_disk_has_the_live_size_or_none(product: dict[str, str], tmp_path: Path) -> None:
    rig = up(tmp_path, ("Instance", "a", {"product": product, "image": "ubuntu:22.04"}))
    (machine,) = rig.world.instances
    plan = rig.plan(replaces=("instance.a",))
    assert losses(plan, "instance.a") == [f"what is on its container disk ({machine.rootfs} GB)"]
    unread = rig.plan(replaces=("instance.a",), refresh=Refresh.NONE)
    assert losses(unread, "instance.a") == ["what is on its container disk (size not known)"]


def test_an_update_with_data_loss_is_refused_until_allowed(tmp_path: Path) -> None:
    rig = up(tmp_path, ("Instance", "a", {**MACHINE, "keepData": False}))
    rig.declare(("Instance", "a", {**MACHINE, "keepData": False, "image": "ubuntu:24.04"}))
    plan = rig.plan(**REFUSED)
    assert losses(plan, "instance.a") == ["what is on its container disk, because keepData is false (80 GB)"]
    assert plan.code == EXIT_REFUSED
    rig.declare(("Instance", "a", {**MACHINE, "image": "ubuntu:24.04"}))
    assert not rig.plan(**REFUSED).problems


def test_a_changed_template_reports_the_data_loss_of_each_machine(tmp_path: Path) -> None:
    template = {"image": "ubuntu:22.04", "rootDiskGb": 90}
    plain = {"product": {"gpu": "RTX 4090"}, "template": "base"}
    machines: list[Declaration] = [("Instance", "a", plain), ("Instance", "b", {**plain, "rootDiskGb": 60})]
    rig = up(tmp_path, ("Template", "base", template), *machines)
    rig.declare(("Template", "base", {**template, "rootDiskGb": 60}), *machines)
    plan = rig.plan(**REFUSED)
    assert losses(plan, "template.base") == []
    assert losses(plan, "instance.a") == ["what is on its container disk (90 GB)"]
    assert losses(plan, "instance.b") == []
    assert [problem.address for problem in plan.problems] == ["instance.a"]


def test_every_delete_of_a_storage_needs_permission(tmp_path: Path) -> None:
    rig = up(tmp_path, STORAGE, ("Instance", "a", MACHINE))
    for plan in (rig.plan(destroys=True, **REFUSED), _without_the_storage(rig)):
        assert losses(plan, "network_storage.data") == ["all that is on the network storage (200 GB)"]
        assert [problem.address for problem in plan.problems] == ["network_storage.data"]
        assert plan.code == EXIT_REFUSED
    rig.destroy(allow_data_loss=("network_storage.*",))
    assert rig.live_ids() == []


def _without_the_storage(rig: Rig) -> Review:
    rig.declare(("Instance", "a", MACHINE))
    return rig.plan(**REFUSED)


def test_the_plan_reports_the_disks_of_an_undeclared_machine(tmp_path: Path) -> None:
    rig = up(tmp_path, ("Instance", "a", MACHINE), ("Instance", "b", MACHINE))
    rig.declare(("Instance", "b", MACHINE))
    plan = rig.plan(**REFUSED)
    assert losses(plan, "instance.a") == ["what is on its container disk (80 GB)"]
    assert not plan.problems


def test_a_machine_that_never_came_up_holds_nothing_that_is_lost(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(("Instance", "a", {**MACHINE, "image": "does-not-exist:1"}))
    rig.apply(expect_success=False)
    rig.declare(("Instance", "a", MACHINE))
    plan = rig.plan(**REFUSED)
    assert change(plan, "instance.a").action is Action.REPLACE
    assert losses(plan, "instance.a") == []
    rig.apply(**REFUSED)
    rig.assert_converged()


def test_a_stop_tells_for_how_long_the_data_is_kept(tmp_path: Path) -> None:
    rig = up(tmp_path, ("Instance", "a", MACHINE))
    rig.declare(("Instance", "a", {**MACHINE, "power": "stopped"}))
    (loss,) = change(rig.plan(**REFUSED), "instance.a").loses
    assert loss.when
    assert not rig.plan(**REFUSED).problems


def test_what_was_allowed_when_a_plan_was_made_stands_in_it(tmp_path: Path) -> None:
    rig = up(tmp_path, ("Instance", "a", MACHINE))
    rig.declare(("Instance", "a", {**MACHINE, "gpuCount": 2}))
    review = rig.plan(allow_data_loss=("instance.*",), allow_large_change=False)
    assert review.plan.selection.data_loss == ("instance.*",)
    rig.apply(review=review)
    rig.assert_converged()


def test_what_others_changed_by_hand_is_put_right_without_a_loss(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={}, scenario="drifted")
    rig.declare(STORAGE, ("Instance", "a", {**MACHINE, "ports": ["80/http"]}))
    rig.apply()
    rig.clock.run(rig.clock.sleep(600))
    rig.world.advance()
    review = rig.plan(**REFUSED)
    assert change(review, "instance.a").action is Action.UPDATE
    assert not review.problems
    assert not [loss for item in review.plan.changes for loss in item.loses]
    rig.apply(**REFUSED)
    rig.assert_converged()


def test_a_reclaimed_spot_machine_is_created_again_without_permission(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={}, scenario="spot-reclaim")
    rig.declare(("Instance", "a", {**MACHINE, "billingMode": "spot", "power": "running"}))
    rig.apply()
    rig.clock.run(rig.clock.sleep(86_400))
    rig.world.advance()
    plan = rig.plan(**REFUSED)
    assert change(plan, "instance.a").action in {Action.CREATE, Action.UPDATE}
    assert not plan.problems


# --- protection -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", [{**MACHINE, "gpuCount": 2}, None], ids=["replaced", "no-longer-declared"])
def test_recorded_protection_is_lifted_only_by_an_apply(spec: Any, tmp_path: Path) -> None:
    rig = up(tmp_path, ("Instance", "a", MACHINE), STORAGE, a={"protect": True})
    changed = [("Instance", "a", spec)] if spec else []
    rig.declare(*changed, STORAGE)
    plan = rig.plan()
    assert plan.code == EXIT_REFUSED
    assert [problem.summary.partition(" ")[2] for problem in plan.problems] == ["is refused: the resource is protected"]
    rig.declare(("Instance", "a", MACHINE), STORAGE)
    (lifted,) = change(rig.plan(), "instance.a").fields
    assert (lifted.name, lifted.before, lifted.after) == ("lifecycle.protect", True, False)
    rig.apply()
    rig.declare(*changed, STORAGE)
    rig.apply()
    rig.assert_converged()


@pytest.mark.parametrize("destroys", [True, False], ids=["destroyed", "no-longer-declared"])
def test_all_reasons_against_a_data_loss_are_reported_at_once(destroys: bool, tmp_path: Path) -> None:
    rig = up(tmp_path, ("Instance", "a", MACHINE), STORAGE, data={"protect": True})
    rig.declare(("Instance", "a", MACHINE), *([STORAGE] if destroys else []))
    plan = rig.plan(destroys=destroys, **REFUSED)
    assert [(problem.address, problem.summary) for problem in plan.problems] == [
        ("network_storage.data", "delete is refused: the resource is protected"),
        ("network_storage.data", "deleting it loses all that is on the network storage (200 GB)"),
    ]
    assert plan.code == EXIT_REFUSED


def test_a_failed_protected_resource_is_released_and_created_by_the_next_run(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(("Instance", "a", {**MACHINE, "image": "does-not-exist:1"}), a={"protect": True})
    rig.apply(expect_success=False)
    rig.declare(("Instance", "a", MACHINE), a={"protect": True})
    assert rig.plan().code == EXIT_REFUSED
    rig.declare(("Instance", "a", MACHINE))
    assert [step.call_name for step in rig.plan().plan.steps] == ["record"]
    rig.apply()
    assert change(rig.plan(), "instance.a").action is Action.REPLACE
    rig.apply()
    rig.assert_converged()


@pytest.mark.parametrize("name", ["instance.b", 'instance.worker["eu"]'])
def test_protection_outlives_a_rename_and_a_lost_key(name: str, tmp_path: Path) -> None:
    rig = up(tmp_path, ("Instance", "a", MACHINE), STORAGE, a={"protect": True})
    rig.rename("instance.a", name)
    rig.declare(STORAGE)
    plan = rig.plan()
    assert [problem.address for problem in plan.problems] == [name]
    assert plan.code == EXIT_REFUSED


def test_protection_outlives_a_replacement(tmp_path: Path) -> None:
    rig = up(tmp_path, ("Instance", "a", MACHINE), STORAGE, a={"protect": True})
    first = rig.record("instance.a").id
    rig.declare(("Instance", "a", MACHINE), STORAGE)
    rig.apply()
    rig.declare(("Instance", "a", {**MACHINE, "gpuCount": 2}), STORAGE)
    rig.apply()
    assert rig.record("instance.a").id != first
    assert not rig.record("instance.a").protect
    rig.declare(("Instance", "a", {**MACHINE, "gpuCount": 2}), STORAGE, a={"protect": True})
    rig.apply()
    next(item for item in rig.world.instances if item.id == rig.record("instance.a").id).status = "removed"
    rig.apply()
    assert rig.record("instance.a").protect


# --- how much ---------------------------------------------------------------------------------------------------------


def nets(count: int) -> list[Declaration]:
    return [("VPC", f"n{number}", {"cluster": "us-dallas-nas-2"}) for number in range(count)]


@pytest.mark.parametrize(("there", "left", "refused"), [(10, 7, False), (10, 6, True), (9, 1, False)])
def test_a_plan_that_deletes_too_much_of_much_is_refused(there: int, left: int, refused: bool, tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(*nets(there))
    rig.apply()
    rig.declare(*nets(left))
    plan = rig.plan(**REFUSED)
    assert plan.code == (EXIT_REFUSED if refused else 0)
    if refused:
        (problem,) = plan.problems
        assert problem.summary == ("4 of the 10 recorded resources would be deleted or replaced, and the limit is 30 %")
        assert "--allow-large-change" in problem.hint
        rig.apply(allow_large_change=True)
    assert rig.plan(destroys=True, **REFUSED).code == 0


def test_the_limit_is_the_projects_and_an_environment_may_have_its_own(tmp_path: Path) -> None:
    rig = up(tmp_path, *nets(4))
    project = {"apiVersion": "novita-infra/v1", "kind": "Project", "metadata": {"name": "rig"}}
    limit = {"changeLimit": {"percent": 20, "from": 4}}
    rig.write("novita-infra.yaml", {**project, **limit})
    rig.declare(*nets(3))
    assert rig.plan(**REFUSED).code == EXIT_REFUSED
    rig.write("novita-infra.yaml", {**project, **limit, "environments": {"default": {"changeLimit": {"percent": 25}}}})
    assert rig.plan(**REFUSED).code == 0

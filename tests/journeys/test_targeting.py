"""Plans with targets, with exclusions, and with requested replacements."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rig import Rig

from novita_infra.model.diagnostics import EXIT_ERROR, Problems
from novita_infra.planning.plan.changes import Action, Along, Forced
from novita_infra.planning.plan.review import Review
from novita_infra.simulator.world.cloud import registry_auths
from novita_infra.views.content.lines import plain
from novita_infra.views.formats.json.plan import plan_json
from novita_infra.views.plan_lines.plan import plan_lines

CLUSTER = "us-dallas-nas-2"
STORAGE = ("NetworkStorage", "data", {"cluster": CLUSTER, "sizeGb": 20})
NET = ("VPC", "net", {"cluster": CLUSTER})
MACHINE: dict[str, Any] = {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04"}
MOUNTS = {"networkStorages": [{"storage": "data", "mountPath": "/d"}]}
A = ("Instance", "a", {**MACHINE, **MOUNTS})
B = ("Instance", "b", {**MACHINE, "env": {"PEER": "${instance.a.id}"}})
C = ("Instance", "c", MACHINE)
BASE = ("Template", "base", {"image": "ubuntu:22.04", "rootDiskGb": 60})
W1, W2 = ("Instance", "worker-1", MACHINE), ("Instance", "worker-2", MACHINE)


def acting(review: Review) -> dict[str, str]:
    return {str(item.address): item.action.value for item in review.plan.changes if item.action is not Action.NONE}


def text_of(items: tuple[Along, ...]) -> dict[str, str]:
    return {str(item.address): item.why for item in items}


def text(plan: Review) -> str:
    return plain(plan_lines(plan))


# --- targets ----------------------------------------------------------------------------------------------------------


def test_what_comes_along_with_a_target_is_listed_with_the_reason(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(STORAGE, A, B, C)
    review = rig.plan(targets=("instance.b",))
    assert acting(review) == {"instance.a": "create", "instance.b": "create", "network_storage.data": "create"}
    assert text_of(review.plan.selection.along) == {
        "instance.a": "instance.b needs it",
        "network_storage.data": "instance.a needs it",
    }
    assert "Done as well:\n      instance.a  # instance.b needs it\n" in text(review)
    assert plan_json(review)["novita"]["along"][0] == {"address": "instance.a", "why": "instance.b needs it"}


def warmed(image: str, count: int) -> list[tuple[str, str, dict[str, Any]]]:
    warm = {"image": image, "cluster": CLUSTER}
    return [
        ("ImagePrewarm", "warm", warm),
        *(("Instance", f"node-{number}", {**MACHINE, **warm}) for number in range(1, count + 1)),
    ]


@pytest.mark.parametrize("target", ["instance.node-1", "image_prewarm.warm"])
def test_a_replaced_prewarm_brings_no_other_machine_along(tmp_path: Path, target: str) -> None:
    rig = Rig(tmp_path, environ={})
    after: dict[str, Any] = {f"node-{number}": {"dependsOn": ["image_prewarm.warm"]} for number in range(1, 4)}
    rig.declare(*warmed("ubuntu:22.04", 3), **after)
    rig.apply()
    rig.declare(*warmed("ubuntu:24.04", 3), **after)
    assert set(acting(rig.plan(targets=(target,)))) == {"image_prewarm.warm", target}
    excluded = acting(rig.plan(excludes=("instance.node-2",)))
    assert set(excluded) == {"image_prewarm.warm", "instance.node-1", "instance.node-3"}
    rig.apply(targets=(target,))
    rig.apply()
    rig.assert_converged()


@pytest.mark.parametrize("target", ["registry_auth.hub", "saved_image.trained"])
def test_a_finished_job_brings_no_machine_along(tmp_path: Path, target: str) -> None:
    """Its manifest names another machine by now, which only a job that is still to run would need."""
    rig = Rig(tmp_path, environ={})
    hub = ("RegistryAuth", "hub", {"username": "u", "password": "p"})
    saved = {"image": "docker.io/team/model:1", "registryAuth": "hub"}
    rig.declare(hub, C, ("SavedImage", "trained", {**saved, "instance": "c"}))
    rig.apply()
    new_hub = ("RegistryAuth", "hub", {"username": "other", "password": "p"})
    rig.declare(new_hub, C, W1, ("SavedImage", "trained", {**saved, "instance": "worker-1"}))
    assert set(acting(rig.plan(targets=(target,)))) <= {"registry_auth.hub"}


def test_what_stands_on_a_target_that_goes_is_listed_too(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(STORAGE, A, C)
    rig.apply()
    review = rig.plan(destroys=True, targets=("network_storage.data",))
    assert text_of(review.plan.selection.along) == {
        "instance.a": "it depends on network_storage.data, which is deleted or replaced"
    }


@pytest.mark.parametrize("tie", ["template", "dependsOn", "replaceTriggeredBy"])
def test_a_target_that_is_created_selects_no_dependent_that_is_not_created_yet(tie: str, tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    spec = {"product": MACHINE["product"], "template": "base"} if tie == "template" else MACHINE
    names = ("w1", "w2", "w3")
    machines = [("Instance", name, spec) for name in names]
    lifecycles: dict[str, Any] = {} if tie == "template" else {name: {tie: ["template.base"]} for name in names}
    rig.declare(BASE, *machines, **lifecycles)
    review = rig.plan(targets=("instance.w1",))
    assert acting(review) == {"instance.w1": "create", "template.base": "create"}
    assert text_of(review.plan.selection.along) == {"template.base": "instance.w1 needs it"}
    rig.apply(targets=("instance.w1",))
    rig.apply()
    rig.assert_converged()


def test_an_existing_dependent_of_a_created_target_is_not_selected(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(A, C, STORAGE)
    rig.apply()
    rig.declare(NET, STORAGE, A, C, W1, c={"dependsOn": ["vpc.net"]}, **{"worker-1": {"dependsOn": ["vpc.net"]}})
    plan = rig.plan(targets=("instance.worker-1",))
    assert acting(plan) == {"instance.worker-1": "create", "vpc.net": "create"}
    rig.apply()
    rig.assert_converged()


def test_a_replaced_target_selects_only_dependents_that_exist(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    inside = {**MACHINE, "vpc": "net"}
    rig.declare(NET, ("Instance", "w1", inside))
    rig.apply()
    moved = ("VPC", "net", {"cluster": "us-ca-nas-2"})
    rig.declare(moved, ("Instance", "w1", inside), ("Instance", "w2", inside))
    review = rig.plan(targets=("vpc.net",))
    assert acting(review) == {"vpc.net": "replace", "instance.w1": "replace"}
    assert text_of(review.plan.selection.along) == {
        "instance.w1": "it depends on vpc.net, which is deleted or replaced"
    }


def test_what_was_deleted_by_hand_brings_those_along_that_stood_on_it(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    sets = {"replaceTriggeredBy": ["registry_auth.hub"]}
    hub = ("RegistryAuth", "hub", {"username": "u", "password": "p"})
    rig.declare(hub, C, c=sets)
    rig.apply()
    registry_auths.delete(rig.world, rig.record("registry_auth.hub").id)
    rig.clock.run(rig.clock.sleep(60))
    plan = rig.plan(targets=("registry_auth.hub",))
    assert acting(plan) == {"instance.c": "replace", "registry_auth.hub": "create"}


def test_what_another_sets_off_does_not_come_along(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    sets = {"replaceTriggeredBy": ["vpc.net.name"], "dependsOn": ["template.base"]}
    rig.declare(NET, BASE, C, W1, c=sets)
    rig.apply()
    changed = ("Template", "base", {**BASE[2], "readme": "more"})
    rig.declare(("VPC", "net", {"cluster": CLUSTER, "name": "renamed"}), changed, C, W1, c=sets)
    plan = rig.plan(targets=("template.base",))
    assert acting(plan) == {"template.base": "update"}
    rig.apply(targets=("template.base",))
    assert acting(rig.plan()) == {"instance.c": "replace", "vpc.net": "update"}


@pytest.mark.parametrize("option", ["targets", "excludes", "replaces"])
def test_an_unknown_target_is_reported_with_the_nearest_address(option: str, tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(STORAGE, A)
    asked: dict[str, Any] = {option: ("network_storage.dta",)}
    with pytest.raises(Problems, match=r'network_storage.dta; did you mean "network_storage.data"'):
        rig.plan(**asked)


def test_the_data_of_nobody_cannot_be_allowed_to_be_lost(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(STORAGE, A)
    with pytest.raises(Problems, match=r"there is no resource instance.b"):
        rig.plan(allow_data_loss=("instance.b",))


def test_targets_without_exclusions_are_applied(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(STORAGE, A, B, C)
    review = rig.plan(targets=("instance.*",), excludes=("instance.b",))
    assert acting(review) == {"instance.a": "create", "instance.c": "create", "network_storage.data": "create"}
    assert text_of(review.plan.selection.left_out) == {"instance.b": "--exclude"}
    rig.apply(targets=("instance.*",), excludes=("instance.b",))
    rig.apply()
    rig.assert_converged()


def test_a_target_that_needs_what_is_excluded_is_left_out_with_a_warning(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(STORAGE, A, B, C)
    review = rig.plan(targets=("instance.a", "instance.c"), excludes=("network_storage.data",))
    assert acting(review) == {"instance.c": "create"}
    reason = "it needs network_storage.data, which is left out and does not exist yet"
    assert text_of(review.plan.selection.left_out) == {"instance.a": reason, "network_storage.data": "--exclude"}
    assert [str(note.summary) for note in review.notes if note.address == "instance.a"] == [
        f"it is a target, and it is left out: {reason}"
    ]
    rig.apply(targets=("network_storage.data",))
    review = rig.plan(targets=("instance.a",), excludes=("network_storage.data",))
    assert acting(review) == {"instance.a": "create"}


# --- what is left out -------------------------------------------------------------------------------------------------


def test_resources_that_need_an_excluded_one_are_excluded_too(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(STORAGE, A, B, C)
    review = rig.plan(excludes=("network_storage.data",))
    assert acting(review) == {"instance.c": "create"}
    assert text_of(review.plan.selection.left_out) == {
        "network_storage.data": "--exclude",
        "instance.a": "it needs network_storage.data, which is left out and does not exist yet",
        "instance.b": "it needs instance.a, which is left out and does not exist yet",
    }
    assert "Left out:\n      instance.a  # it needs network_storage.data, which is left out" in text(review)
    assert [item["address"] for item in plan_json(review)["novita"]["left_out"]] == [
        "instance.a",
        "instance.b",
        "network_storage.data",
    ]
    rig.apply(excludes=("network_storage.data",))
    assert [str(address) for address in rig.state().records] == ["instance.c"]
    rig.apply()
    rig.assert_converged()


def test_a_reference_to_an_excluded_resource_works_unless_that_is_replaced(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(STORAGE, A, B)
    rig.apply()
    mended = ("Instance", "b", {**B[2], "image": "ubuntu:24.04"})
    rig.declare(STORAGE, ("Instance", "a", {**A[2], "image": "ubuntu:24.04"}), mended)
    assert acting(rig.plan(excludes=("instance.a",))) == {"instance.b": "update"}
    rig.declare(STORAGE, ("Instance", "a", {**A[2], "gpuCount": 2}), B)
    review = rig.plan(excludes=("instance.a",))
    assert acting(review) == {}  # it refers to the id of what stays
    assert text_of(review.plan.selection.left_out) == {"instance.a": "--exclude"}
    rig.declare(STORAGE, ("Instance", "a", {**A[2], "gpuCount": 2}), mended)
    review = rig.plan(excludes=("instance.a",))
    assert acting(review) == {}
    assert text_of(review.plan.selection.left_out) == {
        "instance.a": "--exclude",
        "instance.b": "it needs instance.a, which is left out and would be replaced",
    }
    rig.apply(excludes=("instance.a",))
    rig.apply()
    rig.assert_converged()


def test_what_something_left_out_stands_on_is_not_deleted(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(STORAGE, A, C)
    rig.apply()
    review = rig.plan(destroys=True, excludes=("instance.a",))
    assert acting(review) == {"instance.c": "delete"}
    assert text_of(review.plan.selection.left_out) == {
        "instance.a": "--exclude",
        "network_storage.data": "instance.a, which is left out, depends on it",
    }
    rig.destroy(excludes=("instance.a",))
    assert [str(address) for address in rig.state().records] == ["instance.a", "network_storage.data"]


def test_the_plan_reports_that_every_change_is_excluded(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(STORAGE)
    plan = rig.plan(excludes=("network_storage.data",))
    assert plan.empty
    assert text(plan).endswith("No changes except those that are left out.\n")


# --- replaced ---------------------------------------------------------------------------------------------------------


def test_replace_on_the_command_line_replaces_an_unchanged_resource(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(STORAGE, A, B)
    rig.apply()
    first = rig.record("instance.a").id
    review = rig.plan(replaces=("instance.a",))
    assert acting(review) == {"instance.a": "replace", "instance.b": "update"}
    (change,) = [item for item in review.plan.changes if str(item.address) == "instance.a"]
    assert (change.forced, change.why) == (Forced.REQUEST, "--replace asks for it")
    assert change.loses
    shown = {item["address"]: item for item in plan_json(review)["resource_changes"]}
    assert shown["instance.a"]["action_reason"] == "replace_by_request"
    rig.apply(replaces=("instance.a",))
    assert rig.record("instance.a").id != first
    rig.assert_converged()


def test_a_failed_requested_replacement_is_planned_again(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(C)
    rig.apply()
    first = rig.record("instance.c").id
    rig.apply(replaces=("instance.c",), stop_when=lambda _: True, expect_success=False)
    assert rig.record("instance.c").id == first
    (change,) = rig.plan().plan.changes
    assert change.action is Action.REPLACE
    assert change.why == "--replace asked an earlier run for it, which did not get that far"
    rig.apply()
    assert rig.record("instance.c").id != first
    assert not rig.record("instance.c").recreate_reason
    rig.assert_converged()


TRIGGERED = {"replaceTriggeredBy": ["vpc.net"]}


def test_a_replaced_trigger_replaces_the_resources_that_it_triggers(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(NET, C, c=TRIGGERED)
    rig.apply()
    first = rig.record("instance.c").id
    rig.declare(("VPC", "net", {"cluster": CLUSTER, "name": "renamed"}), C, c=TRIGGERED)
    assert acting(rig.plan()) == {"vpc.net": "update"}
    rig.apply()
    rig.declare(("VPC", "net", {"cluster": "us-ca-nas-2"}), C, c=TRIGGERED)
    plan = rig.plan()
    assert acting(plan) == {"instance.c": "replace", "vpc.net": "replace"}
    shown = {item["address"]: item for item in plan_json(plan)["resource_changes"]}
    assert shown["instance.c"]["action_reason"] == "replace_by_triggers"
    assert shown["instance.c"]["novita"]["why"] == "vpc.net is replaced"
    rig.apply()
    assert rig.record("instance.c").id != first
    rig.assert_converged()


@pytest.mark.parametrize(("field", "goes_off"), [("image", True), ("env.MODE", True), ("env.OTHER", False)])
def test_a_field_of_a_trigger_sets_it_off(field: str, goes_off: bool, tmp_path: Path) -> None:
    lifecycle = {"replaceTriggeredBy": [f"instance.a.{field}"]}
    rig = Rig(tmp_path, environ={})
    rig.declare(("Instance", "a", {**MACHINE, "env": {"MODE": "1"}}), C, c=lifecycle)
    rig.apply()
    rig.declare(("Instance", "a", {**MACHINE, "image": "ubuntu:24.04", "env": {"MODE": "2"}}), C, c=lifecycle)
    plan = rig.plan()
    assert ("instance.c" in acting(plan)) == goes_off
    rig.apply()
    rig.assert_converged()


def test_a_trigger_of_an_interrupted_run_is_planned_again(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(NET, C, c={"replaceTriggeredBy": ["vpc.net.name"]})
    rig.apply()
    first = rig.record("instance.c").id
    renamed = ("VPC", "net", {"cluster": CLUSTER, "name": "renamed"})
    rig.declare(renamed, C, c={"replaceTriggeredBy": ["vpc.net.name"]})
    rig.apply(excludes=("instance.c",))
    plan = rig.plan()
    assert acting(plan) == {"instance.c": "replace"}
    rig.declare(renamed, C)
    assert not acting(rig.plan())  # a request that is no longer made replaces nothing
    rig.declare(renamed, C, c={"replaceTriggeredBy": ["vpc.net.name"]})
    rig.apply()
    assert rig.record("instance.c").id != first
    rig.assert_converged()


def test_a_target_takes_along_what_it_sets_off(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(NET, C, c={"replaceTriggeredBy": ["vpc.net.name"]})
    rig.apply()
    rig.declare(("VPC", "net", {"cluster": CLUSTER, "name": "renamed"}), C, c={"replaceTriggeredBy": ["vpc.net.name"]})
    review = rig.plan(targets=("vpc.net",))
    assert text_of(review.plan.selection.along) == {"instance.c": "it is replaced after vpc.net"}


@pytest.mark.parametrize("asked", [{"targets": ("vpc.net",)}, {"excludes": ("instance.c",)}], ids=["target", "exclude"])
def test_a_resource_that_is_replaced_and_excluded_is_refused(asked: dict[str, Any], tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(NET, C)
    rig.apply()
    plan = rig.plan(replaces=("instance.c",), **asked)
    assert [problem.address for problem in plan.problems] == ["instance.c"]
    assert plan.code == EXIT_ERROR


# --- patterns ---------------------------------------------------------------------------------------------------------


def test_a_pattern_names_every_resource_that_fits_it(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(STORAGE, A, W1, W2)
    assert set(acting(rig.plan(targets=("instance.worker*",)))) == {"instance.worker-1", "instance.worker-2"}
    left = rig.plan(excludes=("instance.*",))
    assert acting(left) == {"network_storage.data": "create"}
    assert [item["address"] for item in plan_json(left)["novita"]["left_out"]] == [
        "instance.a",
        "instance.worker-1",
        "instance.worker-2",
    ]
    rig.apply()
    replaced = rig.plan(replaces=("*.worker-*",))
    assert acting(replaced) == {"instance.worker-1": "replace", "instance.worker-2": "replace"}


def test_a_replace_pattern_skips_excluded_resources(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(W1, W2)
    rig.apply()
    review = rig.plan(replaces=("instance.*",), excludes=("instance.worker-2",))
    assert (review.problems, acting(review)) == ((), {"instance.worker-1": "replace"})
    assert text_of(review.plan.selection.left_out) == {"instance.worker-2": "--exclude"}
    review = rig.plan(replaces=("instance.*",), targets=("instance.worker-2",))
    assert (review.problems, acting(review)) == ((), {"instance.worker-2": "replace"})


@pytest.mark.parametrize("option", ["targets", "excludes", "replaces"])
def test_a_pattern_without_match_is_reported_with_the_nearest_address(option: str, tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(STORAGE, W1)
    asked: dict[str, Any] = {option: ("instance.wroker*",)}
    with pytest.raises(Problems, match=r'no resource fits instance.wroker\*; did you mean "instance.worker-1"'):
        rig.plan(**asked)

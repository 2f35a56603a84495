"""The entries of `import` in the project file: previewed, applied once, and refused for what others own."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from fleets import Resource, fleets
from hypothesis import HealthCheck, given, settings
from plan_files import apply_saved, save
from rig import WRITES, Rig

from novita_infra.applying.events import Result
from novita_infra.manifests.project.loading import load
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import EXIT_REFUSED, Problems
from novita_infra.planning.plan.changes import Action
from novita_infra.views.content.run_summary import outcome_sentence
from novita_infra.views.formats.json.plan import plan_json
from novita_infra.views.plan_lines.plan import plan_lines

HERE = "us-dallas-nas-2"
SECRET = {"TOKEN": "hush-hush"}
DISK = ("NetworkStorage", "data", {"name": "disk", "cluster": HERE, "sizeGb": 10})
MACHINE = (
    "Instance",
    "trainer",
    {
        "name": "machine",
        "product": {"gpu": "RTX 4090"},
        "image": "ubuntu:22.04",
        "cluster": HERE,
        "env": {"TOKEN": {"fromEnv": "TOKEN"}},
        "networkStorages": [{"storage": "data", "mountPath": "/d"}],
    },
)


def project(rig: Rig, **parts: Any) -> None:
    head = {"apiVersion": "novita-infra/v1", "kind": "Project", "metadata": {"name": "rig"}}
    rig.write("novita-infra.yaml", {**head, **parts})


def foreign(tmp_path: Path) -> tuple[Rig, str, str]:
    """A project that declares a machine and its storage, which exist and are not recorded anywhere."""
    rig = Rig(tmp_path, environ=SECRET)
    rig.declare(DISK, MACHINE)
    project(rig, ownerMarks=False)
    rig.apply()
    machine, disk = rig.record("instance.trainer").id, rig.record("network_storage.data").id
    rig.forget("instance.trainer")
    rig.forget("network_storage.data")
    return rig, machine, disk


def writes(rig: Rig) -> int:
    return sum(count for name, count in rig.world.calls.items() if name in WRITES)


def imports(machine: str, disk: str, **more: Any) -> list[dict[str, Any]]:
    return [{"to": "instance.trainer", "id": machine, **more}, {"to": "network_storage.data", "id": disk, **more}]


def test_an_entry_has_no_effect_after_its_object_was_destroyed(tmp_path: Path) -> None:
    rig, machine, disk = foreign(tmp_path)
    project(rig, **{"import": imports(machine, disk)})
    rig.apply()
    rig.destroy()
    assert {item.action for item in rig.plan().plan.changes} == {Action.CREATE}
    rig.apply()
    assert rig.record("instance.trainer").id != machine
    rig.assert_converged()


def test_objects_are_imported_once_and_never_called(tmp_path: Path) -> None:
    rig, machine, disk = foreign(tmp_path)
    before = rig.state()
    project(rig, **{"import": imports(machine, disk)})
    review = rig.plan()
    assert {(str(item.address), item.action) for item in review.plan.changes} == {
        ("instance.trainer", Action.NONE),
        ("network_storage.data", Action.NONE),
    }
    text = [str(line) for line in plan_lines(review)]
    assert text[2:4] == [
        f" <= {machine} is imported as instance.trainer",
        f" <= {disk} is imported as network_storage.data",
    ]
    assert text[-1] == "Plan: 2 to import, 0 to create, 0 to update, 0 to replace, 0 to delete, 0 to adopt."
    shown = plan_json(review)
    assert [item["change"] for item in shown["resource_changes"] if item["change"]["importing"] == {"id": machine}]
    assert [item["change"]["actions"] for item in shown["resource_changes"]] == [["no-op"], ["no-op"]]
    assert "hush-hush" not in str(shown)
    assert not review.empty
    assert rig.state() == before, "a plan changes no state"
    calls = writes(rig)
    result: Result = rig.apply()
    assert outcome_sentence(result) == "Apply complete: 2 imported."
    assert writes(rig) == calls
    assert "hush-hush" not in (tmp_path / "state" / "default.json").read_text()
    assert rig.record("instance.trainer").needs == (Address("network_storage", "data"),)
    rig.assert_converged()
    assert not rig.plan().plan.edits


def test_a_lost_state_is_looked_for_once_whatever_the_number_of_imports(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ=SECRET)
    names = [f"m{number}" for number in range(4)]
    rig.declare(DISK, *(("Instance", name, {**MACHINE[2], "name": name}) for name in names))
    project(rig, ownerMarks=False)
    rig.apply()
    blocks = [{"to": f"instance.{name}", "id": rig.record(f"instance.{name}").id} for name in names]
    shutil.rmtree(tmp_path / "state")
    lists = []
    for number in (1, 4):
        project(rig, ownerMarks=False, **{"import": blocks[:number]})
        rig.world.calls.clear()
        assert len(rig.plan().plan.edits.imported) == number
        lists.append(rig.world.calls["templates.list"])
    assert lists[0] == lists[1]


def test_an_import_with_a_difference_is_one_update(tmp_path: Path) -> None:
    rig, machine, disk = foreign(tmp_path)
    kind, name, spec = MACHINE
    rig.declare(DISK, (kind, name, {**spec, "ports": ["80/http"]}))
    project(rig, **{"import": imports(machine, disk)})
    review = rig.plan(allow_data_loss=("*",))
    (change,) = [item for item in review.plan.changes if item.action is not Action.NONE]
    assert (str(change.address), change.action, change.id) == ("instance.trainer", Action.UPDATE, machine)
    (shown,) = [item for item in plan_json(review)["resource_changes"] if item["address"] == "instance.trainer"]
    assert shown["change"]["importing"] == {"id": machine}
    rig.apply(allow_data_loss=("*",))
    rig.assert_converged()


def test_an_id_comes_from_a_variable_and_an_empty_one_imports_nothing(tmp_path: Path) -> None:
    rig, machine, disk = foreign(tmp_path)
    variables = {"trainerId": {"type": "string", "default": ""}}
    project(rig, variables=variables, **{"import": imports("${var.trainerId}", disk)})
    assert [str(item.address) for item in rig.plan().plan.edits.imported] == ["network_storage.data"]
    rig.variables = {"trainerId": machine}
    assert len(rig.plan().plan.edits.imported) == 2
    rig.apply()
    rig.assert_converged()


def test_what_does_not_exist_is_reported_with_the_place_of_the_entry(tmp_path: Path) -> None:
    rig, _, disk = foreign(tmp_path)
    project(rig, **{"import": imports("nothing", disk)})
    with pytest.raises(Problems) as raised:
        rig.plan()
    assert [str(item) for item in raised.value.diagnostics] == [
        "novita-infra.yaml:3:3: there is no Instance with the id nothing; "
        "leave the entry out if it was deleted, or look the id up in the console"
    ]


def test_the_object_of_another_project_is_refused_unless_the_entry_steals_it(tmp_path: Path) -> None:
    theirs = Rig(tmp_path / "theirs", environ=SECRET)
    theirs.write(
        "novita-infra.yaml", {"apiVersion": "novita-infra/v1", "kind": "Project", "metadata": {"name": "theirs"}}
    )
    theirs.declare(DISK, MACHINE)
    theirs.apply()
    machine, disk = theirs.record("instance.trainer").id, theirs.record("network_storage.data").id
    rig = Rig(tmp_path / "ours", environ=SECRET)
    rig.world, rig.clock = theirs.world, theirs.clock
    rig.declare(DISK, MACHINE)
    project(rig, **{"import": imports(machine, disk)})
    with pytest.raises(Problems) as raised:
        rig.plan()
    assert raised.value.code == EXIT_REFUSED
    assert [str(item) for item in raised.value.diagnostics] == [
        f"novita-infra.yaml:3:3: {machine} (machine) carries the owner mark of project theirs, environment default, "
        "instance.trainer; it is theirs: a destroy here would delete it there; to insist, add `steal: true` to the "
        "entry"
    ]
    project(rig, **{"import": imports(machine, disk, steal=True)})
    rig.apply()
    rig.assert_converged()
    rig.destroy()
    assert rig.live_ids() == []


def test_an_entry_for_one_environment_is_none_in_the_others(tmp_path: Path) -> None:
    rig, machine, disk = foreign(tmp_path)
    project(
        rig, environments={"dev": {}, "prod": {}}, **{"import": imports(machine, disk, environments=["prod", "dev"])}
    )
    assert not rig.plan().plan.edits.imported
    rig.environment = "prod"
    assert len(rig.plan().plan.edits.imported) == 2


def test_the_object_of_another_environment_is_imported_there_only(tmp_path: Path) -> None:
    rig, machine, disk = foreign(tmp_path)
    both: dict[str, dict[str, Any]] = {"dev": {}, "prod": {}}
    project(rig, environments=both, **{"import": imports(machine, disk)})
    rig.environment = "prod"
    rig.apply()
    project(rig, environments=both, **{"import": imports(machine, disk)[:1]})
    rig.environment = "dev"
    with pytest.raises(Problems) as raised:
        rig.plan()
    assert raised.value.code == EXIT_REFUSED
    assert [str(item) for item in raised.value.diagnostics] == [
        f"novita-infra.yaml:6:3: {machine} (machine) is recorded in {tmp_path}/state/prod.json; the entry holds for "
        "every environment: add `environments: [prod]` to it, or take the id from a variable that is empty in dev; "
        "to take the object over instead, add `steal: true` to the entry"
    ]
    project(rig, environments=both, **{"import": imports(machine, disk, environments=["dev"])[:1]})
    with pytest.raises(Problems) as raised:
        rig.plan()
    assert [str(item) for item in raised.value.diagnostics] == [
        f"novita-infra.yaml:6:3: {machine} (machine) is recorded in {tmp_path}/state/prod.json; "
        "it is theirs: a destroy here would delete it there; to insist, add `steal: true` to the entry"
    ]


def test_the_mark_of_another_environment_names_the_one_in_which_the_entry_holds(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ=SECRET)
    rig.declare(DISK, MACHINE)
    project(rig, environments={"dev": {}, "prod": {}})
    rig.environment = "prod"
    rig.apply()
    machine = rig.record("instance.trainer").id
    shutil.rmtree(tmp_path / "state")
    rig.environment = "dev"
    project(rig, environments={"dev": {}, "prod": {}}, **{"import": imports(machine, "")[:1]})
    with pytest.raises(Problems) as raised:
        rig.plan()
    assert [item.hint for item in raised.value.diagnostics] == [
        "the entry holds for every environment: add `environments: [prod]` to it, or take the id from a variable that "
        "is empty in dev; to take the object over instead, add `steal: true` to the entry"
    ]


def test_an_id_that_one_environment_lacks_may_be_that_of_another(tmp_path: Path) -> None:
    rig, _, disk = foreign(tmp_path)
    project(rig, environments={"dev": {}, "prod": {}}, **{"import": imports("nothing", disk)})
    rig.environment = "dev"
    with pytest.raises(Problems) as raised:
        rig.plan()
    assert [item.hint for item in raised.value.diagnostics] == [
        "the entry holds for every environment: if the object is one of another, add `environments:` with its name to "
        "the entry; leave the entry out if it was deleted, or look the id up in the console"
    ]


def test_an_address_that_is_recorded_is_left_as_it_is(tmp_path: Path) -> None:
    rig, machine, disk = foreign(tmp_path)
    project(rig, **{"import": imports(machine, disk)})
    rig.apply()
    rig.apply(replaces=("instance.trainer",), allow_data_loss=("*",))
    assert rig.record("instance.trainer").id != machine
    assert rig.plan().empty


def test_a_destroy_imports_nothing(tmp_path: Path) -> None:
    rig, machine, disk = foreign(tmp_path)
    project(rig, **{"import": imports(machine, disk)})
    rig.destroy()
    assert rig.live_ids() == sorted([machine, disk])


@pytest.mark.parametrize("at_write", range(2))
@pytest.mark.parametrize("after_effect", [False, True])
def test_a_killed_run_with_imports_is_finished_by_the_next(tmp_path: Path, at_write: int, after_effect: bool) -> None:
    rig, machine, disk = foreign(tmp_path)
    rig.declare(DISK, MACHINE, ("VPC", "net", {"cluster": HERE}))
    project(rig, **{"import": imports(machine, disk)})
    rig.crash(at_write=at_write, after_effect=after_effect)
    rig.apply()
    assert rig.record("instance.trainer").id == machine
    rig.assert_converged()


def test_a_saved_plan_imports_what_it_showed(tmp_path: Path) -> None:
    rig, machine, disk = foreign(tmp_path)
    project(rig, **{"import": imports(machine, disk)})
    path = save(rig)
    assert "hush-hush" not in path.read_text()
    assert apply_saved(rig, path).succeeded
    rig.assert_converged()


def test_a_saved_plan_is_refused_where_it_would_import_another_object(tmp_path: Path) -> None:
    rig, machine, disk = foreign(tmp_path)
    project(rig, **{"import": imports(machine, disk)})
    path = save(rig)
    project(rig, **{"import": imports(machine, disk)[:1]})
    with pytest.raises(Problems):
        apply_saved(rig, path)
    assert rig.state().records == {}


def test_drift_needs_no_secret_of_an_object_that_is_to_be_imported(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={"PASSWORD": "hush-hush"})
    rig.declare(("RegistryAuth", "hub", {"username": "robot", "password": {"fromEnv": "PASSWORD"}}))
    rig.apply()
    id = rig.record("registry_auth.hub").id
    rig.forget("registry_auth.hub")
    project(rig, **{"import": [{"to": "registry_auth.hub", "id": id}]})
    rig.environ = {}
    lenient = load(tmp_path, environ={}, lenient=True)
    rig.project = lambda: lenient  # type: ignore[method-assign]
    assert [record.id for record in rig.plan().plan.edits.imported] == [id]


@pytest.mark.slow
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(fleets())
def test_any_fleet_whose_state_is_lost_is_imported_by_its_ids_without_a_call(resources: list[Resource]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        rig = Rig(Path(folder), environ={})
        rig.declare(*resources)
        rig.apply()
        found = {str(address): record.id for address, record in rig.state().records.items()}
        for address in found:
            rig.forget(address)
        calls = writes(rig)
        project(rig, **{"import": [{"to": address, "id": id} for address, id in found.items()]})
        rig.apply()
        assert writes(rig) == calls
        assert {str(address): record.id for address, record in rig.state().records.items()} == found
        rig.assert_converged()

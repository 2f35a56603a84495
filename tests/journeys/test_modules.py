"""Modules from the first plan to the last: each use has resources, names and outputs of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from git_repositories import GIT_ENVIRON, BareRepository
from plan_files import apply_saved, save
from rig import Rig

from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Problems
from novita_infra.operations.manifests.pinning import write_pins
from novita_infra.planning.plan.changes import Action
from novita_infra.planning.plan.review import Review
from novita_infra.simulator.world.cloud.instances import instance_of
from novita_infra.views.formats.json.plan import plan_json

HEAD: dict[str, Any] = {"apiVersion": "novita-infra/v1"}
MACHINE: dict[str, Any] = {"product": {"gpu": "RTX 4090"}, "image": "${var.image}", "ports": ["22/tcp"]}
USE: dict[str, Any] = {
    **HEAD,
    "kind": "Module",
    "metadata": {"name": "train"},
    "forEach": {"eu": 2, "us": 1},
    "spec": {
        "source": "./modules/train",
        "inputs": {"image": "ubuntu:22.04", "workers": "${each.value}", "token": "${env.MY_TOKEN}"},
    },
}
INTERFACE = {
    **HEAD,
    "kind": "ModuleInterface",
    "inputs": {
        "image": {"type": "string"},
        "workers": {"type": "integer"},
        "token": {"type": "string", "secret": True},
    },
    "outputs": {"head": "${instance.head.sshHost}", "workers": "${instance.worker[*].name}"},
}
NODES = (
    {**HEAD, "kind": "Instance", "metadata": {"name": "head"}, "spec": {**MACHINE, "env": {"T": "${var.token}"}}},
    {
        **HEAD,
        "kind": "Instance",
        "metadata": {"name": "worker"},
        "forEach": "${range(var.workers)}",
        "spec": {**MACHINE, "env": {"HEAD": "${instance.head.sshHost}"}},
    },
)
PROJECT: dict[str, Any] = {
    **HEAD,
    "kind": "Project",
    "metadata": {"name": "rig"},
    "outputs": {"heads": "${module.train[*].head}", "eu": '${module.train["eu"].workers}'},
}
EU, US = 'module.train["eu"]', 'module.train["us"]'


def using(**spec: Any) -> dict[str, Any]:
    """The use of the module with other values in its spec."""
    return {**USE, "spec": {**USE["spec"], **spec}}


def acting(review: Review) -> dict[str, str]:
    return {str(item.address): item.action.value for item in review.plan.changes if item.action is not Action.NONE}


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """Two uses of a module, applied."""
    found = Rig(tmp_path, environ={"MY_TOKEN": "hush-hush"})
    found.write("novita-infra.yaml", PROJECT)
    found.write("main.yaml", USE)
    found.write("modules/train/novita-infra-module.yaml", INTERFACE)
    found.write("modules/train/nodes.yaml", *NODES)
    found.apply()
    return found


def test_each_use_has_its_own_resources_marks_and_outputs(rig: Rig) -> None:
    assert sorted(map(str, rig.state().records)) == [
        f"{EU}.instance.head",
        f'{EU}.instance.worker["0"]',
        f'{EU}.instance.worker["1"]',
        f"{US}.instance.head",
        f'{US}.instance.worker["0"]',
    ]
    outputs, head = rig.state().outputs, rig.record(f"{EU}.instance.head")
    assert outputs["eu"] == ["train-eu-worker-0", "train-eu-worker-1"]
    assert outputs["heads"] == [head.outputs["sshHost"], rig.record(f"{US}.instance.head").outputs["sshHost"]]
    made = instance_of(rig.world, head.id)
    env = {item["key"]: item["value"] for item in made.envs}
    assert (made.name, env["T"]) == ("train-eu-head", "hush-hush")
    assert "module.train[eu].instance.head" in str(env)
    assert "hush" not in repr(rig.state())
    assert rig.plan().empty


def test_targets_saved_plans_and_json_know_modules(rig: Rig) -> None:
    rig.write("main.yaml", using(inputs={**USE["spec"]["inputs"], "image": "ubuntu:24.04"}))
    assert set(acting(rig.plan())) == set(map(str, rig.state().records))
    assert len(acting(rig.plan(targets=("module.train",)))) == 5
    assert len(acting(rig.plan(targets=(US,)))) == 2
    assert len(acting(rig.plan(excludes=(f"{EU}.instance.worker",)))) == 3
    data = plan_json(rig.plan())
    (eu, us) = data["planned_values"]["root_module"]["child_modules"]
    assert (eu["address"], len(eu["resources"]), us["address"], len(us["resources"])) == (EU, 3, US, 2)
    assert {item["module_address"] for item in data["resource_changes"]} == {EU, US}
    assert apply_saved(rig, save(rig)).succeeded
    assert rig.plan().empty


def test_one_key_less_deletes_one_use_and_no_other(rig: Rig) -> None:
    rig.write("main.yaml", {**USE, "forEach": {"us": 1}})
    rig.write("novita-infra.yaml", {**PROJECT, "outputs": {}})
    assert acting(rig.plan()) == {
        f"{EU}.instance.head": "delete",
        f'{EU}.instance.worker["0"]': "delete",
        f'{EU}.instance.worker["1"]': "delete",
    }
    rig.destroy()
    assert rig.state().records == {}


def test_a_machine_moves_into_a_module_and_keeps_its_name(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={"MY_TOKEN": "hush-hush"})
    rig.declare(("Instance", "head", {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04", "ports": ["22/tcp"]}))
    rig.apply()
    id = rig.record("instance.head").id
    rig.write("modules/train/novita-infra-module.yaml", {**INTERFACE, "outputs": {}})
    rig.write("modules/train/nodes.yaml", {**NODES[0], "spec": MACHINE})
    rig.write("main.yaml", {**USE, "forEach": {"eu": 0}})
    moved = {"from": "instance.head", "to": f"{EU}.instance.head"}
    rig.write("novita-infra.yaml", {**PROJECT, "outputs": {}, "moved": [moved]})
    assert acting(rig.plan()) == {}
    rig.apply()
    assert rig.record(f"{EU}.instance.head").id == id
    assert Address.parse("instance.head") not in rig.state().records


def test_a_module_from_git_changes_with_its_pin_and_not_before(tmp_path: Path) -> None:
    repository = BareRepository.made(tmp_path / "modules.git")
    environ = {**GIT_ENVIRON, "NOVITA_INFRA_CACHE": str(tmp_path / "cache"), "MY_TOKEN": "hush-hush"}
    rig = Rig(tmp_path / "fleet", environ=environ)

    def publish(image: str) -> None:
        machine = {**NODES[0], "spec": {**MACHINE, "image": image}}
        files = {"novita-infra-module.yaml": {**INTERFACE, "outputs": {}}, "nodes.yaml": machine}
        repository.commit({f"train/{name}": json.dumps(data) for name, data in files.items()}, tag="v1")

    publish("ubuntu:22.04")
    rig.write("novita-infra.yaml", {**PROJECT, "outputs": {}})
    rig.write("main.yaml", using(source=repository.source("train", "v1")))
    with pytest.raises(Problems, match="run `novita-infra modules install`"):
        rig.plan()
    write_pins(rig.folder, environ, moved=None)
    rig.apply()
    assert rig.record(f"{EU}.instance.head").source == f"git::{repository.url}?ref=v1//train/nodes.yaml"
    publish("ubuntu:24.04")
    assert rig.plan().empty
    write_pins(rig.folder, environ, moved=())
    assert acting(rig.plan()) == {f"{EU}.instance.head": "update", f"{US}.instance.head": "update"}
    rig.apply()
    assert rig.plan().empty


def test_a_resource_that_depends_on_a_module_comes_after_all_of_it(rig: Rig) -> None:
    rig.destroy()
    spec = {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04", "ports": ["22/tcp"]}
    last = {**HEAD, "kind": "Instance", "metadata": {"name": "last"}, "spec": spec}
    rig.write("last.yaml", {**last, "lifecycle": {"dependsOn": ["module.train"]}})
    order = [str(step.address) for step in rig.plan().plan.steps]
    assert (len(order), order[-1]) == (6, "instance.last")


def test_patches_of_a_caller_and_an_environment_reach_the_machines(rig: Rig) -> None:
    patches = [{"target": "instance.worker", "spec": {"image": "ubuntu:${each.value}.04"}}]
    rig.write("main.yaml", using(patches=patches))
    dev = [{"target": f"{US}.instance.worker", "spec": {"image": "ubuntu:24.04"}}]
    rig.write("novita-infra.yaml", {**PROJECT, "environments": {"default": {"patches": dev}}})
    assert set(acting(rig.plan())) == {name for name in map(str, rig.state().records) if "worker" in name}
    rig.apply()
    images = {name: rig.record(f'{name}.instance.worker["0"]').spec["image"] for name in (EU, US)}
    assert images == {EU: "ubuntu:2.04", US: "ubuntu:24.04"}
    assert rig.plan().empty

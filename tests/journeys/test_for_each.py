"""Resources of a `forEach` from their first plan to their last: each key is a resource of its own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from plan_files import apply_saved, save
from rig import WRITES, Rig

from novita_infra.cli import root
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Problems
from novita_infra.operations.manifests.provenance import provenance_of
from novita_infra.operations.session import ProjectOptions
from novita_infra.planning.plan.changes import Action
from novita_infra.planning.plan.review import Review
from novita_infra.simulator.world.cloud.instances import instance_of
from novita_infra.views.content.lines import plain
from novita_infra.views.content.why import reasons
from novita_infra.views.formats.json.plan import plan_json
from novita_infra.views.formats.text.why import why_lines
from novita_infra.views.plan_lines.plan import plan_lines

PROJECT: dict[str, Any] = {
    "apiVersion": "novita-infra/v1",
    "kind": "Project",
    "metadata": {"name": "rig"},
    "variables": {"sizes": {"type": "map", "default": {"a": 10, "b": 20, "c": 30}}},
    "environments": {"dev": {}, "prod": {}},
    "defaultEnvironment": "dev",
    "outputs": {
        "ids": "${network_storage.data[*].id}",
        "one": '${default(network_storage.data["b"].id, "none")}',
    },
}
STORAGE: dict[str, Any] = {
    "apiVersion": "novita-infra/v1",
    "kind": "NetworkStorage",
    "metadata": {"name": "data"},
    "forEach": "${var.sizes}",
    "spec": {"cluster": "us-dallas-nas-2", "sizeGb": "${each.value}"},
}
WORKER: dict[str, Any] = {
    "apiVersion": "novita-infra/v1",
    "kind": "Instance",
    "metadata": {"name": "worker"},
    "forEach": ["a", "b", "c"],
    "spec": {
        "product": {"gpu": "RTX 4090"},
        "image": "ubuntu:22.04",
        "env": {"RANK": "${each.key}"},
        "networkStorages": [{"storage": 'data["${each.key}"]', "mountPath": "/data"}],
    },
}
A, B, C = (f'instance.worker["{key}"]' for key in "abc")


def acting(review: Review) -> dict[str, str]:
    return {str(item.address): item.action.value for item in review.plan.changes if item.action is not Action.NONE}


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """Three machines, each with a storage of its own, all applied."""
    found = Rig(tmp_path, environ={})
    found.write("novita-infra.yaml", PROJECT)
    found.write("main.yaml", STORAGE, WORKER)
    found.environment = "dev"
    found.apply()
    return found


def test_each_key_is_created_with_its_own_name_mark_and_values(rig: Rig) -> None:
    records = {str(address): record for address, record in rig.state().records.items()}
    assert sorted(records) == [A, B, C, *(f'network_storage.data["{key}"]' for key in "abc")]
    assert records[B].spec["name"] == "worker-b"
    assert records['network_storage.data["b"]'].spec["sizeGb"] == 20
    made = instance_of(rig.world, records[B].id)
    assert (made.name, {item["key"]: item["value"] for item in made.envs}["RANK"]) == ("worker-b", "b")
    assert rig.state().outputs["one"] == records['network_storage.data["b"]'].id
    assert len(rig.state().outputs["ids"]) == 3
    assert rig.plan().empty


def test_removing_and_reordering_keys_touches_only_what_is_removed(rig: Rig) -> None:
    rig.write("main.yaml", STORAGE, {**WORKER, "forEach": ["c", "a", "b"]})
    assert rig.plan().empty
    rig.variables = {"sizes": "{a: 10, c: 30}"}
    rig.write("main.yaml", STORAGE, {**WORKER, "forEach": ["c", "a"]})
    assert acting(rig.plan()) == {B: "delete", 'network_storage.data["b"]': "delete"}
    rig.apply(allow_data_loss=('network_storage.data["b"]',))
    assert rig.plan().empty
    assert rig.state().outputs["one"] == "none"


@pytest.mark.parametrize("option", ["targets", "excludes", "replaces"])
@pytest.mark.parametrize(
    ("name", "right"),
    [("instance.wrker", "instance.worker"), ("instance.wrk*", "instance.worker"), ('instance.wrker["b"]', B)],
)
def test_an_unknown_target_without_a_key_is_reported_with_a_name(name: str, right: str, option: str, rig: Rig) -> None:
    asked: dict[str, Any] = {option: (name,)}
    with pytest.raises(Problems, match=re.escape(f'{name}; did you mean "{right}"?')):
        rig.plan(**asked)


def test_a_deletion_says_which_part_of_its_document_is_gone(rig: Rig) -> None:
    def why(**parts: object) -> dict[str, str]:
        rig.write("main.yaml", STORAGE, {**WORKER, **parts})
        return {str(item.address): item.why for item in rig.plan().plan.changes if item.action is Action.DELETE}

    assert why(forEach=["a", "c"]) == {B: 'forEach of instance.worker has no key "b" (main.yaml:11:1)'}
    assert why(enabled="${each.key != 'a'}") == {A: "it is disabled (main.yaml:11:1)"}
    assert set(why(environments=["prod"]).values()) == {"its environments leave out dev (main.yaml:11:1)"}
    single = {name: part for name, part in WORKER.items() if name != "forEach"}
    rig.write("main.yaml", STORAGE, {**single, "spec": {**WORKER["spec"], "env": {}, "networkStorages": []}})
    gone = {item.why for item in rig.plan().plan.changes if item.action is Action.DELETE}
    assert gone == {"instance.worker has no forEach"}
    rig.write("main.yaml", STORAGE)
    assert {item.why for item in rig.plan().plan.changes if item.action is Action.DELETE} == {"no longer declared"}


def test_a_target_with_a_key_means_one_and_without_a_key_all(rig: Rig) -> None:
    changed = {**WORKER["spec"], "env": {"RANK": "${each.key}", "NEW": "1"}}
    rig.write("main.yaml", STORAGE, {**WORKER, "spec": changed})
    assert acting(rig.plan(targets=(B,))) == {B: "update"}
    assert acting(rig.plan(targets=("instance.worker",))) == {A: "update", B: "update", C: "update"}
    assert acting(rig.plan(excludes=(A,))) == {B: "update", C: "update"}
    assert acting(rig.plan(replaces=('instance.worker["c"]',), targets=(C,))) == {C: "replace"}


def test_saved_plans_and_json_know_the_keys(rig: Rig) -> None:
    sizes = {**STORAGE, "forEach": {"a": 10, "b": 20, "c": 30, "d e/é": 40}}
    rig.write("main.yaml", sizes, {**WORKER, "enabled": "${each.key != 'a'}"})
    review = rig.plan()
    changes = {item["address"]: item for item in plan_json(review)["resource_changes"]}
    assert changes[A]["change"]["actions"] == ["delete"]
    assert (changes[B]["index"], changes[B]["change"]["actions"]) == ("b", ["no-op"])
    new = 'network_storage.data["d e/é"]'
    assert changes[new]["change"]["after"]["name"] == "data-d-e"
    path = save(rig)
    result = apply_saved(rig, path)
    assert result.succeeded
    assert rig.record(new).spec["sizeGb"] == 40
    assert Address.parse(A) not in rig.state().records
    assert rig.plan().empty


def test_why_leads_to_the_key_and_the_variable(rig: Rig) -> None:
    rig.variables = {"sizes": "{a: 10, b: 25, c: 30}"}
    address = Address.parse('network_storage.data["b"]')
    where = ProjectOptions(path=rig.folder, environment="dev", variables=rig.variables)
    text = plain(why_lines(reasons(rig.plan().plan, address, provenance_of(where, {}).trail)))
    assert "<- sizeGb: ${each.value}   main.yaml:" in text
    assert "<- each.value is 25, by forEach" in text
    assert "<- var.sizes is" in text


def test_a_single_machine_moves_to_a_key_and_an_object_is_imported_at_one(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    plainly = {name: part for name, part in STORAGE.items() if name != "forEach"}
    rig.write("novita-infra.yaml", {**PROJECT, "outputs": {}})
    rig.write("main.yaml", {**plainly, "spec": {"cluster": "us-dallas-nas-2", "sizeGb": 20}})
    rig.environment = "dev"
    rig.apply()
    id = rig.record("network_storage.data").id
    rig.rename("network_storage.data", 'network_storage.data["b"]')
    keyed = {**STORAGE, "forEach": ["b"], "spec": {"cluster": "us-dallas-nas-2", "sizeGb": 20}}
    rig.write("main.yaml", keyed)
    assert acting(rig.plan()) in ({}, {'network_storage.data["b"]': "update"})
    rig.apply()
    assert rig.record('network_storage.data["b"]').id == id
    rig.forget('network_storage.data["b"]')
    rig.take_in('network_storage.data["b"]', id)
    assert rig.plan().empty


def test_a_machine_that_moves_to_a_key_keeps_the_name_that_it_cannot_change(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    spec = {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04"}
    rig.declare(("Instance", "worker", spec))
    rig.apply()
    for source, target in (("instance.worker", B), (B, 'instance.worker["d e"]')):
        rig.rename(source, target)
        key = Address.parse(target).key
        rig.write("main.yaml", {**WORKER, "forEach": [key], "spec": spec})
        assert acting(rig.plan()) == {}
    assert rig.record('instance.worker["d e"]').spec["name"] == "worker"


def test_the_graph_shows_every_key(tmp_path: Path, rig: Rig) -> None:
    result = CliRunner().invoke(root, ["graph", str(tmp_path)], prog_name="novita-infra")
    assert result.exit_code == 0, result.output
    assert 'n1["instance.worker[#quot;b#quot;]"]' in result.output


def test_labels_are_recorded_select_targets_and_sum_costs(rig: Rig) -> None:
    metadata = {"name": "worker", "labels": {"team": "${each.key == 'c' ? 'ops' : 'research'}", "rank": "${each.key}"}}
    rig.write("main.yaml", STORAGE, {**WORKER, "metadata": metadata})
    labels = [item for change in rig.plan().plan.changes for item in change.fields]
    assert [(item.name, item.before, item.means.text) for item in labels] == [
        ("metadata.labels", None, "kept in the state; no call is made")
    ] * 3
    calls = dict(rig.world.calls)
    rig.apply()
    assert {name for name in WRITES if rig.world.calls[name] != calls.get(name, 0)} == set()
    assert rig.plan().empty
    assert rig.record(B).labels == {"team": "research", "rank": "b"}
    changed = {**WORKER["spec"], "env": {"RANK": "${each.key}", "NEW": "1"}}
    rig.write("main.yaml", STORAGE, {**WORKER, "metadata": metadata, "spec": {**changed, "gpuCount": 2}})
    review = rig.plan(targets=("label:team=res*",), allow_data_loss=("label:team=research",))
    assert acting(review) == {A: "replace", B: "replace"}
    text = plain(plan_lines(review))
    assert "      label team=ops, per hour: $" in text
    assert "label rank" not in text
    data = plan_json(review)
    assert sorted(data["novita"]["money"]["labels"]) == ["rank", "team"]
    assert {item["address"]: item["novita"].get("labels") for item in data["resource_changes"]}[C] == {
        "rank": "c",
        "team": "ops",
    }
    rig.write("main.yaml", STORAGE)
    assert acting(rig.plan(targets=("label:rank=c",))) == {C: "delete"}
    with pytest.raises(Problems, match='no resource has the label team=opsy; did you mean "label:team=ops"'):
        rig.plan(excludes=("label:team=opsy",))

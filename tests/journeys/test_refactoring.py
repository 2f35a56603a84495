"""Moves and removals of the project file: what is renamed is kept, what is removed is deleted or forgotten."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest
from draws import draws
from fleets import Resource, fleets
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plan_files import apply_saved, save
from rig import WRITES, Rig

from novita_infra.kinds import KINDS
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import EXIT_REFUSED, Problems
from novita_infra.planning.plan.changes import Action
from novita_infra.planning.plan.review import Review
from novita_infra.views.content.lines import plain
from novita_infra.views.formats.json.plan import plan_json
from novita_infra.views.plan_lines.plan import plan_lines

DISK = {"name": "disk", "cluster": "us-dallas-nas-2", "sizeGb": 10}
MACHINE = {
    "name": "machine",
    "product": {"gpu": "RTX 4090"},
    "image": "nvidia/cuda:12.1.0-base-ubuntu22.04",
    "rootDiskGb": 30,
}


def project(rig: Rig, **parts: Any) -> None:
    head = {"apiVersion": "novita-infra/v1", "kind": "Project", "metadata": {"name": "rig"}}
    rig.write("novita-infra.yaml", {**head, **parts})


def moved(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"from": source, "to": target} for source, target in pairs]


def writes(rig: Rig) -> int:
    return sum(count for name, count in rig.world.calls.items() if name in WRITES)


def text_of(review: Review) -> str:
    return "\n".join(str(item) for item in plan_lines(review))


def test_a_moved_resource_is_kept_without_any_call(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.declare(
        ("NetworkStorage", "data", DISK),
        (
            "Instance",
            "old",
            {
                **MACHINE,
                "cluster": "us-dallas-nas-2",
                "networkStorages": [{"storage": "${network_storage.data.id}", "mountPath": "/d"}],
            },
        ),
    )
    rig.apply()
    before, calls = rig.state(), writes(rig)
    rig.declare(
        ("NetworkStorage", "store", DISK),
        (
            "Instance",
            "new",
            {
                **MACHINE,
                "cluster": "us-dallas-nas-2",
                "networkStorages": [{"storage": "${network_storage.store.id}", "mountPath": "/d"}],
            },
        ),
    )
    project(rig, moved=moved(("network_storage.data", "network_storage.store"), ("instance.old", "instance.new")))
    review = rig.plan()
    machine, disk = before.records[Address("instance", "old")].id, before.records[Address("network_storage", "data")].id
    assert review.empty
    assert text_of(review).splitlines()[2:4] == [
        f" => instance.old ({machine}) moves to instance.new",
        f" => network_storage.data ({disk}) moves to network_storage.store",
    ]
    shown = plan_json(review)
    assert {item["address"]: item.get("previous_address") for item in shown["resource_changes"]} == {
        "instance.new": "instance.old",
        "network_storage.store": "network_storage.data",
    }
    assert shown["applyable"] is True
    assert rig.state() == before, "a plan changes no state"
    rig.apply()
    assert writes(rig) == calls
    assert {str(address): record.id for address, record in rig.state().records.items()} == {
        "instance.new": machine,
        "network_storage.store": disk,
    }
    assert rig.record("instance.new").needs == (Address("network_storage", "store"),)
    again = rig.plan()
    assert again.empty
    assert not again.plan.edits
    assert plan_json(again)["applyable"] is False
    rig.assert_converged()


def fleet(rig: Rig, *names: str, **more: Mapping[str, Any]) -> None:
    """Declares machines whose objects have the name of the first ones."""
    rig.declare(*(("Instance", name, {**MACHINE, "name": "machine", **more.get(name, {})}) for name in names))


def test_moves_in_a_chain_lead_to_the_last_address_from_any_of_its_addresses(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    fleet(rig, "a")
    rig.apply()
    id = rig.record("instance.a").id
    fleet(rig, "b")
    project(rig, moved=moved(("instance.a", "instance.b")))
    rig.apply()
    fleet(rig, "c")
    project(rig, moved=moved(("instance.b", "instance.c"), ("instance.a", "instance.b")))
    rig.apply()
    assert {str(address): record.id for address, record in rig.state().records.items()} == {"instance.c": id}
    assert rig.state().identity.accepted == {"instance.c": ("instance.a", "instance.b")}
    rig.destroy()
    assert rig.live_ids() == []


def test_a_move_with_a_change_is_one_update_of_the_kept_object(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    fleet(rig, "a")
    rig.apply()
    id = rig.record("instance.a").id
    fleet(rig, "b", b={"ports": ["80/http"]})
    project(rig, moved=moved(("instance.a", "instance.b")))
    review = rig.plan()
    (change,) = review.plan.changes
    assert (str(change.address), change.action, change.id) == ("instance.b", Action.UPDATE, id)
    (shown,) = plan_json(review)["resource_changes"]
    assert (shown["address"], shown["previous_address"]) == ("instance.b", "instance.a")
    rig.apply()
    assert rig.record("instance.b").id == id
    rig.assert_converged()


def test_two_records_for_one_address_are_refused_with_what_to_do(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    fleet(rig, "a", "b")
    rig.apply()
    one, other = (rig.record(f"instance.{name}").id for name in "ab")
    fleet(rig, "b")
    project(rig, moved=moved(("instance.a", "instance.b")))
    with pytest.raises(Problems) as raised:
        rig.plan()
    assert raised.value.code == EXIT_REFUSED
    assert raised.value.diagnostics[0].summary == (
        f"instance.a moves to instance.b, and both are recorded: instance.a is {one}, instance.b is {other}"
    )
    assert raised.value.diagnostics[0].hint == (
        "one address has one object: forget the record of the other one with `state rm instance.a` or "
        "`state rm instance.b`, and delete that object if nothing needs it; or leave the move out"
    )
    rig.forget("instance.a")
    assert rig.plan().empty


def test_a_rename_prints_the_entry_of_moved_and_pasting_it_keeps_the_object(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    fleet(rig, "a")
    rig.apply()
    id = rig.record("instance.a").id
    fleet(rig, "b")
    (note,) = [item for item in rig.plan().notes if "equal but for the name" in item.summary]
    assert note.hint == (
        "to keep the object, add `- {from: instance.a, to: instance.b}` to `moved:` in the project file, "
        f"or move its record now: `novita-infra state mv instance.a instance.b {tmp_path}`"
    )
    project(rig, moved=moved(("instance.a", "instance.b")))
    rig.apply()
    assert rig.record("instance.b").id == id


def test_options_and_drift_name_the_new_address(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    ports = {"ports": ["80/http"]}
    fleet(rig, "a", "other", a=ports)
    rig.apply()
    id = rig.record("instance.a").id
    fleet(rig, "b", "other", b=ports)
    project(rig, moved=moved(("instance.a", "instance.b")))
    machine = rig.world.tables["instances"].get(id)
    assert machine is not None
    machine.ports = [{"port": 9999, "type": "tcp"}]
    rig.world.tables["instances"].touch(machine)
    review = rig.plan(targets=("instance.b",))
    assert [str(item.address) for item in review.plan.drift] == ["instance.b"]
    assert [str(step.address) for step in review.plan.steps] == ["instance.b"]
    with pytest.raises(Problems, match=r"there is no resource instance\.a"):
        rig.plan(targets=("instance.a",))
    rig.apply(targets=("instance.b",))
    assert rig.record("instance.b").id == id


def test_a_destroy_deletes_what_was_moved(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    fleet(rig, "a")
    rig.apply()
    fleet(rig, "b")
    project(rig, moved=moved(("instance.a", "instance.b")))
    rig.destroy()
    assert rig.live_ids() == []
    assert rig.state().records == {}


def test_a_move_within_one_file_leaves_other_files_alone(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    fleet(rig, "a", "x")
    rig.apply()
    project(rig, moved=moved(("instance.a", "instance.b"), ("instance.x", "instance.y")))
    (tmp_path / "main.yaml").unlink()
    document = {"apiVersion": "novita-infra/v1", "kind": "Instance", "spec": {**MACHINE, "name": "machine"}}
    rig.write("b.yaml", {**document, "metadata": {"name": "b"}})
    rig.write("y.yaml", {**document, "metadata": {"name": "y"}})
    folder, rig.folder = rig.folder, tmp_path / "b.yaml"
    scoped = rig.project()
    rig.folder = folder
    rig.project = lambda: scoped  # type: ignore[method-assign]
    rig.apply()
    assert sorted(map(str, rig.state().records)) == ["instance.b", "instance.x"]


@pytest.mark.parametrize("at_write", range(3))
@pytest.mark.parametrize("after_effect", [False, True])
def test_a_killed_run_with_moves_is_finished_by_the_next(tmp_path: Path, at_write: int, after_effect: bool) -> None:
    rig = Rig(tmp_path)
    fleet(rig, "a", "x")
    rig.apply()
    ids = {rig.record("instance.a").id, rig.record("instance.x").id}
    fleet(rig, "b", "y", "new", b={"ports": ["80/http"]})
    project(rig, moved=moved(("instance.a", "instance.b"), ("instance.x", "instance.y")))
    rig.crash(at_write=at_write, after_effect=after_effect)
    names = {str(address) for address in rig.state().records} - {"instance.new"}
    assert names in ({"instance.a", "instance.x"}, {"instance.b", "instance.y"}), "all moves, or none"
    rig.apply()
    assert {rig.record("instance.b").id, rig.record("instance.y").id} == ids
    rig.assert_converged()


def test_what_is_removed_is_deleted_with_the_entry_as_its_reason(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    fleet(rig, "a", "b")
    rig.apply()
    fleet(rig, "b")
    project(rig, removed=[{"from": "instance.a"}])
    review = rig.plan()
    (change,) = [item for item in review.plan.changes if item.action is not Action.NONE]
    assert (change.action, change.why) == (Action.DELETE, "removed at novita-infra.yaml:6:3")
    rig.apply()
    assert rig.plan().empty
    assert len(rig.live_ids()) == 1


def test_what_is_removed_without_destroying_is_forgotten_and_remains(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    fleet(rig, "a", "b")
    rig.apply()
    id, calls, alive = rig.record("instance.a").id, writes(rig), rig.live_ids()
    fleet(rig, "b")
    project(rig, removed=[{"from": "instance.a", "destroy": False}])
    review = rig.plan()
    (change,) = [item for item in review.plan.changes if item.action is not Action.NONE]
    assert (change.action, change.why) == (Action.FORGET, f"removed at novita-infra.yaml:6:3; {id} remains")
    assert not change.loses
    (shown,) = [item for item in plan_json(review)["resource_changes"] if item["address"] == "instance.a"]
    assert shown["change"]["actions"] == ["forget"]
    assert shown["novita"]["cost"]["remains"] is True
    assert shown["novita"]["cost"]["delta"]["per_hour"]["most"] == "0"
    text = plain(plan_lines(review))
    assert "      cost: $0.35/h goes on, and no later plan counts it\n" in text
    assert "Cost of environment default: $0.70/h, $504.00/month, as before\n" in text
    assert "      counted for the last time, and goes on: instance.a $0.35/h\n" in text
    rig.apply()
    assert (writes(rig), rig.live_ids()) == (calls, alive)
    assert sorted(map(str, rig.state().records)) == ["instance.b"]
    assert rig.plan().empty


def test_the_last_resources_are_forgotten_where_each_is_removed(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    fleet(rig, "a", "b")
    rig.apply()
    calls, alive = writes(rig), rig.live_ids()
    (tmp_path / "main.yaml").unlink()
    project(rig, removed=[{"from": "instance.a", "destroy": False}])
    (problem,) = rig.plan().problems
    assert problem.summary == "the manifests declare nothing, and 1 resources are recorded: they would all be deleted"
    project(rig, removed=[{"from": f"instance.{name}", "destroy": False} for name in "ab"])
    rig.apply()
    assert (writes(rig), rig.live_ids()) == (calls, alive)
    assert rig.state().records == {}


def test_a_destroy_forgets_what_is_removed_without_destroying(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    fleet(rig, "a", "b")
    rig.apply()
    id = rig.record("instance.a").id
    fleet(rig, "b")
    project(rig, removed=[{"from": "instance.a", "destroy": False}])
    rig.destroy()
    assert rig.live_ids() == [id]
    assert rig.state().records == {}


def test_a_removal_follows_a_move(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    fleet(rig, "a", "b")
    rig.apply()
    id = rig.record("instance.a").id
    fleet(rig, "b")
    project(rig, moved=moved(("instance.a", "instance.c")), removed=[{"from": "instance.c", "destroy": False}])
    rig.apply()
    assert sorted(map(str, rig.state().records)) == ["instance.b"]
    assert id in rig.live_ids()


def for_each(rig: Rig, name: str, keys: list[str], *, moves: list[dict[str, str]], **more: Any) -> None:
    """Declares one machine for each key, all of the same name in the account."""
    document = {
        "apiVersion": "novita-infra/v1",
        "kind": "Instance",
        "metadata": {"name": name},
        "forEach": keys,
        **more,
        "spec": {**MACHINE, "name": "machine"},
    }
    rig.write("main.yaml", document)
    project(rig, moved=moves)


def ids(rig: Rig) -> dict[str, str]:
    return {str(address): record.id for address, record in rig.state().records.items()}


def test_a_machine_moves_into_a_key_the_whole_name_moves_and_one_moves_out_again(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    fleet(rig, "worker")
    rig.apply()
    first, calls = rig.record("instance.worker").id, writes(rig)
    for_each(rig, "worker", ["eu"], moves=moved(("instance.worker", 'instance.worker["eu"]')))
    assert rig.plan().empty
    rig.apply()
    assert ids(rig) == {'instance.worker["eu"]': first}
    assert writes(rig) == calls
    for_each(rig, "worker", ["eu", "us"], moves=[])
    rig.apply()
    both, calls = ids(rig), writes(rig)
    for_each(rig, "trainer", ["eu", "us"], moves=moved(("instance.worker", "instance.trainer")))
    assert rig.plan().empty
    rig.apply()
    assert ids(rig) == {name.replace("worker", "trainer"): id for name, id in both.items()}
    for_each(rig, "trainer", ["eu"], moves=moved(('instance.trainer["us"]', "instance.solo")))
    document = {"apiVersion": "novita-infra/v1", "kind": "Instance", "metadata": {"name": "solo"}}
    rig.write("solo.yaml", {**document, "spec": {**MACHINE, "name": "machine"}})
    assert rig.plan().empty
    rig.apply()
    assert ids(rig) == {'instance.trainer["eu"]': first, "instance.solo": both['instance.worker["us"]']}
    assert writes(rig) == calls


def module(rig: Rig, name: str, keys: list[str], *machines: str, moves: list[dict[str, str]]) -> None:
    """Declares a module of machines for each key; all have one name in the account."""
    head = {"apiVersion": "novita-infra/v1"}
    spec = {**MACHINE, "name": "machine"}
    documents = [{**head, "kind": "Instance", "metadata": {"name": item}, "spec": spec} for item in machines]
    rig.write("modules/node/nodes.yaml", *documents)
    rig.write("modules/node/novita-infra-module.yaml", {**head, "kind": "ModuleInterface"})
    uses = {**head, "kind": "Module", "metadata": {"name": name}, "spec": {"source": "./modules/node"}}
    rig.write("main.yaml", {**uses, "forEach": keys} if keys else uses)
    project(rig, moved=moves)


def test_a_machine_moves_into_a_module_a_module_into_a_key_and_all_of_it_to_another_name(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    fleet(rig, "a", "b")
    rig.apply()
    before, calls = ids(rig), writes(rig)

    def reach(**names: str) -> None:
        review = rig.plan()
        assert review.empty, text_of(review)
        rig.apply()
        assert ids(rig) == {names[name.removeprefix("instance.")]: id for name, id in before.items()}
        assert writes(rig) == calls

    pairs = [(f"instance.{name}", f"module.node.instance.{name}") for name in "ab"]
    module(rig, "node", [], "a", "b", moves=moved(*pairs))
    reach(a="module.node.instance.a", b="module.node.instance.b")
    module(rig, "node", ["eu"], "a", "b", moves=moved(("module.node", 'module.node["eu"]')))
    reach(a='module.node["eu"].instance.a', b='module.node["eu"].instance.b')
    module(rig, "train", ["eu"], "a", "b", moves=moved(("module.node", "module.train")))
    reach(a='module.train["eu"].instance.a', b='module.train["eu"].instance.b')
    within = ('module.train["eu"].instance.b', 'module.train["eu"].instance.c')
    module(rig, "train", ["eu"], "a", "c", moves=moved(within))
    reach(a='module.train["eu"].instance.a', b='module.train["eu"].instance.c')
    everything = [(f"instance.{name}", f"module.node.instance.{name}") for name in "ab"]
    everything += [("module.node", 'module.train["eu"]'), within]
    assert not rig.plan().plan.edits
    module(rig, "train", ["eu"], "a", "c", moves=moved(*everything))
    assert not rig.plan().plan.edits


def test_what_is_removed_without_keys_covers_every_key_of_the_modules_around(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    head = {"apiVersion": "novita-infra/v1"}
    module(rig, "out", ["eu", "us"], "a", moves=[])
    inner = {**head, "kind": "Module", "metadata": {"name": "in"}, "spec": {"source": "../leaf"}}
    rig.write("modules/node/nodes.yaml", inner)
    rig.write("modules/leaf/nodes.yaml", {**head, "kind": "Instance", "metadata": {"name": "a"}, "spec": MACHINE})
    rig.write("modules/leaf/novita-infra-module.yaml", {**head, "kind": "ModuleInterface"})
    rig.apply()
    alive = rig.live_ids()
    assert [str(address) for address in rig.state().records] == [
        'module.out["eu"].module.in.instance.a',
        'module.out["us"].module.in.instance.a',
    ]
    removed = [{"from": "module.out.module.in", "destroy": False}]
    project(rig, removed=removed)
    with pytest.raises(Problems, match=r"module\.out\.module\.in is still declared, and removed says that it is gone"):
        rig.plan()
    fleet(rig, "other")
    project(rig, removed=removed)
    assert {str(item.address): item.action for item in rig.plan().plan.changes if item.address.module} == {
        'module.out["eu"].module.in.instance.a': Action.FORGET,
        'module.out["us"].module.in.instance.a': Action.FORGET,
    }
    assert rig.live_ids() == alive


def test_a_module_is_removed_without_its_objects(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    module(rig, "node", ["eu", "us"], "a", moves=[])
    rig.apply()
    alive = rig.live_ids()
    fleet(rig, "other")
    project(rig, removed=[{"from": 'module.node["eu"]', "destroy": False}, {"from": "module.node"}])
    actions = {str(change.address): change.action for change in rig.plan().plan.changes}
    assert actions == {
        "instance.other": Action.CREATE,
        'module.node["eu"].instance.a': Action.FORGET,
        'module.node["us"].instance.a': Action.DELETE,
    }
    rig.apply()
    assert len({*alive} & {*rig.live_ids()}) == 1


def test_a_move_to_a_resource_that_another_environment_has_waits_for_that_one(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    fleet(rig, "a", "other")
    rig.apply()
    document = {"apiVersion": "novita-infra/v1", "kind": "Instance", "spec": {**MACHINE, "name": "machine"}}
    rig.write("main.yaml", {**document, "metadata": {"name": "other"}})
    rig.write("b.yaml", {**document, "metadata": {"name": "b"}, "enabled": "${environment.name == 'prod'}"})
    project(rig, environments={"prod": {}}, moved=moved(("instance.a", "instance.b")))
    with pytest.raises(Problems) as raised:
        rig.plan()
    assert str(raised.value) == (
        "instance.a: instance.a moves to instance.b, which is not declared in this environment; it would be deleted: "
        'if that is wanted, name it under removed; did you mean "instance.other"?'
    )
    rig.environment = "prod"
    assert not rig.plan().plan.edits


def test_a_saved_plan_moves_what_it_showed_also_after_a_killed_run(tmp_path: Path) -> None:
    for killed in (False, True):
        rig = Rig(tmp_path / str(killed))
        rig.folder.mkdir()
        fleet(rig, "a")
        rig.apply()
        id = rig.record("instance.a").id
        fleet(rig, "b", b={"ports": ["80/http"]})
        project(rig, moved=moved(("instance.a", "instance.b")))
        path = save(rig)
        if killed:
            assert rig.crash(at_write=0, after_effect=False, run=partial(apply_saved, rig, path))
        assert apply_saved(rig, path).succeeded
        assert {str(address): record.id for address, record in rig.state().records.items()} == {"instance.b": id}
        rig.assert_converged()


def test_a_saved_plan_is_refused_where_the_moves_are_not_what_they_were(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    fleet(rig, "a", "x")
    rig.apply()
    fleet(rig, "b", "x", x={"ports": ["80/http"]})
    project(rig, moved=moved(("instance.a", "instance.b")))
    path = save(rig)
    project(rig)
    with pytest.raises(Problems) as raised:
        apply_saved(rig, path)
    assert "instance.a: it was to move to instance.b, and does not now" in str(raised.value)
    project(rig, moved=moved(("instance.a", "instance.b")))
    assert apply_saved(rig, path).succeeded


# --- any fleet ----------------------------------------------------------------------------------------------------

PROPERTY = settings(
    max_examples=draws(25), deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
_REFERS: Final = {
    "instance": "instance",
    "registryAuth": "registry_auth",
    "storage": "network_storage",
    "template": "template",
    "vpc": "vpc",
}
_TYPES: Final = {kind.name: kind.type for kind in KINDS.values()}


def renamed(value: Any, names: Mapping[Address, Address], *, key: str = "") -> Any:
    """The value of a spec with the new addresses in its references."""
    match value:
        case dict():
            return {name: renamed(item, names, key=name) for name, item in value.items()}
        case list():
            return [renamed(item, names, key=key) for item in value]
        case str():
            if key in _REFERS and (target := names.get(Address(_REFERS[key], value))):
                return str(target).partition(".")[2]
            return re.sub(
                r"\$\{(\w+)\.([\w-]+)\.",
                lambda match: f"${{{names.get(Address(match[1], match[2]), f'{match[1]}.{match[2]}')}.",
                value,
            )
        case _:
            return value


def document(kind: str, target: Address, spec: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest of a resource at an address with or without a key."""
    head = {"apiVersion": "novita-infra/v1", "kind": kind, "metadata": {"name": target.name}}
    return {**head, **({"forEach": [target.key]} if target.key else {}), "spec": spec}


@pytest.mark.slow
@PROPERTY
@given(fleets(), st.data())
def test_any_fleet_is_moved_without_a_call_and_only_the_addresses_change(resources: list[Resource], data: Any) -> None:
    """Each resource keeps its address, gets another name, or moves into a key; in one step or by way of others."""
    with tempfile.TemporaryDirectory() as folder:
        rig = Rig(Path(folder), environ={})
        named = [
            (kind, name, {"name": name, **spec} if "name" in KINDS[_TYPES[kind]].by_name else spec)
            for kind, name, spec in resources
        ]
        rig.declare(*named)
        rig.apply()
        rig.apply()  # which records the outputs of what has become ready
        before, calls = rig.state(), writes(rig)
        targets: dict[Address, Address] = {}
        pairs: list[tuple[str, str]] = []
        for kind, name, _ in named:
            source = Address(_TYPES[kind], name)
            moves_to = [source, Address(source.type, f"x_{name}"), Address(source.type, name, "k")]
            targets[source] = data.draw(st.sampled_from([*moves_to, Address(source.type, f"{name}-moved", "k.1")]))
            between = data.draw(st.sampled_from([[], ["between"], ["between", "further"]]))
            if targets[source].name == name:  # a name that is left with every key cannot be where the path ends
                between = []
            path = [source, *(Address(source.type, f"{name}-{step}") for step in between), targets[source]]
            pairs += [(str(one), str(two)) for one, two in pairwise(path) if targets[source] != source]
        rig.write(
            "main.yaml",
            *(
                document(kind, targets[Address(_TYPES[kind], name)], renamed(spec, targets))
                for kind, name, spec in named
            ),
        )
        project(rig, moved=data.draw(st.permutations(moved(*pairs))))
        review = rig.plan()
        assert review.empty, text_of(review)
        rig.apply()
        assert writes(rig) == calls
        after = rig.state()
        assert {address: replace(record, seen_at=0) for address, record in after.records.items()} == {
            targets[address]: replace(
                record,
                address=targets[address],
                needs=tuple(sorted(targets[need] for need in record.needs)),
                seen_at=0,
            )
            for address, record in before.records.items()
        }
        rig.assert_converged()

"""A lost state (a checkout without the state folder): objects that exist are not bought a second time."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from plan_files import apply_saved, save
from rig import WRITES, Rig

from novita_infra.cli.commands.reading.drift import with_advice
from novita_infra.model.diagnostics import EXIT_REFUSED, Problems
from novita_infra.model.records import Record
from novita_infra.planning.options import Refresh
from novita_infra.planning.plan.review import Review
from novita_infra.simulator import Fault, Trouble

HERE = "us-dallas-nas-2"
MACHINE: dict[str, Any] = {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04"}
TEMPLATE: dict[str, Any] = {"image": "ubuntu:22.04", "rootDiskGb": 60}
ENDPOINT: dict[str, Any] = {
    **MACHINE,
    "ports": ["80/http"],
    "healthPath": "/",
    "workers": {"min": 1, "max": 2, "idleTimeout": 60, "maxConcurrency": 1, "requestTimeout": 60},
    "scaling": {"type": "queue", "value": 1},
}
MARKED = [
    ("Instance", MACHINE),
    ("Endpoint", ENDPOINT),
    ("Template", TEMPLATE),
    ("ImagePrewarm", {"image": "ubuntu:1", "cluster": HERE}),
]
UNMARKED = [
    ("NetworkStorage", {"cluster": HERE, "sizeGb": 10}),
    ("VPC", {"cluster": HERE}),
    ("RegistryAuth", {"username": "bot", "password": "hunter2"}),
]


def _lose_the_books(rig: Rig) -> None:
    shutil.rmtree(rig.folder / "state")


def _made_and_lost(kind: str, spec: dict[str, Any], folder: Path) -> tuple[Rig, Record]:
    """A project whose object exists and whose state does not, with the messages of the plan."""
    rig = Rig(folder, environ={})
    rig.declare((kind, "it", spec))
    rig.apply()
    (record,) = rig.state().records.values()
    _lose_the_books(rig)
    return rig, record


def _problems(plan: Review) -> dict[str, str]:
    return {item.address: item.summary for item in plan.problems}


def _lists(rig: Rig) -> Counter[str]:
    return Counter({name: count for name, count in rig.world.calls.items() if name.endswith(".list")})


@pytest.mark.parametrize(("kind", "spec"), MARKED)
def test_what_carries_the_mark_of_what_would_be_created_refuses_the_plan(
    kind: str, spec: dict[str, Any], tmp_path: Path
) -> None:
    rig, record = _made_and_lost(kind, spec, tmp_path)
    plan = rig.plan()
    lost, problem = plan.problems
    assert plan.code == EXIT_REFUSED
    assert "the state of project rig, environment default, is lost" in lost.summary
    assert f"{record.address} ({record.id})" in lost.summary
    assert problem.address == str(record.address)
    assert record.id in problem.summary
    assert f"orphans --adopt {record.address} --id {record.id}" in problem.hint
    assert "terminate" not in problem.hint
    rig.take_in(str(record.address), record.id)
    assert not rig.plan().problems
    assert rig.live_ids() == [record.id]


@pytest.mark.parametrize("recorded", [False, True], ids=["without a state", "with an older state"])
@pytest.mark.parametrize(("kind", "spec"), UNMARKED)
def test_an_unmarked_object_of_the_same_name_and_place_is_not_bought_twice(
    kind: str, spec: dict[str, Any], recorded: bool, tmp_path: Path
) -> None:
    rig, record = _made_and_lost(kind, spec, tmp_path)
    if recorded:
        rig.declare((kind, "it", spec), ("Template", "other", TEMPLATE))
        rig.apply(targets=("template.other",))
    plan = rig.plan()
    (problem,) = (item for item in plan.problems if item.address == str(record.address))
    assert plan.code == EXIT_REFUSED
    assert record.id in problem.summary
    assert f"orphans --adopt {record.address} --id {record.id}" in problem.hint
    rig.apply(create_anyway=(str(record.address),))
    made = rig.record(str(record.address)).id
    assert made != record.id
    assert {made, record.id} <= set(rig.live_ids())
    assert rig.plan().empty


def test_drift_repeats_the_way_out_word_for_word(tmp_path: Path) -> None:
    rig, _ = _made_and_lost("Instance", MACHINE, tmp_path)
    plan = rig.plan()
    lost, duplicate = with_advice(plan, "novita-infra apply").problems
    assert duplicate.hint == plan.problems[1].hint
    assert lost.hint == plan.problems[0].hint.replace("--new-state", "novita-infra apply --new-state")


def test_only_unrecorded_objects_are_reported_with_an_import_for_the_environment(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.environment = "prod"
    head = "apiVersion: novita-infra/v1\nkind: Project\nmetadata: {name: rig}\n"
    rig.write("novita-infra.yaml", f"{head}environments: {{prod: {{}}}}\n")
    rig.declare(("Template", "kept", TEMPLATE), ("Template", "lost", TEMPLATE))
    rig.apply()
    lost, state = rig.record("template.lost"), rig.state()
    rig.store().save(
        replace(state, records={address: item for address, item in state.records.items() if item.id != lost.id})
    )
    (problem,) = rig.plan().problems
    assert problem.address == "template.lost"
    assert lost.id in problem.summary
    assert f"orphans --env prod --adopt template.lost --id {lost.id}" in problem.hint


def test_what_belongs_to_another_environment_or_project_stands_in_nobodys_way(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.write(
        "novita-infra.yaml",
        {
            "apiVersion": "novita-infra/v1",
            "kind": "Project",
            "metadata": {"name": "rig"},
            "environments": {"dev": {}, "prod": {}},
        },
    )
    rig.declare(("Instance", "it", MACHINE), ("NetworkStorage", "data", {"cluster": HERE, "sizeGb": 10}))
    for environment in ("dev", "prod"):
        rig.environment = environment
        assert not rig.plan().problems  # of the other one's storage, which has the same name and no mark
        rig.apply()
    assert len(rig.live_ids()) == 4
    _lose_the_books(rig)
    text = (tmp_path / "novita-infra.yaml").read_text(encoding="utf-8")
    rig.write("novita-infra.yaml", text.replace("name: rig", "name: another"))
    plan = rig.plan()
    assert [item.address for item in plan.problems] == ["network_storage.data"]  # nothing says that it is another's


def test_a_deleted_object_that_lists_still_show_is_created_again(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.world.faults.add(Fault(kind=Trouble.STALE, operation="*.list", seconds=20, count=None))
    rig.declare(*((kind, "it", spec) for kind, spec in MARKED))
    rig.apply()
    rig.destroy()
    assert not rig.state().records
    rig.apply()
    rig.assert_converged()


def test_a_plan_reads_each_list_once_and_only_for_creates(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(("Template", "one", TEMPLATE))
    rig.apply()
    before = _lists(rig)
    rig.plan()
    assert _lists(rig) - before == Counter({"templates.list": 1})
    rig.declare(("Template", "one", TEMPLATE), ("Template", "two", TEMPLATE), *((MARKED[3][0], "p", MARKED[3][1]),))
    before = _lists(rig)
    rig.plan()
    message = _lists(rig) - before
    assert (message["templates.list"], message["prewarms.list"], message["instances.list"]) == (1, 1, 0)
    before = _lists(rig)
    rig.plan(targets=("template.one",))
    assert (_lists(rig) - before)["prewarms.list"] == 0


@pytest.mark.parametrize("refresh", [Refresh.NONE, Refresh.CHANGED])
def test_it_is_looked_for_whatever_else_is_read(refresh: Refresh, tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(("Instance", "it", MACHINE), ("Template", "other", TEMPLATE))
    rig.apply()
    writes = sum(rig.world.calls[name] for name in WRITES if name in rig.world.calls)
    state = rig.state()
    rig.store().save(
        replace(state, records={address: item for address, item in state.records.items() if address.type == "template"})
    )
    assert set(_problems(rig.plan(refresh=refresh))) == {"instance.it"}
    assert sum(rig.world.calls[name] for name in WRITES if name in rig.world.calls) == writes


def test_a_saved_plan_buys_nothing_twice_after_lost_state(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(("Instance", "it", MACHINE))
    path = save(rig)
    assert apply_saved(rig, path).succeeded
    before = rig.live_ids()
    _lose_the_books(rig)
    with pytest.raises(Problems) as message:
        apply_saved(rig, path)
    assert message.value.code == EXIT_REFUSED
    assert rig.live_ids() == before


class _RigOfOlderState(Rig):
    counts_calls = False  # an audit log is ahead of such a state, and is not whole


def test_a_destroy_reports_what_an_older_state_does_not_record(tmp_path: Path) -> None:
    rig = _RigOfOlderState(tmp_path, environ={})
    rig.declare(("VPC", "net", {"cluster": HERE}))
    rig.apply()
    older = (tmp_path / "state" / "default.json").read_bytes()
    rig.declare(("VPC", "net", {"cluster": HERE}), ("Instance", "it", MACHINE))
    rig.apply()
    id = rig.record("instance.it").id
    assert rig.plan(destroys=True).notes == ()
    (tmp_path / "state" / "default.json").write_bytes(older)
    plan = rig.plan(destroys=True)
    (note,) = plan.notes
    assert plan.problems == ()
    assert f"1 object in the account carries its owner mark ($0.35 per hour): instance.it ({id})" in note.summary
    assert "`novita-infra orphans` shows what to adopt or to terminate" in note.hint
    assert rig.plan(destroys=True, targets=("vpc.net",)).notes == ()
    rig.destroy()
    assert rig.live_ids() == [id]
    (again,) = rig.plan(destroys=True).notes
    assert again.summary == note.summary

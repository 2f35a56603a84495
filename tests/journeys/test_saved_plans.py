"""Plans that are saved and applied later: exactly as they were shown, once, or refused with what moved."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from death import disk_of, restore_disk
from draws import draws
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from plan_files import apply_saved, save, saved_run
from plan_shapes import check_shape
from rig import Rig

from novita_infra.applying.events import Ended
from novita_infra.cli import root
from novita_infra.encoding import Malformed, as_source, fingerprint
from novita_infra.model.clock import moment
from novita_infra.model.diagnostics import EXIT_BLOCKED, EXIT_ERROR, EXIT_OVER_BUDGET, EXIT_REFUSED, Problems
from novita_infra.operations.plans.saved_plans import reopened
from novita_infra.operations.session import ProjectOptions
from novita_infra.planning.saved.plan_file import digest_of, read_plan, seal_of
from novita_infra.planning.saved.stored_form import from_stored
from novita_infra.simulator import scenario_named
from novita_infra.simulator.scenarios.model import start_scenario
from novita_infra.simulator.world.engine.cloud_records import Instance, Storage
from novita_infra.simulator.world.market.catalogue import product_of, products_like
from novita_infra.simulator.world.market.money import list_price, move_price
from novita_infra.state.process_identity import this_process

HERE = "us-dallas-nas-2"
MACHINE: dict[str, Any] = {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04", "cluster": HERE}


def machine(name: str = "trainer", **more: Any) -> tuple[str, str, dict[str, Any]]:
    return ("Instance", name, {**MACHINE, **more})


def storage(name: str = "data", size: int = 10) -> tuple[str, str, dict[str, Any]]:
    return ("NetworkStorage", name, {"cluster": HERE, "sizeGb": size})


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    found = Rig(tmp_path, environ={})
    found.declare(machine(), storage())
    found.apply()
    return found


def refusal(rig: Rig, path: Path) -> Problems:
    """Why the plan file is refused; nothing was called before that was known."""
    before = rig.store().path.read_bytes() if rig.store().path.exists() else b""
    made = rig.live_ids()
    with pytest.raises(Problems) as caught:
        apply_saved(rig, path)
    assert rig.live_ids() == made
    assert (rig.store().path.read_bytes() if rig.store().path.exists() else b"") == before
    return caught.value


def live_storage(rig: Rig) -> Storage:
    found = rig.world.storages.get(rig.record("network_storage.data").id)
    assert found is not None
    return found


def live_machine(rig: Rig, name: str = "trainer") -> Instance:
    found = rig.world.instances.get(rig.record(f"instance.{name}").id)
    assert found is not None
    return found


def text_of(problems: Problems) -> list[str]:
    return [f"{item.address}: {item.summary}" for item in problems.diagnostics]


def test_a_saved_plan_is_done_as_it_was_shown(rig: Rig) -> None:
    rig.declare(machine(command="sleep 1"), storage(size=20))
    path = save(rig)
    rig.clock.run(rig.clock.sleep(3 * 3600))
    assert apply_saved(rig, path).succeeded
    rig.assert_converged()
    assert live_storage(rig).size == 20


def test_the_first_plan_of_a_project_can_be_saved_too(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={"NOVITA_INFRA_VAR_token": "hush"})
    rig.write(
        "novita-infra.yaml",
        {
            "apiVersion": "novita-infra/v1",
            "kind": "Project",
            "metadata": {"name": "rig"},
            "variables": {"token": {"type": "string", "secret": True}},
        },
    )
    rig.declare(machine(env={"TOKEN": "${var.token}"}))
    path = save(rig)
    assert "hush" not in path.read_text()
    assert apply_saved(rig, path).succeeded
    rig.assert_converged()


def by_hand(rig: Rig) -> None:
    live = live_machine(rig)
    live.command = "by hand"
    rig.world.instances.touch(live)


def declared_anew(rig: Rig) -> None:
    rig.declare(machine(image="ubuntu:24.04", command="sleep 2"), storage())


def no_longer_declared(rig: Rig) -> None:
    rig.declare(storage())


def another_size(rig: Rig) -> None:
    rig.declare(machine(command="sleep 1"), storage(size=30))


def more_time(rig: Rig) -> None:
    rig.declare(machine(command="sleep 1"), storage(), trainer={"timeouts": {"update": "2h"}})


def one_more(rig: Rig) -> None:
    rig.declare(machine(command="sleep 1"), storage(), storage("more"))


@pytest.mark.parametrize(
    ("move", "says"),
    [
        (by_hand, ['instance.trainer: command was "", and is "by hand"']),
        (
            declared_anew,
            [
                'instance.trainer: command was to be "sleep 1", and would now be "sleep 2"',
                'instance.trainer: image was to be "ubuntu:22.04", and would now be "ubuntu:24.04"',
            ],
        ),
        (
            no_longer_declared,
            ["instance.trainer: the plan would delete it now, and was to update it: no longer declared"],
        ),
        (another_size, ["network_storage.data: sizeGb was to be 10, and would now be 30"]),
        (more_time, ["instance.trainer: its manifest is not what it was"]),
        (one_more, ["network_storage.more: it is declared now, and was not"]),
    ],
)
def test_a_stale_plan_reports_each_moved_field_and_calls_nothing(
    move: Callable[[Rig], None], says: list[str], rig: Rig
) -> None:
    rig.declare(machine(command="sleep 1"), storage())
    path = save(rig)
    rig.clock.run(rig.clock.sleep(3 * 3600))
    move(rig)
    problems = refusal(rig, path)
    assert text_of(problems) == says
    assert {item.hint for item in problems.diagnostics} == {"moved since the plan was made, 3 h ago; make a new plan"}
    assert problems.code == EXIT_ERROR


def test_what_the_plan_does_not_touch_may_move(rig: Rig) -> None:
    rig.declare(machine(), storage(size=20))
    path = save(rig)
    by_hand(rig)
    assert apply_saved(rig, path).succeeded
    assert live_storage(rig).size == 20


def test_what_a_change_stands_on_must_still_be_the_same_object(rig: Rig) -> None:
    rig.declare(machine(networkStorages=[{"storage": "data", "mountPath": "/data"}]), storage())
    path = save(rig)
    id = rig.record("network_storage.data").id
    rig.world.storages.remove(live_storage(rig))
    assert (
        f"network_storage.data: it was {id}, and is not there: {id} is gone: deleted outside of novita-infra"
        in text_of(refusal(rig, path))
    )


def test_a_status_that_moves_by_itself_refuses_nothing(rig: Rig) -> None:
    rig.declare(machine(), machine("second"), storage())
    rig.apply(stop_when=lambda event: isinstance(event, Ended) or "pulling" in str(event), expect_success=False)
    rig.declare(machine(), machine("second", command="sleep 1"), storage())
    path = save(rig)
    assert "wait" in {step.call_name for step in read_plan(path).review.plan.steps} | {"wait"}
    rig.clock.run(rig.clock.sleep(600))
    assert apply_saved(rig, path).succeeded
    rig.assert_converged()


def test_an_applied_plan_has_nothing_left_and_names_its_use(rig: Rig) -> None:
    rig.declare(machine(), storage(size=20))
    path = save(rig)
    apply_saved(rig, path)
    assert rig.state().used_plans[-1].done
    serial = rig.state().serial
    run = saved_run(rig, path)
    assert run.review.empty
    assert run.note.startswith("This plan was applied at 2026-")
    assert ", process " in run.note
    assert run.note.endswith(": nothing is left of it.")
    assert rig.state().serial == serial


def test_an_applied_plan_is_refused_when_its_resource_has_changed_since(rig: Rig) -> None:
    rig.declare(machine(), storage(size=20))
    path = save(rig)
    apply_saved(rig, path)
    live = live_storage(rig)
    live.name = "renamed"
    rig.world.storages.touch(live)
    (problem,) = text_of(refusal(rig, path))
    assert problem.startswith(": this plan was applied at 2026-")
    assert problem.endswith("and since then network_storage.data changed")


def test_an_interrupted_saved_plan_is_finished_by_the_same_command(rig: Rig) -> None:
    rig.declare(machine(), machine("second"), storage(size=20))
    path = save(rig)
    assert not apply_saved(rig, path, stop_when=lambda _: True).succeeded
    assert not rig.state().used_plans[-1].done
    assert saved_run(rig, path).note.endswith("this run finishes what is left of it.")
    assert apply_saved(rig, path).succeeded
    assert rig.state().used_plans[-1].done
    rig.assert_converged()


def test_a_plan_whose_run_died_is_finished_by_the_same_command(rig: Rig) -> None:
    rig.declare(machine(), storage(size=20))
    path = save(rig)
    state: dict[str, bytes] = {}

    def died(_: object) -> bool:
        state.update(disk_of(rig.folder / "state"))
        return True

    apply_saved(rig, path, stop_when=died)
    restore_disk(rig.folder / "state", state)
    assert apply_saved(rig, path).succeeded
    rig.assert_converged()


def test_a_saved_plan_of_another_state_is_refused(rig: Rig) -> None:
    rig.declare(machine(), storage(size=20))
    path = save(rig)
    rig.declare(machine(command="sleep 1"), storage())
    rig.apply()
    rig.declare(machine(), storage(size=20))
    began, now = read_plan(path).review.plan.basis.serial, rig.state()
    assert now.last_run is not None
    refused = refusal(rig, path).diagnostics[0]
    assert refused.summary == (
        f"the state has changed since the plan was made: from version {began} to {now.serial}; "
        f"the last change was `apply` of {this_process()} at {moment(now.last_run.since)}"
    )
    assert refused.hint == "make a new plan, and apply that: novita-infra plan --out FILE"


def test_a_copy_of_the_state_that_is_older_than_the_saved_plan_is_called_behind(rig: Rig) -> None:
    rig.declare(machine(), storage(size=20))
    older, began = disk_of(rig.folder / "state"), rig.state()
    rig.apply()
    assert began.last_run is not None
    rig.declare(machine(command="sleep 1"), storage(size=20))
    path = save(rig)
    made_from = read_plan(path).review.plan.basis.serial
    restore_disk(rig.folder / "state", older)
    refused = refusal(rig, path).diagnostics[0]
    assert refused.summary == (
        f"{rig.store().describe()} is behind: the plan was made from version {made_from}, and this is version "
        f"{began.serial}; the last change was `apply` of {this_process()} at {moment(began.last_run.since)}"
    )
    assert refused.hint == "get the newer state with its journal, such as by git pull, and apply the plan again"


@pytest.mark.parametrize("scenario", ["no-stock"])
def test_what_is_free_no_more_is_blocked_before_anything_is_called(rig: Rig, scenario: str) -> None:
    rig.declare(machine(), machine("second"), storage())
    path = save(rig)
    start_scenario(rig.world, scenario_named(scenario))
    rig.clock.run(rig.clock.sleep(5))
    problems = refusal(rig, path)
    assert problems.code == EXIT_BLOCKED
    assert {item.address for item in problems.diagnostics} == {"instance.second"}


def test_what_became_dearer_is_over_budget(rig: Rig) -> None:
    rig.declare(machine(), machine("second"), storage())
    path = save(rig)
    (change,) = (item for item in read_plan(path).review.plan.changes if item.address.name == "second")
    product = product_of(change.after["product"]["id"])
    start_scenario(rig.world, scenario_named("price-flap"))
    for _ in range(60):
        rig.clock.run(rig.clock.sleep(60))
        rig.world.advance()
        if list_price(rig.world, product) > product.price:
            break
    problems = refusal(rig, path)
    assert problems.code == EXIT_OVER_BUDGET
    assert "the price rose by" in problems.diagnostics[0].summary


def test_changes_since_the_saved_plan_are_reported_and_planned_next(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={}, scenario="drifted")
    rig.declare(machine(), storage())
    rig.apply()
    rig.declare(machine(command="sleep 1"), storage(size=20))
    path = save(rig)
    rig.clock.run(rig.clock.sleep(600))
    problems = refusal(rig, path)
    assert 'network_storage.data: name was "data", and is "renamed"' in text_of(problems)
    assert 'instance.trainer: power was "running", and is "stopped"' in text_of(problems)
    assert problems.code == EXIT_ERROR
    assert apply_saved(rig, save(rig, "y.niplan", allow_data_loss=("*",))).succeeded
    rig.assert_converged()


PROJECT = """\
apiVersion: novita-infra/v1
kind: Project
metadata: {name: small}
variables:
  size: {type: integer, default: 20}
environments:
  default: {}
  dev: {variables: {size: 30}}
"""
FLEET = """\
apiVersion: novita-infra/v1
kind: NetworkStorage
metadata: {name: data}
spec: {cluster: us-ca-nas-2, sizeGb: "${var.size}"}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("NOVITA_API_KEY", "NOVITA_API_URL", "NOVITA_INFRA_SIM", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    place = tmp_path / "small"
    place.mkdir()
    (place / "novita-infra.yaml").write_text(PROJECT)
    (place / "fleet.yaml").write_text(FLEET)
    monkeypatch.chdir(place)
    return place


def run(*words: str) -> Result:
    return CliRunner().invoke(root, list(words), prog_name="novita-infra")


def test_a_plan_file_tells_all_of_itself_on_another_machine(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = run("plan", "--sim", "--env", "dev", "--var", "size=40", "--out", "x.niplan").stdout
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (folder / "x.niplan").rename(elsewhere / "x.niplan")
    for item in folder.rglob("*"):
        if item.is_file():
            item.unlink()
    monkeypatch.chdir(elsewhere)
    found = run("show", "x.niplan")
    assert found.exit_code == 0, found.stderr
    assert found.stdout.startswith(shown[: shown.index("Plan: ")].rstrip().rpartition("\n")[0])
    assert "sizeGb: 40" in found.stdout
    assert 'variables: {size: "40"}' in found.stderr
    assert "by novita-infra" in found.stderr
    assert "seal: not checked here" in found.stderr
    plan = json.loads(run("show", "--json", "x.niplan").stdout)
    check_shape(plan)
    assert plan["novita"]["saved"]["root"] == str(folder)
    assert plan["novita"]["digest"].startswith("sha256:")
    assert run("graph", "x.niplan").exit_code == 0
    assert "+ network_storage.data will be created" in run("why", "network_storage.data", "x.niplan").stdout


def test_a_plan_keeps_the_variables_that_the_environment_gave(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert folder
    monkeypatch.setenv("NOVITA_INFRA_VAR_size", "50")
    assert run("plan", "--sim", "--out", "x.niplan").exit_code == 0
    monkeypatch.delenv("NOVITA_INFRA_VAR_size")
    assert run("apply", "x.niplan").exit_code == 0
    assert "sizeGb: 50" in run("show").stdout


def test_what_is_approved_by_its_digest_is_done_and_nothing_else(folder: Path) -> None:
    digest = json.loads(run("plan", "--sim", "--json").stdout)["novita"]["digest"]
    assert digest in run("plan", "--sim", "--out", "x.niplan").stderr
    (folder / "fleet.yaml").write_text(FLEET.replace('"${var.size}"', "99"))
    other = run("apply", "--sim", "--expect", digest)
    assert other.exit_code == EXIT_REFUSED
    assert "this is not the plan that was approved: its digest is sha256:" in other.stderr
    assert json.loads((folder / "state" / "default.json").read_text()).get("records", {}) == {}
    (folder / "fleet.yaml").write_text(f"# another line\n{FLEET}")
    assert run("apply", "--sim", "--expect", digest).exit_code == 0


def test_a_plan_file_is_approved_by_its_digest_too(folder: Path) -> None:
    assert folder
    run("plan", "--sim", "--out", "x.niplan")
    digest = json.loads(run("show", "--json", "x.niplan").stdout)["novita"]["digest"]
    assert run("apply", "x.niplan", "--expect", f"sha256:{'0' * 64}").exit_code == EXIT_REFUSED
    assert run("apply", "x.niplan", "--expect", digest).exit_code == 0


def test_the_digest_does_not_depend_on_absent_state(rig: Rig) -> None:
    rig.declare(machine(), storage(size=20))
    first = digest_of(rig.plan())
    rig.clock.run(rig.clock.sleep(3600))
    assert digest_of(rig.plan()) == first


def test_what_a_change_stands_on_may_move_otherwise(rig: Rig) -> None:
    rig.declare(machine(networkStorages=[{"storage": "data", "mountPath": "/data"}]), storage())
    path = save(rig)
    live = live_storage(rig)
    live.name = "renamed"
    rig.world.storages.touch(live)
    assert apply_saved(rig, path).succeeded


def test_a_plan_for_some_is_not_refused_for_the_manifests_of_others(rig: Rig) -> None:
    rig.declare(machine(command="sleep 1"), storage(size=20))
    path = save(rig, targets=("network_storage.data",))
    rig.declare(machine(command="sleep 2"), storage(size=20))
    assert apply_saved(rig, path).succeeded
    assert live_machine(rig).command == ""


def test_a_saved_destroy_needs_no_manifests(rig: Rig) -> None:
    path = save(rig, destroys=True, allow_data_loss=("*",))
    (rig.folder / "main.yaml").write_text("kind: [")
    assert apply_saved(rig, path).succeeded
    assert rig.live_ids() == []


def test_a_cheaper_product_does_not_make_a_saved_plan_stale(rig: Rig) -> None:
    rig.declare(machine(), machine("second"), storage())
    path = save(rig)
    (change,) = (item for item in read_plan(path).review.plan.changes if item.address.name == "second")
    for product in products_like("*4090*"):
        if product.id != change.after["product"]["id"]:
            move_price(rig.world, product, per_cent=10)
    fresh = next(item for item in rig.plan().plan.changes if item.address.name == "second")
    assert fresh.after["product"]["id"] != change.after["product"]["id"]
    assert apply_saved(rig, path).succeeded
    assert live_machine(rig, "second").product == change.after["product"]["id"]
    rig.assert_converged()


def places_in(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value in the JSON."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places_in(item, (*path, key))


def changed_at(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The JSON with another value at the path."""
    copied = json.loads(json.dumps(data))
    inner = copied
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return copied


EVIL = [{"policy": {"name": "p", "by": "run", "words": ["/bin/sh", "-c", "touch ran"]}}]
JSON = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=8), st.just([]), st.just({}), st.just(EVIL),
    st.sampled_from(["..", "/", "dev", "default", "create", "delete", "/etc/passwd", "sha256:00"]),
)  # fmt: skip


def resealed(data: dict[str, Any], how: str) -> dict[str, Any]:
    """The file with the seal that somebody without the state can make."""
    content = {name: data[name] for name in ("digest", "setting", "key", "plan") if name in data}
    match how:
        case "plain digest":
            return {**data, "seal": fingerprint(content)}
        case "key of the file":
            key = str(data.get("key"))
            known = len(key) % 2 == 0 and all(letter in "0123456789abcdef" for letter in key)
            return {**data, "seal": seal_of(data, key if known else "00")}
        case "old version":
            return {**data, "novita-infra plan": 1, "seal": fingerprint(content)}
        case _:
            return data


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> tuple[Rig, Path]:
    rig = Rig(tmp_path_factory.mktemp("honest"), environ={"TOKEN": "hush"})
    rig.declare(machine(env={"TOKEN": {"fromEnv": "TOKEN"}}), storage())
    return rig, save(rig)


@settings(deadline=None, max_examples=draws(150))
@given(st.data())
def test_any_change_of_a_plan_file_is_refused_before_anything_is_called_or_run(
    honest: tuple[Rig, Path], data: st.DataObject
) -> None:
    rig, path = honest
    good = json.loads(path.read_bytes())
    place = data.draw(st.sampled_from(list(places_in(good))))
    changed = changed_at(good, place, data.draw(JSON))
    how = data.draw(st.sampled_from(["as it was", "plain digest", "key of the file", "old version"]))
    file = rig.folder / "changed.niplan"
    file.write_text(json.dumps(resealed(changed, how)))
    if json.dumps(resealed(changed, how)) == json.dumps(good):
        reject()
    calls = dict(rig.world.calls)
    with pytest.raises(Problems):
        rig.clock.run(
            reopened(file, ProjectOptions(path=rig.folder), rig.environ)
        )  # opens no client and runs no policy
    assert dict(rig.world.calls) == calls
    assert not list(rig.folder.rglob("ran"))


def test_a_crafted_policy_in_a_plan_file_is_not_run(folder: Path) -> None:
    run("plan", "--sim", "--out", "x.niplan")
    data = json.loads((folder / "x.niplan").read_bytes())
    data["plan"]["policies"] = [{"policy": {"name": "p", "by": "run", "words": ["/bin/sh", "-c", "id > ran"]}}]
    for how in ("as it was", "plain digest", "key of the file", "old version"):
        (folder / "x.niplan").write_text(json.dumps(resealed(data, how)))
        refused = run("apply", "x.niplan", "--expect", data["digest"])
        assert refused.exit_code == EXIT_REFUSED, refused.stderr
        assert not list(folder.rglob("ran"))


def test_a_saved_plan_acts_on_the_folder_where_one_stands(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("plan", "--sim", "--out", "x.niplan")
    other = folder.parent / "other"
    shutil.copytree(folder, other)
    monkeypatch.chdir(other)
    (other / "fleet.yaml").write_text(FLEET.replace('"${var.size}"', "99"))
    refused = run("apply", "x.niplan")
    assert refused.exit_code == EXIT_ERROR
    assert "sizeGb was to be 20, and would now be 99" in refused.stderr
    (other / "fleet.yaml").write_text(FLEET)
    before = (folder / "state" / "default.json").read_bytes()
    assert run("apply", "x.niplan").exit_code == 0
    assert (folder / "state" / "default.json").read_bytes() == before
    assert "sizeGb: 20" in run("show").stdout


def test_a_plan_of_version_0_1_is_shown_and_not_applied(folder: Path) -> None:
    run("plan", "--sim", "--out", "x.niplan")
    old = resealed(json.loads((folder / "x.niplan").read_bytes()), "old version")
    (folder / "x.niplan").write_text(json.dumps(old))
    assert run("show", "x.niplan").exit_code == 0
    refused = run("apply", "x.niplan")
    assert refused.exit_code == EXIT_REFUSED
    assert "nothing proves that it is unchanged" in refused.stderr
    assert "make the plan again with `novita-infra plan --out`" in refused.stderr


def test_a_file_of_variables_must_be_named_again(folder: Path) -> None:
    (folder / "big.vars.yaml").write_text("size: 70\n")
    run("plan", "--sim", "--var-file", "big.vars.yaml", "--out", "x.niplan")
    refused = run("apply", "x.niplan")
    assert refused.exit_code == EXIT_ERROR
    assert "add --var-file big.vars.yaml" in refused.stderr
    assert run("apply", "x.niplan", "--var-file", "big.vars.yaml").exit_code == 0
    assert "sizeGb: 70" in run("show").stdout


def test_a_saved_plan_of_an_environment_that_is_not_here_is_refused(folder: Path) -> None:
    run("plan", "--sim", "--env", "dev", "--out", "x.niplan")
    assert run("apply", "x.niplan", "--env", "default").exit_code == EXIT_ERROR
    (folder / "novita-infra.yaml").write_text(PROJECT.replace("dev:", "prod:"))
    refused = run("apply", "x.niplan")
    assert refused.exit_code == EXIT_ERROR
    assert 'there is no environment "dev"' in refused.stderr


def with_the_key(rig: Rig, path: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """The plan file as somebody changes and seals it who can read the state."""
    data = json.loads(path.read_bytes())
    change(data)
    data["digest"] = digest_of(from_stored(data["plan"], secrets=as_source)[0])
    data["seal"] = seal_of(data, rig.state().key)
    path.write_text(json.dumps(data))
    return path


def other_image(data: dict[str, Any]) -> None:
    for step in data["plan"]["steps"]:
        if step["address"] == "instance.second":
            step["spec"]["image"] = "evil:1"


def other_product(data: dict[str, Any]) -> None:
    for step in data["plan"]["steps"]:
        if step["address"] == "instance.second":
            step["spec"]["product"]["id"] = products_like("*H100*")[0].id


def unlisted_product(data: dict[str, Any]) -> None:
    for step in data["plan"]["steps"]:
        if step["address"] == "instance.second":
            step["spec"]["product"] |= {"id": "no-such-product", "name": "RTX 4090"}


def more_time_for_a_step(data: dict[str, Any]) -> None:
    data["plan"]["steps"][0]["timeout"] = 1.0


def one_step_less(data: dict[str, Any]) -> None:
    data["plan"]["steps"] = [step for step in data["plan"]["steps"] if step["address"] != "instance.second"]


def one_step_more(data: dict[str, Any]) -> None:
    step = next(step for step in data["plan"]["steps"] if step["address"] == "instance.second")
    data["plan"]["steps"].append({**step, "key": "instance.second/again"})


@pytest.mark.parametrize(
    "change", [other_image, other_product, unlisted_product, more_time_for_a_step, one_step_less, one_step_more]
)
def test_steps_that_a_new_plan_would_not_make_are_refused_though_the_seal_is_right(
    change: Callable[[dict[str, Any]], None], rig: Rig
) -> None:
    rig.declare(machine(), machine("second"), storage())
    path = with_the_key(rig, save(rig), change)
    if change is one_step_less:  # what a plan does not touch belongs to another plan
        assert apply_saved(rig, path).succeeded
        assert "instance.second" not in map(str, rig.state().records)
    else:
        refusal(rig, path)


def test_a_sealed_plan_names_no_folder_no_state_and_no_output_that_is_used(rig: Rig, tmp_path: Path) -> None:
    def change(data: dict[str, Any]) -> None:
        data["setting"] |= {"root": str(tmp_path / "other"), "state": "/elsewhere/prod.json"}
        data["plan"]["outputs_before"] = {"evil": "x"}
        data["plan"]["bookkeeping"] = [{"address": "network_storage.data", "id": "someone-elses"}]

    rig.declare(machine(), storage(size=20))
    id = rig.record("network_storage.data").id
    assert apply_saved(rig, with_the_key(rig, save(rig), change)).succeeded
    assert rig.record("network_storage.data").id == id
    rig.assert_converged()


def test_an_error_of_a_manifest_is_placed_in_the_project_and_not_beside_the_plan(folder: Path) -> None:
    run("plan", "--sim", "--out", "../x.niplan")
    (folder / "fleet.yaml").write_text("kind: [\n")
    refused = run("apply", "../x.niplan")
    assert refused.exit_code == EXIT_ERROR
    assert "fleet.yaml:" in refused.stderr
    assert "../fleet.yaml" not in refused.stderr


SHOWN: st.SearchStrategy[Any] = st.one_of(
    JSON, st.just(10**30), st.just({"$digest": "zz"}), st.just({"$join": []}), st.just("x\n\x1b[2J")
)


@settings(deadline=None)
@given(st.data())
def test_a_plan_file_from_somebody_else_is_shown_or_reported_as_damaged(
    honest: tuple[Rig, Path], data: st.DataObject
) -> None:
    rig, path = honest
    good = json.loads(path.read_bytes())
    places = [place for place in places_in(good) if place[0] in {"plan", "setting"}]
    changed = changed_at(good, data.draw(st.sampled_from(places)), data.draw(SHOWN))
    with suppress(Malformed):
        changed["digest"] = digest_of(from_stored(changed["plan"], secrets=as_source)[0])
    file = rig.folder / "shown.niplan"
    file.write_text(json.dumps(changed))
    for words in (["show"], ["show", "--json"], ["graph"]):
        result = run(*words, str(file))
        assert result.exit_code in {0, EXIT_ERROR}
        assert "internal error" not in result.stderr

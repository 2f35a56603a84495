"""Drift: reported apart from changes of the manifests, by its cause, and corrected or left by rule."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from outsiders import ids_in
from plan_shapes import checked_json
from rig import Rig

from novita_infra.model.clock import GRACE
from novita_infra.model.lifecycle import Cause, OnDrift
from novita_infra.planning.options import Refresh
from novita_infra.planning.plan.changes import Action, Drift
from novita_infra.planning.plan.review import Review
from novita_infra.refresh.observing import AGAIN
from novita_infra.simulator import scenario_of
from novita_infra.simulator.scenarios.model import start_scenario
from novita_infra.simulator.world.cloud import arrears, instances, networks, storages
from novita_infra.simulator.world.market import money
from novita_infra.views.content.lines import plain
from novita_infra.views.formats.json.drift import drift_report
from novita_infra.views.formats.json.state import record_json
from novita_infra.views.formats.text.state import record_lines
from novita_infra.views.plan_lines.plan import plan_lines

HERE = "us-dallas-nas-2"
MACHINE: dict[str, Any] = {
    "product": {"gpu": "RTX 4090"},
    "image": "ubuntu:22.04",
    "cluster": HERE,
    "ports": ["80/http"],
    "env": {"A": "1", "DEBUG": "0"},
    "power": "running",
}
STORAGE: dict[str, Any] = {"cluster": HERE, "sizeGb": 10}
ENDPOINT: dict[str, Any] = {
    "product": {"gpu": "RTX 4090"},
    "image": "ubuntu:22.04",
    "ports": ["80/http"],
    "healthPath": "/",
    "workers": {"min": 1, "max": 2, "idleTimeout": 60, "maxConcurrency": 1, "requestTimeout": 60},
    "scaling": {"type": "queue", "value": 1},
}
OUTSIDE = "Changed outside of novita-infra:"


def up(
    folder: Path,
    *,
    scenario: str = "",
    lifecycle: Mapping[str, Any] | None = None,
    storage: Mapping[str, Any] | None = None,
    **machine: Any,
) -> Rig:
    """A machine and a storage that are there."""
    rig = Rig(folder, environ={}, scenario=scenario)
    declare(rig, lifecycle=lifecycle, storage=storage, **machine)
    rig.apply()
    return rig


def declare(
    rig: Rig, *, lifecycle: Mapping[str, Any] | None = None, storage: Mapping[str, Any] | None = None, **machine: Any
) -> None:
    spec = {name: value for name, value in {**MACHINE, **machine}.items() if value is not None}
    rig.declare(
        ("Instance", "a", spec),
        ("NetworkStorage", "s", STORAGE),
        a=dict(lifecycle or {}),
        s=dict(storage or {}),
    )


def wait(rig: Rig, seconds: float) -> None:
    rig.clock.run(rig.clock.sleep(seconds))


def the_machine(rig: Rig) -> Any:
    rig.world.advance()
    return rig.world.instances.get(rig.record("instance.a").id)


def drift_of(review: Review, address: str = "instance.a") -> tuple[Drift, ...]:
    return tuple(item for item in review.plan.drift if str(item.address) == address)


def action_of(review: Review, address: str = "instance.a") -> Action:
    return next(change.action for change in review.plan.changes if str(change.address) == address)


def text(plan: Review) -> str:
    checked_json(plan)
    return plain(plan_lines(plan))


# --- by hand ----------------------------------------------------------------------------------------------------------


def test_drift_is_reported_first_and_corrected(tmp_path: Path) -> None:
    rig = up(tmp_path, scenario="drifted")
    assert rig.plan().plan.drift == ()
    wait(rig, 400)
    review = rig.plan()
    (drift,) = drift_of(review)
    assert (drift.cause, drift.on_drift, drift.gone) == (Cause.EDITED, OnDrift.HEAL, False)
    assert [(item.name, item.before, item.after) for item in drift.fields] == [
        ("ports", ["80/http"], ["9999/tcp"]),
        ("power", "running", "stopped"),
    ]
    assert review.plan.drift_only
    message = text(review)
    assert message.startswith("Plan for project rig, environment default:\n\n" + OUTSIDE)
    assert "instance.a (" in message
    assert "edited by hand" in message
    assert [item["address"] for item in checked_json(review)["resource_drift"]] == ["instance.a", "network_storage.s"]
    rig.apply()
    rig.assert_converged()
    assert rig.plan().plan.drift == ()


def test_drift_and_changes_of_manifests_are_reported_apart(tmp_path: Path) -> None:
    rig = up(tmp_path, scenario="drifted")
    wait(rig, 400)
    rig.declare(("Instance", "a", {**MACHINE, "image": "ubuntu:24.04"}), ("NetworkStorage", "s", STORAGE))
    review = rig.plan()
    assert {str(change.address): change.asked for change in review.plan.changes} == {
        "instance.a": True,
        "network_storage.s": False,
    }
    assert not review.plan.drift_only
    assert [item.name for item in drift_of(review)[0].fields] == ["ports", "power"]  # the image is no drift
    rig.apply()
    rig.assert_converged()


def test_a_change_by_hand_that_the_manifest_now_declares_is_no_drift(tmp_path: Path) -> None:
    rig = up(tmp_path)
    instances.edit(rig.world, rig.record("instance.a").id, ports=[{"port": 9999, "type": "tcp"}], grow=0)
    declare(rig, ports=["9999/tcp"])
    review = rig.plan()
    assert (review.plan.drift, review.empty) == ((), True)


def test_what_is_not_declared_and_what_the_service_defaults_is_no_drift(tmp_path: Path) -> None:
    rig = up(tmp_path, ports=None, power=None, env=None)
    instances.edit(rig.world, rig.record("instance.a").id, ports=[{"port": 9999, "type": "tcp"}], grow=20)
    wait(rig, 60)
    review = rig.plan()
    assert (review.plan.drift, review.empty) == ((), True)


def test_a_stop_by_hand_of_undeclared_power_is_reported_and_left(
    tmp_path: Path,
) -> None:
    rig = up(tmp_path, power=None)
    instances.stop(rig.world, rig.record("instance.a").id)
    wait(rig, 60)
    for _ in range(2):
        plan = rig.plan()
        (drift,) = drift_of(plan)
        assert (drift.cause, drift.on_drift, drift.declared) == (Cause.EDITED, OnDrift.ALERT, False)
        assert [(item.name, item.before, item.after) for item in drift.fields] == [("power", "running", "stopped")]
        assert plan.empty
        assert "# left as it is: the manifest does not declare power" in text(plan)
        (message,) = checked_json(plan)["resource_drift"]
        assert (message["change"]["before"]["power"], message["change"]["after"]["power"]) == ("running", "stopped")
        (note,) = plan.notes
        assert "`power: running` would put it back, `power: stopped` would keep it so" in note.hint
        rig.apply()
        assert the_machine(rig).status == "exited"
    for rule in ({"onDrift": {"edited": "ignore"}}, {"ignoreChanges": ["power"]}):
        declare(rig, power=None, lifecycle=rule)
        assert (rig.plan().plan.drift, rig.plan().notes) == ((), ())
    declare(rig, power="stopped")
    assert (rig.plan().plan.drift, rig.plan().notes) == ((), ())
    declare(rig, power="running")
    rig.apply()
    assert the_machine(rig).status == "running"
    rig.assert_converged()


def test_a_stopped_machine_remains_stopped_while_other_drift_is_corrected(tmp_path: Path) -> None:
    rig = up(tmp_path, power=None)
    id = rig.record("instance.a").id
    instances.edit(rig.world, id, ports=[{"port": 9999, "type": "tcp"}], grow=0)
    instances.stop(rig.world, id)
    wait(rig, 60)
    plan = rig.plan()
    assert [(item.declared, item.on_drift) for item in drift_of(plan)] == [
        (True, OnDrift.HEAL),
        (False, OnDrift.ALERT),
    ]
    assert "put back, see below" in text(plan)
    assert "left as it is: the manifest does not declare power" in text(plan)
    rig.apply()
    assert [port["port"] for port in the_machine(rig).ports] == [80]
    assert the_machine(rig).status == "exited"


def test_adopted_is_wanted_so_until_the_manifest_says_something_new(tmp_path: Path) -> None:
    rig = up(tmp_path, scenario="drifted", lifecycle={"onDrift": "adopt"})
    wait(rig, 400)
    review = rig.plan()
    assert action_of(review) is Action.NONE
    assert "adopted: kept until the manifest changes" in text(review)
    rig.apply()
    assert rig.record("instance.a").spec["ports"] == ["9999/tcp"]
    rig.assert_converged()
    assert rig.plan().plan.drift == ()
    declare(rig, lifecycle={"onDrift": "adopt"}, ports=["81/http"])
    review = rig.plan()
    (change,) = (item for item in review.plan.changes if str(item.address) == "instance.a")
    assert [(item.name, item.before, item.after) for item in change.fields] == [("ports", ["9999/tcp"], ["81/http"])]
    rig.apply()
    rig.assert_converged()
    # Going back to what was declared when it was adopted is a change like any other.
    declare(rig, lifecycle={"onDrift": "adopt"})
    rig.apply()
    assert rig.record("instance.a").spec["ports"] == ["80/http"]
    rig.assert_converged()


def adopting(folder: Path, lifecycle: Mapping[str, Any]) -> Rig:
    """A machine whose ports were changed by hand, and that the state adopted."""
    rig = up(folder, lifecycle=lifecycle)
    instances.edit(rig.world, rig.record("instance.a").id, ports=[{"port": 9999, "type": "tcp"}], grow=0)
    rig.apply()
    assert rig.record("instance.a").spec["ports"] == ["9999/tcp"]
    return rig


def test_adopted_drift_is_reported_by_every_plan_and_by_show(tmp_path: Path) -> None:
    rig = adopting(tmp_path, {"onDrift": "adopt"})
    for _ in range(2):
        review = rig.plan()
        assert (review.empty, review.plan.drift) == (True, ())
        message = text(review)
        assert "Adopted, and different from the manifests:" in message
        assert '~ ports: ["80/http"] -> ["9999/tcp"]  # because of onDrift (main.yaml:4:3)' in message
        assert "match the manifests, but for what was adopted." in message
        (shown,) = [
            item for item in drift_report(checked_json(review))["resource_changes"] if item["address"] == "instance.a"
        ]
        (field,) = shown["novita"]["adopted"]
        assert (field["name"], field["declared"], field["wanted"]) == ("ports", ["80/http"], ["9999/tcp"])
        rig.apply()
    record = rig.record("instance.a")
    assert '~ ports: ["80/http"] -> ["9999/tcp"]  # edited' in plain(record_lines(record))
    assert [item["name"] for item in record_json(record)["novita"]["adopted"]] == ["ports"]


@pytest.mark.parametrize("lifecycle", [{}, {"onDrift": "heal"}, {"onDrift": {"edited": "heal", "failed": "adopt"}}])
def test_what_was_adopted_goes_back_when_it_is_said_no_longer(lifecycle: dict[str, Any], tmp_path: Path) -> None:
    rig = adopting(tmp_path, {"onDrift": "adopt"})
    declare(rig, lifecycle=lifecycle)
    review = rig.plan()
    (change,) = (item for item in review.plan.changes if str(item.address) == "instance.a")
    assert [(item.name, item.before, item.after) for item in change.fields] == [("ports", ["9999/tcp"], ["80/http"])]
    assert change.why == "onDrift adopts no longer what was changed outside: ports"
    assert (review.plan.drift, change.asked, change.adopted) == ((), True, ())
    rig.apply(review=review)
    assert [port["port"] for port in the_machine(rig).ports] == [80]
    assert not rig.record("instance.a").adopted
    rig.assert_converged()


@pytest.mark.parametrize("answer", ["alert", "ignore"])
def test_what_was_adopted_stays_where_drift_is_not_to_be_put_back(answer: str, tmp_path: Path) -> None:
    rig = adopting(tmp_path, {"onDrift": "adopt"})
    declare(rig, lifecycle={"onDrift": answer})
    review = rig.plan()
    assert (review.empty, review.plan.drift) == (True, ())
    assert "Adopted, and different from the manifests:" in text(review)


def test_adoption_by_the_project_is_reported_with_the_line_of_the_project_file(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    head = {"apiVersion": "novita-infra/v1", "kind": "Project", "metadata": {"name": "rig"}}
    rig.write("novita-infra.yaml", {**head, "onDrift": "adopt"})
    declare(rig)
    rig.apply()
    instances.edit(rig.world, rig.record("instance.a").id, ports=[{"port": 9999, "type": "tcp"}], grow=0)
    rig.apply()
    assert "# because of onDrift (novita-infra.yaml:5:1)" in text(rig.plan())


def test_adopted_drift_that_is_undone_by_hand_matches_the_manifest(tmp_path: Path) -> None:
    rig = adopting(tmp_path, {"onDrift": "adopt"})
    instances.edit(rig.world, rig.record("instance.a").id, ports=[{"port": 80, "type": "http"}], grow=0)
    review = rig.plan()
    assert (review.plan.drift, review.empty, review.plan.changes[0].adopted) == ((), True, ())
    rig.apply()
    assert not rig.record("instance.a").adopted
    rig.assert_converged()


def test_drift_adopted_for_a_platform_cause_is_undone_by_that_cause(tmp_path: Path) -> None:
    rig = up(tmp_path, scenario="spot-reclaim", billingMode="spot", lifecycle={"onDrift": {"spotReclaim": "adopt"}})
    wait(rig, 700)
    rig.apply()
    assert rig.record("instance.a").adopted_for == {"power": Cause.SPOT_RECLAIM}
    declare(rig, billingMode="spot", lifecycle={"onDrift": {"spotReclaim": "adopt", "edited": "heal"}})
    assert action_of(rig.plan()) is Action.NONE
    declare(rig, billingMode="spot")
    (change,) = (item for item in rig.plan().plan.changes if str(item.address) == "instance.a")
    assert [(item.name, item.after) for item in change.fields] == [("power", "running")]
    rig.apply()
    rig.assert_converged()


def test_adopted_in_the_same_run_as_another_field_changes(tmp_path: Path) -> None:
    rig = up(tmp_path, lifecycle={"onDrift": "adopt"})
    instances.edit(rig.world, rig.record("instance.a").id, ports=[{"port": 9999, "type": "tcp"}], grow=0)
    declare(rig, lifecycle={"onDrift": "adopt"}, image="ubuntu:24.04")
    review = rig.plan()
    (change,) = (item for item in review.plan.changes if str(item.address) == "instance.a")
    assert [item.name for item in change.fields] == ["image"]
    rig.apply()
    assert [port["port"] for port in the_machine(rig).ports] == [9999]
    rig.assert_converged()
    assert rig.plan().plan.drift == ()


def test_an_alert_about_drift_is_reported_by_every_plan_without_action(tmp_path: Path) -> None:
    rig = up(tmp_path, lifecycle={"onDrift": {"edited": "alert"}})
    instances.edit(rig.world, rig.record("instance.a").id, ports=[{"port": 9999, "type": "tcp"}], grow=0)
    for _ in range(2):
        plan = rig.plan()
        assert (plan.empty, len(drift_of(plan))) == (True, 1)
        (note,) = plan.notes
        assert "left as it is (edited): ports" in note.summary
        assert (note.address, str(note.origin)) == ("instance.a", "main.yaml:4:3")
        assert "No changes: the drift is not put back." in text(plan)
        rig.apply()
    declare(rig, lifecycle={"onDrift": "heal"})
    rig.apply()
    rig.assert_converged()
    assert [port["port"] for port in the_machine(rig).ports] == [80]


def test_ignored_drift_is_neither_reported_nor_corrected(tmp_path: Path) -> None:
    rig = up(tmp_path, scenario="drifted", lifecycle={"onDrift": "ignore"}, storage={"onDrift": "ignore"})
    wait(rig, 400)
    review = rig.plan()
    assert (review.plan.drift, review.notes, review.empty) == ((), (), True)
    rig.apply()
    rig.assert_converged()


def test_drift_rules_of_a_resource_override_environment_and_project(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={}, scenario="drifted")
    head = {"apiVersion": "novita-infra/v1", "kind": "Project", "metadata": {"name": "rig"}}
    rig.write(
        "novita-infra.yaml", {**head, "onDrift": "adopt", "environments": {"e": {"onDrift": {"edited": "alert"}}}}
    )
    rig.environment = "e"
    declare(rig, lifecycle={"onDrift": {"edited": "ignore"}})
    rig.apply()
    wait(rig, 400)
    review = rig.plan()
    assert [(str(item.address), item.on_drift) for item in review.plan.drift] == [("network_storage.s", OnDrift.ALERT)]


# --- what is not compared ---------------------------------------------------------------------------------------------


def test_excluded_fields_are_neither_drift_nor_change(tmp_path: Path) -> None:
    rules = ["ports", {"field": "env.DEBUG", "reason": "switched by hand", "until": "2027-01-31"}]
    rig = up(tmp_path, lifecycle={"ignoreChanges": rules})
    machine = the_machine(rig)
    machine.envs = [{"key": "A", "value": "1"}, {"key": "DEBUG", "value": "set-by-hand-77"}] + [
        item for item in machine.envs if item["key"] not in {"A", "DEBUG"}
    ]
    instances.edit(rig.world, machine.id, ports=[{"port": 9999, "type": "tcp"}], grow=0)
    review = rig.plan()
    assert (review.plan.drift, review.empty) == ((), True)
    declare(rig, lifecycle={"ignoreChanges": rules}, ports=["82/http"], env={"A": "2", "DEBUG": "9"})
    review = rig.plan()
    (change,) = (item for item in review.plan.changes if item.action is not Action.NONE)
    assert [item.name for item in change.fields] == ["env"]
    rig.apply(review=review)
    machine = the_machine(rig)
    env = {item["key"]: item["value"] for item in machine.envs}
    assert (env["A"], env["DEBUG"]) == ("2", "set-by-hand-77")
    assert [port["port"] for port in machine.ports] == [9999]
    rig.assert_converged()


def test_drift_of_the_env_is_shown_and_never_recorded_in_clear(tmp_path: Path) -> None:
    rig = up(tmp_path, lifecycle={"ignoreChanges": ["env.TOKEN"]}, env={"A": "1"})
    machine = the_machine(rig)
    machine.envs = [*machine.envs, {"key": "TOKEN", "value": "hunter2-hunter2"}]
    declare(rig, lifecycle={"ignoreChanges": ["env.TOKEN"]}, env={"A": "2"})
    plan = rig.plan()
    assert "hunter2" not in text(plan) + json.dumps(checked_json(plan))
    rig.apply(review=plan)
    env = {item["key"]: item["value"] for item in the_machine(rig).envs}
    assert (env["A"], env["TOKEN"]) == ("2", "hunter2-hunter2")
    assert "hunter2" not in (tmp_path / "state" / "default.json").read_text()
    rig.assert_converged()


def test_an_expired_drift_rule_is_reported_and_no_longer_holds(tmp_path: Path) -> None:
    rule = {"field": "ports", "reason": "until the firewall is done", "until": "2026-01-31"}
    rig = up(tmp_path, lifecycle={"ignoreChanges": [rule]})
    instances.edit(rig.world, rig.record("instance.a").id, ports=[{"port": 9999, "type": "tcp"}], grow=0)
    plan = rig.plan()
    assert [item.name for item in drift_of(plan)[0].fields] == ["ports"]
    assert [(note.summary, note.hint) for note in plan.notes] == [
        (
            "lifecycle.ignoreChanges: ports is compared again since 2026-02-01",
            "it was left out for this: until the firewall is done",
        )
    ]


def test_a_created_object_has_declared_fields_that_are_excluded_from_drift(tmp_path: Path) -> None:
    rig = up(tmp_path, lifecycle={"ignoreChanges": ["ports"]})
    instances.edit(rig.world, rig.record("instance.a").id, ports=[{"port": 9999, "type": "tcp"}], grow=0)
    declare(rig, lifecycle={"ignoreChanges": ["ports"]}, product={"gpu": "L40S"})
    rig.apply()
    assert [port["port"] for port in the_machine(rig).ports] == [80]
    rig.assert_converged()


# --- by the platform --------------------------------------------------------------------------------------------------


def test_a_reclaimed_spot_machine_is_reported_from_its_notice_and_started_again(tmp_path: Path) -> None:
    rig = up(tmp_path, scenario="spot-reclaim", billingMode="spot")
    wait(rig, 310)
    review = rig.plan()
    (drift,) = drift_of(review)
    assert (drift.cause, drift.fields) == (Cause.SPOT_RECLAIM, ())
    assert drift.says.startswith("the spot machine is about to be reclaimed at 2026-")
    assert review.empty
    assert "no action: the manifest agrees with it" in text(review)
    wait(rig, 300)
    review = rig.plan()
    (drift,) = drift_of(review)
    assert (drift.cause, drift.says) == (Cause.SPOT_RECLAIM, "the spot machine was reclaimed")
    assert [item.name for item in drift.fields] == ["power"]
    assert review.plan.drift_only
    rig.apply()
    rig.assert_converged()
    assert rig.plan().plan.drift == ()


@pytest.mark.parametrize("answer", ["adopt", "alert", "ignore"])
def test_a_reclaimed_spot_machine_is_left_where_that_is_wished_for(answer: str, tmp_path: Path) -> None:
    rig = up(tmp_path, scenario="spot-reclaim", billingMode="spot", lifecycle={"onDrift": {"spotReclaim": answer}})
    wait(rig, 700)
    for _ in range(2):
        review = rig.plan()
        assert review.empty
        assert bool(review.plan.drift) == (answer != "ignore")
        rig.apply()


def test_a_failed_node_is_distinguished_from_a_stop_by_hand(tmp_path: Path) -> None:
    rig = up(tmp_path, scenario="node-failure")
    wait(rig, 700)
    plan = rig.plan()
    (drift,) = drift_of(plan)
    assert (drift.cause, drift.says) == (Cause.FAILED, "NodeFailure: the node of this instance has failed")
    rig.apply()
    rig.assert_converged()


def test_a_migration_by_the_platform_is_reported_and_waited_for(tmp_path: Path) -> None:
    rig = up(tmp_path, lifecycle={"onDrift": {"migration": "heal"}})
    instances.migrate(rig.world, rig.record("instance.a").id)
    wait(rig, 5)
    plan = rig.plan()
    (drift,) = drift_of(plan)
    assert (drift.cause, action_of(plan)) == (Cause.MIGRATION, Action.RESUME)
    declare(rig, lifecycle={"onDrift": {"migration": "alert"}})
    plan = rig.plan()
    assert (len(drift_of(plan)), plan.empty) == (1, True)


def test_an_expired_subscription_is_reported_before_and_after_the_machine_is_gone(tmp_path: Path) -> None:
    rig = up(tmp_path, billingMode="monthly", months=1, lifecycle={"onDrift": {"expired": "alert"}})
    wait(rig, 31 * 86_400)
    plan = rig.plan()
    (drift,) = drift_of(plan)
    assert (drift.cause, drift.gone) == (Cause.EXPIRED, False)
    assert drift.says.startswith("its term ended at 2026-")
    wait(rig, 60 * 86_400)
    plan = rig.plan()
    (drift,) = drift_of(plan)
    assert (drift.cause, drift.gone, plan.empty) == (Cause.EXPIRED, True, True)


def test_in_arrears_machines_stop_storages_go_and_missing_workers_are_no_drift(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={}, scenario="broke")
    rig.declare(("Instance", "a", MACHINE), ("NetworkStorage", "s", STORAGE), ("Endpoint", "e", ENDPOINT))
    rig.apply()
    wait(rig, 400)
    review = rig.plan()
    assert [(str(item.address), item.cause) for item in review.plan.drift] == [("instance.a", Cause.ARREARS)]
    assert action_of(review, "endpoint.e") is Action.NONE
    wait(rig, 5 * 86_400)
    review = rig.plan()
    assert {str(item.address): (item.cause, item.gone) for item in review.plan.drift} == {
        "instance.a": (Cause.ARREARS, False),
        "network_storage.s": (Cause.ARREARS, True),
    }
    arrears.top_up(rig.world, 10_000_000)
    wait(rig, 600)
    assert [str(item.address) for item in rig.plan().plan.drift] == ["instance.a", "network_storage.s"]
    rig.apply()
    rig.assert_converged()


def test_a_balance_is_only_read_where_it_may_be_the_reason(tmp_path: Path) -> None:
    rig = up(tmp_path)
    before = rig.world.calls.get("account.balance", 0)
    rig.plan()
    assert rig.world.calls.get("account.balance", 0) == before
    assert money.funds_left(rig.world) > 0


# --- gone -------------------------------------------------------------------------------------------------------------


def test_a_resource_deleted_by_hand_is_created_again(tmp_path: Path) -> None:
    rig = up(tmp_path, scenario="vanished")
    wait(rig, 700)
    review = rig.plan()
    (drift,) = drift_of(review)
    assert (drift.cause, drift.gone, review.plan.drift_only) == (Cause.DELETED, True, True)
    assert "deleted by hand" in text(review)
    assert "recreated, see below" in text(review)
    rig.apply()
    assert rig.record("instance.a").retired == ()  # the new object is there, and the old one is known to be gone
    rig.assert_converged()


@pytest.mark.parametrize("answer", ["adopt", "alert", "ignore"])
def test_what_was_deleted_by_hand_stays_away_where_that_is_wished_for(answer: str, tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    fleet = (
        ("Instance", "a", {**MACHINE, "vpc": "n", "env": {"NET": "${vpc.n.id}"}}),
        ("VPC", "n", {"cluster": HERE}),
        ("Template", "t", {"image": "ubuntu:22.04", "rootDiskGb": 60, "env": {"ID": "${instance.a.id}"}}),
    )
    rig.declare(*fleet, a={"onDrift": answer})
    rig.apply()
    instances.delete(rig.world, rig.record("instance.a").id)
    wait(rig, 600)
    for _ in range(2):
        review = rig.plan()
        assert review.empty
        assert [item.cause for item in review.plan.drift] == ([] if answer == "ignore" else [Cause.DELETED])
        assert bool(review.notes) == (answer != "ignore")
        rig.apply()
    rig.destroy()
    assert rig.live_ids() == []


def test_what_no_list_shows_for_long_is_gone_at_the_second_look(tmp_path: Path) -> None:
    rig = up(tmp_path)
    wait(rig, 3600)
    storages.delete(rig.world, rig.record("network_storage.s").id)
    began = rig.clock.now()
    assert action_of(rig.plan(), "network_storage.s") is Action.CREATE
    assert AGAIN <= rig.clock.now() - began < AGAIN + 2


def test_a_record_of_the_future_delays_no_plan_beyond_the_grace_time(tmp_path: Path) -> None:
    rig = up(tmp_path)
    wait(rig, 3600)
    storages.delete(rig.world, rig.record("network_storage.s").id)
    state = rig.state()  # as a run leaves it whose machine's clock was an hour ahead
    ahead = {key: replace(record, seen_at=record.seen_at + 7200) for key, record in state.records.items()}
    rig.store().save(replace(state, records=ahead))
    began = rig.clock.now()
    assert action_of(rig.plan(), "network_storage.s") is Action.CREATE
    assert AGAIN <= rig.clock.now() - began <= GRACE + 2


# --- other people -----------------------------------------------------------------------------------------------------


def test_what_others_have_in_the_account_is_no_drift(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={}, scenario="foreign-owner")
    rig.declare(
        ("Instance", "trainer", MACHINE),
        ("NetworkStorage", "data", STORAGE),
        ("VPC", "net", {"cluster": HERE}),
        ("Template", "base", {"image": "ubuntu:22.04", "rootDiskGb": 60}),
    )
    rig.apply(create_anyway=("network_storage.data", "vpc.net"))
    wait(rig, 700)
    review = rig.plan()
    assert (review.plan.drift, review.empty) == ((), True)
    others = set(rig.live_ids()) - {record.id for record in rig.state().records.values()}
    assert others == rig.world.others & set(ids_in(rig.world))


def test_another_state_whose_mark_an_object_carries_is_named(tmp_path: Path) -> None:
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    theirs.mkdir()
    rig = up(theirs)
    mine = Rig(ours, environ={})
    ours.mkdir()
    mine.world, mine.clock = rig.world, rig.clock
    head = {"apiVersion": "novita-infra/v1", "kind": "Project", "metadata": {"name": "other"}}
    mine.write("novita-infra.yaml", head)
    mine.declare(("Instance", "a", MACHINE))
    mine.take_in("instance.a", rig.record("instance.a").id, steal=True)
    instances.edit(rig.world, rig.record("instance.a").id, ports=[{"port": 9999, "type": "tcp"}], grow=0)
    (drift,) = drift_of(mine.plan())
    assert drift.by == "perhaps by project rig, environment default, whose mark it carries"
    assert drift_of(rig.plan())[0].by == ""


# --- what is read -----------------------------------------------------------------------------------------------------


def reads(rig: Rig, plan: Any) -> tuple[Review, set[str]]:
    """The plan, and the lists and objects of ours that were read for it."""
    before = dict(rig.world.calls)
    made = plan()
    kinds = ("instances.", "storages.", "networks.", "templates.")
    return made, {
        name for name, count in rig.world.calls.items() if count > before.get(name, 0) and name.startswith(kinds)
    }


def test_only_what_changed_or_nothing_is_read_where_that_is_wished_for(tmp_path: Path) -> None:
    rig = up(tmp_path, scenario="drifted")
    wait(rig, 7200)
    review, read = reads(rig, lambda: rig.plan(refresh=Refresh.NONE))
    assert (review.empty, review.plan.drift, read) == (True, (), set())
    assert "2 resources were not read for up to 2 h" in text(review)
    review, read = reads(rig, lambda: rig.plan(refresh=Refresh.CHANGED))
    assert (review.empty, read) == (True, set())
    declare(rig, image="ubuntu:24.04")
    review, read = reads(rig, lambda: rig.plan(refresh=Refresh.CHANGED))
    assert read == {"instances.list"}
    assert list(review.plan.unread) == ["network_storage.s"]
    assert [str(item.address) for item in review.plan.drift] == ["instance.a"]
    rig.apply(refresh=Refresh.CHANGED)
    assert the_machine(rig).image == "ubuntu:24.04"
    rig.apply()
    rig.assert_converged()


def test_without_reading_nothing_is_bought_twice_and_what_is_gone_fails(tmp_path: Path) -> None:
    rig = up(tmp_path)
    wait(rig, 3600)
    instances.delete(rig.world, rig.record("instance.a").id)
    wait(rig, 600)
    declare(rig, image="ubuntu:24.04")
    result = rig.apply(refresh=Refresh.NONE, expect_success=False)
    assert not result.succeeded
    assert any("is gone; run the command again for a new plan" in end.reason for end in result.ends)
    rig.apply()
    rig.assert_converged()


def test_what_an_earlier_run_left_open_is_read_in_any_case(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(("NetworkStorage", "s", STORAGE), ("NetworkStorage", "t", STORAGE))
    assert rig.crash(at_write=1, after_effect=True)
    for refresh in (Refresh.NONE, Refresh.CHANGED):
        assert not rig.plan(refresh=refresh).plan.unread
    rig.apply(refresh=Refresh.NONE)
    rig.assert_converged()
    assert rig.world.calls["storages.create"] == 2


def test_refresh_only_updates_the_state_alone(tmp_path: Path) -> None:
    rig = up(tmp_path, scenario="drifted")
    wait(rig, 400)
    networks.create(rig.world, name="theirs", cluster=HERE)
    rig.declare(("Instance", "a", MACHINE), ("NetworkStorage", "s", STORAGE), ("VPC", "n", {"cluster": HERE}))
    writes = dict(rig.world.calls)
    review = rig.plan(refresh=Refresh.ONLY)
    assert (review.empty, len(review.plan.drift), len(review.plan.record_updates)) == (True, 2, 2)
    assert "recorded in the state" in text(review)
    rig.apply(refresh=Refresh.ONLY)
    assert rig.record("instance.a").spec["ports"] == ["9999/tcp"]
    assert {name for name in rig.world.calls if name.endswith((".create", ".edit", ".update"))} == {
        name for name in writes if name.endswith((".create", ".edit", ".update"))
    }
    review = rig.plan()  # what the manifests ask is what is left
    assert review.plan.drift == ()
    assert {str(item.address) for item in review.plan.changes if item.asked} == {
        "instance.a",
        "network_storage.s",
        "vpc.n",
    }


def test_refresh_only_forgets_objects_that_are_gone(tmp_path: Path) -> None:
    rig = up(tmp_path, scenario="vanished")
    wait(rig, 700)
    plan = rig.plan(refresh=Refresh.ONLY)
    assert action_of(plan) is Action.FORGET
    rig.apply(refresh=Refresh.ONLY)
    assert [str(address) for address in rig.state().records] == ["network_storage.s"]


def test_on_a_bad_night_spot_machines_come_back_and_nothing_is_lost(tmp_path: Path) -> None:
    rig = up(tmp_path, billingMode="spot")
    night = {"name": "night", "says": "Reclaims.", "events": [{"at": 60, "every": 1800, "do": "reclaim"}]}
    start_scenario(rig.world, scenario_of(night))
    for _ in range(4):
        wait(rig, 1500)
        rig.apply()
        rig.assert_nothing_lost()
    assert [item.cause for item in rig.plan().plan.drift if item.cause is not Cause.SPOT_RECLAIM] == []


@pytest.mark.parametrize("answer", ["heal", "alert"])
def test_a_migration_by_the_platform_is_reported_when_it_is_over(answer: str, tmp_path: Path) -> None:
    moving = {"enabled": True, "systemDisk": False}
    rig = up(tmp_path, scenario="node-failure", autoMigrate=moving, lifecycle={"onDrift": answer})
    assert rig.plan().plan.drift == ()
    wait(rig, 900)
    plan = rig.plan()
    (drift,) = drift_of(plan)
    assert (drift.cause, drift.fields, plan.empty) == (Cause.MIGRATION, (), True)
    assert "platform migration: it was moved to another node at 2026-" in text(plan)
    rig.apply()
    assert len(rig.plan().plan.drift) == (answer == "alert")


def test_drift_that_the_manifest_now_declares_is_recorded_beside_other_updates(tmp_path: Path) -> None:
    rig = up(tmp_path, ports=["1000/tcp"], rootDiskGb=60)
    id = rig.record("instance.a").id
    instances.edit(rig.world, id, ports=[{"port": 2000, "type": "tcp"}], grow=0)
    declare(rig, ports=["2000/tcp"], rootDiskGb=70)
    rig.apply()
    assert rig.record("instance.a").spec["ports"] == ["2000/tcp"]
    assert rig.record("instance.a").spec["rootDiskGb"] == 70

    declare(rig, lifecycle={"onDrift": "adopt"}, ports=["2000/tcp"], rootDiskGb=70)
    instances.edit(rig.world, id, ports=[{"port": 3000, "type": "tcp"}], grow=0)
    rig.apply()
    assert rig.record("instance.a").spec["ports"] == ["3000/tcp"]
    assert rig.plan().empty


# --- what cannot be put back ------------------------------------------------------------------------------------------


def grown(folder: Path, **lifecycle: Any) -> Rig:
    """A machine whose ports somebody changed, and a storage that somebody grew, which never shrinks."""
    rig = up(folder, storage=lifecycle)
    instances.edit(rig.world, rig.record("instance.a").id, ports=[{"port": 9999, "type": "tcp"}], grow=0)
    storages.update(rig.world, rig.record("network_storage.s").id, name=None, size=80)
    wait(rig, 60)
    return rig


def test_drift_that_cannot_be_corrected_is_not_counted_and_names_the_remedies(tmp_path: Path) -> None:
    rig = grown(tmp_path)
    plan = rig.plan()
    message = text(plan)
    assert "sizeGb: 10 -> 80\n      # not put back: the change is refused, see below" in message
    assert "1 to update" in message
    assert "1 refused." in message
    rows = {str(row.address): row for row in plan.cost.rows} if plan.cost else {}
    assert not rows["network_storage.s"].moves
    assert plan.cost
    assert not plan.cost.total.delta
    (problem,) = plan.problems
    assert problem.hint == (
        "to go on, write what it has into the manifest (`sizeGb: 80`), or keep the changed value "
        "(`lifecycle.onDrift: adopt`), or leave it out with --exclude network_storage.s"
    )


def test_adopting_drift_keeps_what_the_manifest_newly_declares(tmp_path: Path) -> None:
    rig = grown(tmp_path)
    rig.declare(("Instance", "a", MACHINE), ("NetworkStorage", "s", {**STORAGE, "sizeGb": 20}))
    assert "onDrift" not in rig.plan().problems[0].hint
    (problem,) = rig.plan(targets=("network_storage.s",)).problems
    assert problem.hint == "to go on, write what it has into the manifest (`sizeGb: 80`)"


@pytest.mark.parametrize("way", ["manifest", "adopt", "exclude"])
def test_each_remedy_for_uncorrectable_drift_lets_the_other_steps_run(way: str, tmp_path: Path) -> None:
    rig = grown(tmp_path)
    if way == "manifest":
        rig.declare(("Instance", "a", MACHINE), ("NetworkStorage", "s", {**STORAGE, "sizeGb": 80}))
    if way == "adopt":
        declare(rig, storage={"onDrift": "adopt"})
    rig.apply(excludes=("network_storage.s",) if way == "exclude" else ())
    assert [port["port"] for port in the_machine(rig).ports] == [80]
    storage = rig.world.storages.get(rig.record("network_storage.s").id)
    assert storage
    assert storage.size == 80
    if way != "exclude":
        rig.assert_converged()


# --- replaced although its drift is left ------------------------------------------------------------------------------


def test_what_was_adopted_goes_with_the_object_and_the_plan_shows_it(tmp_path: Path) -> None:
    rig = adopting(tmp_path, {"onDrift": "adopt"})
    review = rig.plan(replaces=("instance.a",))
    (change,) = (item for item in review.plan.changes if str(item.address) == "instance.a")
    assert [(item.name, item.before, item.after, item.means.text) for item in change.fields] == [
        ("ports", ["9999/tcp"], ["80/http"], "comes with the new object")
    ]
    assert '~ ports: ["9999/tcp"] -> ["80/http"]  # comes with the new object' in text(review)
    rig.apply(review=review)
    assert [port["port"] for port in the_machine(rig).ports] == [80]
    assert not rig.record("instance.a").adopted
    rig.assert_converged()


@pytest.mark.parametrize("answer", ["adopt", "alert"])
def test_a_replaced_resource_is_not_reported_as_left_with_drift(answer: str, tmp_path: Path) -> None:
    rig = up(tmp_path, lifecycle={"onDrift": answer})
    instances.edit(rig.world, rig.record("instance.a").id, ports=[{"port": 9999, "type": "tcp"}], grow=0)
    review = rig.plan(replaces=("instance.a",))
    assert "# recreated, see below" in text(review)
    assert "left as it is" not in text(review)
    assert review.notes == ()
    (change,) = (item for item in review.plan.changes if str(item.address) == "instance.a")
    assert [(item.name, item.after) for item in change.fields] == [("ports", ["80/http"])]

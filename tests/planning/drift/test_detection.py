"""What was changed outside, by values alone: what counts as drift, and what each answer to it makes of a plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from novita_infra.encoding import digest
from novita_infra.kinds import KINDS
from novita_infra.kinds.kind import Circumstances, DriftRules, PlatformEvent
from novita_infra.model.addresses import Address, Origin
from novita_infra.model.identity import Identity
from novita_infra.model.lifecycle import Cause, Ignored, Lifecycle, OnDrift
from novita_infra.model.records import PendingCall, Record
from novita_infra.model.resources import Declared, Existing, Live, Phase
from novita_infra.model.rules import Rules
from novita_infra.model.values import Digest, Secret
from novita_infra.planning.drift.detection import marked_by_others
from novita_infra.planning.inputs import AccountSnapshot, Config, PlanInputs, PriorState
from novita_infra.planning.options import PlanOptions, Refresh
from novita_infra.planning.plan.changes import Action
from novita_infra.planning.plan.plan import Plan
from novita_infra.planning.planner import make_plan

KEY = "0b" * 32
BASE = Address("template", "base")
SAYS_NOTHING = Lifecycle()
SENT: dict[str, Any] = {
    "name": "base",
    "image": "ubuntu:22.04",
    "rootDiskGb": 60,
    "ports": ["80/http"],
    "env": {"A": "1", "B": "2"},
}
"""A template: every field is read back and changed in place, and nothing else is needed."""


def seen(
    live: Mapping[str, Any] | None,
    *,
    sent: Mapping[str, Any] = SENT,
    wanted: Mapping[str, Any] = SENT,
    lifecycle: Lifecycle = SAYS_NOTHING,
    phase: Phase = Phase.READY,
    record: Record | None = None,
    asked: PlanOptions = PlanOptions(),
    rules: Rules = Rules(),
    now: float = 0.0,
) -> PlanInputs:
    known = record or Record(BASE, "t-1", spec=digest(dict(sent), KEY), source="main.yaml", outputs={"id": "t-1"})
    object_ = None if live is None else Live("t-1", "base", phase, "ready", dict(live), outputs={"id": "t-1"})
    return PlanInputs(
        config=Config(
            identity=Identity(project="p", environment="e"),
            declared=(Declared(BASE, dict(wanted), Origin("main.yaml", 1, 1), lifecycle=lifecycle),),
            rules=rules,
        ),
        prior=PriorState(key=KEY, lineage="l", serial=1),
        world=AccountSnapshot(existing={BASE: Existing(known, live=object_)}, circumstances=Circumstances(now)),
        kinds=KINDS,
        options=asked,
    )


def drift_in(plan: Plan) -> list[tuple[str, list[str]]]:
    return [(item.cause.value, [field.name for field in item.fields]) for item in plan.drift]


def planned(plan: Plan) -> tuple[Action, list[str]]:
    (change,) = plan.changes
    return change.action, [field.name for field in change.fields]


def after(plan: Plan, before: PlanInputs) -> PlanInputs:
    """The same inputs after the records are brought up to date, as an apply does it first."""
    (record,) = plan.record_updates or (before.world.existing[BASE].record,)
    existing = {BASE: replace(before.world.existing[BASE], record=record)}
    return replace(before, world=replace(before.world, existing=existing))


def answering(answer: OnDrift) -> Lifecycle:
    return Lifecycle(on_drift=dict.fromkeys(Cause, answer))


def test_what_is_as_it_was_left_is_no_drift() -> None:
    plan = make_plan(seen(SENT))
    assert (drift_in(plan), planned(plan)) == ([], (Action.NONE, []))


def test_the_order_of_ports_is_no_drift() -> None:
    two = {**SENT, "ports": ["80/http", "22/tcp"]}
    assert make_plan(seen({**two, "ports": ["22/tcp", "80/http"]}, sent=two, wanted=two)).drift == ()


def test_what_was_never_declared_is_no_drift() -> None:
    assert make_plan(seen({**SENT, "readme": "by somebody", "entrypoint": "bash"})).drift == ()


def test_what_the_answer_does_not_tell_is_no_drift() -> None:
    assert make_plan(seen({"name": "base"})).drift == ()


def test_a_secret_is_compared_by_its_digest_and_shown_as_one() -> None:
    sent = {**SENT, "env": {"TOKEN": Secret("old-and-hidden", "env:TOKEN")}}
    assert make_plan(seen({**SENT, "env": {"TOKEN": "old-and-hidden"}}, sent=sent, wanted=sent)).drift == ()
    (drift,) = make_plan(seen({**SENT, "env": {"TOKEN": "new"}}, sent=sent, wanted=sent)).drift
    (field,) = drift.fields
    assert all(isinstance(side["TOKEN"], Digest) for side in (field.before, field.after))


def test_what_an_earlier_run_was_about_to_change_is_no_drift() -> None:
    pending = PendingCall("op", "update", 0.0, {"image": "ubuntu:24.04"})
    record = Record(BASE, "t-1", spec=SENT, pending=pending, source="main.yaml")
    wanted = {**SENT, "image": "ubuntu:26.04"}
    assert make_plan(seen({**SENT, "image": "ubuntu:24.04"}, wanted=wanted, record=record)).drift == ()
    assert drift_in(make_plan(seen({**SENT, "image": "mine"}, wanted=wanted, record=record))) == [("edited", ["image"])]


def test_what_an_earlier_run_deletes_or_has_not_made_yet_is_no_drift() -> None:
    for call in ("create", "delete"):
        record = Record(BASE, "t-1", spec=SENT, pending=PendingCall("op", call, 0.0))
        assert make_plan(seen(None, record=record)).drift == ()
    assert make_plan(seen(None, record=Record(BASE, "", pending=PendingCall("op", "create", 0.0)))).drift == ()


@pytest.mark.parametrize("live", [None, SENT])
def test_what_is_gone_or_going_is_drift(live: Mapping[str, Any] | None) -> None:
    plan = make_plan(seen(live, phase=Phase.LEAVING))
    assert drift_in(plan) == [("deleted", [])]
    assert plan.drift[0].gone
    assert plan.drift_only
    assert planned(plan)[0] is (Action.CREATE if live is None else Action.REPLACE)
    for answer in (OnDrift.ADOPT, OnDrift.ALERT, OnDrift.IGNORE):
        left = make_plan(seen(live, phase=Phase.LEAVING, lifecycle=answering(answer)))
        assert (planned(left)[0], left.steps) == (Action.NONE, ())


def test_what_failed_is_drift_and_is_left_where_that_is_wished_for() -> None:
    plan = make_plan(seen(SENT, phase=Phase.FAILED))
    assert (drift_in(plan), planned(plan)[0]) == ([("failed", [])], Action.REPLACE)
    left = make_plan(seen(SENT, phase=Phase.FAILED, lifecycle=answering(OnDrift.ALERT)))
    assert (drift_in(left), planned(left)[0]) == ([("failed", [])], Action.NONE)


def test_an_object_that_the_platform_released_has_its_own_cause() -> None:
    event = PlatformEvent(Cause.RELEASED, "the platform kept it for 30 days")
    keeping = {**KINDS, "template": replace(KINDS["template"], drift=DriftRules(platform_event=lambda *_: event))}
    plan = make_plan(replace(seen(None), kinds=keeping))
    assert [(item.cause, item.says) for item in plan.drift] == [(Cause.RELEASED, event.message)]
    assert planned(plan)[0] is Action.CREATE
    left = Lifecycle(on_drift={Cause.RELEASED: OnDrift.IGNORE})
    assert planned(make_plan(replace(seen(None, lifecycle=left), kinds=keeping)))[0] is Action.NONE


def test_the_rules_of_the_project_hold_where_the_resource_says_nothing() -> None:
    rules = Rules(on_drift={Cause.EDITED: OnDrift.ALERT, Cause.DELETED: OnDrift.IGNORE})
    own = Lifecycle(on_drift={Cause.EDITED: OnDrift.ADOPT})
    (drift,) = make_plan(seen({**SENT, "image": "mine"}, rules=rules, lifecycle=own)).drift
    assert drift.on_drift is OnDrift.ADOPT
    plan = make_plan(seen(None, rules=rules, lifecycle=own))
    assert (plan.drift, planned(plan)[0]) == ((), Action.NONE)


def test_a_rule_holds_up_to_its_last_day() -> None:
    rule = Ignored(("image",), "", 1000.0)
    lifecycle = Lifecycle(ignored=(rule,))
    other = {**SENT, "image": "mine"}
    assert make_plan(seen(other, lifecycle=lifecycle, now=999.0)).drift == ()
    assert drift_in(make_plan(seen(other, lifecycle=lifecycle, now=1000.0))) == [("edited", ["image"])]


def test_a_part_of_a_map_is_left_out_and_the_rest_is_not() -> None:
    lifecycle = Lifecycle(ignored=(Ignored(("env", "B")),))
    for theirs in ({"A": "1", "B": "9"}, {"A": "1"}):
        plan = make_plan(seen({**SENT, "env": theirs}, lifecycle=lifecycle))
        assert (drift_in(plan), planned(plan)) == ([], (Action.NONE, []))
    plan = make_plan(seen({**SENT, "env": {"A": "9", "B": "9"}}, lifecycle=lifecycle))
    assert (drift_in(plan), planned(plan)) == ([("edited", ["env"])], (Action.UPDATE, ["env"]))
    (change,) = plan.changes
    assert change.after["env"]["A"] == "1"
    assert isinstance(change.after["env"]["B"], str | Digest)


def test_what_is_left_out_and_no_longer_declared_is_not_reset() -> None:
    wanted = {name: value for name, value in SENT.items() if name != "ports"}
    lifecycle = Lifecycle(ignored=(Ignored(("ports",)), Ignored(("readme",)), Ignored(("env", "C"))))
    plan = make_plan(seen({**SENT, "ports": ["9/tcp"]}, wanted=wanted, lifecycle=lifecycle))
    assert (drift_in(plan), planned(plan)) == ([], (Action.NONE, []))


def test_an_owner_mark_is_reported_only_where_it_is_of_others() -> None:
    live = Live("i", "n", Phase.READY, "", {}, mark="my-project/prod/instance.a/op")
    own, other = (Identity(project=name, environment="prod") for name in ("my project", "other"))
    assert marked_by_others(live, own) == ""
    assert marked_by_others(live, other) == "project my-project, environment prod"
    assert marked_by_others(replace(live, mark="odd"), other) == ""
    assert marked_by_others(None, other) == ""


def test_a_plan_that_only_follows_does_nothing_else() -> None:
    wanted = {**SENT, "image": "new"}
    before = seen({**SENT, "ports": ["9/tcp"]}, wanted=wanted, asked=PlanOptions(refresh=Refresh.ONLY))
    plan = make_plan(before)
    assert (plan.steps, plan.refresh_only, drift_in(plan)) == ((), True, [("edited", ["ports"])])
    again = make_plan(replace(after(plan, before), options=PlanOptions()))
    assert (again.drift, planned(again)) == ((), (Action.UPDATE, ["image", "ports"]))


VALUES = {
    "image": st.sampled_from(["a", "b", "c"]),
    "ports": st.lists(st.sampled_from(["80/http", "22/tcp", "9/tcp"]), unique=True, max_size=3),
    "env": st.dictionaries(st.sampled_from(["A", "B"]), st.sampled_from(["1", "2"])),
}
SPECS = st.fixed_dictionaries(VALUES).map(lambda some: {**SENT, **some})


@given(SPECS, SPECS, SPECS)
def test_put_back_or_not_the_manifests_are_what_is_wanted(
    sent: dict[str, Any], live: dict[str, Any], wanted: dict[str, Any]
) -> None:
    before = seen(live, sent=sent, wanted=wanted)
    plan = make_plan(before)
    differing = {name for name in VALUES if _differs(live, wanted, name)}
    assert set(planned(plan)[1]) == differing
    assert {name for item in plan.drift for name in [field.name for field in item.fields]} == {
        name for name in differing if _differs(sent, live, name)
    }


@given(SPECS, SPECS, SPECS, st.sampled_from([OnDrift.ADOPT, OnDrift.ALERT, OnDrift.IGNORE]))
def test_what_is_left_as_it_is_is_not_changed_unless_the_manifest_asks(
    sent: dict[str, Any], live: dict[str, Any], wanted: dict[str, Any], answer: OnDrift
) -> None:
    before = seen(live, sent=sent, wanted=wanted, lifecycle=answering(answer))
    plan = make_plan(before)
    asked = {name for name in VALUES if _differs(sent, wanted, name) and _differs(live, wanted, name)}
    assert set(planned(plan)[1]) == asked
    if asked:
        return
    again = make_plan(after(plan, before))
    assert planned(again) == (Action.NONE, [])
    assert not again.record_updates
    if answer is not OnDrift.ALERT:
        assert again.drift == ()


@given(SPECS, SPECS, SPECS)
@example({**SENT, "ports": ["80/http", "22/tcp"]}, {**SENT, "ports": []}, {**SENT, "ports": ["22/tcp", "80/http"]})
def test_what_was_adopted_holds_until_the_manifest_says_something_new(
    sent: dict[str, Any], live: dict[str, Any], wanted: dict[str, Any]
) -> None:
    before = seen(live, sent=sent, wanted=sent, lifecycle=answering(OnDrift.ADOPT))
    adopted = after(make_plan(before), before)
    (declared,) = adopted.config.declared
    plan = make_plan(replace(adopted, config=replace(adopted.config, declared=(replace(declared, spec=wanted),))))
    assert set(planned(plan)[1]) == {
        name for name in VALUES if _differs(sent, wanted, name) and _differs(live, wanted, name)
    }


def _differs(left: dict[str, Any], right: dict[str, Any], name: str) -> bool:
    if name == "ports":
        return sorted(left[name]) != sorted(right[name])
    return bool(left[name] != right[name])

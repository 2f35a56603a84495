"""What is done about drift."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from planning_values import BASE, STORAGE, case, decision, existing

from novita_infra.kinds.kind import Circumstances
from novita_infra.model.lifecycle import Cause, Ignored, Lifecycle, OnDrift
from novita_infra.model.records import Record
from novita_infra.model.resources import Phase
from novita_infra.model.rules import Rules
from novita_infra.planning.changes.case import Case
from novita_infra.planning.changes.decisions import Decision
from novita_infra.planning.drift.detection import detect_drift
from novita_infra.planning.drift.response import (
    decide_with_drift,
    is_asked,
    refresh_only,
    refreshed_records,
    still_adopted,
    with_adopted,
)
from novita_infra.planning.plan.changes import Action

SENT, EDITED = {"image": "a", "command": "run"}, {"image": "b", "command": "run"}


def decided(one: Case) -> Decision:
    detected = detect_drift(one, circumstances=Circumstances(0.0), rules=Rules())
    return decide_with_drift(one, detected, rules=Rules(), now=0.0)


def responded(
    answer: OnDrift, *, spec: dict[str, Any] = SENT, gone: bool = False, phase: Phase = Phase.READY, **record: Any
) -> Decision:
    lifecycle = Lifecycle(on_drift=dict.fromkeys(Cause, answer))
    one = case(BASE, spec, existing(BASE, SENT, EDITED, gone=gone, phase=phase, **record), lifecycle=lifecycle)
    return decided(one)


def record_of(made: Decision) -> Record:
    assert made.case.record is not None
    return made.case.record


def test_drift_is_put_back_and_not_asked_by_the_manifest() -> None:
    made = responded(OnDrift.HEAL)
    assert (made.action, [item.name for item in made.fields], is_asked(made)) == (Action.UPDATE, ["image"], False)


@pytest.mark.parametrize("answer", [OnDrift.ALERT, OnDrift.IGNORE])
def test_drift_that_is_left_keeps_its_recorded_value(answer: OnDrift) -> None:
    made = responded(answer)
    assert (made.action, made.spec["image"], made.response.ignored) == (Action.NONE, "b", {"image": "a"})


def test_adopted_drift_is_wanted_and_remembered() -> None:
    made = responded(OnDrift.ADOPT)
    assert (made.action, made.response.adopted) == (Action.NONE, {"image": "a"})
    record = with_adopted(record_of(made), made)
    assert (record.spec["image"], record.adopted) == ("b", {"image": "a"})
    assert made.case.declared is not None
    (field,) = still_adopted(made, made.case.declared, Rules())
    assert (field.declared, field.wanted, field.cause) == ("a", "b", Cause.EDITED)


def test_a_new_declared_value_wins_over_every_response() -> None:
    for answer in (OnDrift.ADOPT, OnDrift.ALERT, OnDrift.IGNORE):
        made = responded(answer, spec={**SENT, "image": "c"})
        assert (made.action, made.spec["image"], is_asked(made)) == (Action.UPDATE, "c", True)


def test_an_adoption_ends_where_drift_is_put_back_again() -> None:
    known = existing(BASE, EDITED, EDITED, adopted={"image": "a"})
    one = case(BASE, SENT, known)
    made = decide_with_drift(
        one, detect_drift(one, circumstances=Circumstances(0.0), rules=Rules()), rules=Rules(), now=0.0
    )
    assert made.action is Action.UPDATE
    assert made.why == "onDrift adopts no longer what was changed outside: image"


def test_a_deleted_object_is_created_again_unless_that_is_left() -> None:
    assert responded(OnDrift.HEAL, gone=True).action is Action.CREATE
    left = responded(OnDrift.ALERT, gone=True)
    assert (left.action, left.response.stays_deleted) == (Action.NONE, True)


def test_a_failed_object_is_replaced_by_the_declared_spec_unless_that_is_left() -> None:
    made = responded(OnDrift.HEAL, phase=Phase.FAILED)
    assert (made.action, made.spec) == (Action.REPLACE, SENT)
    assert responded(OnDrift.ALERT, phase=Phase.FAILED).action is Action.NONE


def test_an_ignored_path_keeps_the_live_value_inside_a_field() -> None:
    sent, values = {"env": {"A": "1", "B": "1"}}, {"env": {"A": "9", "B": "9"}}
    lifecycle = Lifecycle(ignored=(Ignored(("env", "A")),))
    one = case(BASE, sent, existing(BASE, sent, values), lifecycle=lifecycle)
    made = decide_with_drift(
        one, detect_drift(one, circumstances=Circumstances(0.0), rules=Rules()), rules=Rules(), now=0.0
    )
    assert [item.name for item in made.fields] == ["env"]
    assert made.spec["env"]["B"] == "1"
    assert made.spec["env"]["A"] != "1"


def test_a_refresh_forgets_deleted_objects_and_changes_nothing_else() -> None:
    gone, drifted = existing(STORAGE, {"sizeGb": 10}, gone=True), existing(BASE, SENT, EDITED)
    made = refresh_only({STORAGE: decision(STORAGE, {"sizeGb": 10}, gone), BASE: decision(BASE, SENT, drifted)})
    assert {str(address): item.action for address, item in made.items()} == {
        "network_storage.s": Action.FORGET,
        "template.base": Action.NONE,
    }
    (record,) = refreshed_records(made)
    assert (record.address, record.spec) == (BASE, EDITED)


def test_a_forced_or_new_decision_is_asked() -> None:
    assert is_asked(decision(BASE, SENT))
    assert not is_asked(decision(BASE, SENT, existing(BASE, SENT)))
    assert is_asked(replace(decision(BASE, EDITED, existing(BASE, SENT)), records=True))

"""The decision on one resource, from what is declared, recorded and live."""

from __future__ import annotations

from dataclasses import replace

import pytest
from planning_values import BASE, NET, STORAGE, case, decision, existing

from novita_infra.model.lifecycle import Lifecycle
from novita_infra.model.records import PendingCall, Record
from novita_infra.model.resources import Existing, Live, Phase
from novita_infra.planning.changes.decisions import decide, with_recorded, with_replacement, with_retired
from novita_infra.planning.plan.changes import Action, Forced

PLACE = {"name": "n", "cluster": "c"}
PENDING_CREATE = PendingCall("op", "create", 0.0, sent=PLACE)


def candidate(id: str) -> Live:
    return Live(id, "n", Phase.READY, "ready", PLACE)


@pytest.mark.parametrize(
    ("spec", "known", "action"),
    [
        ({"image": "a"}, Existing(), Action.CREATE),
        ({"image": "a"}, existing(BASE, {"image": "a"}), Action.NONE),
        ({"image": "b"}, existing(BASE, {"image": "a"}), Action.UPDATE),
        ({"image": "a"}, existing(BASE, {"image": "a"}, gone=True), Action.CREATE),
        ({"image": "a"}, existing(BASE, {"image": "a"}, phase=Phase.LEAVING), Action.REPLACE),
        ({"image": "a"}, existing(BASE, {"image": "a"}, phase=Phase.FAILED), Action.REPLACE),
        ({"image": "a"}, existing(BASE, {"image": "a"}, phase=Phase.CHANGING), Action.RESUME),
        (None, existing(BASE, {"image": "a"}), Action.DELETE),
        (None, existing(BASE, {"image": "a"}, gone=True), Action.FORGET),
    ],
)
def test_the_action_follows_from_declared_recorded_and_live(
    spec: dict[str, str] | None, known: Existing, action: Action
) -> None:
    assert decision(BASE, spec, known).action is action


def test_a_field_that_cannot_change_in_place_replaces() -> None:
    made = decision(NET, {**PLACE, "cluster": "d"}, existing(NET, PLACE))
    assert (made.action, [item.name for item in made.fields if item.replaces]) == (Action.REPLACE, ["cluster"])


def test_a_refused_difference_refuses_the_resource() -> None:
    made = decision(STORAGE, {**PLACE, "sizeGb": 10}, existing(STORAGE, {**PLACE, "sizeGb": 20}))
    assert made.action is Action.REFUSED
    assert [item.refused for item in made.fields] == [True]
    assert made.refusals[0].startswith("sizeGb: ")


def test_a_tolerated_phase_alone_changes_nothing() -> None:
    one = case(BASE, {"image": "a"}, existing(BASE, {"image": "a"}, phase=Phase.FAILED))
    assert decide(one, tolerates=True).action is Action.NONE
    assert decide(replace(one, spec={"image": "b"}), tolerates=True).action is not Action.NONE


def test_a_new_object_gets_the_declared_spec_and_not_the_compared_one() -> None:
    one = case(NET, {**PLACE, "name": "declared"}, existing(NET, PLACE, phase=Phase.FAILED))
    made = decide(one, compared=PLACE)
    assert (made.action, made.spec["name"]) == (Action.REPLACE, "declared")
    assert [item.name for item in made.fields] == ["name"]


def test_the_only_candidate_of_an_unanswered_create_is_adopted() -> None:
    known = Existing(Record(NET, "", pending=PENDING_CREATE), candidates=(candidate("n-1"),))
    made = decision(NET, PLACE, known)
    assert (made.action, made.case.live and made.case.live.id) == (Action.ADOPT, "n-1")


def test_several_candidates_are_refused_and_named() -> None:
    known = Existing(Record(NET, "", pending=PENDING_CREATE), candidates=(candidate("n-1"), candidate("n-2")))
    for made in (decision(NET, PLACE, known), decision(NET, None, known)):
        assert made.action is Action.REFUSED
        assert "n-1 and n-2 could each be what it made" in made.refusals[0]


def test_no_candidate_of_an_unanswered_create_is_created_again() -> None:
    made = decision(NET, PLACE, Existing(Record(NET, "", pending=PENDING_CREATE)))
    assert (made.action, made.why) == (Action.CREATE, "an earlier create left nothing behind")


def test_protection_is_changed_in_the_record_alone() -> None:
    made = with_recorded(decision(NET, PLACE, existing(NET, PLACE)), Lifecycle(protect=True), labels={})
    assert (made.action, made.records, made.calls) == (Action.UPDATE, True, ())


def test_labels_are_changed_in_the_record_alone() -> None:
    made = with_recorded(decision(NET, PLACE, existing(NET, PLACE)), Lifecycle(protect=False), labels={"team": "a"})
    assert (made.action, made.records, made.calls) == (Action.UPDATE, True, ())
    assert [(item.name, item.before, item.after) for item in made.fields] == [("metadata.labels", None, {"team": "a"})]


def test_labels_of_a_missing_object_are_no_change() -> None:
    gone = decision(NET, PLACE, existing(NET, PLACE, gone=True))
    assert with_recorded(gone, Lifecycle(protect=False), labels={"team": "a"}) is gone


def test_a_protected_failed_object_is_replaced_by_the_next_run() -> None:
    failed = decision(NET, PLACE, existing(NET, PLACE, phase=Phase.FAILED, protect=True))
    made = with_recorded(failed, Lifecycle(protect=False), labels={})
    assert (failed.action, made.action) == (Action.REPLACE, Action.UPDATE)
    assert made.why.endswith("the next run replaces it, when it is no longer protected")


def test_an_object_that_is_not_kept_needs_no_forced_replacement() -> None:
    gone = decision(NET, PLACE, existing(NET, PLACE, gone=True))
    assert with_replacement(gone, why="", forced=Forced.REQUEST, due="x") is gone


def test_replaced_objects_of_earlier_runs_are_listed_with_their_losses() -> None:
    known = replace(existing(STORAGE, PLACE), replaced=(Live("s-0", "s", Phase.READY, "ready", {"sizeGb": 10}),))
    (old,) = with_retired(decision(STORAGE, PLACE, known)).retires
    assert (old.id, [loss.gb for loss in old.loses]) == ("s-0", [10])

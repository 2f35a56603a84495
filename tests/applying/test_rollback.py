"""Rollback: what is deleted or stopped of a group in which a step failed."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from fake_account import MACHINE, A, B, Scene, step

from novita_infra.applying.events import Ended, Outcome
from novita_infra.applying.rollback import Rollback, rollback_of
from novita_infra.applying.walk_input import WalkInput
from novita_infra.model.addresses import Address
from novita_infra.model.lifecycle import Condition
from novita_infra.model.records import Record
from novita_infra.planning.plan.plan import OnFailure
from novita_infra.planning.plan.steps import RecordData, Step, StepConditions, StepKind, Update

Z = Address("machine", "z")
CONDITIONS = StepConditions(ensures=(Condition(1, {}, ""),))
CREATE_A = step(StepKind.CREATE, group="g", conditions=CONDITIONS)
CREATE_B = step(StepKind.CREATE, address=B, group="g", record=RecordData(needs=(A,)))
CREATE_Z = step(StepKind.CREATE, address=Z, group="g")
START_B = step(Update("start"), "m-2", address=B, group="g", fields=("power",))
ENDS = (Ended(CREATE_A, Outcome.DONE, "m-1"), Ended(CREATE_B, Outcome.DONE, "m-2"), Ended(CREATE_Z, Outcome.FAILED))


def rollback(
    ends: Iterable[Ended] = ENDS, *, on_failure: OnFailure = OnFailure.ROLLBACK, unready: Iterable[Address] = (A, B, Z)
) -> Rollback:
    ends = tuple(ends)
    records = Scene().records_of(Record(A, "m-1"), Record(B, "m-2"), Record(Z, ""))
    work = WalkInput(steps=tuple(end.step for end in ends), groups={"g": on_failure}, unready=frozenset(unready))
    return rollback_of(work, ends, records=records, kinds={"machine": MACHINE})


def actions(steps: Iterable[Step]) -> list[tuple[object, str]]:
    return [(item.action, item.id) for item in steps]


def test_created_objects_are_deleted_dependents_first() -> None:
    result = rollback()
    assert actions(result.steps) == [(StepKind.DELETE, "m-1"), (StepKind.DELETE, "m-2")]
    assert [item.after for item in result.steps] == [(result.steps[1].key,), ()]
    assert result.deleted == {A, B}
    for item in result.steps:
        assert item.undoes
        assert item.conditions == StepConditions()
        assert item.says == "taken down again: the group g failed"
        assert item.limits.timeout == MACHINE.timeouts.delete


def test_an_object_that_was_ready_before_the_run_remains() -> None:
    assert actions(rollback(unready=(B, Z)).steps) == [(StepKind.DELETE, "m-2")]


@pytest.mark.parametrize("outcome", [Outcome.DONE, Outcome.SKIPPED, Outcome.MOVING])
def test_a_group_without_a_failure_is_not_rolled_back(outcome: Outcome) -> None:
    assert rollback((*ENDS[:2], Ended(CREATE_Z, outcome))) == Rollback((), frozenset())


def test_a_failure_without_a_group_rolls_nothing_back() -> None:
    alone = step(StepKind.CREATE, address=Z)
    assert rollback((*ENDS[:2], Ended(alone, Outcome.FAILED))).steps == ()


def test_a_group_that_is_kept_has_no_rollback() -> None:
    assert rollback(on_failure=OnFailure.KEEP) == Rollback((), frozenset())


def test_a_group_that_is_stopped_records_the_stopped_state() -> None:
    result = rollback(on_failure=OnFailure.STOP)
    assert actions(result.steps) == [(Update("stop"), "m-1"), (Update("stop"), "m-2")]
    assert [(item.fields, item.spec["power"], item.after) for item in result.steps] == [(("power",), "off", ())] * 2
    assert result.deleted == frozenset()


@pytest.mark.parametrize(("fields", "stopped"), [(("power",), True), ((), False)])
def test_an_object_that_the_run_started_for_its_manifest_is_stopped_again(
    fields: tuple[str, ...], stopped: bool
) -> None:
    start = step(Update("start"), "m-2", address=B, group="g", fields=fields)
    result = rollback((Ended(start, Outcome.DONE, "m-2"), ENDS[2]), on_failure=OnFailure.STOP, unready=(Z,))
    assert actions(result.steps) == ([(Update("stop"), "m-2")] if stopped else [])

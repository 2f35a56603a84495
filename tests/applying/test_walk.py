"""The walk: each step begins as soon as the steps before it are done."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from fake_account import BOOT, A, B, Scene, step

from novita_infra.api.errors import NoCapacity, NoMoney, Refused, Unanswered
from novita_infra.applying.events import Ended, Outcome, Started
from novita_infra.applying.walk import walk_steps
from novita_infra.applying.walk_input import WalkInput, WalkResult
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import EXIT_BLOCKED, EXIT_ERROR
from novita_infra.model.records import Record
from novita_infra.model.values import Ref
from novita_infra.planning.plan.plan import OnFailure
from novita_infra.planning.plan.steps import Step, StepKind, Update

CREATE_A = step(StepKind.CREATE)
CREATE_B = step(StepKind.CREATE, address=B)
AFTER_A = replace(CREATE_B, after=(CREATE_A.key,))
AFTER_B = step(StepKind.CREATE, address=Address("machine", "c"), after=(CREATE_B.key,))


def walk(scene: Scene, *steps: Step, **rest: object) -> WalkResult:
    async def work() -> WalkResult:
        return await walk_steps(WalkInput(steps=steps, **rest), scene.run())  # type: ignore[arg-type]

    return scene.play(work())


def outcomes(result: WalkResult) -> list[tuple[str, str, str]]:
    return [(str(end.step.address), end.outcome.value, end.reason) for end in result.ends]


def test_steps_run_side_by_side_unless_one_comes_after_another() -> None:
    beside, after = Scene(), Scene()
    for scene, steps, least in ((beside, (CREATE_A, CREATE_B), 1), (after, (CREATE_A, AFTER_A), 2)):
        since = scene.clock.now()
        assert [end.outcome for end in walk(scene, *steps).ends] == [Outcome.DONE] * 2
        assert least * BOOT <= scene.clock.now() - since < (least + 0.5) * BOOT
    assert [type(event) for event in after.events if isinstance(event, Started | Ended)] == [Started, Ended] * 2


@pytest.mark.parametrize("parallelism", [1, 2, 3])
def test_parallelism_counts_steps_until_their_objects_are_ready(parallelism: int) -> None:
    scene = Scene()
    steps = [step(StepKind.CREATE, address=Address("machine", name)) for name in "abcdef"]
    since = scene.clock.now()
    assert walk(scene, *steps, parallelism=parallelism).ends[-1].outcome is Outcome.DONE
    running, most = 0, 0
    for event in scene.events:
        running += isinstance(event, Started) - isinstance(event, Ended)
        most = max(most, running)
    assert most == parallelism
    assert scene.clock.now() - since >= BOOT * len(steps) / parallelism


def test_a_step_that_waited_for_its_place_does_not_begin_when_its_group_has_failed() -> None:
    scene = Scene()
    scene.account.failures["/create"] = [Refused]
    steps = [replace(item, group="g") for item in (CREATE_A, CREATE_B)]
    assert outcomes(walk(scene, *steps, parallelism=1, groups={"g": OnFailure.KEEP})) == [
        ("machine.a", "failed", "POST /create: refused by the test"),
        ("machine.b", "skipped", "the group g failed"),
    ]


def test_a_failed_step_skips_only_the_steps_after_it() -> None:
    scene = Scene()
    scene.account.failures["/delete"] = [Refused]
    failed = step(StepKind.DELETE, scene.account.add("old"))
    chain = (replace(CREATE_B, after=(failed.key,)), AFTER_B)
    other = step(StepKind.CREATE, address=Address("machine", "d"))
    assert outcomes(walk(scene, failed, *chain, other)) == [
        ("machine.a", "failed", "POST /delete: refused by the test"),
        ("machine.b", "skipped", "machine.a failed"),
        ("machine.c", "skipped", "machine.a failed"),
        ("machine.d", "done", ""),
    ]


@pytest.mark.parametrize(
    ("error", "code"), [(NoMoney, EXIT_BLOCKED), (NoCapacity, EXIT_BLOCKED), (Refused, EXIT_ERROR)]
)
def test_the_end_of_a_failed_step_has_its_exit_code_and_advice(error: type[Refused], code: int) -> None:
    scene = Scene()
    scene.account.failures["/create"] = [error]
    (end,) = walk(scene, CREATE_A).ends
    assert (end.outcome, end.code, end.id) == (Outcome.FAILED, code, "")
    assert error.advice in end.reason


def test_a_failure_while_a_call_is_pending_is_recorded_without_secrets() -> None:
    scene = Scene()
    scene.account.failures["/create"] = [Unanswered] * 9
    scene.account.add("a")
    (end,) = walk(scene, replace(CREATE_A, limits=replace(CREATE_A.limits, timeout=900.0))).ends
    pending = scene.record().pending
    assert pending is not None
    assert pending.ended
    assert pending.ended in end.reason


def test_a_broken_object_fails_its_step_with_a_redacted_reason() -> None:
    scene = Scene()
    id = scene.account.add("a", "broken", trouble="cannot log in with hunter2-hunter2")
    scene.records_of(Record(A, id))
    (end,) = walk(scene, step(StepKind.WAIT, id)).ends
    assert end.outcome is Outcome.FAILED
    assert "cannot log in with" in end.reason
    assert "hunter2" not in end.reason


def test_record_updates_are_put_before_the_first_step() -> None:
    scene = Scene()
    walk(scene, CREATE_B, record_updates=(Record(A, "m-9"),))
    assert scene.journal.lines[0] == "machine.a m-9: brought up to date"


def test_the_outputs_are_resolved_after_the_last_step() -> None:
    assert walk(Scene(), CREATE_A, outputs={"url": Ref(A, "url")}).outputs == {"url": "https://m-1"}


def test_a_walk_without_steps_ends_at_once() -> None:
    assert walk(Scene()) == WalkResult((), {}, interrupted=False)


def test_an_interrupted_walk_leaves_waits_and_skips_what_has_not_begun() -> None:
    scene = Scene()

    async def work() -> WalkResult:
        walking = asyncio.create_task(walk_steps(WalkInput(steps=(CREATE_A, AFTER_A), outputs={}), scene.run()))
        await scene.clock.sleep(BOOT / 2)
        scene.stop.set()
        return await walking

    result = scene.play(work())
    assert outcomes(result) == [
        ("machine.a", "moving", "m-1 is still booting"),
        ("machine.b", "skipped", "machine.a is still moving"),
    ]
    assert (result.interrupted, result.outputs) == (True, None)
    pending = scene.record().pending
    assert pending is not None
    assert pending.ended == "m-1 is still booting"


def test_no_step_begins_after_an_interruption() -> None:
    scene = Scene()
    scene.stop.set()
    assert outcomes(walk(scene, CREATE_A)) == [("machine.a", "skipped", "interrupted before it began")]
    assert scene.account.sent == []


def test_a_bug_in_a_step_ends_the_whole_walk() -> None:
    with pytest.raises(KeyError):
        walk(Scene(), step(Update("no such call"), "m-1"), CREATE_B)


def test_no_step_of_a_failed_group_begins_and_its_objects_are_deleted() -> None:
    scene = Scene()
    scene.account.add("x", "broken")
    scene.records_of(Record(Address("machine", "x"), "m-1"))
    failed = step(StepKind.WAIT, "m-1", address=Address("machine", "x"), group="g")
    members = (
        step(StepKind.CREATE, group="g"),
        step(StepKind.CREATE, address=B, group="g", after=("machine.a/create",)),
    )
    result = walk(scene, failed, *members, unready=frozenset({A, B}))
    assert outcomes(result) == [
        ("machine.x", "failed", "m-1 failed: broken"),
        ("machine.a", "skipped", "taken down again: the group g failed"),
        ("machine.b", "skipped", "the group g failed"),
    ]
    assert [end.undone for end in result.ends] == [False, True, False]
    assert list(scene.account.machines) == ["m-1"]
    assert scene.records.get(A) is None


def test_a_stopped_group_reports_the_stop_of_each_running_object() -> None:
    scene = Scene()
    scene.account.add("x", "broken")
    scene.records_of(Record(Address("machine", "x"), "m-1"))
    failed = step(StepKind.WAIT, "m-1", address=Address("machine", "x"), group="g")
    result = walk(
        scene,
        failed,
        step(StepKind.CREATE, group="g"),
        unready=frozenset({A, failed.address}),
        groups={"g": OnFailure.STOP},
    )
    assert outcomes(result)[2:] == [("machine.a", "done", "")]
    assert scene.account.sent == ["/create", "/stop"]  # the broken one does not run
    assert scene.record().spec["power"] == "off"

"""StepRunner: performs one step between its conditions, whatever its action."""

from __future__ import annotations

import pytest
from fake_account import A, B, Scene, step

from novita_infra.applying.errors import Interrupted, StepFailed
from novita_infra.applying.steps import StepRunner
from novita_infra.model.diagnostics import EXIT_ERROR, EXIT_REFUSED
from novita_infra.model.lifecycle import Condition
from novita_infra.model.records import PendingCall, Record
from novita_infra.model.values import Digest, Ref, Secret, Value
from novita_infra.planning.plan.steps import RecordData, Step, StepAction, StepConditions, StepKind, Update

URL = Condition(Ref(A, "url"), {"const": "https://m-1"}, "another address")


async def perform(scene: Scene, item: Step) -> str:
    runner = StepRunner(scene.run())
    try:
        return await runner.perform(item)
    finally:
        await runner.close()


def scene_with() -> Scene:
    scene = Scene()
    scene.account.add("a")
    scene.records_of(Record(A, "m-1", {"name": "a"}))
    return scene


@pytest.mark.parametrize(
    ("action", "id", "sent"),
    [
        (StepKind.CREATE, "m-2", ["/create"]),
        (StepKind.DELETE, "m-1", ["/delete"]),
        (StepKind.ADOPT, "m-1", []),
        (StepKind.WAIT, "m-1", []),
        (StepKind.FORGET, "", []),
        (StepKind.RECORD, "m-1", []),
        (Update("resize"), "m-1", ["/resize"]),
    ],
)
def test_each_action_has_its_calls_and_returns_the_id(action: StepAction, id: str, sent: list[str]) -> None:
    scene = scene_with()
    spec, fields = {"name": "a", "size": 2}, ("size",) if isinstance(action, Update) else ()
    assert scene.play(perform(scene, step(action, "m-1", spec=spec, fields=fields))) == id
    assert scene.account.sent == sent


def test_a_step_that_forgets_drops_the_record_and_one_that_records_changes_it() -> None:
    scene = scene_with()
    scene.play(perform(scene, step(StepKind.RECORD, "m-1", record=RecordData(protect=True))))
    assert scene.record().protect
    scene.play(perform(scene, step(StepKind.FORGET, "m-1")))
    assert scene.records.get(A) is None


def test_a_precondition_that_does_not_hold_refuses_the_step() -> None:
    scene = scene_with()
    wrong = Condition(Ref(A, "url"), {"const": "x"}, "another address")
    with pytest.raises(
        StepFailed, match=r"a precondition does not hold: another address \(nothing was done\)"
    ) as error:
        scene.play(perform(scene, step(StepKind.DELETE, "m-1", conditions=StepConditions(requires=(URL, wrong)))))
    assert error.value.code == EXIT_REFUSED
    assert scene.account.sent == []


def test_a_postcondition_that_does_not_hold_fails_the_step_after_its_call() -> None:
    scene = scene_with()
    none = Condition(Ref(B, "url"), {"type": "string"}, "no address")
    with pytest.raises(StepFailed, match="a postcondition does not hold: no address") as error:
        scene.play(perform(scene, step(Update("rename"), "m-1", conditions=StepConditions(ensures=(URL, none)))))
    assert error.value.code == EXIT_ERROR


def test_the_end_of_a_step_is_recorded_while_its_call_is_pending() -> None:
    scene = scene_with()
    scene.records_of(Record(A, "m-1", pending=PendingCall("op", "create", 0.0)), Record(B, "m-2"))

    async def work() -> None:
        runner = StepRunner(scene.run())
        await runner.record_end(step(StepKind.CREATE), "out of memory")
        await runner.record_end(step(StepKind.CREATE, address=B), "out of memory")

    scene.play(work())
    pending = scene.record().pending
    assert pending is not None
    assert pending.ended == "out of memory"
    assert scene.journal.lines == ["machine.a m-1: create: out of memory"]


def test_outputs_are_read_again_and_secrets_are_digests() -> None:
    scene = scene_with()
    declared: dict[str, Value] = {
        "id": Ref(A, "id"),
        "url": Ref(A, "url"),
        "none": Ref(B, "url"),
        "key": Secret("x", "env:K"),
    }

    async def work() -> dict[str, Value]:
        return dict(await StepRunner(scene.run()).outputs(declared))

    outputs = scene.play(work())
    assert isinstance(outputs.pop("key"), Digest)
    assert outputs == {"id": "m-1", "url": "https://m-1", "none": None}
    assert scene.account.reads == 1


def test_no_step_begins_in_an_interrupted_run() -> None:
    scene = scene_with()
    scene.stop.set()
    for action in (*StepKind, Update("rename")):
        with pytest.raises(Interrupted):
            scene.play(perform(scene, step(action, "m-1")))
    assert scene.account.sent == []
    assert scene.journal.lines == []

"""Deletes: intent on disk, call, wait, and the record without the id."""

from __future__ import annotations

import pytest
from fake_account import A, Scene, step

from novita_infra.api.errors import NoMoney
from novita_infra.applying.delete import delete_object
from novita_infra.applying.waiting import Waits
from novita_infra.model.records import PendingCall, Record
from novita_infra.planning.plan.steps import Step, StepKind

DELETE = step(StepKind.DELETE, "m-1")


async def deleted(scene: Scene, item: Step = DELETE) -> str:
    at = scene.at(item)
    waits = Waits(at.run)
    try:
        return await delete_object(at, waits)
    finally:
        await waits.close()


def scene_with(record: Record | None = None) -> Scene:
    scene = Scene()
    scene.account.add("a")
    scene.records_of(*([record] if record else []))
    return scene


def test_a_delete_removes_the_record_when_the_object_is_gone() -> None:
    scene = scene_with(Record(A, "m-1"))
    assert scene.play(deleted(scene)) == "m-1"
    assert scene.records.get(A) is None
    assert scene.journal.lines == ["machine.a m-1: delete: about to be sent", "machine.a dropped: m-1 is gone"]


def test_a_delete_of_an_object_that_is_gone_already_succeeds() -> None:
    scene = scene_with(Record(A, "m-1"))
    scene.account.machines.clear()
    scene.play(deleted(scene))
    assert scene.records.get(A) is None


def test_a_delete_of_a_replaced_object_keeps_the_record_of_the_new_one() -> None:
    scene = scene_with(Record(A, "m-2", retired=("m-1", "m-0")))
    scene.play(deleted(scene))
    assert (scene.record().id, scene.record().retired) == ("m-2", ("m-0",))


def test_a_record_with_other_ids_remains_without_the_deleted_one() -> None:
    scene = scene_with(Record(A, "m-1", retired=("m-0",)))
    scene.play(deleted(scene))
    assert (scene.record().id, scene.record().retired, scene.record().pending) == ("", ("m-0",), None)


@pytest.mark.parametrize("pending", [None, PendingCall("op-0", "create", 0.0)])
def test_the_intent_of_a_delete_tells_whether_the_object_was_ever_ready(pending: PendingCall | None) -> None:
    scene = scene_with(Record(A, "m-1", pending=pending))
    scene.account.failures["/delete"] = [NoMoney]
    with pytest.raises(NoMoney):
        scene.play(deleted(scene))
    left = scene.record().pending
    assert left is not None
    assert (left.call, left.never_ready) == ("delete", pending is not None)


def test_an_object_without_a_record_is_deleted_too() -> None:
    scene = scene_with()
    scene.play(deleted(scene))
    assert scene.account.machines == {}
    assert scene.journal.lines == []

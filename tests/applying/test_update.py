"""Updater: changes an object by a call of its kind, waits for it, or adopts it."""

from __future__ import annotations

import asyncio

import pytest
from fake_account import BOOT, A, B, Scene, step

from novita_infra.api.errors import Busy, NoMoney, Unanswered
from novita_infra.applying.errors import StepFailed
from novita_infra.applying.events import Identified
from novita_infra.applying.run import StepRun
from novita_infra.applying.update import TRIES, Updater
from novita_infra.applying.waiting import Waits
from novita_infra.model.records import PendingCall, Record
from novita_infra.model.values import Digest, Ref, Value
from novita_infra.planning.plan.steps import RecordData, Step, StepKind, Update

SPEC = {"name": "a", "size": 2, "months": 3}
RESIZE = step(Update("resize"), "m-1", spec=SPEC, fields=("size",), timeout=600.0)
RENEW = step(Update("renew"), "m-1", spec=SPEC, fields=("months",), timeout=600.0)


def scene_with(status: str = "on", **values: object) -> Scene:
    scene = Scene()
    scene.account.add("a", status, **{"size": 1, "months": 1, **values})
    scene.records_of(Record(A, "m-1", {"name": "a", "size": 1, "months": 1}, {"url": "old"}, needs=(B,)))
    return scene


async def update(scene: Scene, item: Step) -> str:
    run = scene.run()
    waits = Waits(run)
    updater = Updater(run, waits)
    at = StepRun.of(run, item)
    try:
        match item.action:
            case Update(call):
                return await updater.update(at, call)
            case StepKind.WAIT:
                return await updater.wait(at)
            case _:
                return await updater.adopt(at)
    finally:
        await waits.close()


def test_an_update_records_its_intent_and_then_the_new_value() -> None:
    scene = scene_with()
    assert scene.play(update(scene, RESIZE)) == "m-1"
    assert scene.journal.lines == ["machine.a m-1: resize: about to be sent", "machine.a m-1: resize: done"]
    assert scene.record().spec == {"name": "a", "size": 2, "months": 1}
    assert (scene.record().pending, scene.record().outputs) == (None, {"url": "https://m-1", "until": 1})
    assert (scene.record().needs, scene.record().source) == ((), "fleet.yaml")


def test_an_update_that_the_object_already_shows_makes_no_call() -> None:
    scene = scene_with(size=2)
    scene.play(update(scene, RESIZE))
    assert scene.account.sent == []
    assert scene.record().spec["size"] == 2


def test_an_update_waits_for_a_phase_in_which_its_call_is_allowed() -> None:
    scene = scene_with("booting")
    since = scene.clock.now()
    scene.play(update(scene, RESIZE))
    assert scene.clock.now() - since >= BOOT
    assert scene.account.sent == ["/resize"]


def test_a_start_without_fields_is_done_when_the_object_runs() -> None:
    running, stopped = scene_with("on"), scene_with("off")
    for scene in (running, stopped):
        scene.play(update(scene, step(Update("start"), "m-1")))
    assert (running.account.sent, stopped.account.sent) == ([], ["/start"])


def test_an_update_of_a_deleted_object_fails() -> None:
    scene = scene_with()
    scene.account.machines.clear()
    with pytest.raises(StepFailed, match="m-1 is gone; run the command again for a new plan"):
        scene.play(update(scene, RESIZE))


def test_a_refused_update_restores_the_record() -> None:
    scene = scene_with()
    before = scene.record()
    scene.account.failures["/resize"] = [NoMoney]
    with pytest.raises(NoMoney):
        scene.play(update(scene, RESIZE))
    assert (scene.record().spec, scene.record().pending) == (before.spec, None)
    assert scene.journal.lines[-1] == "machine.a m-1: resize: refused"


def test_an_update_without_an_answer_is_not_sent_again_if_it_had_its_effect() -> None:
    scene = scene_with()
    scene.account.lost["/renew"] = 1
    scene.play(update(scene, RENEW))
    assert scene.account.sent == ["/renew"]
    assert scene.account.machines["m-1"]["months"] == 4


def test_an_update_without_an_answer_or_an_effect_is_sent_again() -> None:
    scene = scene_with()
    scene.account.failures["/resize"] = [Unanswered]
    scene.play(update(scene, RESIZE))
    assert scene.account.sent == ["/resize"] * 2
    assert scene.notes == ["POST /resize: refused by the test; it had no effect, so it is sent again"]


def test_an_update_without_an_answer_is_sent_so_often_at_most() -> None:
    scene = scene_with()
    scene.account.failures["/resize"] = [Unanswered] * 9
    with pytest.raises(StepFailed, match=f"resize was sent {TRIES} times without an answer or an effect"):
        scene.play(update(scene, RESIZE))
    assert scene.account.sent == ["/resize"] * TRIES


def test_a_busy_update_is_moot_when_someone_else_makes_the_change() -> None:
    scene = scene_with()
    scene.account.failures["/resize"] = [Busy] * 99

    async def work() -> None:
        updating = asyncio.create_task(update(scene, RESIZE))
        await scene.account.was_sent.wait()
        scene.account.machines["m-1"]["size"] = 2
        await updating

    scene.play(work())
    assert scene.account.sent == ["/resize"]
    assert scene.record().spec["size"] == 2


def test_an_update_first_records_the_effect_of_an_earlier_call_without_an_answer() -> None:
    scene = scene_with(months=4)
    before: dict[str, Value] = {"values": {}, "outputs": {"until": 1}}
    pending = PendingCall("op-0", "renew", 0.0, {"months": 3}, before=before)
    scene.records_of(Record(A, "m-1", {"name": "a", "size": 1, "months": 1}, pending=pending))
    scene.play(update(scene, RESIZE))
    assert scene.journal.lines[0] == "machine.a m-1: renew: an earlier run made it"
    assert scene.record().spec == {"name": "a", "size": 2, "months": 3}


def test_a_field_that_is_no_longer_declared_goes_back_to_its_default() -> None:
    scene = scene_with(size=5)
    scene.play(update(scene, step(Update("resize"), "m-1", spec={"name": "a"}, fields=("size",))))
    assert scene.account.machines["m-1"]["size"] == 1
    assert "size" not in scene.record().spec


def test_an_update_fails_when_a_kept_value_was_changed_since_the_plan() -> None:
    scene = scene_with()
    spec = {**SPEC, "name": Digest("00")}
    with pytest.raises(StepFailed, match="name was changed outside since the plan was made"):
        scene.play(update(scene, step(Update("resize"), "m-1", spec=spec, fields=("size",))))
    assert scene.account.sent == []


def test_an_update_needs_the_value_of_every_reference() -> None:
    scene = scene_with()
    with pytest.raises(StepFailed, match=r"machine\.b\.id} is not known"):
        scene.play(update(scene, step(Update("rename"), "m-1", spec={"name": Ref(B, "id")}, fields=("name",))))


def test_a_wait_records_that_the_earlier_call_is_over() -> None:
    scene = scene_with("booting")
    scene.records_of(Record(A, "m-1", pending=PendingCall("op-0", "create", 0.0)))
    assert scene.play(update(scene, step(StepKind.WAIT, "m-1"))) == "m-1"
    assert (scene.record().pending, scene.record().outputs) == (None, {"url": "https://m-1", "until": 1})
    assert scene.account.sent == []


def test_an_adoption_records_the_object_without_a_call() -> None:
    scene = scene_with()
    scene.records_of(Record(A, "", pending=PendingCall("op-0", "create", 0.0, {"name": "a"})))
    scene.play(update(scene, step(StepKind.ADOPT, "m-1", record=RecordData(needs=(B,)))))
    assert (scene.record().id, scene.record().spec, scene.record().needs) == ("m-1", {"name": "a"}, (B,))
    assert scene.journal.lines == ["machine.a m-1: adopted: an earlier create made it"]
    assert any(isinstance(event, Identified) for event in scene.events)

"""Creator: intent on disk, call, id on disk, wait; and no second object on a guess."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from fake_account import BOOT, MACHINE, A, B, Scene, step, with_offers

from novita_infra.api.errors import Busy, NoCapacity, NoMoney, Unanswered
from novita_infra.applying.calling import LONGEST_LOCK_WAIT
from novita_infra.applying.create import TRIES, Creator
from novita_infra.applying.errors import Interrupted, StepFailed, StillMoving
from novita_infra.applying.events import Identified, Progressed, Started
from novita_infra.applying.run import OtherRuns, StepRun
from novita_infra.applying.waiting import Waits
from novita_infra.model.clock import ANSWER, GRACE
from novita_infra.model.diagnostics import Problems, problem
from novita_infra.model.records import Record
from novita_infra.planning.plan.steps import Step, StepKind
from novita_infra.state.store import LockHolder, LockRefused

CREATE = step(StepKind.CREATE, timeout=600.0, spec={"name": "a", "size": 2, "months": 1})


async def create(scene: Scene, *steps: Step) -> list[str]:
    run = scene.run()
    waits = Waits(run)
    creator = Creator(run, waits)
    try:
        return list(await asyncio.gather(*(creator.create(StepRun.of(run, item)) for item in steps or (CREATE,))))
    finally:
        await waits.close()


def test_the_intent_is_on_disk_before_the_call_and_the_id_before_the_wait() -> None:
    scene = Scene()
    scene.account.add("other")
    assert scene.play(create(scene)) == ["m-2"]
    assert scene.journal.lines == [
        "snapshot machine: m-1",
        "machine.a -: create: about to be sent",
        "machine.a m-2: created",
        "machine.a m-2: ready",
    ]
    assert [type(event) for event in scene.events][:2] == [Started, Identified]
    assert scene.record() == replace(
        Record(
            A, "m-2", {"name": "a", "size": 2, "months": 1}, {"url": "https://m-2", "until": 1}, source="fleet.yaml"
        ),
        seen_at=scene.record().seen_at,
    )


def test_a_lock_that_ends_only_by_hand_is_not_waited_for() -> None:
    scene = Scene()
    scene.marks = False
    hint = "make sure that it is not running any more, then remove the file"
    refusal = LockRefused(None, "the state was locked on another machine", hint, final=True)
    since = scene.clock.now()

    async def refused() -> None:
        run = replace(scene.run(), others=OtherRuns(create_lock=lambda _name: refusal))
        with pytest.raises(StepFailed, match="another run creates a Machine of this name") as caught:
            await Creator(run, Waits(run)).create(StepRun.of(run, CREATE))
        assert str(caught.value).endswith(hint)

    scene.play(refused())
    assert scene.clock.now() == since
    assert scene.journal.lines == []


def test_a_lock_of_a_create_is_waited_for_with_a_note_each_minute() -> None:
    scene = Scene()
    scene.marks = False
    holder = LockHolder(operation="create", user="ada", pid="12", host="host")
    refusal, since = LockRefused(holder, "the state is locked", "wait for its end"), scene.clock.now()

    async def refused() -> None:
        run = replace(scene.run(), others=OtherRuns(create_lock=lambda _name: refusal))
        with pytest.raises(StepFailed, match=r"another run creates a Machine.*; it was waited for 30 min") as caught:
            await Creator(run, Waits(run)).create(StepRun.of(run, CREATE))
        assert str(caught.value).endswith("wait for its end")

    scene.play(refused())
    assert scene.clock.now() - since == pytest.approx(LONGEST_LOCK_WAIT, abs=1)
    notes = [event.note for event in scene.events if isinstance(event, Progressed)]
    assert 30 <= len(notes) <= 40
    assert all("waiting for its end, at most" in note for note in notes)
    assert scene.journal.lines == []


class LostLock:
    """The lock of a create which another run has after so many checks."""

    def __init__(self, checks: int) -> None:
        self.checks = checks
        self.released = False

    def check(self) -> None:
        self.checks -= 1
        if self.checks < 0:
            raise problem("the locks of this run were taken over")

    def release(self) -> None:
        self.released = True


async def create_with(scene: Scene, lock: LostLock) -> None:
    run = replace(scene.run(), others=OtherRuns(create_lock=lambda _name: lock))
    with pytest.raises(Problems, match="the locks of this run were taken over"):
        await Creator(run, Waits(run)).create(StepRun.of(run, CREATE))
    assert lock.released


@pytest.mark.parametrize("busy", [0, 2])
def test_a_create_whose_lock_is_lost_is_not_sent(busy: int) -> None:
    scene = Scene()
    scene.account.failures["/create"] = [Busy] * busy
    scene.play(create_with(scene, LostLock(busy)))
    assert scene.account.sent == ["/create"] * busy
    assert scene.journal.lines == [
        "snapshot machine: ",
        "machine.a -: create: about to be sent",
        "machine.a dropped: create: refused",
    ]


def test_an_object_that_is_found_after_the_lock_was_lost_is_not_recorded() -> None:
    scene = Scene()
    scene.account.lost["/create"] = 1
    scene.play(create_with(scene, LostLock(1)))
    assert scene.account.sent == ["/create"]
    assert scene.record().id == ""
    assert scene.record().pending is not None


def test_a_create_whose_answer_settles_it_is_not_waited_for() -> None:
    api = replace(MACHINE.api, create=replace(MACHINE.api.create, final_phases=frozenset()))
    scene = Scene(kind=replace(MACHINE, api=api))
    since = scene.clock.now()
    scene.play(create(scene))
    assert scene.clock.now() - since < BOOT
    assert scene.journal.lines[-1] == "machine.a m-1: created"
    assert scene.record().pending is None


def test_a_refused_create_restores_the_record() -> None:
    scene = Scene()
    before = Record(A, "m-0", {"name": "a"})
    scene.records_of(before)
    scene.account.failures["/create"] = [NoMoney]
    with pytest.raises(NoMoney):
        scene.play(create(scene))
    assert replace(scene.record(), seen_at=0.0) == before
    assert scene.journal.lines[-1] == "machine.a m-0: create: refused"


def test_a_refused_create_without_a_record_leaves_none() -> None:
    scene = Scene()
    scene.account.failures["/create"] = [NoMoney]
    with pytest.raises(NoMoney):
        scene.play(create(scene))
    assert scene.records.get(A) is None


@pytest.mark.parametrize("marks", [False, True])
def test_the_object_of_a_create_without_an_answer_is_found(marks: bool) -> None:
    scene = Scene(marks=marks)
    scene.account.add("a")  # a twin from before
    scene.account.lost["/create"] = 1
    assert scene.play(create(scene)) == ["m-2"]
    assert scene.account.sent == ["/create"]
    assert scene.notes[-1] == "what it made was found: m-2"


def test_a_create_is_sent_again_only_after_reads_prove_that_it_made_nothing() -> None:
    scene = Scene()
    scene.account.failures["/create"] = [Unanswered]
    since = scene.clock.now()
    assert scene.play(create(scene)) == ["m-1"]
    assert scene.account.sent == ["/create"] * 2
    assert scene.clock.now() - since >= ANSWER + GRACE + BOOT
    assert "nothing was made, so it is sent again" in scene.notes


def test_a_create_without_an_answer_is_sent_so_often_at_most() -> None:
    scene = Scene()
    scene.account.failures["/create"] = [Unanswered] * 9
    with pytest.raises(StepFailed, match="refused by the test"):
        scene.play(create(scene))
    assert scene.account.sent == ["/create"] * TRIES
    assert scene.record().pending is not None


def test_an_answer_without_an_id_is_never_sent_again() -> None:
    scene = Scene(kind=replace(MACHINE, api=replace(MACHINE.api, new_id=lambda _: "")))
    assert scene.play(create(scene)) == ["m-1"]
    scene = Scene(kind=replace(MACHINE, api=replace(MACHINE.api, new_id=lambda _: "", matches=lambda *_: False)))
    with pytest.raises(StepFailed, match="the answer holds no id"):
        scene.play(create(scene))
    assert scene.account.sent == ["/create"]


@pytest.mark.parametrize("id", ["OK", "null", "0a1b2c3d4e5f6071"])
def test_an_id_that_no_read_shows_is_not_recorded(id: str) -> None:
    """`OK` as text is the answer of a proxy; the run itself finds the object, or the next one does."""
    scene = Scene(kind=replace(MACHINE, api=replace(MACHINE.api, new_id=lambda _: id)))
    if id in {"OK", "null"}:
        assert scene.play(create(scene)) == ["m-1"]
        assert scene.record().id == "m-1"
    else:
        with pytest.raises(StepFailed, match=f"no read of the API shows {id}, .*run the same command again"):
            scene.play(create(scene))
        assert scene.record().id == ""
        assert scene.record().pending is not None
    assert scene.account.sent == ["/create"]


def test_several_objects_that_may_be_the_new_one_fail_the_create() -> None:
    scene = Scene()
    scene.account.doubles, scene.account.lost["/create"] = True, 1
    with pytest.raises(StepFailed, match="m-1"):
        scene.play(create(scene))
    assert scene.account.sent == ["/create"]


def test_an_interrupted_run_leaves_the_search_to_the_next_one() -> None:
    scene = Scene()
    scene.account.failures["/create"] = [Unanswered]

    async def work() -> None:
        creating = asyncio.create_task(create(scene))
        await scene.account.was_sent.wait()
        scene.stop.set()
        await creating

    with pytest.raises(StillMoving, match="the next run looks for it"):
        scene.play(work())
    assert scene.record().pending is not None


def test_creates_without_a_mark_and_of_one_name_are_made_one_after_the_other() -> None:
    scene = Scene()
    scene.account.failures["/create"] = [Busy]
    twins = (CREATE, step(StepKind.CREATE, address=B, spec={"name": "a"}))
    assert scene.play(create(scene, *twins)) == ["m-1", "m-2"]


def test_a_replacement_keeps_the_old_id_until_it_is_gone() -> None:
    scene = Scene()
    scene.records_of(Record(A, "m-0", {"name": "a"}, retired=("m-x",)))
    scene.play(create(scene))
    assert (scene.record().id, scene.record().retired) == ("m-1", ("m-x", "m-0"))
    scene.records_of(Record(A, "m-0", {"name": "a"}))
    scene.play(create(scene, replace(CREATE, gone="m-0")))
    assert scene.record().retired == ()


def test_the_offers_are_tried_in_their_order_and_the_choice_is_recorded() -> None:
    scene = Scene(kind=with_offers("north", "south"))
    scene.account.failures["/create"] = [NoCapacity]
    scene.play(create(scene))
    assert scene.record().choice == {
        "took": {"place": "south"},
        "passed": [{"offer": {"place": "north"}, "reason": "refused by the test"}],
    }


def test_capacity_is_waited_for_as_long_as_the_step_may() -> None:
    scene = Scene()
    scene.account.failures["/create"] = [NoCapacity] * 3
    scene.play(create(scene, step(StepKind.CREATE, capacity_wait=120.0, timeout=180.0)))
    assert scene.account.sent == ["/create"] * 4
    assert scene.notes == ["refused by the test: tried again for up to 2 min"]


def test_without_capacity_the_create_fails_when_its_wait_is_over() -> None:
    scene = Scene()
    scene.account.failures["/create"] = [NoCapacity] * 99
    since = scene.clock.now()
    with pytest.raises(StepFailed, match=r"nothing came free in .*; longer: lifecycle\.waitForCapacity"):
        scene.play(create(scene, step(StepKind.CREATE, capacity_wait=50.0)))
    assert scene.clock.now() - since == pytest.approx(50, abs=1)
    scene.account.failures["/create"] = [NoCapacity]
    with pytest.raises(NoCapacity):
        scene.play(create(scene))


def test_an_interruption_ends_the_wait_for_capacity() -> None:
    scene = Scene()
    scene.account.failures["/create"] = [NoCapacity] * 99

    async def work() -> None:
        creating = asyncio.create_task(create(scene, step(StepKind.CREATE, capacity_wait=600.0)))
        await scene.clock.sleep(30)
        scene.stop.set()
        await creating

    with pytest.raises(Interrupted, match="interrupted while it waited for capacity; nothing was made"):
        scene.play(work())
    assert scene.records.get(A) is None

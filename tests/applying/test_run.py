"""Run and StepRun: what the steps of a run share, and the context of one step."""

from __future__ import annotations

import asyncio

import pytest
from fake_account import A, B, Scene, step

from novita_infra.applying.errors import Interrupted, StepFailed
from novita_infra.applying.events import Progressed, Started
from novita_infra.applying.run import CALLS_AT_ONCE, STEPS_PER_CALL, Span, step_slots
from novita_infra.model.records import Record
from novita_infra.model.values import Ref
from novita_infra.planning.plan.steps import StepKind


@pytest.mark.parametrize(("max_calls", "calls"), [(None, CALLS_AT_ONCE), (3, 3)])
def test_step_slots_prepare_steps_for_each_call_in_flight(max_calls: int | None, calls: int) -> None:
    slots, taken = step_slots(max_calls), 0
    while not slots.locked():
        asyncio.run(slots.acquire())
        taken += 1
    assert taken == calls * STEPS_PER_CALL


def test_check_stop_raises_only_in_an_interrupted_run() -> None:
    scene = Scene()
    scene.run().check_stop()
    scene.stop.set()
    with pytest.raises(Interrupted, match="while it waited"):
        scene.run().check_stop("while it waited")


def test_a_pause_ends_with_the_interruption() -> None:
    scene = Scene()
    since = scene.clock.now()

    async def work() -> None:
        pausing = asyncio.create_task(scene.run().pause(100))
        await scene.clock.sleep(3)
        scene.stop.set()
        await pausing

    scene.play(work())
    assert scene.clock.now() - since == pytest.approx(3)


@pytest.mark.parametrize(("timeout", "until"), [(60.0, 60.0), (0.0, None)])
def test_a_step_run_has_the_time_of_its_step(timeout: float, until: float | None) -> None:
    scene = Scene()
    now = scene.clock.now()
    assert scene.at(step(StepKind.WAIT, timeout=timeout)).span == Span(now, until and now + until)


def test_a_step_run_emits_its_start_and_its_notes_with_the_time() -> None:
    scene = Scene()

    async def work() -> None:
        at = scene.at(step(StepKind.WAIT))
        at.begin()
        await scene.clock.sleep(5)
        at.note("m-1", "sent again", status="waiting")

    scene.play(work())
    started, note = scene.events
    assert isinstance(started, Started)
    assert isinstance(note, Progressed)
    assert (note.id, note.note, note.status, note.elapsed) == ("m-1", "sent again", "waiting", 5)


def test_a_step_run_needs_a_record() -> None:
    with pytest.raises(StepFailed, match="the state holds no record of it"):
        _ = Scene().at(step(StepKind.WAIT)).record


def test_attempts_have_an_operation_each() -> None:
    scene = Scene()
    at = scene.at(step(StepKind.CREATE))
    assert [at.attempt("create", {}).operation for _ in range(2)] == ["op-1", "op-2"]


def test_a_missing_attribute_is_read_before_the_spec_is_resolved() -> None:
    scene = Scene()
    scene.account.add("b")
    scene.records_of(Record(B, "m-1"))
    spec = {"name": Ref(B, "url"), "place": Ref(B, "id")}

    async def work() -> object:
        return await scene.at(step(StepKind.CREATE, spec=spec)).resolved_spec()

    assert scene.play(work()) == {"name": "https://m-1", "place": "m-1"}
    assert scene.journal.lines == ["machine.b m-1: read"]
    assert scene.records.get(A) is None

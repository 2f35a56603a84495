"""RunRecords: the state of one run, in memory and in its journal alike."""

from __future__ import annotations

from collections.abc import Mapping

from fake_account import A, B, Scene

from novita_infra.applying.records import DURATIONS_KEPT, RunRecords
from novita_infra.model.addresses import Address
from novita_infra.model.records import PendingCall, Record
from novita_infra.model.values import Ref
from novita_infra.state.state import MOST_GONE, State, UsedPlan, with_gone

LOST = Record(B, "", pending=PendingCall("op", "create", 0.0))


def final(records: RunRecords, **given: object) -> State:
    return records.final_state(outputs=None, **given)  # type: ignore[arg-type]


def test_a_record_is_in_the_journal_when_put_returns() -> None:
    scene = Scene()
    scene.play(scene.records.put(Record(A, "m-1"), "created"))
    assert scene.journal.lines == ["machine.a m-1: created"]
    assert scene.record().seen_at == scene.clock.now()


def test_a_dropped_record_is_gone_and_its_id_remains_owned() -> None:
    scene = Scene()
    records = scene.records_of(Record(A, "m-1", retired=("m-0",)))
    scene.play(records.drop(A, "m-1 is gone"))
    assert records.get(A) is None
    assert scene.journal.lines == ["machine.a dropped: m-1 is gone"]
    assert records.owned_ids("machine") == {"m-0", "m-1"}
    assert records.owned_ids("other") == frozenset()


def test_known_resolves_a_reference_by_id_and_by_output() -> None:
    records = Scene().records_of(Record(A, "m-1", outputs={"url": "u"}), LOST)
    assert records.known(Ref(A, "id")) == "m-1"
    assert records.known(Ref(A, "url")) == "u"
    for unknown in (Ref(A, "other"), Ref(B, "id"), Ref(Address("machine", "c"), "id")):
        assert records.known(unknown) == unknown


def test_the_snapshot_has_a_name_of_its_own_while_a_create_is_in_doubt() -> None:
    assert Scene().records_of(Record(A, "m-1")).snapshot_name("machine") == "machine"
    assert Scene().records_of(LOST, serial=7).snapshot_name("machine") == "machine#7"


def test_the_final_state_keeps_a_snapshot_only_of_a_create_without_an_answer() -> None:
    scene = Scene()
    records = scene.records_of(LOST, snapshots={"machine": ("m-0",), "other": ("x",)})
    scene.play(records.put_snapshot("machine#1", ("m-0", "m-9")))
    assert final(records).snapshots == {"machine": ("m-0",)}
    assert scene.journal.lines == ["snapshot machine#1: m-0, m-9"]


def test_the_final_state_sorts_records_and_keeps_the_last_durations() -> None:
    records = Scene().records_of(Record(B, "m-2"), Record(A, "m-1"), durations={"machine.create": (1.0,)})
    state = final(records, durations={"machine.create": [float(n) for n in range(DURATIONS_KEPT)]})
    assert list(state.records) == [A, B]
    assert state.durations["machine.create"] == tuple(float(n) for n in range(DURATIONS_KEPT))


def test_the_final_state_marks_the_applied_plan_as_done() -> None:
    scene = Scene()
    plan = UsedPlan("seal", 1.0, "ada", steps=({"key": "instance.a/create"},))
    scene.play(scene.records.use_plan(plan))
    assert scene.journal.lines == ["uses seal"]
    assert final(scene.records, used=plan).used_plans == (plan,)
    assert final(scene.records, used=plan, done=True).used_plans == (UsedPlan("seal", 1.0, "ada", done=True),)


def test_the_final_state_drops_the_steps_of_a_plan_that_another_run_overtook() -> None:
    scene = Scene()
    scene.play(scene.records.use_plan(UsedPlan("seal", 1.0, "ada", steps=({"key": "instance.a/create"},))))
    assert final(scene.records).used_plans == (UsedPlan("seal", 1.0, "ada"),)


def test_the_ids_of_deleted_objects_remain_known_in_later_runs() -> None:
    scene = Scene()
    records = scene.records_of(Record(A, "m-2", retired=("m-1",)), Record(B, "m-3"))
    scene.play(records.put(Record(A, "m-2"), "the old one is deleted"))
    scene.play(records.put(LOST, "no list shows m-3, so the object of that create is still sought"))
    scene.play(records.drop(A, "deleted"))
    state = final(records)
    assert state.gone == {"machine": ("m-1", "m-2")}
    assert state.not_made_by(LOST) == {"m-1", "m-2"}
    assert RunRecords(state, scene.journal, now=float).owned_ids("machine") == {"m-1", "m-2"}


def test_a_state_remembers_a_bounded_number_of_deleted_ids() -> None:
    gone: Mapping[str, tuple[str, ...]] = {}
    for number in range(1, MOST_GONE + 6):
        gone = with_gone(gone, Record(A, str(number)), None)
    assert gone == {"machine": tuple(str(number) for number in range(6, MOST_GONE + 6))}

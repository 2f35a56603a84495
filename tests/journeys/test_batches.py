"""Batches from their input to their answers: what is paid for is done once, whatever happens to the run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from rig import SHORT, Rig

from novita_infra.applying.events import Identified, Outcome, Progressed
from novita_infra.cli.commands.main.apply import exit_code_of
from novita_infra.model.clock import moment
from novita_infra.planning.plan.changes import Action
from novita_infra.simulator import Timings
from novita_infra.simulator.world.llm import batches
from novita_infra.views.content.plan import change_sentence
from novita_infra.views.formats.text.result import result_lines

MODEL = "deepseek/deepseek-v3-0324"
DAY = 86_400.0
TEMPLATE = {"messages": [{"role": "user", "content": "Say {{word}}"}], "max_tokens": 10}


def batch(*words: str, results: str | None = "out/it.jsonl", **more: Any) -> dict[str, Any]:
    """The spec of a batch of one request for each word."""
    given = {"rows": [{"word": word} for word in words], "template": TEMPLATE}
    return {"model": MODEL, "input": given, **({"results": results} if results else {}), **more}


def declared(folder: Path, spec: dict[str, Any], *, timings: Timings = SHORT) -> Rig:
    rig = Rig(folder, timings=timings)
    rig.declare(("Batch", "it", spec))
    return rig


def calls(rig: Rig) -> tuple[int, int]:
    """How many files were uploaded and batches created."""
    return rig.world.calls["files.upload"], rig.world.calls["batches.create"]


def answers(rig: Rig, path: str = "out/it.jsonl") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (rig.folder / path).read_text(encoding="utf-8").splitlines()]


def notes(rig: Rig) -> list[str]:
    return [event.note for event in rig.events if isinstance(event, Progressed) and event.note]


def status(rig: Rig) -> str:
    (record,) = rig.world.batches
    return record.status


def test_a_batch_runs_to_its_end_and_its_answers_are_in_the_order_of_the_input(tmp_path: Path) -> None:
    rig = declared(tmp_path, batch(*"abcdefghijklmnop"))
    review = rig.plan()
    (row,) = review.cost.rows if review.cost else ()
    assert [cost.quantity > cost.fewest for cost in row.once] == [True, True]
    rig.apply()
    assert calls(rig) == (1, 1)
    assert [line["custom_id"] for line in answers(rig)] == [f"{number}" for number in range(1, 17)]
    outputs = rig.record("batch.it").outputs
    assert (outputs["status"], outputs["completed"], outputs["failed"]) == ("completed", 16, 0)
    paid = sum(usage.cost for usage in rig.world.usages)
    assert float(str(outputs["costUsd"])) * 100_000 == pytest.approx(paid, abs=1)
    assert any("of 16 done" in note for note in notes(rig))
    rig.assert_converged()


def test_an_unchanged_batch_is_not_run_again_when_the_service_has_forgotten_it(tmp_path: Path) -> None:
    rig = declared(tmp_path, batch("a"))
    rig.apply()
    rig.clock.run(rig.clock.sleep(40 * DAY))
    rig.world.advance()
    assert not list(rig.world.files)
    assert rig.plan().empty
    for record in list(rig.world.batches):
        rig.world.batches.remove(record)
    assert rig.plan().empty
    assert not rig.plan().plan.drift
    rig.apply()
    assert calls(rig) == (1, 1)


def test_another_input_is_another_batch_and_the_same_one_is_uploaded_once(tmp_path: Path) -> None:
    rig = declared(tmp_path, batch("a"))
    rig.apply()
    old = rig.record("batch.it").id
    rig.declare(("Batch", "it", batch("b")))
    (change,) = rig.plan().plan.changes
    assert change.action is Action.REPLACE
    assert change_sentence(change) == f" ({old}) will be replaced: the old one is over, and is not deleted"
    rig.apply()
    assert calls(rig) == (2, 2)
    assert rig.record("batch.it").id != old
    rig.apply(replaces=("batch.it",))
    assert calls(rig) == (2, 3)
    rig.declare(("Batch", "it", batch("b")), ("Batch", "other", batch("b", results=None)))
    rig.apply()
    assert calls(rig) == (2, 4)


@pytest.mark.parametrize("model", ["deepseek/deepseek-v3-0342", "baai/bge-m3"])
def test_a_replacement_is_refused_for_a_model_that_a_new_batch_may_not_have(model: str, tmp_path: Path) -> None:
    faults = []
    for first in (batch("a"), None):
        rig = Rig(tmp_path / f"{bool(first)}")
        if first:
            rig.declare(("Batch", "it", first))
            rig.apply()
        rig.declare(("Batch", "it", {**batch("a"), "model": model}))
        faults.append([item.summary for item in rig.plan().problems])
    assert faults[0] == faults[1]
    assert model in faults[0][0]


def test_a_replacement_costs_what_a_new_batch_of_it_costs(tmp_path: Path) -> None:
    spec, other = batch("b"), batch("a")
    spec["input"]["template"] = {"messages": TEMPLATE["messages"]}
    costs = []
    for first in (other, None):
        rig = Rig(tmp_path / f"{bool(first)}")
        if first:
            rig.declare(("Batch", "it", first))
            rig.apply()
        rig.declare(("Batch", "it", spec))
        review = rig.plan()
        assert review.cost
        costs.append([row.once for row in review.cost.rows])
    assert costs[0] == costs[1]


def test_two_batches_over_one_input_upload_it_once(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.declare(("Batch", "one", batch("a", results=None)), ("Batch", "two", batch("a", results=None)))
    rig.apply()
    assert calls(rig) == (1, 2)
    rig.assert_converged()


def test_answers_go_to_another_file_without_another_batch(tmp_path: Path) -> None:
    rig = declared(tmp_path, batch("a", results=None))
    rig.apply()
    assert not (tmp_path / "out").exists()
    rig.declare(("Batch", "it", batch("a", results="out/new.jsonl")))
    (change,) = rig.plan().plan.changes
    assert (change.action, [item.name for item in change.fields]) == (Action.UPDATE, ["results"])
    rig.apply()
    assert len(answers(rig, "out/new.jsonl")) == 1
    assert calls(rig) == (1, 1)
    rig.assert_converged()


def test_answers_that_the_service_no_longer_has_are_said_to_be_gone(tmp_path: Path) -> None:
    rig = declared(tmp_path, batch("a", results=None))
    rig.apply()
    rig.clock.run(rig.clock.sleep(40 * DAY))
    rig.declare(("Batch", "it", batch("a")))
    (end,) = rig.apply(expect_success=False).ends
    assert "30 days" in end.reason
    assert rig.plan().empty


# --- the file of the results ------------------------------------------------------------------------------------------


def warnings(rig: Rig) -> list[str]:
    return [note.summary for note in rig.plan().notes]


@pytest.mark.parametrize(
    ("content", "why"), [(None, "out/it.jsonl was deleted"), ("mine\n", "out/it.jsonl is not what was written")]
)
def test_results_that_are_lost_are_fetched_again_without_another_batch(
    content: str | None, why: str, tmp_path: Path
) -> None:
    rig = declared(tmp_path, batch("a", "b"))
    rig.apply()
    file, before = tmp_path / "out/it.jsonl", (tmp_path / "out/it.jsonl").read_bytes()
    file.unlink() if content is None else file.write_text(content)
    review = rig.plan()
    (change,) = review.plan.changes
    assert (change.action, change.why, [item.name for item in change.fields]) == (Action.UPDATE, why, ["results"])
    overwritten = ["out/it.jsonl, with 1 row, will be overwritten"] if content else []
    assert [note.summary for note in review.notes] == overwritten
    rig.apply()
    assert file.read_bytes() == before
    assert calls(rig) == (1, 1)
    rig.assert_converged()


@pytest.mark.parametrize("forgotten", [False, True], ids=["expired", "forgotten"])
def test_results_that_are_lost_for_good_are_a_warning_and_nothing_is_run_again(forgotten: bool, tmp_path: Path) -> None:
    rig = declared(tmp_path, batch("a"))
    rig.apply()
    rig.clock.run(rig.clock.sleep(40 * DAY))
    for record in list(rig.world.batches) if forgotten else ():
        rig.world.batches.remove(record)
    assert warnings(rig) == []
    (tmp_path / "out/it.jsonl").unlink()
    review = rig.plan()
    assert review.empty
    (note,) = review.notes
    assert note.summary.startswith("out/it.jsonl was deleted, and the service no longer keeps what was there")
    assert note.option == "--replace batch.it"
    rig.apply()
    assert calls(rig) == (1, 1)


def test_a_plan_says_what_it_overwrites_and_how_an_input_has_changed(tmp_path: Path) -> None:
    rig = declared(tmp_path, batch())
    (tmp_path / "out").mkdir()
    (tmp_path / "out/it.jsonl").write_text("1\n2\n")
    spec = batch(*"abcd")
    spec["input"] |= {"customId": "{{word}}", "rows": [{"word": word, "n": 1} for word in "abcd"]}
    rig.declare(("Batch", "it", spec))
    assert warnings(rig) == ["out/it.jsonl, with 2 rows, will be overwritten"]
    rig.apply()
    spec["input"] |= {"rows": [{"word": word, "n": 2 if word == "b" else 1} for word in "abxyz"]}
    spec["input"]["template"] = {**TEMPLATE, "max_tokens": 10}
    rig.declare(("Batch", "it", spec))
    review = rig.plan()
    assert [note.summary for note in review.notes] == ["out/it.jsonl, with 4 rows, will be overwritten"]
    (it,) = rig.world.batches
    command = f"`novita-infra batches results {it.id} --into out/{it.id}-it.jsonl` fetches the earlier answers later"
    until = moment(int(it.times["completed_at"]) + 30 * DAY)
    assert f"{command}: Novita keeps them until {until}, and" in review.notes[0].hint
    (change,) = review.plan.changes
    assert change.why == "its requests changed: 1 different, 3 new, 2 gone, 1 as before"
    spec["input"]["template"] = {**TEMPLATE, "max_tokens": 11}
    rig.declare(("Batch", "it", spec))
    (change,) = rig.plan().plan.changes
    assert change.why == "its requests changed: 2 different, 3 new, 2 gone, 0 as before"
    (tmp_path / "out/it.jsonl").unlink()
    review = rig.plan()
    (change,) = review.plan.changes
    assert (change.action, change.why, list(review.notes)) == (Action.REPLACE, "", [])


# --- batches that do not succeed --------------------------------------------------------------------------------------

SLOW = Timings(batch_line=3600.0, batch_window=3 * 3600.0)
"""Three requests of ten are answered before the window of a batch ends."""


def test_a_batch_that_expires_fails_keeps_its_answers_and_is_not_run_again(tmp_path: Path) -> None:
    rig = declared(tmp_path, batch(*"abcdefghij"), timings=SLOW)
    (end,) = rig.apply(expect_success=False).ends
    assert end.outcome is Outcome.FAILED
    assert "expired" in end.reason
    assert "--replace" in end.reason
    assert 1 <= len([line for line in answers(rig) if line.get("status", "completed") == "completed"]) < 10
    review = rig.plan()
    assert review.empty
    assert [note.option for note in review.notes] == ["--replace batch.it"]
    assert "expired" in review.notes[0].summary
    rig.apply()
    assert calls(rig) == (1, 1)
    rig.apply(replaces=("batch.it",), expect_success=False)
    assert calls(rig) == (1, 2)


def test_a_batch_of_which_no_request_is_answered_fails(tmp_path: Path) -> None:
    spec = batch("a", "b")
    spec["input"]["template"] = {**TEMPLATE, "temperature": 99}
    rig = declared(tmp_path, spec)
    (end,) = rig.apply(expect_success=False).ends
    assert "none of its 2 requests" in end.reason
    assert rig.plan().empty
    again = rig.apply()
    assert exit_code_of(again) == 1
    assert "batch.it" in "".join(map(str, result_lines(again, again="")))


def test_a_batch_without_answers_leaves_the_answers_of_the_last_one(tmp_path: Path) -> None:
    rig = declared(tmp_path, batch("a", "b"))
    rig.apply()
    before = (tmp_path / "out/it.jsonl").read_bytes()
    spec = batch("a", "b")
    spec["input"]["template"] = {**TEMPLATE, "temperature": 99}
    rig.declare(("Batch", "it", spec))
    result = rig.apply(expect_success=False)
    assert any("in out/it.jsonl.errors; out/it.jsonl stays as it was" in note for note in notes(rig))
    assert (tmp_path / "out/it.jsonl").read_bytes() == before
    assert [line["status"] for line in answers(rig, "out/it.jsonl.errors")] == ["failed", "failed"]
    shown = "\n".join(map(str, result_lines(result, again="novita-infra apply")))
    assert "it is not run again by itself" in shown
    assert "Next:" not in shown
    assert "resultsSha256" not in rig.record("batch.it").outputs
    (tmp_path / "out/it.jsonl").unlink()
    assert rig.plan().empty


def test_the_commonest_errors_are_shown_at_the_end_and_old_ones_are_removed(tmp_path: Path) -> None:
    spec = batch("a", "b")
    spec["input"]["template"] = {**TEMPLATE, "temperature": 99}
    rig = declared(tmp_path, spec)
    result = rig.apply(expect_success=False)
    wanted = "2 x INVALID_REQUEST_BODY: invalid parameter temperature: must be a number between 0 and 2"
    assert [end.errors for end in result.ends] == [(wanted,)]
    shown = [str(line).strip() for line in result_lines(result, again="novita-infra apply")]
    assert shown[-2:] == ["the commonest errors:", wanted]
    assert (tmp_path / "out/it.jsonl.errors").exists()
    rows = [{"word": "a", "t": 1}, {"word": "b", "t": 99}]
    spec["input"] = {"rows": rows, "template": {**TEMPLATE, "temperature": "{{t}}"}}
    rig.declare(("Batch", "it", spec))
    result = rig.apply()
    assert not (tmp_path / "out/it.jsonl.errors").exists()
    shown = [str(line).strip() for line in result_lines(result, again="")]
    assert shown[-2:] == ["Failed requests of batch.it, the commonest errors:", wanted.replace("2 x", "1 x")]


def test_a_batch_that_others_cancel_fails_and_is_not_run_again(tmp_path: Path) -> None:
    rig = declared(tmp_path, batch(*"abcdefghij"), timings=Timings(batch_line=600.0))
    rig.apply(stop_when=lambda event: isinstance(event, Identified), expect_success=False)
    batches.cancel(rig.world, rig.record("batch.it").id)
    (end,) = rig.apply(expect_success=False).ends
    assert "cancelled" in end.reason
    assert rig.plan().empty
    assert calls(rig) == (1, 1)


# --- runs that end before the batch -----------------------------------------------------------------------------------


def test_an_interrupted_run_is_continued_and_its_answers_are_written(tmp_path: Path) -> None:
    rig = declared(tmp_path, batch("a", "b"))
    rig.apply(stop_when=lambda event: isinstance(event, Identified), expect_success=False)
    rig.clock.run(rig.clock.sleep(DAY))
    (change,) = rig.plan().plan.changes
    assert change.action is Action.RESUME
    rig.apply()
    assert len(answers(rig)) == 2
    assert calls(rig) == (1, 1)
    rig.assert_converged()


@pytest.mark.parametrize("after_effect", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("write", [0, 1], ids=["upload", "create"])
def test_a_killed_run_uploads_and_creates_once(write: int, after_effect: bool, tmp_path: Path) -> None:
    rig = declared(tmp_path, batch("a", "b"))
    assert rig.crash(at_write=write, after_effect=after_effect)
    rig.apply()
    uploads, creates = len(list(rig.world.files)), len(list(rig.world.batches))
    assert (uploads, creates) == (2, 1)  # the input, and the output of the batch
    assert len(answers(rig)) == 2
    rig.assert_converged()


# --- the end of batches -----------------------------------------------------------------------------------------------


def test_a_batch_that_runs_is_cancelled_and_one_that_is_over_is_forgotten(tmp_path: Path) -> None:
    rig = declared(tmp_path, batch(*"abcdefghij"), timings=Timings(batch_line=600.0))
    rig.apply(stop_when=lambda event: isinstance(event, Identified), expect_success=False)
    rig.destroy()
    assert status(rig) == "CANCELLED"
    assert not rig.state().records
    rig.apply()
    rig.world.calls.clear()
    rig.destroy()
    assert rig.world.calls["batches.cancel"] == 0
    assert not rig.state().records


def test_a_batch_that_ends_before_it_is_cancelled_is_removed_all_the_same(tmp_path: Path) -> None:
    rig = declared(tmp_path, batch("a"), timings=Timings(batch_line=60.0))
    rig.apply(stop_when=lambda event: isinstance(event, Identified), expect_success=False)
    review = rig.plan(destroys=True)
    rig.clock.run(rig.clock.sleep(DAY))
    rig.apply(destroys=True, review=review)
    assert status(rig) == "COMPLETED"
    assert not rig.state().records


def test_a_batch_that_runs_is_cancelled_before_another_one_takes_its_place(tmp_path: Path) -> None:
    rig = declared(tmp_path, batch(*"abcdefghij"), timings=Timings(batch_line=600.0))
    rig.apply(stop_when=lambda event: isinstance(event, Identified), expect_success=False)
    rig.declare(("Batch", "it", batch("z")))
    rig.apply()
    assert sorted(record.status for record in rig.world.batches) == ["CANCELLED", "COMPLETED"]
    rig.assert_converged()


def test_files_that_are_not_kept_are_deleted_when_the_answers_are_written(tmp_path: Path) -> None:
    rig = declared(tmp_path, batch("a", keepFiles=False))
    rig.apply()
    assert not list(rig.world.files)
    assert len(answers(rig)) == 1
    rig.assert_converged()

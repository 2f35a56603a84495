"""Checks of batches: enough requests must have succeeded, or a model of the API must answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from plan_shapes import checked_json
from rig import Rig

from novita_infra.applying.events import Ended, Outcome, Progressed
from novita_infra.model.diagnostics import Problems
from novita_infra.planning.plan.changes import Action
from novita_infra.simulator.world.llm import models
from novita_infra.views.content.lines import plain
from novita_infra.views.plan_lines.plan import plan_lines

MODEL = "deepseek/deepseek-v3-0324"
EMBEDDER = "baai/bge-m3"


def declare(rig: Rig, check: Any, *, good: int = 4, bad: int = 0, others: tuple[dict[str, Any], ...] = ()) -> None:
    """A batch of requests of which some are wrong, each by its own role."""
    rows = [{"role": "user"}] * good + [{"role": "nobody"}] * bad
    template = {"messages": [{"role": "{{role}}", "content": "hi"}], "max_tokens": 5}
    rig.declare()
    head = {"apiVersion": "novita-infra/v1", "kind": "Batch", "metadata": {"name": "it"}}
    spec = {"model": MODEL, "input": {"rows": rows, "template": template}, "results": "out/it.jsonl"}
    rig.write("main.yaml", {**head, **({"check": check} if check else {}), "spec": spec}, *others)


def end_of(rig: Rig, **asked: Any) -> Ended:
    (end,) = rig.apply(expect_success=False, **asked).ends
    return end


def notes(rig: Rig) -> list[str]:
    return [event.note for event in rig.events if isinstance(event, Progressed) and event.note]


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path, environ={})


def test_a_batch_of_which_enough_succeeds_passes(rig: Rig) -> None:
    declare(rig, {"minSucceeded": "75%"}, good=3, bad=1)
    rig.apply()
    assert "checked: 3 of 4 requests succeeded" in notes(rig)
    rig.assert_converged()


@pytest.mark.parametrize("least", ["75.000001%", "100%", 4])
def test_a_batch_of_which_too_few_succeed_fails_and_is_not_run_again(rig: Rig, least: Any) -> None:
    declare(rig, {"minSucceeded": least}, good=3, bad=1)
    end = end_of(rig)
    assert end.outcome is Outcome.FAILED
    assert end.code == 1
    wanted = (
        f"its check failed: at least {least} of its requests must succeed, and 3 of 4 requests succeeded and 1 failed"
    )
    assert wanted in end.reason
    file = rig.record("batch.it").outputs["errorFileId"]
    assert f"the errors are in out/it.jsonl; `novita-infra files content {file}` shows them" in end.reason
    assert "--replace" in end.reason
    (change,) = rig.plan().plan.changes
    assert change.action is Action.RESUME
    before = rig.world.calls.copy()
    assert "its check failed" in end_of(rig).reason
    assert not {"batches.create", "files.upload", "files.content"} & set(rig.world.calls - before)
    declare(rig, {"minSucceeded": 3}, good=3, bad=1)
    rig.apply()
    rig.assert_converged()


def test_a_check_that_fails_is_judged_when_the_service_has_forgotten_the_batch(rig: Rig) -> None:
    declare(rig, {"minSucceeded": "100%"}, good=3, bad=1)
    end_of(rig)
    for record in list(rig.world.batches):
        rig.world.batches.remove(record)
    assert "3 of 4 requests succeeded and 1 failed" in end_of(rig).reason


@pytest.mark.parametrize(
    ("check", "said"),
    [
        ({"chat": {"model": MODEL, "prompt": "hi"}}, "checked: the answer begins "),
        ({"completion": {"model": MODEL}}, "checked: the answer begins "),
        ({"embedding": {"model": EMBEDDER}}, "checked: the answer has 1024 numbers"),
    ],
)
def test_a_model_of_the_api_is_asked(rig: Rig, check: dict[str, Any], said: str) -> None:
    declare(rig, check)
    rig.apply()
    assert [note for note in notes(rig) if note.startswith(said)]
    rig.assert_converged()


def test_a_plan_says_what_is_asked_of_a_batch(rig: Rig) -> None:
    declare(rig, {"minSucceeded": "95%"})
    review = rig.plan()
    wanted = "at least 95% of its requests must succeed"
    assert f"batch.it is checked after the apply: {wanted}" in plain(plan_lines(review))
    assert [step["check"] for step in checked_json(review)["novita"]["steps"]] == [wanted]


@pytest.mark.parametrize("check", [{"minSucceeded": least} for least in ("95", "101%", 0, "9e1%", True)])
def test_a_part_that_is_none_is_an_error_of_the_manifest(rig: Rig, check: Any) -> None:
    declare(rig, check)
    with pytest.raises(Problems, match="minSucceeded"):
        rig.project()


def test_more_successes_than_requests_are_an_error_at_the_check(rig: Rig) -> None:
    declare(rig, {"minSucceeded": 5}, good=3, bad=1)
    with pytest.raises(Problems) as caught:
        rig.project()
    (item,) = caught.value.diagnostics
    assert item.summary == "minSucceeded is 5, and there are only 4 requests"
    text = (rig.folder / "main.yaml").read_text(encoding="utf-8").splitlines()
    assert item.origin
    assert "minSucceeded" in text[item.origin.line - 1]


# --- policies of keys -------------------------------------------------------------------------------------------------


def a_policy(**spec: Any) -> dict[str, Any]:
    head = {"apiVersion": "novita-infra/v1", "kind": "ModelAccessPolicy", "metadata": {"name": "own"}}
    return {**head, "spec": {"key": "current", **spec}}


def warnings(rig: Rig) -> list[str]:
    return [note.summary for note in rig.plan().notes if note.address == "model_access_policy.own"]


def test_a_policy_that_keeps_the_key_in_use_from_a_model_that_is_needed_is_a_warning(rig: Rig) -> None:
    check = {"embedding": {"model": EMBEDDER}}
    declare(rig, check, others=(a_policy(excludedModels=[MODEL, EMBEDDER]),))
    needed = f"{MODEL}, which batch.it needs and from {EMBEDDER}, which the check of batch.it needs"
    assert warnings(rig) == [f"it keeps the key in use from {needed}"]
    review = rig.plan()
    assert not review.problems
    assert "allow it these models" in next(note.hint for note in review.notes)
    declare(rig, None, others=(a_policy(allowedModels=[EMBEDDER]),))
    assert warnings(rig) == [f"it keeps the key in use from {MODEL}, which batch.it needs"]
    declare(rig, None, others=(a_policy(allowedModels=[MODEL.upper()]),))
    assert warnings(rig) == []


def test_a_policy_of_another_key_and_a_batch_that_is_over_are_no_warning(rig: Rig) -> None:
    declare(rig, None)
    rig.apply()
    declare(rig, None, others=(a_policy(allowedModels=[EMBEDDER]),))
    assert warnings(rig) == []
    declare(rig, None, good=2, others=(a_policy(key="ci", allowedModels=[EMBEDDER]),))
    assert warnings(rig) == []


def test_a_policy_that_leaves_the_key_in_use_no_model_is_a_warning(rig: Rig) -> None:
    everything = sorted(model.id for model in models.MODELS if model.status == 1)
    rig.declare(("ModelAccessPolicy", "own", {"key": "current", "excludedModels": everything}))
    assert warnings(rig) == ["it keeps the key in use from every language model"]

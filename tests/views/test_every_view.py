"""Every view of a plan and of its run, with one, 1,000 and 5,000 changes, and names that no view expects."""

from __future__ import annotations

import functools
import io
import json
import re
import unicodedata
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from novita_infra.applying.events import Ended, Outcome, Result, Started
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.planning.cost.running import Outlook
from novita_infra.planning.plan.changes import Action, Change, FieldChange, Means
from novita_infra.planning.plan.findings import Finding
from novita_infra.planning.plan.plan import Basis, Plan
from novita_infra.planning.plan.review import Remarks, Review
from novita_infra.planning.plan.steps import Step, action_named
from novita_infra.views.content.lines import text_width
from novita_infra.views.content.plan import PlanContent
from novita_infra.views.documents import document_text
from novita_infra.views.output_formats import StreamFormat, document_formats, output_formats, part_of_format
from novita_infra.views.renderer import Renderer, RenderSettings

NAMES = {"wide": "日本語🚀", "hostile": "x\x1b[2J\r\n::error::<b>|`[a](b)`\u202e"}
COUNTS = (1, 1000, pytest.param(5000, marks=pytest.mark.slow))
STREAMS = {name: form for name, form in output_formats().items() if isinstance(form, StreamFormat)}
COLUMNS = 60
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
MOVES = re.compile(r"(?:\x1b\[[0-9;?]*[A-Za-ln-z]|\r)+")
"""What a live display moves by."""

pytestmark = [
    pytest.mark.parametrize("name", NAMES.values(), ids=NAMES),
    pytest.mark.parametrize("count", COUNTS),
]


class Screen(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


@functools.cache
def review_of(count: int, name: str) -> Review:
    """A plan of so many updates, with an error for each."""
    means = Means.of("upgrade: the container restarts, data is kept")
    addresses = [Address("instance", "web", f"{name}{number}") for number in range(count)]
    changes = tuple(
        Change(address, Action.UPDATE, f"i-{number}", (FieldChange("image", name, f"{name}:2", means),), why=name)
        for number, address in enumerate(addresses)
    )
    steps = tuple(Step(f"{item}/upgrade", item, action_named("upgrade"), says=name) for item in addresses)
    findings = tuple(Finding(Diagnostic(name, name, address=str(item)), 5) for item in addresses)
    return Review(Plan(name, name, changes, steps, Basis("l", 1)), checks=Remarks(findings=findings))


def unseen(text: str) -> set[str]:
    """The characters that show nothing or move something, but for line feeds."""
    return {ascii(mark) for mark in {*text} - {"\n"} if unicodedata.category(mark) in {"Cc", "Cf", "Cs", "Zl", "Zp"}}


@pytest.fixture(params=[True, False], ids=["terminal", "pipe"])
def written(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """What a format writes, on a terminal of 60 columns and on none."""
    for variable in ("NO_COLOR", "FORCE_COLOR", "GITHUB_ACTIONS", "GITLAB_CI"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("COLUMNS", str(COLUMNS))
    monkeypatch.setenv("TERM", "xterm")

    def write(form: str, show: Callable[[Renderer], None], *, plain: bool = False) -> str:
        out = Screen() if request.param else io.StringIO()
        settings = RenderSettings(Path(), lambda: 1e9, plain=plain)
        with redirect_stdout(out), redirect_stderr(out):
            show(part_of_format(form, STREAMS[form].renderer)(settings))
        text = MOVES.sub("\n", COLOURS.sub("", out.getvalue()))
        assert (request.param and not plain) or text == out.getvalue()
        return text

    return write


def _show_run(renderer: Renderer, review: Review) -> None:
    steps = review.plan.steps
    outlook = Outlook(steps, dict.fromkeys((step.key for step in steps), 9.0))
    with renderer.progress(steps=len(steps), now=lambda: 0.0, outlook=lambda: outlook) as listen:
        for step in steps:
            listen(Started(step))
        for step in steps:
            listen(Ended(step, Outcome.FAILED, step.id, 3.0, step.says))
    result = Result.of(review.plan, tuple(Ended(step, Outcome.FAILED, reason=step.says) for step in steps))
    renderer.run_result(result, outputs={}, again="again", destroy="destroy")


@pytest.mark.parametrize("plain", [False, True], ids=["text", "plain"])
def test_the_text_of_a_plan_and_of_its_run_is_whole(
    written: Callable[..., str], count: int, name: str, plain: bool
) -> None:
    review = review_of(count, name)
    plan = written("text", lambda to: to.result(PlanContent(review)), plain=plain)
    assert unseen(plan) == set()
    (heading,) = re.findall(r"^ *~? *(instance\.web\[.*) will be updated in place", plan, re.MULTILINE)
    more = re.search(r" and ([\d,]+) more$", heading)
    assert len(re.findall(r"\(i-\d+\)", heading)) + (int(more[1].replace(",", "")) if more else 0) == count
    assert f"{count} to update" in plan
    run = written("text", lambda to: _show_run(to, review), plain=plain)
    assert unseen(run) == set()
    assert len(re.findall(r"^FAILED   instance\.web\[", run, re.MULTILINE)) == count
    rows = [row for row in run.splitlines() if row.startswith(("  > ", "    0 of "))]
    assert [row for row in rows if text_width(row) > COLUMNS] == []


def test_the_json_of_a_plan_and_of_its_run_is_whole(written: Callable[..., str], count: int, name: str) -> None:
    review = review_of(count, name)
    plan = json.loads(written("json", lambda to: to.result(PlanContent(review))))
    assert len(plan["resource_changes"]) == count
    run = written("json", lambda to: _show_run(to, review))
    assert unseen(run) == set()
    kinds = [json.loads(text)["type"] for text in run.splitlines()]
    assert kinds.count("apply_errored") == count


@pytest.mark.parametrize("form", document_formats("plan"))
def test_a_document_of_a_plan_is_whole(form: str, count: int, name: str) -> None:
    text = document_text(form, PlanContent(review_of(count, name)))
    assert unseen(text) - {"'\\t'"} == set()
    assert "instance.web" in text
    assert form != "markdown" or len(text.encode()) < 65_000

"""A run while it happens, for a person and for a program."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from novita_infra.applying.events import Ended, Event, Identified, Outcome, Progressed, Result, Started
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.model.resources import Phase
from novita_infra.planning.plan.changes import Action, Change
from novita_infra.planning.plan.plan import Basis, Plan
from novita_infra.planning.plan.review import Review
from novita_infra.planning.plan.steps import Step, StepKind, action_named
from novita_infra.views.content.events import event_line
from novita_infra.views.formats.json.output import whole_output
from novita_infra.views.formats.json.renderer import JsonRenderer
from novita_infra.views.formats.json.ui import Messages
from novita_infra.views.formats.text.progress import listening_live, listening_plainly
from novita_infra.views.formats.text.renderer import TextRenderer
from novita_infra.views.renderer import RenderSettings

STEP = Step("instance.a/create", Address("instance", "a"), StepKind.CREATE, says="create: a new container")
RUN: tuple[Event, ...] = (
    Started(STEP),
    Identified(STEP, "i-1"),
    Progressed(STEP, "i-1", Phase.CHANGING, "pulling", 12.0),
    Progressed(STEP, "i-1", Phase.CHANGING, "toDance", 13.0, note="unknown status"),
    Ended(STEP, Outcome.DONE, "i-1", 125.0),
)


def test_without_a_terminal_every_event_is_a_plain_line() -> None:
    stream = io.StringIO()
    listen = listening_plainly(stream)
    for event in RUN:
        listen(event)
    assert stream.getvalue().splitlines() == [
        "start    instance.a: create: a new container",
        "         instance.a: create: its id is i-1",
        "         instance.a: create: pulling after 12s",
        "         instance.a: create: toDance after 13s; unknown status",
        "done     instance.a: create (i-1) after 2m 05s",
    ]


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_has_a_line_with_its_reason(outcome: Outcome) -> None:
    assert str(event_line(Ended(STEP, outcome, reason="because"))).endswith("because")


def test_a_terminal_keeps_what_has_ended_above_the_moving_rows() -> None:
    stream = io.StringIO()
    with listening_live(stream, now=lambda: 10.0, total=3) as listen:
        for event in RUN:
            listen(event)
    assert "done     instance.a: create (i-1) after 2m 05s" in stream.getvalue()


def _play(messages: Messages) -> None:
    listen = messages.listener()
    for event in RUN:
        listen(event)


def _messages(speak: Callable[[Messages], None]) -> list[dict[str, Any]]:
    stream = io.StringIO()
    speak(Messages(whole_output(stream), now=lambda: 0.5))
    return [json.loads(text) for text in stream.getvalue().splitlines()]


def test_messages_carry_level_module_time_and_type() -> None:
    [reported] = _messages(lambda messages: messages.version("0.1.0", None))
    assert reported == {
        "@level": "info",
        "@message": "novita-infra 0.1.0",
        "@module": "novita-infra.ui",
        "@timestamp": "1970-01-01T00:00:00.500000Z",
        "type": "version",
        "novita_infra": "0.1.0",
        "ui": "1.2",
    }


def test_a_note_is_a_log_message_of_a_run_and_a_line_on_stderr_of_any_other_command(
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings = RenderSettings(Path(), lambda: 0.5)
    renderer = JsonRenderer(settings)
    renderer.note("Still waiting:\nx")
    assert capsys.readouterr() == ("", "Still waiting:\\nx\n")
    renderer.run_begins(None)
    renderer.note("Still waiting: x")
    reported = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (reported["type"], reported["@message"]) == ("log", "Still waiting: x")
    TextRenderer(settings).note("Still waiting: x")
    assert capsys.readouterr() == ("", "Still waiting: x\n")


def test_a_plan_is_reported_change_by_change_and_summed_up(plan_of: Callable[[str], Review], clear: str) -> None:
    reported = _messages(lambda messages: messages.plan(plan_of("mixed").plan))
    assert [item["type"] for item in reported] == ["planned_change"] * 10 + ["change_summary"]
    assert reported[-1]["changes"] == {"add": 4, "change": 2, "import": 1, "remove": 3, "operation": "plan"}
    assert clear not in json.dumps(reported)


def test_calls_that_no_field_asks_for_are_reported_with_their_resource() -> None:
    address = Address("instance", "a")
    calls = {"start": (), "upgrade": ("image",), "stop": ()}
    steps = tuple(
        Step(f"{address}/{name}", address, action_named(name), fields=fields) for name, fields in calls.items()
    )
    plan = Plan("p", "dev", (Change(address, Action.UPDATE),), steps, Basis("l", 1))
    reported, _ = _messages(lambda messages: messages.plan(plan))
    assert reported["change"]["novita"]["detours"] == ["start", "stop"]


def test_events_become_hooks() -> None:
    reported = _messages(_play)
    assert [item["type"] for item in reported] == ["apply_start", *["apply_progress"] * 3, "apply_complete"]
    assert reported[-1]["hook"] == {
        "resource": {
            "addr": "instance.a",
            "module": "",
            "resource": "instance.a",
            "implied_provider": "novita",
            "resource_type": "instance",
            "resource_name": "a",
            "resource_key": None,
        },
        "action": "create",
        "id_key": "id",
        "id_value": "i-1",
        "elapsed_seconds": 125.0,
        "novita": {"step": "instance.a/create", "call": "create", "outcome": "done"},
    }


def test_the_log_of_what_failed_is_in_the_hook_and_in_the_diagnostic_and_not_in_the_message() -> None:
    failed = Ended(STEP, Outcome.FAILED, reason="it crashed", log=("loading", "out of memory"))
    errored, reported = _messages(lambda messages: messages.listener()(failed))
    assert "memory" not in str(errored["@message"])
    assert errored["hook"]["novita"]["log"] == ["loading", "out of memory"]
    assert reported["diagnostic"]["detail"] == "it crashed\nlast log lines:\n  loading\n  out of memory"


def test_a_failed_step_is_also_a_diagnostic() -> None:
    failed = Ended(STEP, Outcome.FAILED, reason="no capacity")
    reported = _messages(lambda messages: messages.listener()(failed))
    assert [item["type"] for item in reported] == ["apply_errored", "diagnostic"]
    assert reported[1]["diagnostic"] == {
        "severity": "error",
        "summary": "instance.a: create failed",
        "detail": "no capacity",
        "address": "instance.a",
    }


def test_a_skipped_step_is_a_warning_for_it_never_began() -> None:
    skipped = Ended(STEP, Outcome.SKIPPED, reason="vpc.net/create failed")
    [reported] = _messages(lambda messages: messages.listener()(skipped))
    assert (reported["type"], reported["@level"]) == ("diagnostic", "warn")
    assert reported["@message"] == "Warning: skipped instance.a: create: vpc.net/create failed"


def test_the_result_counts_only_what_is_done(result_of: Callable[[str], Result]) -> None:
    [reported] = _messages(lambda messages: messages.result(result_of("failed"), outputs={"n": 1}))
    assert reported["changes"] == {"add": 3, "change": 1, "import": 1, "remove": 3, "operation": "apply"}
    [_, outputs] = _messages(lambda messages: messages.result(result_of("done"), outputs={"n": 1}))
    assert outputs["type"] == "outputs"


def test_diagnostics_have_the_level_of_their_severity() -> None:
    [reported] = _messages(lambda messages: messages.diagnostics([Diagnostic("wrong")], lambda _: None))
    assert (reported["@level"], reported["type"]) == ("error", "diagnostic")

"""Notifications of commands, from the project file to a real receiver: which are sent, with what, and what fails."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import Result
from receivers import Receiver, receiver
from standardwebhooks import Webhook as Oracle

from novita_infra.cli.notifying.command_notes import CommandNotes
from novita_infra.cli.notifying.notices import events_of, notice_of
from novita_infra.notices.document import NoticeOutcome, NotificationEvent
from novita_infra.notices.schema import notice_schema
from novita_infra.operations.session import ProjectOptions, located
from novita_infra.simulator import open_world
from novita_infra.simulator.world.cloud import storages
from novita_infra.state.opening import open_backend

Invoke = Callable[..., Result]
KEY = f"whsec_{base64.b64encode(b'canary-of-the-signing-key-42').decode()}"
CANARY = "c4n4ry-0f-slack"
STORAGE = """\
apiVersion: novita-infra/v1
kind: NetworkStorage
metadata: {name: data}
spec: {cluster: us-ca-nas-2, sizeGb: 20}
"""


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with receiver() as found:
        monkeypatch.setenv("HOOK_URL", f"{found.address}/{CANARY}")
        monkeypatch.setenv("HOOK_KEY", KEY)
        yield found


@pytest.fixture
def notifying(project: Path, hook: Receiver) -> Path:
    write(project, "plan, apply, failure, drift, budget, idle")
    (project / "fleet.yaml").write_text(STORAGE)
    return project


def write(project: Path, events: str, more: str = "", rest: str = "") -> None:
    hook = "webhook: {url: {fromEnv: HOOK_URL}, secret: {fromEnv: HOOK_KEY}}"
    (project / "novita-infra.yaml").write_text(
        "apiVersion: novita-infra/v1\nkind: Project\nmetadata: {name: small}\nnotifications:\n"
        f"  - {{events: [{events}], {more} {hook}}}\n{rest}"
    )


def documents(hook: Receiver) -> list[dict[str, Any]]:
    """The documents so far, each with a good signature and as the schema says."""
    found = []
    for message in hook.messages:
        document = Oracle(KEY).verify(message.body, message.headers)
        jsonschema.validate(document, notice_schema())
        found.append(document)
    return found


def test_notifying_sends_plan_and_apply_with_their_changes(run: Invoke, notifying: Path, hook: Receiver) -> None:
    assert run("plan", "--sim").exit_code == 0
    assert run("apply", "--sim", "--auto-approve").exit_code == 0
    plan, apply = documents(hook)
    assert (plan["event"], plan["outcome"], plan["summary"]["create"]) == ("plan", "succeeded", 1)
    assert (apply["event"], apply["outcome"], apply["command"]) == ("apply", "succeeded", "apply")
    assert apply["items"] == [{"address": "network_storage.data", "what": "create", "hourlyCost": "0.0016666667"}]
    assert apply["hourlyCost"]["before"] == "0"
    assert float(apply["hourlyCost"]["after"]) > 0
    assert apply["planDigest"] == plan["planDigest"]
    assert (apply["project"], apply["environment"]) == ("small", "default")


def test_notifying_comes_after_the_lock_is_given_back(run: Invoke, notifying: Path, hook: Receiver) -> None:
    seen: list[object] = []
    place = located(ProjectOptions(path=notifying))
    store = open_backend(place.state).store(place.environment, project=place.name)
    hook.before_answer = lambda: seen.append(store.lock_holder())
    assert run("apply", "--sim", "--auto-approve").exit_code == 0
    assert [bool(holder) for holder in seen] == [False]


def test_notifying_leaves_out_what_changes_nothing_or_is_switched_off(
    run: Invoke, notifying: Path, hook: Receiver
) -> None:
    write(notifying, "plan, apply", "onlyChanges: true,")
    run("apply", "--sim", "--auto-approve", "--no-notify")
    assert hook.messages == []
    run("apply", "--sim", "--auto-approve")
    run("plan", "--sim")
    assert hook.messages == []
    write(notifying, "apply")
    run("plan", "--sim")
    assert hook.messages == []
    run("apply", "--sim", "--auto-approve")
    assert [item["summary"]["create"] for item in documents(hook)] == [0]


def test_notifying_reports_errors_of_manifests_as_a_failure(run: Invoke, notifying: Path, hook: Receiver) -> None:
    (notifying / "fleet.yaml").write_text(STORAGE.replace("sizeGb: 20", "sizeGb: [many]"))
    for command in ("plan", "apply", "drift"):
        assert run(command, "--sim").exit_code == 1
    found = documents(hook)
    assert [(item["event"], item["outcome"], item["command"]) for item in found] == [
        ("failure", "failed", name) for name in ("plan", "apply", "drift")
    ]
    assert "sizeGb" in found[0]["errors"][0]
    assert found[0]["planDigest"] is None


@pytest.mark.parametrize(
    ("failure", "outcome"),
    [
        (KeyboardInterrupt(), NoticeOutcome.INTERRUPTED),
        (asyncio.CancelledError(), NoticeOutcome.INTERRUPTED),
        (RuntimeError(CANARY), NoticeOutcome.FAILED),
    ],
)
def test_notices_of_a_command_that_ends_early_are_failures(failure: BaseException, outcome: NoticeOutcome) -> None:
    notes = CommandNotes()
    notes.failure = failure
    assert events_of("apply", notes) == (NotificationEvent.FAILURE,)
    notice = notice_of(NotificationEvent.FAILURE, "apply", notes, place=("small", "default"), now=0.0)
    assert notice.outcome is outcome
    assert CANARY not in repr(notice)


def test_notices_say_nothing_of_a_plan_that_a_person_declines() -> None:
    assert events_of("apply", CommandNotes()) == ()


def test_notifying_names_a_budget_before_a_failure(run: Invoke, notifying: Path, hook: Receiver) -> None:
    write(notifying, "failure, budget", rest="budget: {perHour: 0.0001}\n")
    assert run("plan", "--sim").exit_code == 6
    assert run("apply", "--sim", "--auto-approve").exit_code == 6
    plan, apply = documents(hook)
    assert (plan["event"], plan["outcome"], apply["event"]) == ("budget", "refused", "budget")
    assert plan["errors"]
    write(notifying, "failure", rest="budget: {perHour: 0.0001}\n")
    run("plan", "--sim")
    assert documents(hook)[-1]["event"] == "failure"


def test_notifying_reports_drift_with_its_cause_and_no_drift_not_at_all(
    run: Invoke, notifying: Path, hook: Receiver
) -> None:
    run("apply", "--sim", "--auto-approve", "--no-notify")
    assert run("drift", "--sim").exit_code == 0
    assert hook.messages == []
    world = open_world(notifying / ".novita-infra" / "sim.db", now=time.time)
    (storage,) = world.storages
    storages.update(world, storage.id, name="renamed", size=None)
    world.save()
    world.close()
    assert run("drift", "--sim").exit_code == 3
    (found,) = documents(hook)
    assert (found["event"], found["command"]) == ("drift", "drift")
    assert found["items"] == [{"address": "network_storage.data", "what": "edited: name", "hourlyCost": None}]


def test_notifying_that_fails_is_a_warning_without_an_address(run: Invoke, notifying: Path, hook: Receiver) -> None:
    hook.answers = [(403, {}, f"no {CANARY} {KEY} {hook.address}/{CANARY} \x1b[31m".encode())]
    ended = run("apply", "--sim", "--auto-approve")
    assert ended.exit_code == 0
    (line,) = [line for line in ended.stderr.split("\n") if "notification" in line]
    assert line.startswith("warning: notification not sent: webhook: it answered 403: no ")
    assert CANARY not in ended.output + ended.stderr
    assert KEY.removeprefix("whsec_") not in ended.output + ended.stderr
    hook.answers = [(404, {}, b"")]
    ended = run("plan", "--sim", "--json")
    assert ended.exit_code == 0
    json.loads(ended.stdout)
    assert "notification not sent: webhook: it answered 404" in ended.stderr


def test_notifying_with_a_secret_that_is_not_set_is_a_warning(
    run: Invoke, notifying: Path, hook: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HOOK_KEY")
    ended = run("plan", "--sim")
    assert ended.exit_code == 0
    assert "notification not sent: webhook: novita-infra.yaml:5:" in ended.stderr
    assert "HOOK_KEY is not set" in ended.stderr
    assert hook.messages == []


def test_notifying_adds_those_of_the_environment(run: Invoke, notifying: Path, hook: Receiver) -> None:
    own = "webhook: {url: {fromEnv: HOOK_URL}, secret: {fromEnv: HOOK_KEY}}"
    write(
        notifying,
        "apply",
        rest=f"environments:\n  prod:\n    notifications:\n      - {{events: [plan], {own}}}\n  dev: {{}}\n",
    )
    run("plan", "--sim", "--env", "dev")
    assert hook.messages == []
    run("plan", "--sim", "--env", "prod")
    assert [item["environment"] for item in documents(hook)] == ["prod"]


def test_notifying_of_two_with_one_name_or_half_a_login_is_refused(run: Invoke, notifying: Path) -> None:
    text = (notifying / "novita-infra.yaml").read_text()
    (notifying / "novita-infra.yaml").write_text(
        f"{text}  - {{events: [plan], name: webhook, slack: {{url: {{fromEnv: HOOK_URL}}}}}}\n"
        "  - {events: [plan], email: {smtp: 'mail:25', user: me, from: a@b, to: [c@d]}}\n"
    )
    shown = run("validate").stderr
    assert 'novita-infra.yaml:6:5: two notifications are named "webhook"; give one of them another `name`' in shown
    assert "novita-infra.yaml:7:29: user and password go together; write both, or neither" in shown


def test_notifications_are_tested_one_by_one(run: Invoke, notifying: Path, hook: Receiver) -> None:
    text = (notifying / "novita-infra.yaml").read_text()
    (notifying / "novita-infra.yaml").write_text(
        f"{text}  - {{events: [plan], slack: {{url: {{fromEnv: HOOK_URL}}}}}}\n"
    )
    ended = run("notifications", "test", "webhook")
    assert (ended.exit_code, ended.stdout.split()) == (
        0,
        ["NAME", "CHANNEL", "RESULT", "ANSWER", "webhook", "webhook", "delivered", "200"],
    )
    assert [item["event"] for item in documents(hook)] == ["test"]
    hook.answers = [(403, {}, b"invalid_token")]
    ended = run("notifications", "test", "slack", "--json")
    assert ended.exit_code == 1
    assert json.loads(ended.stdout) == [
        {"name": "slack", "channel": "slack", "delivered": False, "answer": "it answered 403: invalid_token"}
    ]
    ended = run("notifications", "test", "slak")
    assert ended.exit_code == 1
    assert 'there is no notification "slak"; did you mean' in ended.stderr.replace("\n    ", "; ")


def test_notifications_test_says_that_a_project_has_none(run: Invoke, project: Path) -> None:
    ended = run("notifications", "test")
    assert ended.exit_code == 1
    assert "this project has no notifications" in ended.stderr

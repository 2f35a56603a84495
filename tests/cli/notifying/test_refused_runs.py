"""Notifications of runs that are refused or fail: a saved plan, a refused call, and hostile words of the API."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from receivers import Receiver, receiver

from novita_infra.simulator import Fault, HandClock, open_world
from novita_infra.simulator.http.app import build_app
from novita_infra.simulator.http.serving import background

Invoke = Callable[..., Result]
KEY = "whsec_Y2FuYXJ5LW9mLXRoZS1zaWduaW5nLWtleS00Mg=="
DENY = "import json\nprint(json.dumps([{'address': 'network_storage.data', 'reason': 'not today'}]))\n"
HOSTILE = "<!channel> <@U1> *b* ```x``` \x1b[31m\r\nBcc: all@example.com \u202e sk_canary_of_the_api_key_42"


@pytest.fixture
def hook(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    (project / "novita-infra.yaml").write_text(
        "apiVersion: novita-infra/v1\nkind: Project\nmetadata: {name: small}\nnotifications:\n"
        "  - {events: [apply, failure], webhook: {url: {fromEnv: HOOK_URL}, secret: {fromEnv: HOOK_KEY}}}\n"
        "  - {events: [failure], slack: {url: {fromEnv: HOOK_URL}}}\n"
    )
    (project / "fleet.yaml").write_text(
        "apiVersion: novita-infra/v1\nkind: NetworkStorage\nmetadata: {name: data}\n"
        "spec: {cluster: us-ca-nas-2, sizeGb: 20}\n"
    )
    with receiver() as found:
        monkeypatch.setenv("HOOK_URL", found.address)
        monkeypatch.setenv("HOOK_KEY", KEY)
        yield found


def of_webhook(hook: Receiver) -> list[dict[str, Any]]:
    return [json.loads(item.body) for item in hook.messages if "webhook-id" in item.headers]


@pytest.mark.parametrize("words", [(), ("--json",)], ids=["text", "json"])
def test_a_saved_plan_that_a_policy_refuses_notifies(
    run: Invoke, project: Path, hook: Receiver, words: tuple[str, ...]
) -> None:
    with (project / "novita-infra.yaml").open("a") as file:
        file.write("policies: [{file: judge.py}]\n")
    (project / "judge.py").write_text("print('[]')\n")
    assert run("plan", "--sim", "--out", "it.plan").exit_code == 0
    (project / "judge.py").write_text(DENY)
    assert run("apply", "it.plan", *words).exit_code == 5
    (found,) = of_webhook(hook)
    assert (found["event"], found["outcome"]) == ("failure", "refused")
    assert "not today" in found["errors"][0]


def test_a_saved_plan_of_an_older_state_notifies(run: Invoke, project: Path, hook: Receiver) -> None:
    assert run("plan", "--sim", "--out", "it.plan").exit_code == 0
    assert run("apply", "--sim", "--auto-approve", "--no-notify").exit_code == 0
    (project / "fleet.yaml").write_text((project / "fleet.yaml").read_text().replace("20", "30"))
    assert run("apply", "--sim", "--auto-approve", "--no-notify").exit_code == 0
    assert run("apply", "it.plan").exit_code != 0
    (found,) = of_webhook(hook)
    assert (found["event"], found["command"]) == ("failure", "apply")
    assert found["errors"]


def test_a_failed_apply_notifies_without_secrets_and_with_harmless_words(
    run: Invoke, project: Path, hook: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "sk_canary_of_the_api_key_42"
    monkeypatch.setenv("NOVITA_API_KEY", key)
    world = open_world(None, now=HandClock(1_760_000_000.0))
    world.faults.add(Fault(operation="*torage*.create", status=400, reason="NO", message=HOSTILE, count=None))
    with background(build_app(world)) as server:
        monkeypatch.setenv("NOVITA_API_URL", server.url)
        ended = run("apply", "--auto-approve")
    assert ended.exit_code == 1
    (found,) = of_webhook(hook)
    assert (found["event"], found["outcome"]) == ("failure", "failed")
    assert "network_storage.data: " in found["errors"][0]
    assert "Bcc" in found["errors"][0]
    assert found["errors"][0].isprintable()
    assert not any(key.encode() in item.body for item in hook.messages)
    (slack,) = [json.loads(item.body) for item in hook.messages if "webhook-id" not in item.headers]
    shown = json.dumps(slack)
    assert "<!" not in shown
    assert "<@" not in shown

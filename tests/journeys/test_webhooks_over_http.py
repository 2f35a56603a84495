"""Events of tasks from `sim serve` to `webhook listen`, each in a process, with a flood of forged ones between them."""

from __future__ import annotations

import json
import re
import signal
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from processes import Cloud, Run, serving, wait_until

pytestmark = pytest.mark.process

KEEP = """\
import json, os, sys
event = json.load(sys.stdin)
with open(os.path.join(os.path.dirname(__file__), "events"), "a") as file:
    file.write(json.dumps(event) + "\\n")
assert "NOVITA_API_KEY" not in os.environ
assert "NOVITA_INFRA_WEBHOOK_PATH" not in os.environ
"""
PATH = "a-path-that-nobody-guesses"


def submitted(cloud: Cloud, url: str, **mock: str) -> str:
    hook: dict[str, Any] = {"url": url}
    if mock:
        hook["test_mode"] = {"enabled": True, **mock}
    answer = httpx.post(
        f"{cloud.address}/v3/async/txt2img",
        json={"prompt": "a fox", "extra": {"webhook": hook}},
        headers={"Authorization": "Bearer sk_test"},
    )
    return str(answer.raise_for_status().json()["task_id"])


def forged(id: str) -> bytes:
    return json.dumps({"event_type": "ASYNC_TASK_RESULT", "payload": {"task": {"task_id": id}}}).encode()


def listening(folder: Path, cloud: Cloud, *words: str) -> tuple[Run, str]:
    run = Run(
        "webhook", "listen", "--port", "0", *words, folder=folder, server=cloud.address, NOVITA_INFRA_WEBHOOK_PATH=PATH
    )
    run.until("Listening on ")
    found = re.search(r"Listening on (\S+)", run.stderr)
    assert found is not None
    return run, found[1]


def test_each_ended_task_runs_the_command_once_and_no_forged_event_does(tmp_path: Path) -> None:
    (tmp_path / "keep.py").write_text(KEEP)
    events = tmp_path / "events"
    events.touch()

    def kept() -> list[str]:
        return [json.loads(line)["payload"]["task"]["task_id"] for line in events.read_text().splitlines()]

    with serving(time_scale=100) as (address, _):
        cloud = Cloud(address)
        run, url = listening(tmp_path, cloud, "--parallel", "2", "--", sys.executable, "keep.py")
        try:
            ids = [submitted(cloud, url), submitted(cloud, url, return_task_status="TASK_STATUS_FAILED")]
            base = url.removesuffix(PATH)
            with httpx.Client() as http:
                for number in range(60):
                    http.post(url, content=forged(f"forged-{number % 20}"))
                    assert http.post(f"{base}guess-{number}-guess-guess", content=forged(ids[0])).status_code == 404
                for body, status in ((b"{", 400), (b"x" * 3_000_000, 413), (forged("../../x"), 400)):
                    assert http.post(url, content=body).status_code == status
                assert http.get(url).status_code == 405
                wait_until(lambda: sorted(kept()) == sorted(ids), "both events have come")
                for _ in range(20):
                    assert http.post(url, content=forged(ids[0])).status_code == 200
            run.interrupt(signal.SIGINT)
            assert run.end() == 0, run.stderr
            run, url = listening(tmp_path, cloud, "--", sys.executable, "keep.py")
            assert httpx.post(url, content=forged(ids[1])).status_code == 200
            run.interrupt(signal.SIGTERM)
            assert run.end() == 0, run.stderr
        finally:
            run.close()
        assert sorted(kept()) == sorted(ids)
        assert cloud.calls("tasks.result") < 60
    assert "a-path-that" not in events.read_text()


def test_it_ends_after_so_many_events(tmp_path: Path) -> None:
    with serving(time_scale=100) as (address, _):
        cloud = Cloud(address)
        run, url = listening(tmp_path, cloud, "--max-events", "1", "--json")
        try:
            submitted(cloud, url)
            assert run.end() == 0, run.stderr
        finally:
            run.close()

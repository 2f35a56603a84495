"""`endpoint run`, `status`, `cancel`, `health` and `purge`: the queue of an asynchronous endpoint."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from machines_account import account

Invoke = Callable[..., Result]


@pytest.fixture
def queue(machines: Path) -> Path:
    """The endpoint of the project, made asynchronous: v1 creates only synchronous ones."""
    with account(machines) as world:
        for endpoint in world.endpoints:
            endpoint.type = "async"
            world.endpoints.touch(endpoint)
    return machines


def test_a_job_is_run_and_its_output_shown(run: Invoke, queue: Path) -> None:
    ended = run("endpoint", "run", "endpoint.api", "--data", '{"prompt": "fox"}', "--wait", "--sim", "--json")
    assert ended.exit_code == 0, ended.output
    job = json.loads(ended.stdout)
    assert (job["state"], job["output"]) == ("COMPLETED", {"prompt": "fox"})
    again = run("endpoint", "status", "endpoint.api", job["id"], "--sim")
    assert again.stdout.splitlines()[0] == f"{job['id']}: COMPLETED"
    health = json.loads(run("endpoint", "health", "endpoint.api", "--sim", "--json").stdout)
    assert (health["completed"], health["waiting"]) == (1, 0)
    over = run("endpoint", "cancel", "endpoint.api", job["id"], "--sim")
    assert (over.exit_code, "COMPLETED" in over.stdout) == (0, True)


def test_a_job_that_waits_is_cancelled_and_a_queue_is_emptied_after_a_question(run: Invoke, queue: Path) -> None:
    ids = [
        run("endpoint", "run", "endpoint.api", "--data", "{}", "--sim", "--query", "id").stdout.strip()
        for _ in range(3)
    ]
    cancelled = run("endpoint", "cancel", "endpoint.api", ids[0], "--sim", "--json")
    assert json.loads(cancelled.stdout)["state"] == "CANCELLED", cancelled.output
    asked = run("endpoint", "purge", "endpoint.api", "--sim")
    assert asked.exit_code == 1
    assert "no question can be asked" in asked.stderr
    assert "--json cannot ask" in run("endpoint", "purge", "endpoint.api", "--sim", "--json").stdout
    purged = json.loads(run("endpoint", "purge", "endpoint.api", "--auto-approve", "--sim", "--json").stdout)
    assert purged == {"endpoint": "endpoint.api", "removed": 2}
    assert json.loads(run("endpoint", "health", "endpoint.api", "--sim", "--json").stdout)["waiting"] == 0


def test_a_timeout_leaves_the_job_alone(run: Invoke, queue: Path) -> None:
    late = run("endpoint", "run", "endpoint.api", "--data", "{}", "--wait", "--timeout", "1s", "--sim", "--json")
    assert (late.exit_code, json.loads(late.stdout)["state"]) == (4, "PENDING")


def test_a_synchronous_endpoint_an_instance_and_an_unknown_job_are_refused(run: Invoke, machines: Path) -> None:
    refused = run("endpoint", "health", "endpoint.api", "--sim")
    assert "has no queue: it is synchronous" in refused.stderr
    assert "instance.trainer is no endpoint" in run("endpoint", "health", "instance.trainer", "--sim").stderr
    with account(machines) as world:
        for endpoint in world.endpoints:
            endpoint.type = "async"
            world.endpoints.touch(endpoint)
    unknown = run("endpoint", "status", "endpoint.api", "nothing", "--sim")
    assert unknown.stderr == "error: endpoint.api has no job nothing; a result is kept for six hours\n"
    large = json.dumps({"text": "x" * 2**22})
    assert "a queue takes about 4,194,304" in run("endpoint", "run", "endpoint.api", "--data", large, "--sim").stderr

"""Queues: the jobs of asynchronous endpoints, and the worker that they start."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest


def queue(cloud: Any, **more: Any) -> str:
    """The base of the queue of a new asynchronous endpoint without workers."""
    workers = {"minNum": 0, "maxNum": 1, "freeTimeout": 60, "maxConcurrent": 1, "gpuNum": 1}
    return f"/v1/{cloud.endpoint(**{'type': 'async', 'workerConfig': workers, **more})}"


def health(cloud: Any, base: str) -> dict[str, int]:
    """The counters that are not 0."""
    parts = cloud.get(f"{base}/health").values()
    return {name: count for part in parts for name, count in part.items() if count}


def test_a_job_waits_for_a_worker_which_ends_when_it_is_idle(cloud: Any) -> None:
    base = queue(cloud)
    jobs = [cloud.post(f"{base}/run", {"input": {"n": number}})["id"] for number in range(2)]
    assert health(cloud, base) == {"inQueue": 2, "initializing": 1}
    begun = next(at for at in range(1000) if not cloud.pass_(1) and "inProgress" in health(cloud, base))
    assert begun > 1
    assert health(cloud, base) == {"inProgress": 1, "inQueue": 1, "running": 1}
    cloud.pass_(10)
    assert health(cloud, base) == {"completed": 2, "idle": 1}
    assert cloud.get(f"{base}/status/{jobs[1]}") == {"id": jobs[1], "status": "COMPLETED", "output": {"n": 1}}
    cloud.pass_(120)
    assert health(cloud, base) == {"completed": 2}
    cloud.pass_(6 * 3600)
    assert health(cloud, base) == {}
    assert cloud.send("GET", f"{base}/status/{jobs[0]}").json()["reason"] == "JOB_NOT_FOUND"


def test_jobs_that_nobody_looks_at_are_done_before_their_worker_ends(cloud: Any) -> None:
    base = queue(cloud)
    cloud.post(f"{base}/run", {"input": 1})
    cloud.pass_(3600)
    assert health(cloud, base) == {"completed": 1}


def test_a_job_is_cancelled_and_the_queue_is_purged(cloud: Any) -> None:
    base = queue(cloud)
    first, *_ = [cloud.post(f"{base}/run", {"input": number})["id"] for number in range(3)]
    assert cloud.post(f"{base}/cancel/{first}", {})["status"] == "CANCELLED"
    assert cloud.refuses(f"{base}/cancel/{first}", {}) == "OPERATION_LIMIT"
    assert cloud.post(f"{base}/purge-queue", {}) == {"removed": 2, "status": "completed"}
    assert health(cloud, base) == {"initializing": 1}


def test_a_queue_has_the_name_of_its_endpoint_with_or_without_the_app(cloud: Any) -> None:
    base = queue(cloud, appName="chat")
    job = cloud.post(f"{base}-chat/run", {"input": 1})["id"]
    assert cloud.get(f"{base}/status/{job}")["id"] == job


@pytest.mark.parametrize(
    ("more", "body", "reason"),
    [
        ({"type": "sync"}, {"input": 1}, "OPERATION_LIMIT"),
        ({}, {}, "VALIDATOR_PARAM"),
        ({}, {"input": "x" * 2**22}, "VALIDATOR_PARAM"),
    ],
)
def test_a_job_is_refused(cloud: Any, more: Any, body: Any, reason: str) -> None:
    assert cloud.refuses(f"{queue(cloud, **more)}/run", body) == reason


def test_an_endpoint_that_is_deleted_takes_no_job(cloud: Any) -> None:
    base = queue(cloud)
    cloud.post("endpoint/delete", {"name": base.removeprefix("/v1/")})
    assert cloud.refuses(f"{base}/run", {"input": 1}) == "OPERATION_LIMIT"
    cloud.pass_(3600)
    assert cloud.refuses(f"{base}/run", {"input": 1}) == "SERVERLESS_ENDPOINT_NOT_FOUND"


def test_the_jobs_of_a_queue_survive_a_restart(make_cloud: Any, tmp_path: Path) -> None:
    before = make_cloud(tmp_path / "account.db")
    base = queue(before)
    job = before.post(f"{base}/run", {"input": {"a": [1]}})["id"]
    before.close()
    after = make_cloud(tmp_path / "account.db")
    assert json.dumps(after.world.endpoints.get(base.removeprefix("/v1/")).jobs[0].input) == '{"a": [1]}'
    assert after.get(f"{base}/status/{job}")["status"] == "PENDING"

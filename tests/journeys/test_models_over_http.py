"""Models, endpoints, queues and tasks through the real command, over HTTP, against `sim serve` in its own process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result
from manifest_files import endpoint, project_file
from processes import OURS, serving

from novita_infra.cli import root

pytestmark = pytest.mark.process

PROJECT = project_file(name="models")
FLEET = endpoint("api", least=1, most=3)
LLAMA = "meta-llama/llama-3.1-8b-instruct"


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a simulator with the applied project, in whose folder the commands run."""
    for name in OURS:
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "novita-infra.yaml").write_text(PROJECT)
    (tmp_path / "fleet.yaml").write_text(FLEET)
    monkeypatch.chdir(tmp_path)
    with serving(time_scale=200) as (address, _):
        monkeypatch.setenv("NOVITA_API_URL", address)
        monkeypatch.setenv("NOVITA_API_KEY", "sk_test")
        assert run("apply", "--auto-approve").exit_code == 0
        yield address


def run(*words: str) -> Result:
    return CliRunner().invoke(root, list(words), prog_name="novita-infra")


def _json(*words: str) -> Any:
    ended = run(*words, "--json")
    assert ended.exit_code == 0, ended.output
    return json.loads(ended.stdout)


def test_a_model_and_an_endpoint_answer_in_pieces_and_whole(address: str) -> None:
    for who in (LLAMA, "endpoint.api"):
        whole = _json("chat", who, "Hello")
        shown = run("chat", who, "Hello")
        assert (shown.exit_code, shown.stdout) == (0, f"{whole['text']}\n"), shown.output
        assert run("complete", who, "Once").exit_code == 0
    assert _json("embed", "endpoint.api", "a")["rows"][0]["dimensions"] == 1024
    assert len(_json("rerank", "baai/bge-reranker-v2-m3", "query", "a", "b")) == 2


def test_results_of_tasks_are_fetched_over_http(address: str) -> None:
    task = _json("task", "submit", "txt2img", "--data", '{"prompt": "a fox", "image_num": 2}', "--into", "pictures")
    assert [Path(row["file"]).read_bytes()[:4] for row in task["results"]] == [b"\x89PNG"] * 2
    assert _json("task", "get", task["id"])["status"] == "TASK_STATUS_SUCCEED"
    assert _json("image-models", "--limit", "1")[0]["type"]


def test_a_queue_works_off_jobs(address: str) -> None:
    body = {
        "type": "async",
        "name": "render",
        "product_id": "SL-serverless-1",
        "image": "team/render:1",
        "worker_config": {"min_replicas": 1, "max_replicas": 2, "idle_timeout": 60, "gpu_num": 1},
        "policy": {"type": "concurrency", "value": 1},
        "ports": [80],
    }
    headers = {"Authorization": "Bearer sk_test"}
    made = httpx.post(f"{address}/gpus/v2/endpoints", json=body, headers=headers)
    assert made.status_code == 200, made.text
    id = made.json()["id"]
    job = _json("endpoint", "run", id, "--data", '{"prompt": "fox"}', "--wait")
    assert (job["state"], job["output"]) == ("COMPLETED", {"prompt": "fox"})
    assert _json("endpoint", "status", id, job["id"])["state"] == "COMPLETED"
    assert _json("endpoint", "cancel", id, job["id"])["state"] == "COMPLETED"
    assert _json("endpoint", "health", id)["completed"] == 1
    assert _json("endpoint", "purge", id, "--auto-approve")["removed"] == 0
    for words in (("status", job["id"]), ("cancel", job["id"]), ("health",), ("purge", "--auto-approve")):
        verb, *more = words
        shown = run("endpoint", verb, id, *more)
        assert (shown.exit_code, bool(shown.stdout)) == (0, True), shown.output
        unknown = run("endpoint", verb, "endpoint.none", *more)
        assert (unknown.exit_code, unknown.stdout) == (1, "")
        assert "endpoint.none" in unknown.stderr
    bad = run("endpoint", "run", id, "--data", "{")
    assert (bad.exit_code, "--data" in bad.stderr) == (1, True), bad.output

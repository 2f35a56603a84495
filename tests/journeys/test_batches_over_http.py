"""A batch of 50,000 requests against a served simulator: in little memory, and once whatever dies in between."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from processes import Cloud, Run, environment, serving, wait_until

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(sys.platform != "linux", reason="the most memory of a program is read from /proc"),
]

MODEL = "meta-llama/llama-3.3-70b-instruct"
MOST_KB = 150_000
_MEASURED = """
import sys
from pathlib import Path
from novita_infra.cli import main
try:
    main()
finally:
    print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0], file=sys.stderr)
"""


def write_prompts(folder: Path, count: int, *, words: int) -> None:
    body = {"model": MODEL, "messages": [{"role": "user", "content": "word " * words}], "max_tokens": 9}
    with (folder / "prompts.jsonl").open("w") as file:
        for number in range(count):
            file.write(json.dumps({"custom_id": f"row-{number}", "body": body}) + "\n")


def command(folder: Path, server: str, *words: str) -> tuple[Any, int]:
    """What the command prints as JSON, and the most kB of memory that it had."""
    ended = subprocess.run(
        [sys.executable, "-c", _MEASURED, *words, "--json"],
        cwd=folder,
        env={**environment(), "NOVITA_API_URL": server, "NOVITA_API_KEY": "sk_test"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr + ended.stdout
    return json.loads(ended.stdout), int(ended.stderr.split()[-1])


def begin(folder: Path, server: str, file: str) -> str:
    data = json.dumps({"input_file_id": file, "endpoint": "/v1/chat/completions"})
    return str(command(folder, server, "api", "POST", "/openai/v1/batches", "--data", data)[0]["id"])


@pytest.mark.parametrize(
    ("count", "words"), [(50, 5), pytest.param(50_000, 220, marks=pytest.mark.slow, id="50000 lines of 60 MB")]
)
def test_a_batch_is_checked_sent_answered_and_joined_in_under_150_mb(tmp_path: Path, count: int, words: int) -> None:
    write_prompts(tmp_path, count, words=words)
    with serving(time_scale=1000) as (server, _):
        cloud = Cloud(server)
        sent, sending = command(tmp_path, server, "files", "upload", "prompts.jsonl")
        assert (sent["uploaded"], sent["requests"]) == (True, count)
        id = begin(tmp_path, server, sent["id"])
        # The served account answers all requests now: for 50,000, longer than a usual call may take.
        httpx.post(f"{server}/_sim/advance", json={"seconds": 86_400}, timeout=300).raise_for_status()
        state, _ = command(tmp_path, server, "batches", "get", id)
        assert (state["state"], state["completed"]) == ("completed", count)
        facts, joining = command(tmp_path, server, "batches", "results", id, "--into", "answers.jsonl")
        assert (facts["completed"], facts["missing"]["count"]) == (count, 0)
        again, _ = command(tmp_path, server, "files", "upload", "prompts.jsonl")
        assert (again["uploaded"], cloud.calls("files.upload")) == (False, 1)
    with (tmp_path / "answers.jsonl").open() as lines:
        assert all(json.loads(line)["custom_id"] == f"row-{number}" for number, line in enumerate(lines))
    assert sending < MOST_KB
    assert joining < MOST_KB


@pytest.mark.crash
@pytest.mark.parametrize("seconds", [0.0, 0.3, 2.0])
def test_an_upload_that_is_killed_leaves_no_second_file(tmp_path: Path, seconds: float) -> None:
    write_prompts(tmp_path, 2_000, words=50)
    with serving(time_scale=1) as (server, _):
        cloud = Cloud(server)
        cloud.add_fault(kind="slow", operation="files.upload", position="after", seconds=seconds, count=1)
        run = Run("files", "upload", "prompts.jsonl", folder=tmp_path, server=server)
        wait_until(lambda: cloud.calls("files.upload") > 0 or run.is_over, "the upload")
        run.interrupt(signal.SIGKILL)
        run.close()
        made, _ = command(tmp_path, server, "files", "upload", "prompts.jsonl")
        listed, _ = command(tmp_path, server, "files", "list")
        assert [file["id"] for file in listed] == [made["id"]]
        assert cloud.calls("files.upload") == 1

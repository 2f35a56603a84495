"""A batch of 50,000 requests: the command reads, sends, awaits and joins it in little memory."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from processes import COMMAND, environment, serving

pytestmark = [pytest.mark.slow, pytest.mark.process]

REQUESTS = 50_000
MOST_KB = 150_000
_MEASURED = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
print("most memory:", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""
PROJECT = """\
apiVersion: novita-infra/v1
kind: Project
metadata: {name: large}
---
apiVersion: novita-infra/v1
kind: Batch
metadata: {name: it}
spec: {input: {file: prompts.jsonl}, results: answers.jsonl}
"""


def write_prompts(path: Path, count: int) -> int:
    """Writes so many requests of 1.2 kB; returns the bytes."""
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            message = {"role": "user", "content": f"{number} " + "word " * 215}
            body = {"model": "deepseek/deepseek-v3-0324", "messages": [message], "max_tokens": 5}
            file.write(json.dumps({"custom_id": f"row-{number}", "body": body}) + "\n")
    return path.stat().st_size


def test_50_000_requests_are_run_to_their_end_in_under_150_mb(tmp_path: Path) -> None:
    project, rest = PROJECT.split("---\n")
    (tmp_path / "novita-infra.yaml").write_text(project, encoding="utf-8")
    (tmp_path / "main.yaml").write_text(rest, encoding="utf-8")
    assert write_prompts(tmp_path / "prompts.jsonl", REQUESTS) > 55_000_000
    with serving(time_scale=2000) as (server, _):
        run = subprocess.run(
            [sys.executable, "-c", _MEASURED, *COMMAND, "apply", str(tmp_path), "--auto-approve"],
            env={**environment(), "NOVITA_API_URL": server, "NOVITA_API_KEY": "sk_test"},
            capture_output=True,
            text=True,
            check=False,
        )
    assert run.returncode == 0, run.stderr
    assert "uploading prompts.jsonl" in run.stderr
    assert re.search(r"[\d,]+ of 50,000 done", run.stderr)
    with (tmp_path / "answers.jsonl").open("rb") as answers:
        assert sum(1 for _ in answers) == REQUESTS
    found = re.search(r"most memory: (\d+)", run.stderr)
    assert found
    assert int(found[1]) < MOST_KB, run.stderr

"""A check through the real command, over HTTP, against `sim serve` in a process of its own."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner
from processes import Cloud, Run, serving

from novita_infra.cli import root

pytestmark = pytest.mark.process

ENDPOINT = """\
apiVersion: novita-infra/v1
kind: Endpoint
metadata: {name: api}
check:
  http: {path: PATH}
  retries: RETRIES
  interval: 1s
spec:
  product: {gpu: RTX 4090}
  image: docker.io/library/nginx:1.27
  ports: ["80/http"]
  healthPath: /ready
  workers: {min: 0, max: 2, idleTimeout: 1000, maxConcurrency: 8, requestTimeout: 600}
  scaling: {type: queue, value: 10}
"""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with serving(time_scale=100) as (address, _):
        monkeypatch.setenv("NOVITA_API_URL", address)
        monkeypatch.setenv("NOVITA_API_KEY", "sk_test")
        monkeypatch.delenv("NOVITA_INFRA_SIM", raising=False)
        yield address


def _declare(folder: Path, path: str, retries: int) -> None:
    text = ENDPOINT.replace("PATH", path).replace("RETRIES", str(retries))
    (folder / "main.yaml").write_text(text, encoding="utf-8")


def _apply(folder: Path, *more: str, code: int) -> str:
    """The messages of the events."""
    words = ["apply", str(folder), "--auto-approve"]
    ended = CliRunner().invoke(root, [*words, *more, "--json"], prog_name="novita-infra")
    assert ended.exit_code == code, ended.output
    return "\n".join(json.loads(line)["@message"] for line in ended.stdout.splitlines())


def test_a_check_that_fails_stops_the_apply_and_passes_when_a_worker_is_up(tmp_path: Path, server: str) -> None:
    _declare(tmp_path, "/missing", 0)
    failed = "its check failed: GET /missing must answer 200, and GET /missing answered 503"
    assert failed in _apply(tmp_path, code=1)
    _declare(tmp_path, "/ready", 60)
    assert "checked: GET /ready answered 200" in _apply(tmp_path, code=0)
    assert "checked" not in _apply(tmp_path, code=0)
    assert Cloud(server).calls("endpoints.create") == 1


def test_a_run_that_is_killed_during_a_check_is_finished_by_the_next(tmp_path: Path, server: str) -> None:
    _declare(tmp_path, "/missing", 1000)
    with closing(Run("apply", "--auto-approve", folder=tmp_path, server=server)) as run:
        run.until("asked again in 1 s")
        run.interrupt(signal.SIGKILL)
        run.end()
    _declare(tmp_path, "/ready", 60)
    assert "checked: GET /ready answered 200" in _apply(tmp_path, code=0)
    assert Cloud(server).calls("endpoints.create") == 1


def test_every_check_is_made_on_request(tmp_path: Path, server: str) -> None:
    _declare(tmp_path, "/ready", 60)
    _apply(tmp_path, code=0)
    assert "checked: GET /ready answered 200" in _apply(tmp_path, "--check", code=0)
    assert "checked" not in _apply(tmp_path, code=0)
    assert Cloud(server).calls("endpoints.create") == 1


def test_a_saved_plan_holds_no_token_and_its_apply_reads_it_again(
    tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = ENDPOINT.replace("PATH", "/ready").replace("RETRIES", "60")
    text = text.replace("  interval: 1s", "  interval: 1s\n  token: {fromEnv: VLLM_KEY}")
    (tmp_path / "main.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("VLLM_KEY", "tok3n-of-the-pr0gram")
    monkeypatch.chdir(tmp_path)
    saved = CliRunner().invoke(root, ["plan", "--out", "a.niplan"], prog_name="novita-infra")
    assert saved.exit_code in {0, 2}, saved.output
    applied = CliRunner().invoke(root, ["apply", "a.niplan"], prog_name="novita-infra")
    assert applied.exit_code == 0, applied.output
    assert "checked: GET /ready answered 200" in applied.output
    assert "tok3n-of-the-pr0gram" not in saved.output + applied.output
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"tok3n-of" in path.read_bytes()]

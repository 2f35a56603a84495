"""The daily life of machines through the real command, over HTTP, against `sim serve` in a process of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from manifest_files import endpoint
from processes import Cloud, serving

from novita_infra.cli import root

pytestmark = pytest.mark.process

PROJECT = """\
apiVersion: novita-infra/v1
kind: Project
metadata: {name: fleet, id: pfleet1}
environments: {dev: {}, prod: {}}
"""
FLEET = """\
apiVersion: novita-infra/v1
kind: Instance
metadata: {name: web, labels: {team: research}}
spec: {product: {gpu: RTX 4090}, image: "ubuntu:22.04"}
---
apiVersion: novita-infra/v1
kind: Instance
metadata: {name: job}
spec: {product: {gpu: RTX 4090}, image: "ubuntu:22.04"}
""" + endpoint("api", least=1, most=2)


@pytest.fixture
def server() -> Iterator[str]:
    with serving(time_scale=400) as (address, _):
        yield address


@pytest.fixture
def folder(tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NOVITA_API_URL", server)
    monkeypatch.setenv("NOVITA_API_KEY", "sk_test")
    monkeypatch.delenv("NOVITA_INFRA_SIM", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _run(*words: str, code: int = 0) -> Result:
    ended = CliRunner().invoke(root, list(words), prog_name="novita-infra")
    assert ended.exit_code == code, ended.output
    assert "Traceback" not in ended.output
    return ended


def _json(*words: str, code: int = 0) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(_run(*words, "--json", code=code).stdout)
    return found


def _phases() -> dict[str, str]:
    return {str(row["address"]): str(row["phase"]) for row in _json("ps", "--all")}


def test_everything_of_dev_is_stopped_for_the_night_and_prod_goes_on(folder: Path) -> None:
    (folder / "novita-infra.yaml").write_text(PROJECT)
    (folder / "fleet.yaml").write_text(FLEET)
    for environment in ("dev", "prod"):
        _run("apply", "--env", environment, "--auto-approve")
    shown = _run("ps").stdout
    for address in (
        "dev/instance.web",
        "dev/instance.job",
        "prod/instance.web",
        "dev/endpoint.api",
        "prod/endpoint.api",
    ):
        assert f"\n{address} " in shown
    assert "\n6 objects: $" in shown
    workers = [worker for row in _json("ps") for worker in row["workers"]]
    assert [(worker["status"], worker["ready"]) for worker in workers] == [("running", True)] * 2
    assert all(f"\n  {worker['id']} " in shown for worker in workers)
    _run("instance", "stop", "instance.*", "--env", "dev", "--auto-approve")
    assert _phases() == {
        "dev/instance.web": "stopped",
        "dev/instance.job": "stopped",
        "dev/endpoint.api": "ready",
        "prod/instance.web": "ready",
        "prod/instance.job": "ready",
        "prod/endpoint.api": "ready",
    }
    assert "2 objects do not run and are not shown: --all shows why.\n" in _run("ps").stdout
    (row,) = _json("ps", "dev/instance.web")
    assert (row["address"], row["environment"]) == ("dev/instance.web", "dev")
    assert row["reason"] == "somebody stopped it; the API does not say who"
    started = _run("instance", "start", "dev/instance.web", "prod/instance.web")
    assert "prod/instance.web" in started.stderr
    assert "is started already." in started.stderr
    assert [
        row["outcome"] for row in _json("wait", "dev/instance.web", "--for", "url == null && phase == 'ready'")
    ] == ["met"]
    _run("instance", "restart", "label:team=research")
    assert _run("wait", "dev/instance.job", "--timeout", "1s", code=4).stdout.count("timed out") == 1
    _run("instance", "stop", "nothing", code=1)
    _run("wait", "dev/instance.web", "--for", "running", code=1)


def test_machines_whose_gpus_rest_are_found_and_stopped_by_id(folder: Path, server: str) -> None:
    assert _json("idle") == _json("jobs") == _json("ps") == []
    (folder / "fleet.yaml").write_text(FLEET.partition("---")[0])
    _run("apply", "--auto-approve")
    id = _json("ps")[0]["id"]
    _run("instance", "migrate", "instance.web", "--auto-approve")
    assert [(row["type"], row["state"], row["address"]) for row in _json("jobs")] == [
        ("instanceMigrate", "success", "instance.web")
    ]
    assert [(row["interrupted"], row["before"]) for row in _json("job", "break", _json("jobs")[0]["id"])] == [
        (False, "success")
    ]
    (row,) = _json("instance", "web-terminal", "instance.web", "--off")
    assert (row["address"], row["enabled"], row["url"], row["password"]) == ("instance.web", False, None, None)
    assert [(row["id"], row["in_v1"]) for row in _json("v2", "instances")] == [(id, True)]
    assert "no job nothing" in _run("job", "break", "nothing", code=1).stderr
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    shown = _run("ps", "--project", str(elsewhere)).stdout
    assert f"\n{id} (web) " in shown
    refused = _run("instance", "stop", id, "--project", str(elsewhere), "--auto-approve", code=5)
    assert f"{id} carries the owner mark of project " in refused.stderr
    _run("instance", "stop", id, "--project", str(elsewhere), "--auto-approve", "--steal")
    Cloud(server).advance(60)
    assert _phases() == {"instance.web": "stopped"}
    _run("destroy", "--auto-approve", "--allow-data-loss", "*")
    assert _json("ps", "--all") == []


def test_a_machine_is_saved_as_an_image_that_is_listed_and_deleted(folder: Path, server: str) -> None:
    (folder / "fleet.yaml").write_text(FLEET.partition("---")[0])
    _run("apply", "--auto-approve")
    _run("instance", "save-image", "instance.web", "docker.io/team/model:1")
    assert "add --again" in _run("instance", "save-image", "instance.web", "docker.io/team/model:1").stderr
    assert [(row["type"], row["state"]) for row in _json("jobs")] == [("saveImage", "success")]
    assert [row["tags"] for row in _json("images", "list", "--own")] == [["1"]]
    (deleted,) = _json("images", "delete", "docker.io/team/model", "--auto-approve")
    assert deleted["repository"] == "docker.io/team/model"
    assert "team/model" in _run("images", "delete", "docker.io/team/model", "--auto-approve", code=1).stderr
    assert _json("images", "list", "--own") == []
    _run("destroy", "--auto-approve", "--allow-data-loss", "*")

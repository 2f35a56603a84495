"""Commands that send no secret need none: what they cannot compare is said, and everything else is as ever."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from command_tree import command_names

from novita_infra.cli import root

Invoke = Callable[..., Result]

FLEET = """\
apiVersion: novita-infra/v1
kind: NetworkStorage
metadata: {name: data}
spec: {cluster: us-ca-nas-2, sizeGb: 20}
---
apiVersion: novita-infra/v1
kind: RegistryAuth
metadata: {name: hub}
spec: {username: me, password: {fromEnv: HUB_PASSWORD}}
---
apiVersion: novita-infra/v1
kind: Template
metadata: {name: base}
spec:
  image: ubuntu:24.04
  rootDiskGb: ${var.disk}
  registryAuth: hub
  command: run --token ${env.HF_TOKEN}
  env: {MODE: fast, HF_TOKEN: {fromEnv: HF_TOKEN}}
"""
PROJECT = """\
apiVersion: novita-infra/v1
kind: Project
metadata: {name: small}
variables: {disk: {type: integer}, note: {type: string, secret: true}}
outputs: {id: "${network_storage.data.id}", note: "${var.note}"}
"""
SET = {
    "HUB_PASSWORD": "hunter2-hunter2",
    "HF_TOKEN": "hf_0123456789",
    "NOVITA_INFRA_VAR_disk": "70",
    "NOVITA_INFRA_VAR_note": "a-secret-note",
}
SENDS = {"plan", "apply"}
"""The commands that compare and send secrets. A destroy goes by the state where they are not set."""
READS = {
    "fmt": "",
    "completion": "bash",
    "render": "",
    "validate": "",
    "balance": "--sim",
    "sweep": "--sim --dry-run",
    "api": "GET /gpu-instance/openapi/v1/clusters --sim",
    "billing fixed-term": "--sim",
    "billing keys": "--sim",
    "billing monthly": "--sim",
    "billing transactions": "--sim",
    "billing usage": "--sim",
    "budgets check": "member owner@example.com --sim",
    "budgets list": "--sim",
    "budgets set": "member owner@example.com --unlimited --auto-approve --sim",
    "batches list": "--sim",
    "clusters": "--sim",
    "files list": "--sim",
    "doctor": "--sim",
    "idle": "--sim",
    "images list": "--sim",
    "jobs": "--sim",
    "keys": "--sim",
    "models": "--sim",
    "chat": "qwen/qwen3-max Hello --sim",
    "complete": "meta-llama/llama-3.1-8b-instruct Once --sim",
    "embed": "baai/bge-m3 text --sim",
    "rerank": "baai/bge-reranker-v2-m3 query document --sim",
    "image-models": "--sim",
    "offers": "--sim",
    "products": "--sim",
    "ps": "--sim",
    "quota": "--sim",
    "spend": "--sim",
    "ssh-config": "--sim",
    "templates": "--sim",
    "wait": "network_storage.data --for ready --sim",
    "whoami": "--sim",
    "v2": "--sim",
    "drift": "--sim",
    "report": "--sim",
    "show": "",
    "output": "",
    "graph": "",
    "modules install": "",
    "modules update": "",
    "why": "template.base --sim",
    "explain": "Instance",
    "schema": "",
    "orphans": "--sim",
    "state list": "",
    "state show": "template.base",
    "state mv": "network_storage.data network_storage.other",
    "state rename": "small/default",
    "state history": "",
    "state restore": "--serial {serial} --dry-run",
    "state fsck": "",
    "audit show": "",
    "audit verify": "",
    "state repair": "",
    "state pull": "",
    "state push": "state/default.json --dry-run",
    "state migrate": "--to local --set path=elsewhere --dry-run",
    "state lock list": "",
    "state lock break": "",
    "state rm": "network_storage.other",
    "import": "network_storage.data {data} --sim",
    "destroy": "--sim --auto-approve --allow-data-loss *",
    "sim scenarios": "",
    "sim reset": "",
}
OTHERS = {
    *("batches cancel", "batches check", "batches get", "batches results"),
    *("files content", "files delete", "files get", "files upload"),
    *("ci apply", "ci drift", "ci init", "ci plan", "notifications test"),
    *("init", "sim serve", "sim record", "sim run"),
    *("cp", "instance migrate", "instance renew", "instance restart", "instance start", "instance stop", "job break"),
    "instance web-terminal",
    *("images delete", "instance save-image"),
    *("logs", "metrics", "port-forward", "ssh"),
    *("task get", "task submit", "task wait", "webhook listen"),
    *("endpoint cancel", "endpoint health", "endpoint purge", "endpoint run", "endpoint status"),
}
"""Commands that read no manifest, and those for a machine, which this project has not."""


@pytest.fixture
def ids(run: Invoke, project: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The ids of the applied resources by name, after the secrets are gone from the environment."""
    (project / "fleet.yaml").write_text(FLEET)
    (project / "novita-infra.yaml").write_text(PROJECT)
    for name, value in SET.items():
        monkeypatch.setenv(name, value)
    result = run("apply", "--sim", "--auto-approve")
    assert result.exit_code == 0, result.stderr
    for name in SET:
        monkeypatch.delenv(name)
    shown = json.loads(run("show", "--json").stdout)["values"]["root_module"]["resources"]
    return {item["name"]: item["values"]["id"] for item in shown}


def test_every_command_is_known_to_need_secrets_or_not() -> None:
    assert set(command_names(root)) == SENDS | READS.keys() | OTHERS


def test_a_command_that_sends_no_secret_needs_none(run: Invoke, ids: dict[str, str]) -> None:
    assert run("plan", "--sim").exit_code == 1
    serial = json.loads(run("state", "history", "--json").stdout)[0]["serial"]
    for command, words in READS.items():
        result = run(*command.split(), *words.format(**ids, serial=serial).split())
        assert (command, result.exit_code) == (command, 0), result.stderr
        assert "hunter2" not in result.output


def test_why_says_what_it_does_not_compare(run: Invoke, project: Path, ids: dict[str, str]) -> None:
    (project / "fleet.yaml").write_text(FLEET.replace("MODE: fast", "MODE: slow"))
    result = run("why", "template.base", "--sim")
    assert result.exit_code == 0
    assert "MODE" in result.stdout
    assert result.stderr.startswith(
        "warning: fleet.yaml:9:32: the environment variable HUB_PASSWORD is not set: "
        "what uses it is neither checked nor compared; set it: export HUB_PASSWORD=...\n"
    )
    assert 'the variable "disk" has no value: what uses it is neither checked nor compared' in result.stderr
    as_json = run("why", "template.base", "--sim", "--json")
    assert json.loads(as_json.stdout)["because"]
    assert as_json.stderr.startswith("warning: fleet.yaml:9:32: the environment variable HUB_PASSWORD is not set")


def test_drift_reports_no_error_of_what_lacks_its_value(run: Invoke, project: Path, ids: dict[str, str]) -> None:
    machine = "kind: Instance\nmetadata: {name: w}\nspec: {product: {gpu: '${env.GPU}'}, image: '${env.IMAGE}'}\n"
    hub = "kind: RegistryAuth\nmetadata: {name: new}\nspec: {username: me, password: {fromEnv: P}}\n"
    version = "apiVersion: novita-infra/v1\n"
    (project / "more.yaml").write_text(f"{version}{machine}---\n{version}{hub}")
    result = run("drift", "--sim")
    assert (result.exit_code, "error:" in result.output) == (0, False), result.output
    assert "the environment variable IMAGE is not set: what uses it is neither checked nor compared" in result.stderr
    assert run("why", "instance.w", "--sim").exit_code == 0
    assert run("plan", "--sim").exit_code == 1


@pytest.mark.parametrize("command", ["import {address} {id} --sim", "orphans --adopt {address} --id {id} --sim"])
def test_an_import_needs_no_secret_and_the_next_plan_is_empty(
    command: str, run: Invoke, project: Path, ids: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("state", "rm", "template.base", "network_storage.data").exit_code == 0
    for address, name in (("template.base", "base"), ("network_storage.data", "data")):
        result = run(*command.format(address=address, id=ids[name]).split())
        assert result.exit_code == 0, result.stderr
        assert "the environment variable HF_TOKEN is not set: what uses it is neither" in result.stderr
    assert "hf_0123456789" not in (project / "state" / "default.json").read_text()
    for name, value in SET.items():
        monkeypatch.setenv(name, value)
    planned = run("plan", "--sim", "--detailed-exitcode")
    assert (planned.exit_code, planned.stderr) == (0, ""), planned.stdout
    monkeypatch.setenv("HF_TOKEN", "hf_another")
    assert run("plan", "--sim", "--detailed-exitcode").exit_code == 2


def test_an_import_needs_the_secret_that_only_the_manifest_has(
    run: Invoke, project: Path, ids: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("state", "rm", "registry_auth.hub").exit_code == 0
    result = run("import", "registry_auth.hub", ids["hub"], "--sim")
    assert result.exit_code == 1
    assert (
        "error: fleet.yaml:9:22: password of registry_auth.hub is not set, and the API does not return it; "
        "set it, then import again: the state keeps a digest of it\n"
    ) in result.stderr
    for name, value in SET.items():
        monkeypatch.setenv(name, value)
    assert run("import", "registry_auth.hub", ids["hub"], "--sim").exit_code == 0
    assert run("plan", "--sim", "--detailed-exitcode").exit_code == 0
    shutil.rmtree(project / "state")

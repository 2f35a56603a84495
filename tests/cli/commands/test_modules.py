"""`modules`: what it prints and writes, and a plan of a project with a module from git."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from git_repositories import GIT_ENVIRON, BareRepository

Invoke = Callable[..., Result]

INTERFACE = "apiVersion: novita-infra/v1\nkind: ModuleInterface\noutputs: {net: '${vpc.net.name}'}\n"
NET = "apiVersion: novita-infra/v1\nkind: VPC\nmetadata: {name: net}\nspec: {cluster: us-dallas-nas-2}\n"


@pytest.fixture
def repository(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BareRepository:
    """A repository with the module `net`, which the project uses."""
    for name, value in GIT_ENVIRON.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NOVITA_INFRA_CACHE", str(tmp_path / ".cache"))
    made = BareRepository.made(tmp_path / ".modules.git")
    made.commit({"net/novita-infra-module.yaml": INTERFACE, "net/vpc.yaml": NET}, tag="v1")
    (project / "module.yaml").write_text(
        f"apiVersion: novita-infra/v1\nkind: Module\nmetadata: {{name: net}}\n"
        f"spec: {{source: '{made.source('net', 'v1')}'}}\n"
    )
    return made


def test_install_pins_and_a_plan_shows_the_resources(run: Invoke, project: Path, repository: BareRepository) -> None:
    refused = run("validate")
    assert refused.exit_code == 1
    assert "run `novita-infra modules install`" in refused.stderr
    ended = run("modules", "install")
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert re.search(r"^git::file://.* [0-9a-f]{10} +new\n", ended.stdout, re.MULTILINE)
    assert ended.stdout.endswith("\nnovita-infra.lock.yaml is written: commit it.\n")
    planned = run("plan", "--sim")
    assert (planned.exit_code, "module.net.vpc.net" in planned.stdout) == (0, True), planned.output
    assert run("fmt").exit_code == 0
    assert "novita-infra.lock.yaml is as before." in run("modules", "install", ".").stdout


def test_update_moves_the_named_modules_and_prints_json(run: Invoke, repository: BareRepository) -> None:
    first = repository.git("rev-parse", "v1^{commit}")
    assert run("modules", "install").exit_code == 0
    second = repository.commit({"net/novita-infra-module.yaml": INTERFACE, "net/vpc.yaml": f"{NET}# 2\n"}, tag="v1")
    ended = run("modules", "update", "net", "./", "--json")
    assert json.loads(ended.stdout) == [
        {"source": repository.source(ref="v1"), "commit": second, "commit_before": first, "folders": ["net"]}
    ]
    wrong = run("modules", "update", "nett")
    assert (wrong.exit_code, 'there is no module "nett"; did you mean "net"?' in wrong.stderr) == (1, True)


def test_a_project_without_modules_from_git_gets_no_lock_file(run: Invoke, project: Path) -> None:
    ended = run("modules", "update")
    assert (ended.exit_code, ended.stdout) == (0, "No module comes from a git repository.\n")
    assert not (project / "novita-infra.lock.yaml").exists()

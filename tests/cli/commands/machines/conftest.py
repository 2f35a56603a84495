"""An account with machines, made once: each test gets a copy of the project with its simulated account."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from manifest_files import endpoint, project_file

from novita_infra.cli import root

FLEET = """\
apiVersion: novita-infra/v1
kind: Instance
metadata: {name: trainer, labels: {team: research}}
spec: {product: {gpu: RTX 4090}, cluster: us-ca-nas-2, image: "ubuntu:22.04", rootDiskGb: 80, power: running}
---
apiVersion: novita-infra/v1
kind: Instance
metadata: {name: spare, labels: {team: web}}
spec: {product: {gpu: RTX 4090}, cluster: us-ca-nas-2, image: "ubuntu:22.04", power: stopped}
""" + endpoint("api", least=0, most=3)
PROJECT = project_file(name="small")

Invoke = Callable[..., Result]


@pytest.fixture(scope="session")
def applied_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an applied project."""
    folder = tmp_path_factory.mktemp("machines")
    (folder / "novita-infra.yaml").write_text(PROJECT)
    (folder / "machines.yaml").write_text(FLEET)
    ended = CliRunner().invoke(root, ["apply", "--sim", "--auto-approve", str(folder)])
    assert ended.exit_code == 0, ended.output
    return folder


@pytest.fixture
def machines(applied_once: Path, project: Path) -> Path:
    """The project with machines, in the folder in which the command runs."""
    (project / "fleet.yaml").unlink()
    shutil.copytree(applied_once, project, dirs_exist_ok=True)
    return project

"""A small project whose resources are there at once in the simulator, and the command run in the process."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from novita_infra.cli import root

PROJECT = """\
apiVersion: novita-infra/v1
kind: Project
metadata: {name: small}
variables:
  size: {type: integer, default: 20}
  note: {type: string, secret: true}
outputs:
  dataId: ${network_storage.data.id}
  place: {cluster: us-ca-nas-2}
  note: ${var.note}
"""
FLEET = """\
apiVersion: novita-infra/v1
kind: NetworkStorage
metadata: {name: data}
spec: {cluster: us-ca-nas-2, sizeGb: "${var.size}"}
"""

Invoke = Callable[..., Result]
Applied = Callable[[Path, Mapping[str, str]], Path]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project's folder, which is also where the command runs. No setting of the caller gets through."""
    for name in (
        "NOVITA_API_KEY",
        "NOVITA_API_URL",
        "NOVITA_INFRA_SIM",
        "NOVITA_INFRA_ENV",
        "NOVITA_INFRA_PARALLELISM",
        "NOVITA_INFRA_MAX_CALLS",
        "NO_COLOR",
        "NOVITA_INFRA_PLAIN",
        "NOVITA_INFRA_DEBUG",
        "NOVITA_INFRA_LOG",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NOVITA_INFRA_VAR_note", "from-the-environment")
    (tmp_path / "novita-infra.yaml").write_text(PROJECT)
    (tmp_path / "fleet.yaml").write_text(FLEET)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(project: Path) -> Invoke:
    """Runs the command in the process."""
    return lambda *words: CliRunner().invoke(root, list(words), prog_name="novita-infra")


@pytest.fixture(scope="session")
def applied(tmp_path_factory: pytest.TempPathFactory) -> Applied:
    """Gives a folder the manifests by file name, their state and their simulated account. They are applied once."""
    folders: dict[tuple[tuple[str, str], ...], Path] = {}

    def fill(folder: Path, manifests: Mapping[str, str]) -> Path:
        key = tuple(sorted(manifests.items()))
        if key not in folders:
            made = tmp_path_factory.mktemp("applied")
            for name, text in key:
                (made / name).write_text(text)
            ended = CliRunner().invoke(root, ["apply", "--sim", "--auto-approve", str(made)])
            assert ended.exit_code == 0, ended.output
            folders[key] = made
        for file in folder.glob("*.yaml"):
            file.unlink()
        shutil.copytree(folders[key], folder, dirs_exist_ok=True)
        return folder

    return fill

"""A small project whose resources are there at once in the simulator, and the command run in the process."""

from __future__ import annotations

from collections.abc import Callable
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

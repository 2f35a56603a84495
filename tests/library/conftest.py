"""A project of two storages, the second after the first, in the simulated account of its folder."""

from __future__ import annotations

from pathlib import Path

import pytest

PROJECT = """\
apiVersion: novita-infra/v1
kind: Project
metadata: {name: small}
variables:
  size: {type: integer, default: 20}
  note: {type: string, secret: true}
outputs:
  dataId: ${network_storage.data.id}
  note: ${var.note}
"""
FLEET = """\
apiVersion: novita-infra/v1
kind: NetworkStorage
metadata: {name: data}
spec: {cluster: us-ca-nas-2, sizeGb: "${var.size}"}
---
apiVersion: novita-infra/v1
kind: NetworkStorage
metadata: {name: later}
lifecycle: {dependsOn: [network_storage.data]}
spec: {cluster: us-ca-nas-2, sizeGb: 10}
"""
SETTINGS = ("NOVITA_API_KEY", "NOVITA_API_URL", "NOVITA_INFRA_SIM", "NOVITA_INFRA_ENV", "NOVITA_INFRA_DEBUG")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project's folder. No setting of the caller gets through."""
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NOVITA_INFRA_VAR_note", "not-for-anybody")
    (tmp_path / "novita-infra.yaml").write_text(PROJECT)
    (tmp_path / "fleet.yaml").write_text(FLEET)
    return tmp_path

"""Destroying at a bad hour: with secrets that are not set and manifests that are broken."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from novita_infra.cli import root

MANIFEST = """\
apiVersion: novita-infra/v1
kind: RegistryAuth
metadata: {name: hub}
spec:
  username: bot
  password: {fromEnv: HUB_PASSWORD}
"""


def test_a_project_is_destroyed_though_its_secrets_are_not_set_and_its_manifests_are_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "novita-infra.yaml").write_text(
        "apiVersion: novita-infra/v1\nkind: Project\nmetadata: {name: late}\n", encoding="utf-8"
    )
    (tmp_path / "main.yaml").write_text(MANIFEST, encoding="utf-8")
    monkeypatch.setenv("HUB_PASSWORD", "pretended")
    run = CliRunner()
    assert run.invoke(root, ["apply", str(tmp_path), "--sim", "--auto-approve"]).exit_code == 0
    monkeypatch.delenv("HUB_PASSWORD")
    assert run.invoke(root, ["plan", str(tmp_path), "--sim"]).exit_code == 1
    (tmp_path / "main.yaml").write_text("kind: [torn", encoding="utf-8")
    done = run.invoke(root, ["destroy", str(tmp_path), "--sim", "--auto-approve"])
    assert done.exit_code == 0, done.stderr
    assert run.invoke(root, ["state", "list", str(tmp_path)]).stdout == ""

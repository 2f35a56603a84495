"""Destroying at a bad hour: with secrets that are not set and manifests that are broken."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from novita_infra.cli import root
from novita_infra.model.diagnostics import EXIT_REFUSED

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


def test_a_saved_plan_is_applied_to_the_project_at_hand_and_refused_by_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = tmp_path / "first"
    first.mkdir()
    (first / "main.yaml").write_text(MANIFEST, encoding="utf-8")
    monkeypatch.setenv("HUB_PASSWORD", "pretended")
    run = CliRunner()
    assert run.invoke(root, ["plan", str(first), "--sim", "--out", str(first / "x.niplan")]).exit_code == 0
    second = first.rename(tmp_path / "second")
    (second / "x.niplan").rename(tmp_path / "x.niplan")
    monkeypatch.chdir(tmp_path)
    done = run.invoke(root, ["apply", "x.niplan"])
    assert done.exit_code == EXIT_REFUSED
    assert "x.niplan can be applied only with the state that it was made with" in done.stderr
    assert run.invoke(root, ["apply", "x.niplan", "--project", "second"]).exit_code == 0
    assert not first.exists()
    assert run.invoke(root, ["state", "list", str(second)]).stdout == "registry_auth.hub\n"


def test_manifests_that_have_vanished_do_not_delete_everything(tmp_path: Path) -> None:
    project = "apiVersion: novita-infra/v1\nkind: Project\nmetadata: {name: late}\n"
    storage = "apiVersion: novita-infra/v1\nkind: VPC\nmetadata: {name: a}\nspec: {cluster: us-ca-nas-2}\n"
    (tmp_path / "novita-infra.yaml").write_text(project, encoding="utf-8")
    (tmp_path / "main.yaml").write_text(storage, encoding="utf-8")
    run = CliRunner()
    assert run.invoke(root, ["apply", str(tmp_path), "--sim", "--auto-approve"]).exit_code == 0
    (tmp_path / "main.yaml").unlink()
    done = run.invoke(root, ["apply", str(tmp_path), "--sim", "--auto-approve"])
    assert done.exit_code == 5
    assert "novita-infra destroy" in done.stderr
    assert run.invoke(root, ["destroy", str(tmp_path), "--sim", "--auto-approve"]).exit_code == 0

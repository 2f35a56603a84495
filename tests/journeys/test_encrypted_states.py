"""A project whose state is encrypted: its whole life, and no byte of it that shows a key or a record."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from encrypted_states import IDENTITY, OTHER_IDENTITY, OTHER_RECIPIENT, RECIPIENT
from manifest_files import manifest, project_file, write

from novita_infra.cli import root

PASSPHRASE = "canary-passphrase-0001"
NETWORK = manifest("VPC", "canarynet", "  cluster: us-ca-06\n  name: canarynet\n")
WAYS = {
    "age": (f"age: ['{RECIPIENT}'], identity: {{fromEnv: STATE_KEY}}", IDENTITY),
    "passphrase": ("passphrase: {fromEnv: STATE_KEY}", PASSPHRASE),
}


class _Project:
    """A project in a folder, which is the current one, and everything that its commands have shown."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
        self.folder, self.monkeypatch = folder, monkeypatch
        settings, self.key = WAYS[way]
        files = {"novita-infra.yaml": project_file(f"state:\n  encryption: {{{settings}}}\n"), "net.yaml": NETWORK}
        write(folder, files)
        monkeypatch.chdir(folder)
        monkeypatch.setenv("STATE_KEY", self.key)
        self.shown = ""

    def run(self, *words: str, code: int = 0) -> str:
        ended = CliRunner().invoke(root, list(words), prog_name="novita-infra")
        assert ended.exit_code == code, ended.output
        self.shown += ended.output
        return ended.output

    def written(self) -> bytes:
        """The bytes of all files but the manifests and the simulated account."""
        paths = [path for path in self.folder.rglob("*") if path.is_file() and path.suffix not in {".yaml", ".db"}]
        return b"".join(path.read_bytes() for path in paths if not path.name.startswith("sim.db"))


@pytest.mark.parametrize("way", [pytest.param("age"), pytest.param("passphrase", marks=pytest.mark.slow)])
def test_no_byte_of_a_project_with_an_encrypted_state_shows_a_key_or_a_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    project = _Project(tmp_path, monkeypatch, way)
    project.run("plan", "--sim", "--out", "p.niplan")
    project.run("show", "p.niplan")
    assert json.loads(project.run("show", "--json", "p.niplan"))["resource_changes"][0]["address"] == "vpc.canarynet"
    project.run("apply", "--sim", "p.niplan")
    assert project.run("state", "list") == "vpc.canarynet\n"
    assert "no changes" in project.run("plan", "--sim").lower()
    project.run("state", "mv", "vpc.canarynet", "vpc.canarynet2")
    project.run("state", "mv", "vpc.canarynet2", "vpc.canarynet")
    project.run("destroy", "--sim", "--auto-approve")
    data = project.written()
    for word in ("canarynet", project.key):
        assert word.encode() not in data
    assert project.key not in project.shown


def test_a_command_without_the_key_says_what_to_set_and_one_without_the_state_needs_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = _Project(tmp_path, monkeypatch, "age")
    project.run("plan", "--sim", "--out", "p.niplan")
    project.run("apply", "--sim", "--auto-approve")
    monkeypatch.setenv("STATE_KEY", OTHER_IDENTITY)
    wrong = "is not encrypted for the identity of state.encryption.identity"
    assert f"state/default.json {wrong}" in project.run("state", "list", code=1)
    assert f"p.niplan {wrong}" in project.run("show", "p.niplan", code=1)
    monkeypatch.delenv("STATE_KEY")
    unset = "the environment variable STATE_KEY is not set; set it: export STATE_KEY=..."
    for line in ("state list", "plan --sim", "show p.niplan", "apply --sim p.niplan"):
        assert unset in project.run(*line.split(), code=1)
    for line in ("validate", "render", "graph", "fmt --check"):
        project.run(*line.split())


def test_a_plan_that_was_changed_after_it_was_encrypted_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = _Project(tmp_path, monkeypatch, "age")
    project.run("plan", "--sim", "--out", "p.niplan")
    path = tmp_path / "p.niplan"
    data = json.loads(path.read_bytes())
    sealed = data["sealed"]
    path.write_text(json.dumps({**data, "sealed": sealed[:-8] + ("A" * 8)}, separators=(",", ":")))
    assert "the plan file p.niplan is damaged: it was changed after it was encrypted; make" in project.run(
        "show", "p.niplan", code=1
    )


def test_an_apply_without_changes_encrypts_the_state_and_changes_its_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def settle(encryption: str) -> str:
        write(tmp_path, {"novita-infra.yaml": project_file(f"state:\n  encryption: {{{encryption}}}\n")})
        return project.run("apply", "--sim", "--auto-approve")

    project = _Project(tmp_path, monkeypatch, "age")
    monkeypatch.setenv("OTHER_KEY", OTHER_IDENTITY)
    write(tmp_path, {"novita-infra.yaml": project_file("")})
    project.run("apply", "--sim", "--auto-approve")
    state = tmp_path / "state" / "default.json"
    assert b"canarynet" in state.read_bytes()
    first, second = (
        f"age: ['{of}'], identity: {{fromEnv: {name}}}"
        for of, name in ((RECIPIENT, "STATE_KEY"), (OTHER_RECIPIENT, "OTHER_KEY"))
    )
    assert "The state is written again" in settle(first)
    assert b"canarynet" not in state.read_bytes()
    before = state.read_bytes()
    assert "The state is written again" not in settle(first)
    assert state.read_bytes() == before
    assert "The state is written again" in settle(f"{second}, fallback: {{{first}}}")
    assert "The state is written again" not in settle(second), "the fallback is not needed any more"

"""Files that older versions wrote, kept as they were: state, journal, saved plan, simulated account.

Of version 0.1.0, `applied` is the state after an apply of nine resources. `cut-off` is a run of a saved plan that was
killed after its first upgrade had been sent: its journal holds two calls that ended and one that did not.
Of version 0.2.0, with format 3 of states: the state of a third run that was killed, with its backup and its journal.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import forking
import pytest

import novita_infra
from novita_infra.encoding.checksums import Checksum, state_checksum

pytestmark = pytest.mark.process

KEPT = Path(__file__).parent / "version_0_1_0"
KEPT_0_2 = Path(__file__).parent / "version_0_2_0"
PACKAGE = str(Path(novita_infra.__file__).parents[1])


def project(kept: str, tmp_path: Path) -> Path:
    """A project folder with the kept files where version 0.1.0 had them."""
    source, folder = KEPT / kept, tmp_path / "fleet"
    (folder / "state").mkdir(parents=True)
    (folder / ".novita-infra").mkdir()
    for file in source.glob("*.yaml"):
        shutil.copy(file, folder)
    shutil.copy(source / "sim.db", folder / ".novita-infra" / "sim.db")
    for suffix in ("json", "journal"):
        if (source / f"state.{suffix}").exists():
            shutil.copy(source / f"state.{suffix}", folder / "state" / f"default.{suffix}")
    return folder


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {name: text for name, text in os.environ.items() if not name.startswith("NOVITA")}
    env |= {"PYTHONPATH": PACKAGE, "REGISTRY_USERNAME": "acme", "REGISTRY_PASSWORD": "hunter2-canary-old"}
    return forking.run(forking.COMMAND, *arguments, cwd=folder, env=env, text=True)


def test_files_of_every_release_are_kept() -> None:
    changelog = (Path(__file__).parents[2] / "CHANGELOG.md").read_text(encoding="utf-8")
    releases = re.findall(r"^## \[(\d+\.\d+\.\d+)\]", changelog, re.MULTILINE)
    missing = [release for release in releases if not (KEPT.parent / f"version_{release.replace('.', '_')}").is_dir()]
    assert releases
    assert not missing, "keep a state, a journal and a plan that this release writes"


def test_a_plan_with_the_state_of_version_0_1_0_is_empty(tmp_path: Path) -> None:
    folder = project("applied", tmp_path)
    done = command(folder, "plan", "--sim", "--detailed-exitcode")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_state_of_version_0_1_0_is_shown_with_every_record(tmp_path: Path) -> None:
    folder = project("applied", tmp_path)
    shown = json.loads(command(folder, "show", "--json").stdout)
    written = json.loads((KEPT / "applied" / "state.json").read_text(encoding="utf-8"))
    addresses = {item["address"] for item in shown["values"]["root_module"]["resources"]}
    assert addresses == set(written["records"])
    assert len(addresses) == 9


def test_a_run_that_version_0_1_0_left_unfinished_is_finished(tmp_path: Path) -> None:
    folder = project("cut-off", tmp_path)
    done = command(folder, "apply", "--sim", "--auto-approve")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (folder / "state" / "default.journal").exists()
    again = command(folder, "plan", "--sim", "--detailed-exitcode")
    assert again.returncode == 0, again.stdout + again.stderr


def test_a_state_of_version_0_1_0_has_a_checksum_after_a_save(tmp_path: Path) -> None:
    folder = project("applied", tmp_path)
    state = folder / "state" / "default.json"
    assert state_checksum(state.read_bytes()) is Checksum.ABSENT
    done = command(folder, "state", "rm", "template.node")
    assert done.returncode == 0, done.stderr
    assert state_checksum(state.read_bytes()) is Checksum.GOOD
    assert state_checksum(state.with_name("default.json.backup").read_bytes()) is Checksum.ABSENT


def test_a_saved_plan_of_version_0_1_0_is_shown_with_its_changes(tmp_path: Path) -> None:
    shutil.copy(KEPT / "cut-off" / "change.plan", tmp_path / "change.niplan")
    shown = command(tmp_path, "show", "--json", "change.niplan")
    assert shown.returncode == 0, shown.stderr
    changes = {item["address"]: item["change"]["actions"] for item in json.loads(shown.stdout)["resource_changes"]}
    updated = {address for address, actions in changes.items() if actions == ["update"]}
    assert updated == {
        "instance.head", "instance.worker-1", "instance.worker-2", "instance.worker-3",
        "network_storage.checkpoints", "template.node",
    }  # fmt: skip


def project_of_0_2(tmp_path: Path) -> Path:
    folder = tmp_path / "small"
    for name in ("state", ".novita-infra"):
        (folder / name).mkdir(parents=True)
    for file in KEPT_0_2.iterdir():
        place = {".yaml": folder, ".db": folder / ".novita-infra"}.get(file.suffix, folder / "state")
        shutil.copy(file, place)
    return folder


def test_a_state_of_format_3_is_read_with_its_journal_and_saved_in_format_4(tmp_path: Path) -> None:
    folder = project_of_0_2(tmp_path)
    state = folder / "state" / "default.json"
    before = state.read_bytes()
    assert json.loads(before)["version"] == 3
    shown = json.loads(command(folder, "state", "pull").stdout)
    assert shown["records"]["vpc.net"]["protect"] is True  # by the journal
    checked = command(folder, "state", "fsck")
    assert (checked.returncode, "error:" in checked.stdout) == (0, False), checked.stdout
    done = command(folder, "apply", "--sim", "--auto-approve")
    assert done.returncode == 0, done.stdout + done.stderr
    after = json.loads(state.read_bytes())
    assert (after["version"], after["previous"][:7]) == (4, "sha256:")
    assert not (folder / "state" / "default.journal").exists()
    history = json.loads(command(folder, "state", "history", "--json").stdout)
    assert [row["serial"] for row in history][-1] == 11
    checked = command(folder, "state", "fsck")
    assert (checked.returncode, checked.stdout) == (0, "The state is sound.\n")


def test_a_damaged_state_of_format_3_is_repaired_from_its_backup(tmp_path: Path) -> None:
    folder = project_of_0_2(tmp_path)
    (folder / "state" / "default.json").write_bytes(b"{")
    done = command(folder, "state", "repair", "--auto-approve")
    assert done.returncode == 0, done.stderr
    assert command(folder, "state", "list").stdout == "network_storage.data\nvpc.net\n"
    planned = command(folder, "plan", "--sim", "--detailed-exitcode")
    assert planned.returncode in {0, 2}, planned.stderr

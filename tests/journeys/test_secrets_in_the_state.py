"""Secrets that the account shows in clear: no state, backup or journal holds one after an import or a call."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from rig import Rig

ENVIRON = {"CMD_TOKEN": "tok3n-for-cmd", "PASSWORD": "hunter2-of-hub", "HF_TOKEN": "hf-of-env"}
MACHINE: dict[str, Any] = {"product": {"gpu": "RTX 4090"}, "cluster": "us-dallas-nas-2", "image": "ubuntu:22.04"}
SECRETIVE: dict[str, Any] = {
    **MACHINE,
    "image": "acme/${env.PASSWORD}/train:1",
    "command": "run --token ${env.CMD_TOKEN}",
    "entrypoint": "sh ${env.CMD_TOKEN}",
    "env": {"HF_TOKEN": {"fromEnv": "HF_TOKEN"}},
}


def files_of(rig: Rig) -> str:
    """The text of every file of the state: itself, its backup and its journal."""
    return "".join(path.read_text() for path in (rig.folder / "state").rglob("*") if path.is_file())


def assert_no_secret(text: str) -> None:
    assert [secret for secret in ENVIRON.values() if secret in text] == []


@pytest.mark.parametrize("changed", [{}, {"command": "other tok3n-for-cmd"}, {"image": "acme/hunter2-of-hub/old:1"}])
def test_an_import_writes_no_secret_of_a_command_or_an_image_in_clear(tmp_path: Path, changed: dict[str, Any]) -> None:
    rig = Rig(tmp_path, environ=ENVIRON)
    rig.declare(("Instance", "a", {**SECRETIVE, **changed}))
    rig.apply()
    id = rig.record("instance.a").id
    shutil.rmtree(tmp_path / "state")
    rig.declare(("Instance", "a", SECRETIVE))
    rig.take_in("instance.a", id)
    assert_no_secret(files_of(rig))
    rig.apply()
    assert_no_secret(files_of(rig))
    rig.assert_converged()


def test_an_import_without_a_manifest_records_no_known_secret_in_clear(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ=ENVIRON)
    rig.declare(("Instance", "a", SECRETIVE))
    rig.apply()
    id = rig.record("instance.a").id
    shutil.rmtree(tmp_path / "state")
    rig.declare(("Instance", "b", {**SECRETIVE, "image": "ubuntu:22.04"}))  # it declares the secrets, not the object
    rig.take_in("instance.a", id)
    assert_no_secret(files_of(rig).replace(ENVIRON["PASSWORD"], ""))  # that of the image is not known here


def test_the_journal_of_a_call_that_is_judged_by_its_effect_holds_no_secret(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ=ENVIRON)
    monthly = {**SECRETIVE, "billingMode": "monthly", "months": 1}
    rig.declare(("Instance", "a", monthly))
    rig.apply()
    rig.declare(("Instance", "a", {**monthly, "months": 2}))
    seen: list[str] = []

    def look(_: object) -> bool:
        seen.append(files_of(rig))
        return False

    rig.apply(stop_when=look)
    assert any('"renew: about to be sent"' in text for text in seen)
    assert_no_secret("".join(seen))

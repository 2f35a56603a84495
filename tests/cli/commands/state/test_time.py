"""A state that went back in time, or apart from its copy, is recognised, and nothing is bought a second time."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import Result
from local_store import LocalStore
from processes import serving
from state_values import A, write_changes

from novita_infra.model.records import Record
from novita_infra.state.seen_versions import RunNotes

Invoke = Callable[..., Result]
Rows = Callable[..., Any]

pytestmark = pytest.mark.process


@pytest.fixture
def account(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a simulator that all checkouts of this test use, with a cache of this machine."""
    with serving(time_scale=200) as (address, _):
        monkeypatch.setenv("NOVITA_API_URL", address)
        monkeypatch.setenv("NOVITA_API_KEY", "sk_test")
        monkeypatch.setenv("NOVITA_INFRA_CACHE", str(project / "cache"))
        yield address


def storages(server: str, name: str) -> int:
    """How many storages of that name were made and exist."""
    objects = httpx.get(f"{server}/_sim/state").raise_for_status().json()["objects"]["storages"]
    return sum(item["name"] == name for item in objects)


def applied(run: Invoke, *words: str) -> None:
    ended = run("apply", "--auto-approve", *words)
    assert ended.exit_code == 0, ended.output


def add_storage(folder: Path, name: str) -> None:
    text = f"apiVersion: novita-infra/v1\nkind: NetworkStorage\nmetadata: {{name: {name}}}\n"
    (folder / f"{name}.yaml").write_text(text + "spec: {cluster: us-ca-nas-2, sizeGb: 10}\n")


def restored_bucket(project: Path, old: dict[str, bytes]) -> None:
    """Puts an old state back, as a restored bucket or a reset branch does, without the files beside it."""
    shutil.rmtree(project / "state")
    (project / "state").mkdir()
    for name, data in old.items():
        (project / "state" / name).write_bytes(data)


def test_a_state_that_went_back_in_time_is_refused_and_repaired(
    account: str, run: Invoke, project: Path, rows: Rows
) -> None:
    applied(run)
    old = {"default.json": (project / "state" / "default.json").read_bytes()}
    add_storage(project, "more")
    applied(run)
    serial = json.loads((project / "state" / "default.json").read_text())["serial"]
    restored_bucket(project, old)
    for words in (("plan",), ("apply", "--auto-approve"), ("destroy", "--auto-approve"), ("drift",)):
        ended = run(*words)
        text = " ".join(ended.stderr.split())
        assert ended.exit_code == 5, (words, ended.output)
        assert f"and this machine has seen version {serial} of it ({project}/state/default.json, " in text
        assert "the state went back in time, or another copy of it is ahead" in text
        assert "novita-infra state repair" in text
    assert run("state", "rm", "network_storage.data").exit_code == 5
    done = rows("state", "repair", "--auto-approve")
    assert done["saved"] == serial + 1
    assert done["lost"] == serial - json.loads(old["default.json"])["serial"]
    refused = run("apply", "--auto-approve")
    assert refused.exit_code == 5
    assert "network_storage.more: it may exist already" in refused.output
    assert storages(account, "more") == 1
    live = {item["name"]: item["id"] for item in rows("orphans")}
    assert run("orphans", "--adopt", "network_storage.more", "--id", live["more"]).exit_code == 0
    applied(run)
    assert storages(account, "more") == 1


def test_the_newer_state_is_found_in_the_history_beside_the_older_one(
    account: str, run: Invoke, project: Path, rows: Rows
) -> None:
    applied(run)
    old = (project / "state" / "default.json").read_bytes()
    for size in (30, 40):
        applied(run, "--var", f"size={size}")
    (project / "state" / "default.json").write_bytes(old)  # git checkout of an older commit
    assert run("plan").exit_code == 5
    assert rows("state", "fsck", code=1)[0]["severity"] == "error"
    assert run("state", "repair", "--auto-approve").exit_code == 0
    assert run("plan", "--detailed-exitcode", "--var", "size=40").exit_code == 0


def test_of_two_copies_of_a_state_the_one_that_is_behind_is_refused(account: str, run: Invoke, project: Path) -> None:
    applied(run)
    clone = project / "clone"
    clone.mkdir()
    for name in ("novita-infra.yaml", "fleet.yaml"):
        shutil.copy(project / name, clone)
    shutil.copytree(project / "state", clone / "state")
    applied(run, "--var", "size=30")
    ended = run("apply", "--auto-approve", "--var", "size=40", "clone")
    assert (ended.exit_code, "another copy of it is ahead" in " ".join(ended.stderr.split())) == (5, True)
    shutil.rmtree(project / "state")
    shutil.copytree(clone / "state", project / "state")
    shutil.rmtree(project / "cache")  # the copy went on where nobody saw it
    applied(run, "--var", "size=50")
    other = (project / "state" / "default.json").read_bytes()
    shutil.rmtree(project / "cache")
    applied(run, "--var", "size=60", "clone")
    (clone / "state" / "default.json").write_bytes(other)
    ended = run("plan", "clone")
    assert ended.exit_code == 5
    assert "two copies of one state have gone apart" in " ".join(ended.stderr.split())


def test_a_journal_that_lost_changes_which_this_machine_saw_is_refused_and_repaired(
    account: str, run: Invoke, project: Path, rows: Rows
) -> None:
    applied(run)
    path = project / "state" / "default.json"
    store = LocalStore(path)
    with store.journal(store.load(), confirmed=RunNotes(project / "cache", store)) as journal:
        asyncio.run(write_changes(journal, [Record(A, "i-1"), A]))  # a run that is killed now
    lines = path.with_suffix(".journal").read_bytes().splitlines(keepends=True)
    path.with_suffix(".journal").write_bytes(b"".join(lines[:-1]))
    serial = json.loads(path.read_text())["serial"]
    for words in (("plan",), ("state", "fsck"), ("state", "rm", "vpc.net")):
        ended = run(*words)
        text = " ".join(ended.output.split())
        assert ended.exit_code == (1 if "fsck" in words else 5), text
        assert f"the journal of state/default.json holds 1 changes, and this machine has seen 2 ({path}, " in text
        assert "it was cut off or lost, or another copy of it is ahead" in text
    done = rows("state", "repair", "--auto-approve")
    assert (done["saved"], done["lost"]) == (serial + 3, 1)
    assert run("state", "fsck").exit_code == 0


def test_without_a_cache_nothing_is_remembered(
    account: str, run: Invoke, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NOVITA_INFRA_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    applied(run)
    assert not (project / "cache").exists()
    (project / "cache").write_text("a file in its place")
    monkeypatch.setenv("NOVITA_INFRA_CACHE", str(project / "cache"))
    assert run("plan").exit_code == 0

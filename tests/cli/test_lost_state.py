"""Lost state on the command line: every deciding command looks for objects of the project, and refuses."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from manifest_files import manifest

Invoke = Callable[..., Result]

PROJECT = "apiVersion: novita-infra/v1\nkind: Project\nmetadata: {name: fleet}\n"
TEMPLATE = manifest("Template", "NAME", "  image: ubuntu:22.04\n  rootDiskGb: 60\n")
STORAGE = """\
---
apiVersion: novita-infra/v1
kind: NetworkStorage
metadata: {name: data}
spec: {cluster: us-ca-nas-2, sizeGb: 20}
"""
ENDPOINT = """\
---
apiVersion: novita-infra/v1
kind: Endpoint
metadata: {name: api}
spec:
  product: {gpu: RTX 4090}
  image: nginx:1
  ports: [80/http]
  healthPath: /
  workers: {min: 1, max: 1, idleTimeout: 60, maxConcurrency: 1, requestTimeout: 60}
  scaling: {type: queue, value: 1}
"""


@pytest.fixture
def fleet(run: Invoke, project: Path) -> Path:
    """An applied project of two templates and a storage."""
    (project / "novita-infra.yaml").write_text(PROJECT)
    (project / "fleet.yaml").write_text(TEMPLATE.replace("NAME", "a") + TEMPLATE.replace("NAME", "b") + STORAGE)
    for _ in range(2):
        (project / "fleet.yaml").write_text((project / "fleet.yaml").read_text().replace("sizeGb: 20", "sizeGb: 30"))
        ended = run("apply", "--sim", "--auto-approve")
        assert ended.exit_code == 0, ended.output
    return project


def _ids(run: Invoke) -> dict[str, str]:
    return {item["address"]: item["id"] for item in json.loads(run("state", "list", "--json").stdout)}


def _without(name: str) -> Callable[[Path], None]:
    return lambda state: (state / name).unlink()


def _empty_folder(state: Path) -> None:
    shutil.rmtree(state)
    state.mkdir()


def _only_a_history(state: Path) -> None:
    for path in state.glob("*.*"):
        if path.is_file():
            path.unlink()


def _dangling(state: Path) -> None:
    (state / "default.json").unlink()
    (state / "default.json").symlink_to(state / "nowhere")


def _dangling_folder(state: Path) -> None:
    shutil.rmtree(state)
    state.symlink_to(state.parent / "unmounted")


def _only_a_journal(state: Path) -> None:
    (state / "default.journal.backup").rename(state / "default.journal")
    (state / "default.json").unlink()
    (state / "default.json.backup").unlink()


def _another_journal(state: Path) -> None:
    text = (state / "default.journal.backup").read_text()
    header = re.sub(',"crc32":"[^"]*"', "", re.sub('"lineage":"[^"]*"', '"lineage":"other"', text, count=1), count=1)
    (state / "default.journal").write_text(header)


LOST: dict[str, Callable[[Path], object]] = {
    "no folder": shutil.rmtree,
    "no file": _empty_folder,
    "only a history": _only_a_history,
    "only a backup": _without("default.json"),
    "only a journal": _only_a_journal,
    "a journal of another lineage": _another_journal,
    "a dangling link": _dangling,
    "a dangling folder": _dangling_folder,
    "an empty file": lambda state: (state / "default.json").write_bytes(b""),
}
DECIDING = [
    ("plan",),
    ("plan", "--destroy"),
    ("plan", "--refresh=none"),
    ("plan", "--refresh=only"),
    ("plan", "--target", "template.a"),
    ("apply", "--auto-approve"),
    ("apply", "fleet.yaml", "--auto-approve"),
    ("destroy", "--auto-approve", "--allow-data-loss", "*"),
    ("drift",),
    ("why", "template.a"),
    ("import", "template.other", "OTHER"),
    ("orphans", "--terminate", "OTHER", "--auto-approve"),
    ("orphans", "--terminate", "OWN", "--auto-approve"),
]


@pytest.mark.parametrize("lost", LOST)
def test_every_deciding_command_refuses_a_lost_state(lost: str, run: Invoke, fleet: Path) -> None:
    own = _ids(run)
    (fleet / "other").mkdir()
    (fleet / "other" / ".novita-infra").symlink_to(fleet / ".novita-infra")
    (fleet / "other" / "novita-infra.yaml").write_text(
        PROJECT.replace("name: fleet", "name: other") + "ownerMarks: false\n"
    )
    (fleet / "other" / "one.yaml").write_text(TEMPLATE.replace("NAME", "other"))
    applied = run("apply", "--sim", "--auto-approve", "other")
    assert applied.exit_code == 0, applied.output
    (other,) = (item["id"] for item in json.loads(run("state", "list", "--json", "other").stdout))
    LOST[lost](fleet / "state")
    before = sorted(path.name for path in (fleet / "state").iterdir()) if (fleet / "state").is_dir() else []
    for template in DECIDING:
        words = tuple(word.replace("OTHER", other).replace("OWN", own["template.a"]) for word in template)
        ended = run(*words, "--sim")
        assert ended.exit_code == 5, (words, ended.output)
        for text in ("2 objects in the account carry its owner mark", "per hour", "template.a", "template.b"):
            assert text in " ".join(ended.stderr.split()), (words, ended.stderr)
        assert any(text in ended.stderr for text in ("restore", "put back", "state repair")), (words, ended.stderr)
    for edit in (("state", "mv", "template.a", "template.c"), ("state", "rm", "template.a")):
        assert run(*edit).exit_code != 0
    after = sorted(path.name for path in (fleet / "state").iterdir()) if (fleet / "state").is_dir() else []
    assert after == before
    live = {item["id"] for item in json.loads(run("orphans", "--sim", "--json", "other").stdout)}
    assert set(own.values()) <= live


def test_a_first_apply_of_a_fresh_project_needs_nothing_more(run: Invoke, project: Path) -> None:
    (project / "novita-infra.yaml").write_text(PROJECT)
    (project / "fleet.yaml").write_text(TEMPLATE.replace("NAME", "a"))
    destroyed = run("destroy", "--sim", "--auto-approve")
    assert destroyed.exit_code == 0, destroyed.output
    for _ in range(2):
        applied = run("apply", "--sim", "--auto-approve")
        assert applied.exit_code == 0, applied.output
    assert json.loads((project / "state" / "default.json").read_text()).get("searched", True)


def test_a_lost_state_is_gone_on_with_by_adopting_every_object(run: Invoke, fleet: Path) -> None:
    own = _ids(run)
    shutil.rmtree(fleet / "state")
    first = run("orphans", "--adopt", "template.a", "--id", own["template.a"], "--sim")
    assert first.exit_code == 0, first.output
    for words in (("plan",), ("destroy", "--auto-approve"), ("apply", "--auto-approve")):
        ended = run(*words, "--sim")
        assert ended.exit_code == 5, ended.output
        assert "is not whole" in ended.stderr
        assert "template.b" in ended.stderr
    for address in ("template.b", "network_storage.data"):
        adopted = run("orphans", "--adopt", address, "--sim")
        assert adopted.exit_code == 0, adopted.output
    applied = run("apply", "--auto-approve", "--sim")
    assert applied.exit_code == 0, applied.output
    assert _ids(run) == own
    assert run("plan", "--detailed-exitcode", "--sim").exit_code == 0


def test_a_new_start_is_said_deliberately_and_leaves_the_objects(run: Invoke, fleet: Path) -> None:
    own = _ids(run)
    shutil.rmtree(fleet / "state")
    refused = run("apply", "--auto-approve", "--sim")
    assert refused.exit_code == 5
    assert "--new-state" in refused.stderr
    applied = run("apply", "--auto-approve", "--sim", "--new-state")
    assert applied.exit_code == 0, applied.output
    assert not set(own.values()) & set(_ids(run).values())
    plan = run("plan", "--sim", "--detailed-exitcode")
    assert plan.exit_code == 0, plan.output
    destroyed = run("destroy", "--auto-approve", "--sim", "--allow-data-loss", "*")
    assert destroyed.exit_code == 0, destroyed.output
    live = {item["id"] for item in json.loads(run("orphans", "--sim", "--json").stdout)}
    assert set(own.values()) <= live


def test_the_advice_after_damage_buys_nothing(run: Invoke, fleet: Path) -> None:
    text = (fleet / "fleet.yaml").read_text()
    (fleet / "fleet.yaml").write_text(
        text + STORAGE.replace("name: data", "name: more") + TEMPLATE.replace("NAME", "c")
    )
    assert run("apply", "--auto-approve", "--sim").exit_code == 0
    own = _ids(run)
    (fleet / "state" / "default.json").write_text('{"version": 1, "line')
    damaged = run("plan", "--sim")
    assert damaged.exit_code == 1, damaged.output
    assert "novita-infra state repair" in " ".join(damaged.stderr.split())
    repaired = run("state", "repair", "--auto-approve")
    assert repaired.exit_code == 0, repaired.output
    for _ in range(2):
        applied = run("apply", "--auto-approve", "--sim")
        assert applied.exit_code == 0, applied.output
        assert _ids(run) == own
    assert json.loads(run("orphans", "--sim", "--json").stdout) == []


def test_no_printed_advice_terminates_or_buys(run: Invoke, fleet: Path) -> None:
    shutil.rmtree(fleet / "state")
    for words in (("plan",), ("destroy",), ("drift",)):
        message = run(*words, "--sim").stderr
        assert "--terminate" not in message
        assert "remove" not in message


def test_a_destroy_without_state_names_unmarked_objects_of_the_same_names(run: Invoke, project: Path) -> None:
    (project / "novita-infra.yaml").write_text(PROJECT)
    (project / "fleet.yaml").write_text(STORAGE)
    assert run("apply", "--auto-approve", "--sim").exit_code == 0
    (id,) = _ids(run).values()
    shutil.rmtree(project / "state")
    destroyed = run("destroy", "--auto-approve", "--sim")
    assert destroyed.exit_code == 0
    assert id in destroyed.stderr
    assert "orphans --adopt network_storage.data" in " ".join(destroyed.stderr.split())


def test_a_priced_object_of_a_lost_state_is_summed_up(run: Invoke, project: Path) -> None:
    (project / "novita-infra.yaml").write_text(PROJECT)
    (project / "fleet.yaml").write_text(ENDPOINT)
    assert run("apply", "--auto-approve", "--sim").exit_code == 0
    shutil.rmtree(project / "state")
    refused = run("destroy", "--auto-approve", "--sim")
    assert refused.exit_code == 5
    (price,) = re.findall(r"owner mark \(\$([0-9.]+) per hour\)", " ".join(refused.stderr.split()))
    assert float(price) > 0

"""`sweep`: what is past its deadline is ended from any folder; nothing else is touched."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Invoke = Callable[..., Result]
MACHINE = """\
apiVersion: novita-infra/v1
kind: Instance
metadata: {name: %s}
spec: {product: {gpu: RTX 4090}, image: "ubuntu:22.04"%s}
---
"""


@pytest.fixture
def fleet(run: Invoke, project: Path) -> Path:
    """Three machines: with a hard deadline that passes in a second, with a soft one, and with none."""
    (project / "novita-infra.yaml").write_text("apiVersion: novita-infra/v1\nkind: Project\nmetadata: {name: small}\n")
    texts = [MACHINE % one for one in (("hard", ", ttl: {after: 1s, hard: true}"), ("soft", ", ttl: 1s"), ("none", ""))]
    (project / "fleet.yaml").write_text("".join(texts))
    assert run("apply", "--sim", "--auto-approve").exit_code == 0
    return project


def test_nothing_is_past_its_deadline_in_an_empty_account(run: Invoke) -> None:
    shown = run("sweep", "--sim")
    assert (shown.exit_code, shown.stdout, shown.stderr) == (0, "Nothing is past its deadline.\n", "")
    assert json.loads(run("sweep", "--sim", "--json", "--dry-run").stdout) == []


def test_a_dry_run_shows_what_is_past_its_deadline(run: Invoke, fleet: Path) -> None:
    del fleet
    shown = run("sweep", "--sim", "--dry-run")
    assert shown.exit_code == 0
    head, row = shown.stdout.splitlines()
    assert head.split() == ["ID", "NAME", "OWNER", "DEADLINE", "OVERDUE", "OUTCOME"]
    assert row.split()[1:3] == ["hard", "small/default/instance.hard"]
    (found,) = json.loads(run("sweep", "--sim", "--dry-run", "--json").stdout)
    assert (found["name"], found["outcome"], found["reason"]) == ("hard", "due", None)
    assert found["overdue_seconds"] >= 0


def test_what_is_past_its_deadline_is_deleted_once_and_nothing_else(run: Invoke, fleet: Path) -> None:
    del fleet
    (ended,) = json.loads(run("sweep", "--sim", "--auto-approve", "--json").stdout)
    assert (ended["name"], ended["outcome"]) == ("hard", "deleted")
    assert run("sweep", "--sim", "--auto-approve").stdout == "Nothing is past its deadline.\n"


def test_it_asks_before_it_ends_anything(run: Invoke, fleet: Path) -> None:
    del fleet
    refused = run("sweep", "--sim")
    assert refused.exit_code == 1
    assert "no question can be asked" in refused.stderr
    assert "add --auto-approve" in refused.stderr
    assert len(json.loads(run("sweep", "--sim", "--dry-run", "--json").stdout)) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--delete", "--stop"), "error: --delete and --stop exclude each other; choose one"),
        (("--dry-run", "--auto-approve"), "error: --dry-run asks nothing; leave out --auto-approve"),
        (("--json",), "error: --json cannot ask; add --auto-approve or --dry-run"),
    ],
)
def test_options_that_contradict_each_other_are_errors(run: Invoke, words: tuple[str, ...], message: str) -> None:
    refused = run("sweep", "--sim", *words)
    assert refused.exit_code == 1
    assert message.removeprefix("error: ").split("; ")[0] in refused.output


def test_it_needs_a_key_and_reads_no_state(run: Invoke, project: Path) -> None:
    (project / "state").mkdir()
    (project / "state" / "default.json").write_text("not a state")
    assert "there is no API key" in run("sweep").stderr
    assert run("sweep", "--sim").exit_code == 0

"""`state migrate` from each backend to each: the whole state with its history, and a note in the old place."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import Result
from state_backends import manifest_part

from novita_infra.state.registry import backend_names

pytestmark = pytest.mark.process

Invoke = Callable[..., Result]
Rows = Callable[..., Any]


def use(project: Path, part: Mapping[str, Any]) -> None:
    """Names the place in the project file."""
    file = project / "novita-infra.yaml"
    document = yaml.safe_load(file.read_text())
    file.write_text(yaml.safe_dump({**document, "state": dict(part)}))


def words_of(part: Mapping[str, Any]) -> list[str]:
    settings = {name: value for name, value in part.items() if name != "backend"}
    given = [f"{name}={value if isinstance(value, str) else json.dumps(value)}" for name, value in settings.items()]
    return ["--to", part["backend"], *(word for text in given for word in ("--set", text))]


@pytest.mark.parametrize("target", backend_names())
@pytest.mark.parametrize("source", backend_names())
def test_a_state_is_moved_from_each_backend_to_each(
    source: str, target: str, run: Invoke, project: Path, rows: Rows, tmp_path: Path
) -> None:
    old, new = (dict(manifest_part(name, tmp_path / place)) for name, place in ((source, "old"), (target, "new")))
    if source == "local":
        old |= {"path": "state-before"}
    if target == "local":
        new |= {"path": "state-after"}
    use(project, old)
    assert run("apply", "--sim", "--auto-approve").exit_code == 0
    assert run("state", "mv", "network_storage.data", "network_storage.more").exit_code == 0
    text, history = run("state", "pull").stdout, [row["serial"] for row in rows("state", "history")]
    moved = run("state", "migrate", *words_of(new), "--auto-approve")
    assert moved.exit_code == 0, moved.output
    refused = run("state", "list")
    assert (refused.exit_code, f"was moved to the backend {target} by" in " ".join(refused.stderr.split())) == (5, True)
    use(project, new)
    assert run("state", "pull").stdout == text
    assert [row["serial"] for row in rows("state", "history")] == history
    assert run("state", "fsck").exit_code == 0, shlex.join(words_of(new))

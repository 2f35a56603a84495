"""`sweep` from a bare folder with nothing but a key, against a server; the state of the project follows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from processes import serving

from novita_infra.cli import root

pytestmark = pytest.mark.process
MACHINE = """\
apiVersion: novita-infra/v1
kind: Instance
metadata: {name: %s}
spec: {product: {gpu: RTX 4090}, image: "ubuntu:22.04"%s}
---
"""


@pytest.fixture
def server() -> Iterator[str]:
    """The address of a server with an account of its own."""
    with serving(time_scale=2000) as (address, _):
        yield address


def run(server: str, *words: str) -> Result:
    settings: dict[str, str | None] = {"NOVITA_API_URL": server, "NOVITA_API_KEY": "sk_sweep", "NOVITA_INFRA_ENV": None}
    return CliRunner().invoke(root, list(words), env=settings)


def test_a_key_alone_ends_what_is_past_its_deadline(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, bare = tmp_path / "project", tmp_path / "bare"
    project.mkdir()
    bare.mkdir()
    texts = [MACHINE % one for one in (("hard", ", ttl: {after: 1s, hard: true}"), ("plain", ""))]
    (project / "fleet.yaml").write_text("".join(texts))
    monkeypatch.chdir(bare)

    assert run(server, "sweep").stdout == "Nothing is past its deadline.\n"
    applied = run(server, "apply", str(project), "--auto-approve")
    assert applied.exit_code == 0, applied.output

    looks = (run(server, "sweep", "--dry-run") for _ in range(200))  # the second of the ttl is one of this machine
    due = next(look for look in looks if look.stdout != "Nothing is past its deadline.\n")
    assert (due.exit_code, "project/default/instance.hard" in due.stdout) == (0, True)
    (ended,) = json.loads(run(server, "sweep", "--auto-approve", "--json").stdout)
    assert (ended["name"], ended["outcome"]) == ("hard", "deleted")
    assert json.loads(run(server, "sweep", "--auto-approve", "--json").stdout) == []
    assert run(server, "sweep", "--nothing").exit_code == 1
    assert list(bare.iterdir()) == []

    plans = (run(server, "plan", str(project), "--detailed-exitcode") for _ in range(50))  # lists lag behind deletes
    planned = next((plan for plan in plans if plan.exit_code == 0), None)
    assert planned is not None
    assert "the ttl of 1 s ended at " in planned.stdout

"""`v2`, and the warnings of the commands that answer for a whole account, against a server that hides v2 from v1."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from novita_infra import Client
from novita_infra.testing.pytest_plugin import NovitaSim

Invoke = Callable[..., Result]
HIDING = {"name": "two-lists", "says": "v1 does not list what v2 made", "quirks": {"v1_lists_v2": False}}


@pytest.mark.novita_sim(scenario=HIDING)
def test_what_only_v2_lists_is_named_by_each_command(
    run: Invoke, project: Path, novita_sim: NovitaSim, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in novita_sim.environ.items():
        monkeypatch.setenv(name, value)
    with Client(url=novita_sim.url, key=novita_sim.key) as client:
        id = client.post("/gpus/v2/networks", {"region_id": "us-ca-nas-2", "name": "modern"})["id"]
        assert client.items("/gpu-instance/openapi/v1/networks") == []
    assert run("apply", "--auto-approve").exit_code == 0
    (row,) = json.loads(run("v2", "--only", "--json").stdout)
    assert (row["list"], row["id"], row["name"], row["in_v1"]) == ("networks", id, "modern", False)
    assert run("v2", "jobs", "endpoints").stdout == "Nothing.\n"
    listed = run("orphans", "--detailed-exitcode")
    assert (listed.exit_code, listed.stdout) == (2, "No orphans among what was read.\n")
    assert f"only the lists of v2 show vpc {id} (modern)" in listed.stderr
    assert json.loads(run("orphans", "--json").stdout) == []
    rows = json.loads(run("import", "--all", "--dry-run", "--json").stdout)
    assert [(item["id"], item["why"]) for item in rows] == [(id, "only the lists of v2 show it")]
    assert run("ps", "--all").exit_code == run("sweep", "--dry-run").exit_code == 0
    novita_sim.fault(kind="status", operation="networks_v2.list", status=400, count=0)
    unread = run("v2", "networks", "instances")
    assert (unread.exit_code, unread.stdout) == (1, "Nothing.\n")
    assert "the networks of v2 could not be listed" in unread.stderr

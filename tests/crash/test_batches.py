"""A real run of a batch that SIGKILL ends at each point of its upload, its create, its wait and its download.

The same bytes reach the account once, and there is one batch, whatever the run was about to do.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from crash_cases import STAYS, Case
from crashing import Point, happens, survives
from kind_facts import FACTS
from sights import operation

from novita_infra.simulator import open_world

pytestmark = pytest.mark.crash

WRITES = ("files.upload", "batches.create")
READS = ("files.content",)
"""What a run does after its batch is over."""
SPEC = {**FACTS["batch"].edits[0].before, "results": "out/it.jsonl"}


def case(name: str, **check: Any) -> Case:
    """A create of a batch that is killed at this operation; `check` is what is checked after it."""
    return Case(
        kind="batch",
        title=f"create: {name}{' with a check' if check else ''}",
        check=check,
        before=(STAYS,),
        after=(STAYS, ("Batch", "it", SPEC)),
        writes=(*WRITES, *READS),
        at=(*WRITES, *READS).index(name),
        waits=name == operation("batch", "create"),
        single=name in WRITES,
        shows={"model": SPEC["model"]},
    )


CASES = [*(case(name) for name in (*WRITES, *READS)), case("files.content", minSucceeded="100%")]
CELLS = [(one, point) for one in CASES for point in Point if happens(one, point)]


@pytest.mark.parametrize(("one", "point"), CELLS, ids=str)
def test_a_batch_that_is_killed_is_uploaded_and_created_once(one: Case, point: Point, tmp_path: Path) -> None:
    survives(one, point, tmp_path)
    assert (tmp_path / "project" / "out" / "it.jsonl").read_text(encoding="utf-8").count("\n") == 2
    world = open_world(tmp_path / "account.db", now=lambda: 0.0)
    try:
        assert len(list(world.batches)) == 1
        assert [file.purpose for file in world.files] == ["batch", "batch_output"]
    finally:
        world.close()

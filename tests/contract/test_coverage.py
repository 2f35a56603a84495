"""Every operation of the reference is served, and the lists that say so agree with the routes."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
import reference

from novita_infra.simulator import HandClock, open_world
from novita_infra.simulator.http.app import build_app
from novita_infra.simulator.http.control import list_operations
from novita_infra.simulator.http.coverage import operations_page, write_operations
from novita_infra.simulator.operations import Confidence
from novita_infra.simulator.routes.registry import OPERATIONS

HERE = Path(__file__).parent
DOCUMENT = HERE.parents[1] / "docs" / "reference" / "index.md"


SERVED = {reference.place(operation.method, operation.path): operation for operation in OPERATIONS}


@pytest.mark.parametrize("one", reference.operations(), ids=lambda one: f"{one['method']} {one['path']}")
def test_every_operation_of_the_reference_is_served(one: dict[str, str]) -> None:
    found = SERVED.get(reference.place(one["method"], one["path"]))
    assert found is not None, "no operation is served there"
    assert found.source == one["source"]


def test_the_document_lists_the_operations_that_are_served(tmp_path: Path) -> None:
    again = tmp_path / "index.md"
    again.write_text(DOCUMENT.read_text(encoding="utf-8"), encoding="utf-8")
    write_operations(again)
    assert DOCUMENT.read_text(encoding="utf-8") == again.read_text(encoding="utf-8"), "run: make schemas"


def test_the_document_has_a_line_for_each_route() -> None:
    rows = re.findall(
        r"^\| `([\w.]+)` \| (\w+) \| `([^`]+)` \| \[([\w-]+)\]\([^)]*\) \| ([a-z ]+) \|$",
        operations_page("", OPERATIONS),
        re.MULTILINE,
    )
    assert rows == [(one.name, one.method, one.path, one.source, one.confidence.value) for one in OPERATIONS]


def ask(path: str) -> Any:
    async def once() -> Any:
        world = open_world(None, now=HandClock())
        transport = httpx.ASGITransport(build_app(world))
        async with httpx.AsyncClient(transport=transport, base_url="http://sim") as client:
            return (await client.get(path)).json()

    return asyncio.run(once())


def test_a_running_simulator_lists_its_operations_without_a_key() -> None:
    listed = ask("/_sim/coverage")
    assert listed == list_operations()
    assert {"name", "method", "path", "source", "confidence", "family"} == set(listed[0])


def test_every_operation_declares_the_confidence_in_its_answer() -> None:
    assert {one["confidence"] for one in list_operations()} == {"documented", "seen live", "guessed"}
    assert all(isinstance(one.confidence, Confidence) for one in OPERATIONS)


def test_no_operation_is_listed_twice() -> None:
    assert len({one.name for one in OPERATIONS}) == len(OPERATIONS)
    assert len(SERVED) == len(OPERATIONS)


def test_every_operation_names_a_page() -> None:
    assert [one.name for one in OPERATIONS if not re.fullmatch(r"[a-z0-9-]+", one.source)] == []

"""The published schema of `plan --json`: committed as generated, closed, and true of every plan at hand."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema_rs
import pytest

from novita_infra.planning.plan.review import Review
from novita_infra.schema.resources import text_of_schema
from novita_infra.views.formats.json.plan import plan_json
from novita_infra.views.formats.json.schema.plan import NAME, plan_schema

ROOT = Path(__file__).parents[5]
SCHEMA = plan_schema()
COMPILED = jsonschema_rs.Draft202012Validator(SCHEMA)
CASES = sorted(file for file in (ROOT / "tests/plans").glob("*/plan.json") if file.stat().st_size)
PLANS = (ROOT / "tests/views/golden/plan_mixed.json", *CASES)


def test_the_schema_is_committed_as_it_is_made() -> None:
    assert (ROOT / "schemas" / NAME).read_text(encoding="utf-8") == text_of_schema(SCHEMA)


def test_the_schema_is_sound() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("file", PLANS, ids=lambda file: file.parent.name)
def test_every_golden_plan_fits_the_schema_whose_module_describes_each_key(file: Path) -> None:
    data = json.loads(file.read_text(encoding="utf-8"))
    assert [f"{'/'.join(map(str, error.instance_path))}: {error.message}" for error in COMPILED.iter_errors(data)] == []


def _objects(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every part that lists properties."""
    if isinstance(schema, dict):
        if "properties" in schema:
            yield path, schema
        for name, part in schema.items():
            yield from _objects(part, f"{path}/{name}")
    elif isinstance(schema, list):
        for index, part in enumerate(schema):
            yield from _objects(part, f"{path}/{index}")


def test_every_object_of_the_schema_is_closed() -> None:
    assert [path for path, part in _objects(SCHEMA) if part.get("additionalProperties") is not False] == []


PLACES: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "the plan": lambda plan: plan,
    "our part of the plan": lambda plan: plan["novita"],
    "a change": lambda plan: plan["resource_changes"][0],
    "our part of a change": lambda plan: plan["resource_changes"][0]["novita"],
    "a field": lambda plan: next(item for item in plan["resource_changes"] if item["novita"]["fields"])["novita"],
    "a step": lambda plan: plan["novita"]["steps"][0],
}


@pytest.mark.parametrize("place", PLACES)
def test_an_undescribed_key_and_a_missing_one_are_noticed(place: str, plan_of: Callable[[str], Review]) -> None:
    data = plan_json(plan_of("mixed"))
    assert COMPILED.is_valid(data)
    more = copy.deepcopy(data)
    PLACES[place](more)["new"] = 1
    assert not COMPILED.is_valid(more)
    less = copy.deepcopy(data)
    part = PLACES[place](less)
    del part[next(iter(part))]
    assert not COMPILED.is_valid(less)

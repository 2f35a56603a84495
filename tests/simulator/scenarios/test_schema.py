"""The published schema of scenario files: generated, as strict as the simulator, with a sentence for each field."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema_rs
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from quick_yaml import read_yaml

from novita_infra.cli import root
from novita_infra.simulator import BadScenario, scenario_of
from novita_infra.simulator.scenarios.events import ACTS
from novita_infra.simulator.scenarios.schema import NAME, scenario_schema, schema_text

ROOT = Path(__file__).parents[3]
SCHEMA = scenario_schema()
ONE, OTHER = jsonschema.Draft202012Validator(SCHEMA), jsonschema_rs.Draft202012Validator(SCHEMA)


def fits(data: Any) -> bool:
    """Whether the data fits. Two validators of different authors must agree."""
    fits_one = bool(ONE.is_valid(data))
    assert fits_one == OTHER.is_valid(data)
    return fits_one


def lived_through(data: Any) -> bool:
    try:
        scenario_of(data)
    except BadScenario:
        return False
    return True


def shipped() -> list[dict[str, Any]]:
    """The builtin scenarios, as files hold them."""
    result = CliRunner().invoke(root, ["sim", "scenarios", "--json"], catch_exceptions=False)
    days: list[dict[str, Any]] = json.loads(result.stdout)["scenarios"]
    return days


FILES = sorted((ROOT / "docs" / "scenarios").glob("*.scenario.yaml"))
DAYS = [*shipped(), *(read_yaml(path.read_text(encoding="utf-8")) for path in FILES)]
EVERY_ACT = {"stock", "price", "reclaim", "breakNode", "stick", "call", "limits", "balance", "topUp", "revoke"}


def test_the_committed_scenario_schema_is_generated_and_valid() -> None:
    committed = (ROOT / "schemas" / NAME).read_text(encoding="utf-8")
    assert committed == schema_text(), "run: make schemas"
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema_rs.meta.validate(SCHEMA)


@pytest.mark.parametrize("day", DAYS, ids=lambda day: day["name"])
def test_every_builtin_or_documented_scenario_fits_the_schema(day: dict[str, Any]) -> None:
    assert [error.message for error in ONE.iter_errors(day)] == []
    assert fits(day)
    assert lived_through(day)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_documented_scenario_file_names_its_schema(path: Path) -> None:
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    result = first.removeprefix("# yaml-language-server: $schema=")
    assert (path.parent / result).resolve() == ROOT / "schemas" / NAME


def test_the_tested_scenarios_have_every_act() -> None:
    done = {event["do"] for day in DAYS for event in day.get("events", [])}
    assert done >= EVERY_ACT
    assert SCHEMA["$defs"]["event"]["properties"]["do"]["enum"] == list(ACTS)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"name": "x"},
        {"events": 1},
        {"storms": []},
        {"limits": {"netwroks": 1}},
        {"timings": {"pull": 5}},
        {"timings": {"pull": [1, 2, 3]}},
        {"timings": {"creating": "5s"}},
        {"statusWords": {"creating": 1}},
        {"quirks": {"emptyBodies": True}},
        {"quirks": {"name": "x"}},
        {"quirks": {"empty_bodies": "yes"}},
        {"quirks": {"endpoint_pause": -1}},
        {"quirks": {"filtered_agents": "curl*"}},
        {"unpullable": [1]},
        {"faults": [{"kind": "flood"}]},
        {"faults": [{"status": 200}]},
        {"faults": [{"perCent": 101}]},
        {"faults": [{"percent": 10}]},
        {"events": [{"at": 5}]},
        {"events": [{"do": "rain"}]},
        {"events": [{"do": "price"}]},
        {"events": [{"do": "price", "perCent": [0]}]},
        {"events": [{"do": "call", "operation": "moon.land"}]},
        {"events": [{"do": "call"}]},
        {"events": [{"do": "limits", "set": {"x": 1}}]},
        {"events": [{"do": "fault", "fault": {"position": "during"}}]},
        {"events": [{"do": "stock", "at": -1}]},
        {"events": [{"do": "call", "operation": "clusters.list", "each": {"kind": "moons"}}]},
        {"events": [{"do": "call", "operation": "clusters.list", "each": {"kind": "jobs", "nmae": "x"}}]},
    ],
    ids=json.dumps,
)
def test_invalid_scenarios_do_not_fit_the_schema(wrong: dict[str, Any]) -> None:
    data = {"name": "x", "says": "x", **wrong} if wrong and "name" not in wrong else wrong
    assert not lived_through(data)
    assert not fits(data)


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The paths of all values inside the value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in items:
        yield (*path, name)
        yield from places(inner, (*path, name))


VALUES = st.sampled_from([0, 1, -1, 0.5, 10**12, "", "x", True, [], ["x"], [1, 2], {}, {"x": 1}, "stock", "price"])


@given(data=st.data())
def test_every_scenario_that_fits_the_schema_is_valid(data: st.DataObject) -> None:
    """A scenario in which a value is removed or replaced."""
    day = copy.deepcopy(data.draw(st.sampled_from(DAYS)))
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from([*places(day)] or [()]))
        if not path:
            break  # nothing is left of it
        inside = day
        for name in path[:-1]:
            inside = inside[name]
        if data.draw(st.booleans()):
            del inside[path[-1]]
        else:
            inside[path[-1]] = copy.deepcopy(data.draw(VALUES))
    assert not fits(day) or lived_through(day)


def test_the_scenario_schema_describes_every_field_and_closes_objects() -> None:
    def check(schema: Any, path: str) -> None:
        if isinstance(schema, list):
            for item in schema:
                check(item, path)
        if not isinstance(schema, dict):
            return
        if "properties" in schema and "then" not in schema and "type" in schema:
            assert schema["additionalProperties"] is False, path
            for name, part in schema["properties"].items():
                assert part["description"].endswith("."), f"{path}.{name}"
        for name, inner in schema.items():
            check(inner, f"{path}.{name}")

    check(SCHEMA, "scenario")


def test_the_scenario_schema_can_be_printed() -> None:
    assert CliRunner().invoke(root, ["schema", "scenario"], catch_exceptions=False).stdout == schema_text()

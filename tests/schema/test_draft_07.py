"""The schemas in draft-07: committed as generated, valid, and of the same verdict as the published ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema_rs
import pytest
import yaml
from quick_yaml import read_all_yaml, read_yaml

from novita_infra.kinds import KINDS
from novita_infra.schema.draft_07 import DRAFT_07, as_draft_07
from novita_infra.schema.resources import OLDER, older_schemas, schemas, text_of_schema

ROOT = Path(__file__).parents[2]
MADE = schemas()
CONVERTED = {name: as_draft_07(schema) for name, schema in MADE.items()}
EXAMPLES = sorted((ROOT / "examples").rglob("*.yaml"))
BAD = sorted((ROOT / "tests" / "manifests" / "bad").rglob("*.yaml"))

each_schema = pytest.mark.parametrize("name", CONVERTED)


def documents(paths: list[Path]) -> Iterator[Any]:
    """The documents of the files, as far as they are YAML."""
    for path in paths:
        try:
            yield from read_all_yaml(path.read_text(encoding="utf-8"))
        except (yaml.YAMLError, ValueError, RecursionError):
            continue


def parts(schema: Any) -> Iterator[dict[str, Any]]:
    """Every object inside the schema."""
    if isinstance(schema, dict):
        yield schema
        for item in schema.values():
            yield from parts(item)
    elif isinstance(schema, list):
        for item in schema:
            yield from parts(item)


def test_the_committed_draft_07_schema_is_the_generated_one() -> None:
    committed = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "schemas" / OLDER).iterdir()}
    generated = {name: text_of_schema(schema) for name, schema in older_schemas().items()}
    assert committed == generated, "run: make schemas"


@each_schema
def test_a_draft_07_schema_is_valid_and_stands_alone(name: str) -> None:
    schema = CONVERTED[name]
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema_rs.meta.validate(schema)
    assert schema["$schema"] == DRAFT_07
    assert schema["$id"] == f"urn:novita-infra:schema:v1:draft-07:{name.removesuffix('.json')}"
    wanted = {part["$ref"] for part in parts(schema) if "$ref" in part}
    assert wanted == {f"#/definitions/{defined}" for defined in schema.get("definitions", {})}


@each_schema
def test_no_keyword_stands_beside_a_reference_in_draft_07(name: str) -> None:
    assert all(len(part) == 1 for part in parts(CONVERTED[name]) if "$ref" in part)


def test_both_drafts_accept_every_example() -> None:
    accepted = [*documents(EXAMPLES), *(read_yaml(kind.example) for kind in KINDS.values())]
    older = jsonschema.Draft7Validator(CONVERTED["manifest.json"])
    other = jsonschema_rs.Draft7Validator(CONVERTED["manifest.json"])
    assert len(accepted) > len(KINDS)
    for document in accepted:
        older.validate(document)
        assert other.is_valid(document)


def test_both_drafts_refuse_the_same_documents() -> None:
    older = jsonschema.Draft7Validator(CONVERTED["manifest.json"])
    newer = jsonschema.Draft202012Validator(MADE["manifest.json"])
    verdicts = [(older.is_valid(document), newer.is_valid(document)) for document in documents(BAD)]
    assert {False} <= {verdict for verdict, _ in verdicts}
    assert [verdict for verdict, _ in verdicts] == [verdict for _, verdict in verdicts]

"""The published schemas and the loader agree: what one accepts the other does not refuse for its form, and back.

A document is one of many, so the loader also knows what no schema of one document can: names of others, fields that
depend on each other, and what defaults and patches give.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from manifest_files import write
from quick_yaml import read_yaml

from novita_infra.kinds import KINDS
from novita_infra.manifests.project.loading import load
from novita_infra.manifests.validation.documents import project_errors
from novita_infra.manifests.yaml.parsing import read
from novita_infra.manifests.yaml.source_text import Sources
from novita_infra.model.diagnostics import Problems
from novita_infra.schema.project import EXAMPLE
from novita_infra.schema.resources import project_schema, published_schema_of, schema_of

PROJECT = {"apiVersion": "novita-infra/v1", "kind": "Project", "metadata": {"name": "small"}}
TYPES: dict[str, Any] = {"text": "a", "count": 3, "size": 1.5, "yes": True, "list": ["a"], "map": {"a": "b"}}
DECLARED = {name: {"type": type_, "default": TYPES[name]} for name, type_ in zip(
    TYPES, ("string", "integer", "number", "boolean", "list", "map"), strict=True
)}  # fmt: skip
WORDS: tuple[Any, ...] = (
    *(
        None,
        True,
        0,
        -1,
        7,
        1.5,
        "",
        "a",
        "22/tcp",
        "30m",
        [],
        ["a"],
        {},
        {"a": "b"},
        {"id": "x"},
        {"fromEnv": "TOKEN"},
    ),
    *(f"${{var.{name}}}" for name in TYPES),
    *("${range(3)}", "x ${var.text}", "$${x}"),
)
KEPT = ((), ("kind",), ("apiVersion",))
KEYS = (
    "x",
    "name",
    "id",
    "spec",
    "forEach",
    "enabled",
    "environments",
    "lifecycle",
    "$patch",
    "gpu",
    "protect",
    "region",
)
PUBLISHED = {kind.type: jsonschema_rs.Draft202012Validator(published_schema_of(kind)) for kind in KINDS.values()}
COMPLETE = {kind.type: jsonschema_rs.Draft202012Validator(schema_of(kind)) for kind in KINDS.values()}
PUBLISHED_PROJECT = jsonschema_rs.Draft202012Validator(project_schema())

each_kind = pytest.mark.parametrize("kind_type", KINDS)


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in items:
        yield from _paths(item, (*path, name))


def changed(document: dict[str, Any], random: Random) -> dict[str, Any]:
    """The document with up to three changes: another value, a missing key, a new key."""
    document = copy.deepcopy(document)
    for _ in range(random.randint(0, 3)):
        paths = [path for path in _paths(document) if path not in KEPT]
        if not paths:
            break
        path = random.choice(paths)
        outer: Any = document
        for part in path[:-1]:
            outer = outer[part]
        match random.randrange(4):
            case 0:
                del outer[path[-1]]
            case 1 if isinstance(outer, dict):
                outer[random.choice(KEYS)] = copy.deepcopy(random.choice(WORDS))
            case _:
                outer[path[-1]] = copy.deepcopy(random.choice(WORDS))
    return document


def loads(folder: Path, project: dict[str, Any], *documents: dict[str, Any]) -> bool:
    """Whether the loader accepts the project."""
    texts = {f"{number}.json": json.dumps(item) for number, item in enumerate(documents)}
    write(folder, {"novita-infra.yaml": json.dumps(project), **texts})
    try:
        load(folder, environ={"TOKEN": "a-token-of-ours"})
    except Problems:
        return False
    return True


@each_kind
@given(seed=st.integers(0, 2**32))
def test_what_the_loader_accepts_fits_the_published_schema(
    kind_type: str, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    document = changed(read_yaml(KINDS[kind_type].example), Random(seed))
    environments: dict[str, Any] = {"environments": {"dev": {}, "prod": {}}}
    if loads(tmp_path_factory.mktemp("p"), {**PROJECT, "variables": DECLARED, **environments}, document):
        errors = [error.message for error in PUBLISHED[kind_type].iter_errors(document)]
        assert errors == []


@each_kind
@given(seed=st.integers(0, 2**32))
def test_the_published_schema_refuses_what_the_loader_refuses_for_its_form(kind_type: str, seed: int) -> None:
    """But for fields that are missing, which defaults or a patch may give."""
    document = changed(read_yaml(KINDS[kind_type].example), Random(seed))
    complete = {error.message for error in COMPLETE[kind_type].iter_errors(document) if "required" not in error.message}
    published = {error.message for error in PUBLISHED[kind_type].iter_errors(document)}
    assert bool(published) >= bool(complete)
    assert COMPLETE[kind_type].is_valid(document) <= PUBLISHED[kind_type].is_valid(document)


@given(seed=st.integers(0, 2**32))
def test_the_project_file_fits_the_published_schema_where_the_loader_reads_its_form(seed: int) -> None:
    document = changed(read_yaml(EXAMPLE), Random(seed))
    parsed = read(json.dumps(document).encode(), "novita-infra.json").documents[0]
    assert PUBLISHED_PROJECT.is_valid(document) is not bool(project_errors(parsed, Sources()))


KEYS_OF_FOR_EACH = (
    "a",
    "a b",
    "\u00e9",
    "a.b",
    "1",
    "a]",
    'a"',
    "",
    "a\x00",
    "a\x07b",
    "\t",
    "a\n",
    "\x7f",
    "\x9f",
    "\xa0",
    "\u2028",
)


@pytest.mark.parametrize("key", KEYS_OF_FOR_EACH)
@pytest.mark.parametrize("listed", [True, False])
def test_a_key_is_one_for_the_loader_and_for_the_schema(key: str, listed: bool, tmp_path: Path) -> None:
    example = read_yaml(KINDS["vpc"].example)
    document = {**example, "spec": {**example["spec"], "name": "net"}, "forEach": [key] if listed else {key: 1}}
    assert loads(tmp_path, PROJECT, document) == PUBLISHED["vpc"].is_valid(document)

"""Types of variables, against JSON Schema as a second opinion."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from novita_infra.manifests.language.variable_types import fitted, parsed_text
from novita_infra.model.values import Secret

SCALARS = st.sampled_from(["", "a", "b", "1", 0, 1, 2, 1.5, True, False])
VALUES = st.recursive(
    SCALARS | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=6,
)
PLAIN = st.sampled_from(["string", "integer", "number", "boolean", "list", "map"])
DECLARATIONS = st.recursive(
    PLAIN.map(lambda word: {"type": word})
    | st.lists(SCALARS, min_size=1, max_size=3).map(lambda values: {"type": "enum", "values": values}),
    lambda inner: (
        st.builds(lambda word, of: {"type": word, "of": of}, st.sampled_from(["list", "map"]), inner | PLAIN)
        | st.dictionaries(st.sampled_from("abc"), inner, min_size=1, max_size=2).map(
            lambda fields: {"type": "object", "fields": fields}
        )
    ),
    max_leaves=4,
)
JSON_TYPES = {"list": "array", "map": "object"}


def as_schema(declaration: Any) -> dict[str, Any]:
    """The declaration as JSON Schema."""
    declared = declaration if isinstance(declaration, dict) else {"type": declaration}
    word = declared["type"]
    if word == "enum":
        return {"enum": declared["values"]}
    if word == "object":
        fields = {name: as_schema(item) for name, item in declared["fields"].items()}
        return {"type": "object", "properties": fields, "required": [*fields], "additionalProperties": False}
    of = {"list": "items", "map": "additionalProperties"}.get(word)
    inner = {of: as_schema(declared["of"])} if of and "of" in declared else {}
    return {"type": JSON_TYPES.get(word, word), **inner}


@given(DECLARATIONS, VALUES)
def test_a_type_allows_what_the_same_json_schema_allows(declaration: Any, value: Any) -> None:
    found, misfits = fitted(value, declaration)
    assert (not misfits) == jsonschema.Draft202012Validator(as_schema(declaration)).is_valid(value)
    assert misfits or found == value


@given(DECLARATIONS, VALUES, st.dictionaries(st.sampled_from("abc"), st.none(), max_size=3))
def test_a_value_with_the_defaults_of_its_fields_fits(declaration: Any, value: Any, optional: dict[str, None]) -> None:
    if declaration["type"] == "object":
        fields = declaration["fields"]
        declaration = {
            **declaration,
            "fields": {name: {**item, "default": None} if name in optional else item for name, item in fields.items()},
        }
    found, misfits = fitted(value, declaration)
    missing = {name: None for name in optional if isinstance(found, dict) and found.get(name, 0) is None}
    again, more = fitted({k: v for k, v in found.items() if k not in missing} if missing else found, declaration)
    assert misfits or (again, more) == (found, [])


@pytest.mark.parametrize(
    ("text", "declaration", "value"),
    [
        ("5", {"type": "enum", "values": ["5", 5]}, "5"),
        ("5", {"type": "enum", "values": [5]}, 5),
        ("[1, a]", {"type": "list"}, [1, "a"]),
        ("{a: {b: 1}}", {"type": "object", "fields": {}}, {"a": {"b": 1}}),
        ("{a", {"type": "object", "fields": {}}, "{a"),
        ("${var.x}", {"type": "string"}, "${var.x}"),
    ],
)
def test_a_text_is_parsed_by_its_type(text: str, declaration: Any, value: Any) -> None:
    assert parsed_text(text, declaration) == value


def test_defaults_of_fields_are_filled_at_every_depth() -> None:
    port = {"type": "object", "fields": {"n": {"type": "integer"}, "kind": {"default": "tcp"}}}
    declaration = {
        "type": "object",
        "fields": {"ports": {"type": "list", "of": port, "default": [{"n": 22}]}, "note": {"default": None}},
    }
    assert fitted({}, declaration) == ({"ports": [{"n": 22, "kind": "tcp"}], "note": None}, [])
    given = {"ports": [{"n": 1, "kind": "udp"}, {"n": 2}], "note": "x"}
    filled = {"ports": [{"n": 1, "kind": "udp"}, {"n": 2, "kind": "tcp"}], "note": "x"}
    assert fitted(given, declaration) == (filled, [])


def test_a_secret_fits_where_a_text_does() -> None:
    secret = Secret("a", "var:x")
    assert fitted(secret, {"type": "enum", "values": ["a", "b"]}) == (secret, [])
    assert fitted([secret], {"type": "list", "of": "string"}) == ([secret], [])
    assert fitted(secret, {"type": "enum", "values": ["b"]})[1] != []

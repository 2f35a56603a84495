"""JSON files: the rules of JSON, the positions of every value, and errors with line and column."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novita_infra.manifests.yaml.parsing import read
from novita_infra.manifests.yaml.positions import key_origin_at, origin_at

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**62), 2**62)
    | st.text(max_size=8)
    | st.floats(allow_nan=False, allow_infinity=False, width=16),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


def _read(text: str) -> tuple[list[Any], list[str]]:
    parsed = read(text.encode(), "a.json")
    return [document.data for document in parsed.documents], [str(item) for item in parsed.diagnostics]


@given(
    st.dictionaries(st.text(max_size=4), VALUES, max_size=3).filter(bool),
    st.booleans(),
    st.sampled_from([None, 1, "\t"]),
)
def test_a_json_file_is_read_as_the_json_parser_reads_it(data: dict[str, Any], plain: bool, indent: Any) -> None:
    text = json.dumps(data, ensure_ascii=not plain, indent=indent, allow_nan=False)
    if "Infinity" not in text:
        assert _read(text) == ([json.loads(text)], [])


def test_every_value_of_a_json_file_has_its_place() -> None:
    text = '{\n\t"metadata": {"name": "a"},\r\n  "list": [1, {"b": "\\ud83d\\ude80 ${var.x}"}]\n}\n'
    (document,) = read(text.encode(), "A.JSON").documents
    assert document.data == {"metadata": {"name": "a"}, "list": [1, {"b": "\U0001f680 ${var.x}"}]}
    assert document.expressions
    assert str(key_origin_at(document.position, ("metadata",))) == "A.JSON:2:2"
    assert str(origin_at(document.position, ("metadata", "name"))) == "A.JSON:2:23"
    assert str(origin_at(document.position, ("list", 1, "b"))) == "A.JSON:3:21"
    assert document.position[1:5] == (1, 1, 1, 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{\n  // note\n}", "2:3: JSON has no comments"),
        ('{"a": 1, # x\n}', "1:10: JSON has no comments"),
        ('{"a": 1,}', "1:9: a key in double quotes is missing here; remove the comma before it"),
        ('{"a": [1, 2,]}', "1:13: a value is missing here; remove the comma before it"),
        ('{"a": 1 "b": 2}', '1:9: the object opened with "{" is not closed; add a "}", or a comma between entries'),
        ('{"a": [1 2]}', '1:10: the list opened with "[" is not closed'),
        ('{"a": {"b": 1}', '1:1: the object opened with "{" is not closed'),
        ('{"a": [1', '1:7: the list opened with "[" is not closed'),
        ('{"a": ', "1:7: the file ends before its value does"),
        ('{"a"', "1:1: a colon and a value must follow a key"),
        ('{"a" 1}', "1:6: a colon and a value must follow a key"),
        ("{a: 1}", "1:2: a key in double quotes is wanted here"),
        ("{'a': 1}", "1:2: a key in double quotes is wanted here"),
        ('{"a": "b\nc"}', "1:7: the quotes opened here are not closed"),
        ('{"a": "b\tc"}', "1:9: a tab or another control character stands in quotes"),
        (r'{"a": "\x41"}', "1:8: unknown escape after the backslash"),
        (r'{"a": "\u12"}', "1:9: unknown escape after the backslash"),
        (r'{"a": "\ud83d"}', "1:7: half of a pair of escapes"),
        (r'{"\ude80": 1}', "1:2: half of a pair of escapes"),
        ('{"size": NaN}', "1:10: "),
        ('{"size": Infinity}', "1:10: "),
        ('{"size": tru}', "1:10: "),
        ('{"size": 01}', "1:10: "),
        ('{"size": +1}', "1:10: "),
        ('{"size": 1e999}', "is too large for a number"),
        (f'{{"size": {10**400}}}', "is a whole number of more than 64 bits"),
        ('{"a": 1}\n{"a": 2}', "2:1: text follows after the end of the document"),
        ('{"a": 1, "b": 2,\n "a": 3}', "the first is in line 1, column 2; keep one of them"),
        ('{"a":\u00a01}', "1:6: "),
        ('{"a": "\x01"}', "1:8: the control character U+0001 is not allowed in JSON"),
        ("[" * 100_000, "1:65: values are nested more than 64 deep"),
        ("---\na: 1", "1:1: "),
    ],
)
def test_an_error_of_a_json_file_has_its_place(text: str, message: str) -> None:
    _, (error, *others) = _read(text)
    assert message in error
    assert error.startswith("a.json:")
    assert others == []


def test_an_error_of_a_json_file_quotes_no_secret() -> None:
    _, (error,) = _read('{"kind": "RegistryAuth",\n "spec": {"password": hunter2}}')
    assert error.startswith("a.json:2:23: this word is no JSON value; a text needs double quotes")


def test_a_json_file_may_hold_characters_that_yaml_refuses() -> None:
    assert _read('{"a": "\x7f\x85\u2028", "b": 1E2, "c": "\\/"}') == (
        [{"a": "\x7f\x85\u2028", "b": 100.0, "c": "/"}],
        [],
    )
    assert _read("  \n") == ([], [])
    assert _read("null") == ([], [])

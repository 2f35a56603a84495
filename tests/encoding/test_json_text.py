"""JSON text: no half of a surrogate pair gets in, whoever wrote it."""

from __future__ import annotations

import ast
import json
from json import JSONDecodeError
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from trees import trees

from novita_infra.api.error_mapping import refusal
from novita_infra.api.logs.lines import extract_lines
from novita_infra.api.request import get
from novita_infra.api.responses import Response, content
from novita_infra.encoding.json_text import parse_foreign_json, parse_json, whole_text
from novita_infra.simulator.json_text import read_unicode_json

ODD = st.text(st.sampled_from('a\\u"\ud800\udbff\udc00\udfff\U0001f680\u00e9\n'), max_size=8)
VALUES = trees(ODD | st.integers() | st.none(), ODD)


def is_unicode(value: object) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


@given(VALUES, st.booleans())
@example({"\ud800": ["\udc00"]}, True)
def test_json_of_others_is_unicode_and_is_otherwise_what_was_sent(value: object, escaped: bool) -> None:
    text = json.dumps(value, ensure_ascii=escaped)
    for read in (
        parse_foreign_json(text),
        parse_foreign_json(text.encode("utf-8", "surrogatepass")),
        read_unicode_json(text),
    ):
        assert is_unicode(read)
        if is_unicode(json.loads(text)):
            assert read == json.loads(text)


@given(ODD)
def test_a_half_of_a_pair_becomes_one_replacement_character(text: str) -> None:
    whole = whole_text(text)
    assert is_unicode(whole)
    assert whole_text(whole) == whole
    joined = text.encode("utf-16-le", "surrogatepass")
    assert len(whole.encode("utf-16-le")) == len(joined)


@given(VALUES)
def test_json_of_ours_is_refused_where_it_holds_a_half(value: object) -> None:
    text = json.dumps(value)
    if is_unicode(json.loads(text)):
        assert parse_json(text.encode()) == json.loads(text)
        return
    with pytest.raises(JSONDecodeError, match="Half of a pair of escapes") as error:
        parse_json(text.encode())
    assert text[error.value.pos :][:3].lower() == r"\ud"


@pytest.mark.parametrize("data", [b'{"a": "\xed\xa0\x80"}', b'{"a": "\xff"}'])
def test_bytes_that_are_no_utf_8_are_refused_in_our_files(data: bytes) -> None:
    with pytest.raises(UnicodeDecodeError):
        parse_json(data)


def test_an_escaped_backslash_before_a_u_is_no_half() -> None:
    assert parse_json(rb'{"a": "\\ud800", "b": "\ud83d\ude80"}') == {"a": r"\ud800", "b": "\U0001f680"}


@given(VALUES)
def test_no_answer_gives_a_half_of_a_pair(value: object) -> None:
    body = json.dumps({"id": value, "reason": "NO", "message": value}).encode()
    answer = Response(200, {"content-type": "application/json"}, body)
    assert is_unicode(content(get("/x"), answer))
    assert is_unicode(str(refusal(get("/x"), Response(400, body=body), now=0.0)))
    assert is_unicode(extract_lines(body, secrets=()))


PACKAGE = Path(__file__).parents[2] / "novita_infra"
RAW = {
    "encoding/json_text.py",
    "manifests/yaml/json_reading.py",  # one token; it refuses halves with the place
    "policies/schema_judge.py",  # the plan that our own process writes
    "simulator/json_text.py",
}


def test_json_is_read_nowhere_else() -> None:
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        for text in [path.read_text(encoding="utf-8")]
        if "json.load" in text
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"json.loads", "json.load"}
    }
    assert found == RAW

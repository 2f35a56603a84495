"""Escaped surrogate pairs in YAML: one character in double quotes, ordinary text elsewhere, and no half of a pair."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novita_infra.manifests.yaml.parsing import read_text
from novita_infra.manifests.yaml.positions import key_origin_at


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (r'"\ud83d\ude80 go"', "\U0001f680 go"),
        (r'"\uD83D\uDE80\ud83d\uDE80"', "\U0001f680\U0001f680"),
        (r'"\ue000 \ud83d\ude80"', "\ue000 \U0001f680"),
        (r'"\\ud83d"', r"\ud83d"),
        (r"'\ud83d\ude80'", r"\ud83d\ude80"),
        (r"\uD83D\ude80", r"\uD83D\ude80"),
        ("|-\n  \\ud83d", r"\ud83d"),
        ('"\u2028\\ud83d\\ude80\x85"', "\u2028\U0001f680\x85"),
        ('"\\ud83d\\\n  \\ude80"', "\U0001f680"),
    ],
)
def test_an_escaped_pair_is_one_character_in_double_quotes_only(written: str, value: str) -> None:
    parsed = read_text(f"a: {written}\nb: 1\n", "a.yaml")
    assert [document.data for document in parsed.documents] == [{"a": value, "b": 1}]
    assert parsed.diagnostics == []
    rows = written.count("\n")
    assert str(key_origin_at(parsed.documents[0].position, ("b",))) == f"a.yaml:{rows + 2}:1"


@pytest.mark.parametrize(
    "written", [r'"\ud83d"', r'"\ude80\ud83d"', r'"\ud83d x \ude80"', r'"\U0000d83d"', r'{"\ud83d": 1}']
)
def test_half_of_a_pair_is_refused_with_its_place(written: str) -> None:
    parsed = read_text(f"b: 1\na: {written}\n", "a.yaml")
    (error,) = parsed.diagnostics
    assert str(error).startswith("a.yaml:2:")
    assert "half of a pair of escapes" in str(error) or "this escape is no character" in str(error)


@given(st.dictionaries(st.text(max_size=6), st.text(max_size=12), min_size=1, max_size=3))
def test_what_a_json_writer_escapes_is_read_back(data: dict[str, str]) -> None:
    parsed = read_text(json.dumps({f"k{name}": value for name, value in data.items()}), "a.yaml")
    assert parsed.diagnostics == []
    assert [document.data for document in parsed.documents] == [{f"k{name}": value for name, value in data.items()}]

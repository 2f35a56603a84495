from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novita_infra.manifests.yaml.emitting import NotReadBack, emit_scalar, emit_yaml
from novita_infra.manifests.yaml.parsing import read

TEXTS = (
    *("1e3", "08", "0o17", "0x1f", ".5", "1.5e3", "-0", "+1", "1_000", "12:30", ".inf", ".NaN", "9" * 30, "1" * 500),
    *("", "~", "null", "Null", "true", "False", "yes", "no", "on", "2027-01-31", "<<", "=", "-", "? a", "a: b", "a #b"),
    *("a\x85b", "a\u2028b", "a\u2029", "\u2028", "\ue000\x85\ue001", "\ufeffx", "a\rb", "a\r\nb", "\t", "\x00", "\x7f"),
    *("a\nb\n", "a\nb", "a\n\n", "\n", "\n\na", "  a\n b", "a \nb", "a\n\tb\n", "a\x85\nb", " " * 200, "a" * 300),
    *("&a", "*a", "!a", "%a", "@a", "`a`", "'", '"', "\\", "{a", "[a", "|", ">", "# a", "---", "...", "\U0001f600"),
    *("${var.x}", "$${x}", "x " * 100, ("y" * 130 + "\n") * 2, "\u0301a", "\u202eabc", "--- a\nb", "a\n---\nb"),
)

LEAVES = st.text() | st.integers(-(2**62), 2**62) | st.booleans() | st.none()
DATA = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)


def read_back(text: str) -> Any:
    parsed = read(text.encode(), "f.yaml")
    assert not parsed.diagnostics
    (document,) = parsed.documents
    return document.data


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
def test_emitted_text_is_read_back_unchanged_as_a_value_and_as_a_key(text: str) -> None:
    document = {"plain": text, "list": [text, {"inner": text}], "map": {text: "value"}}
    assert read_back(emit_yaml(document)) == document
    assert read_back(f"name: {emit_scalar(text)}\n") == {"name": text}


@given(DATA)
def test_any_emitted_value_is_read_back_unchanged(value: Any) -> None:
    assert read_back(emit_yaml({"value": value})) == {"value": value}


def test_equal_objects_are_emitted_without_anchors() -> None:
    shared = {"a": ["b"]}
    assert emit_yaml({"one": shared, "two": shared}) == "one:\n  a:\n    - b\ntwo:\n  a:\n    - b\n"


def test_a_text_of_several_lines_is_emitted_as_a_block() -> None:
    assert emit_yaml({"readme": "# A\n\ntext\n"}) == "readme: |\n  # A\n\n  text\n"


@pytest.mark.parametrize("value", ["\ud800", 2**63, float("inf"), {1: "a"}, (1,), {"a": {"b": "\udfff"}}], ids=ascii)
def test_a_value_that_is_not_read_back_is_not_emitted(value: Any) -> None:
    with pytest.raises(NotReadBack) as caught:
        emit_yaml({"value": value})
    assert "ud800" not in str(caught.value)


def test_emitted_yaml_escapes_what_shows_nothing() -> None:
    document = {"name": "a\u202eb\u200b", "readme": "日本\n\u2066語\n"}
    assert read_back(emit_yaml(document)) == document
    assert r"a\u202Eb\u200B" in emit_yaml(document)
    assert "\u2066" not in emit_yaml(document)
    assert emit_yaml({"name": "日本語"}) == "name: 日本語\n"

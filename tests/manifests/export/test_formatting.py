"""Formatting of manifests: one style, no value and no comment lost, and nothing to do a second time."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from trees import trees

from novita_infra.manifests.export.formatting import format_yaml
from novita_infra.manifests.yaml.emitting import NotReadBack, emit_yaml
from novita_infra.manifests.yaml.parsing import read_text

ROOT = Path(__file__).parents[3]
UGLY = """\
# top

apiVersion:   novita-infra/v1
kind: "Instance"   # quoted
metadata:
    name: a
    labels: {a: 1.10,   b: 'x'}
# about spec
spec:
    octal: 012
    underscores: 1_000
    tilde: ~
    empty:
    hex: 0x1F
    list:
    - a
    # in between
    -   b: 1
        c: 2
    flow: [{gpu: L40S},{gpu: H100}]
    text: |
       hello\x20\x20
         world #no
    base: &base {a: b}
    merged: {<<: *base}
    expression: ${var.x}
...
---
# second
kind:  X


"""
NEAT = """\
# top

apiVersion: novita-infra/v1
kind: "Instance"   # quoted
metadata:
  name: a
  labels: {a: 1.10, b: 'x'}
# about spec
spec:
  octal: 012
  underscores: 1_000
  tilde: ~
  empty:
  hex: 0x1F
  list:
    - a
    # in between
    - b: 1
      c: 2
  flow: [{gpu: L40S}, {gpu: H100}]
  text: |
    hello\x20\x20
      world #no
  base: &base {a: b}
  merged: {<<: *base}
  expression: ${var.x}
...
---
# second
kind: X
"""
WORDS = st.text(
    st.characters(codec="utf-8", exclude_characters="#\x85\u2028\u2029\ufeff"), max_size=8
) | st.sampled_from(
    ["no", "1_0", "0x1F", "1e3", "~", "null", "<<", "${var.x}", "a: b", "- a", "x\ny\n", " x", "a\n\nb"]
)
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
LEAVES = WORDS | st.integers(-9, 9) | st.booleans() | st.none()
ENTRIES = st.dictionaries(NAMES, LEAVES, min_size=1, max_size=3)
KEYS = WORDS.filter(lambda word: "\n" not in word)
MAPPINGS = st.dictionaries(KEYS, trees(LEAVES, KEYS), max_size=4)


def test_a_manifest_gets_the_one_style() -> None:
    assert format_yaml(UGLY, "a.yaml") == (NEAT, [])
    assert format_yaml(NEAT, "a.yaml") == (NEAT, [])


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n", "- a\n-   b\n", "a\n", "--- {a:   1}\n"])
def test_what_is_no_mapping_stays(text: str) -> None:
    assert format_yaml(text, "a.yaml") == (text, [])


def test_an_escape_stays_an_escape() -> None:
    text = 'escaped: "\\u202eabc\\x41 é"   # note\n"\\u202e": [ "\\t" ]\nraw: "é"\n'
    neat = 'escaped: "\\u202eabc\\x41 é"   # note\n"\\u202e": ["\\t"]\nraw: "é"\n'
    assert format_yaml(text, "a.yaml") == (neat, [])


def test_a_file_with_errors_stays_and_is_reported() -> None:
    text, (diagnostic,) = format_yaml("a:   1\nb: [\n", "a.yaml")
    assert text == "a:   1\nb: [\n"
    assert str(diagnostic).startswith("a.yaml:3:1: ")


@pytest.mark.parametrize("path", sorted((ROOT / "examples").rglob("*.yaml")), ids=lambda path: path.parent.name)
def test_the_examples_are_formatted(path: Path) -> None:
    text = path.read_text()
    assert format_yaml(text, path.name) == (text, [])


@given(st.lists(MAPPINGS, min_size=1, max_size=2), st.integers(0, 2**32))
@example([{"a": [{"b": 1}]}], 1)
def test_no_value_and_no_comment_is_lost_whatever_the_style(documents: list[dict[str, Any]], seed: int) -> None:
    text = _written(documents, Random(seed))
    formatted, diagnostics = format_yaml(text, "a.yaml")
    before = read_text(text, "a.yaml")
    if before.diagnostics:
        assert formatted == text
        return
    if diagnostics:  # left as it is; it happens only to lists in lists
        assert formatted == text
        assert any(isinstance(item, list) for value in _lists(documents) for item in value)
        return
    assert [item.data for item in read_text(formatted, "a.yaml").documents] == [item.data for item in before.documents]
    assert formatted.count("# note") == text.count("# note")
    assert format_yaml(formatted, "a.yaml") == (formatted, [])


@given(st.dictionaries(NAMES, LEAVES | ENTRIES | st.lists(LEAVES | ENTRIES, max_size=3), min_size=1, max_size=4))
def test_what_is_emitted_is_formatted(document: dict[str, Any]) -> None:
    try:
        text = emit_yaml(document)
    except NotReadBack:
        return
    assert format_yaml(text, "a.yaml") == (text, [])


def _lists(value: Any) -> list[list[Any]]:
    """The lists in a value, without the outermost."""
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [found for item in items for found in ([item] if isinstance(item, list) else []) + _lists(item)]


def _written(documents: list[dict[str, Any]], random: Random) -> str:
    """The documents in a random style, with comments before keys of the root."""
    texts = []
    for document in documents:
        text = yaml.safe_dump(
            document,
            indent=random.choice([1, 2, 4, 7]),
            default_flow_style=random.choice([True, False, None]),
            width=random.choice([20, 80, 1000]),
            allow_unicode=random.choice([True, False]),
        )
        lines = text.split("\n")
        noted = [
            f"# note {random.random()}\n{line}" if line[:1].isalpha() and random.random() < 0.5 else line
            for line in lines
        ]
        texts.append("\n".join(noted))
    return "---\n".join(texts)

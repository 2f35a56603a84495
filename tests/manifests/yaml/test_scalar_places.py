"""Places inside scalars: each character of a value is found where the file spells it, in every style."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novita_infra.manifests.yaml.parsing import read_text
from novita_infra.manifests.yaml.positions import origin_at
from novita_infra.manifests.yaml.source_text import Sources

STYLES = {
    "plain": "a: x ${b}\n",
    "plain over lines": "a: x\n   y\n\n   ${b}\n",
    "single quotes": "a: 'it''s  ${b}'\n",
    "double quotes": 'a: "\\"\\t\\u00e9\\x41 ${b}"\n',
    "double quotes over lines": 'a: "x \\\n   y\n\n  \\  ${b}"\n',
    "literal": "a: |\n  x\n    y ${b}\n",
    "folded": "a: >-  # a comment\n  x\n  y\n\n    z ${b}\n",
    "with a tag": "a: !!str   x ${b}\n",
    "with an anchor": 'a: &it "x ${b}"\n',
    "flow": "{a: 'x ${b}', c: '${b}'}\n",
    "windows": 'a: "x\r\n  ${b}"\r\n',
}


def place(text: str, offset: int) -> str:
    """The rest of the file from the place of a character of the value `a`."""
    document = read_text(text, "a.yaml").documents[0]
    found = Sources({"a.yaml": text}).place_in(document.data["a"], offset, origin_at(document.position, ("a",)))
    lines = text.split("\n")
    return "\n".join(lines[found.line - 1 :])[found.column - 1 :]


@pytest.mark.parametrize("text", STYLES.values(), ids=STYLES.keys())
def test_a_character_is_found_in_every_style_of_scalars(text: str) -> None:
    value = read_text(text, "a.yaml").documents[0].data["a"]
    assert place(text, value.index("${b}")).startswith("${b}")
    assert place(text, value.index("}")).startswith("}")


def test_a_value_by_an_alias_has_the_place_of_the_alias() -> None:
    text = "b: &x 'y ${b}'\na: *x\n"
    assert place(text, 2).startswith("*x")


@given(st.text(st.sampled_from(list("ab ${}'\"\\\n\té:#")), min_size=1, max_size=20))
def test_a_character_of_a_quoted_text_is_found(value: str) -> None:
    text = f"a: {json.dumps(value)}\n"
    for offset, character in enumerate(value):
        if not character.isspace():
            assert place(text, offset)[0] in (character, "\\")

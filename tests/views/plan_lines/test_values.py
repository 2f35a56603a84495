"""Differences of values as text: what differs can always be seen."""

from __future__ import annotations

import pytest
from draws import draws
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from novita_infra.kinds.field import Field, Replaces
from novita_infra.model.values import Value
from novita_infra.planning.changes.equality import agree
from novita_infra.views.content.lines import plain
from novita_infra.views.plan_lines.values import differing

FIELD = Field(name="f", schema={}, doc="", api="", change=Replaces("it is so"))


def difference(before: str, after: str) -> list[str]:
    return plain(differing("command", before, after, indent=0, note=("", None))).split("\n")[:-1]


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("a\nb\n", "a\nb", ["    - b", "    + b  (without a line end)", "      (1 unchanged)"]),
        ("a\nb", "a\nb ", ["    - b", '    + "b "', "      (1 unchanged)"]),
        ("a\nb\r\nc", "a\nb\nc", ['    - "b\\r"', "    + b", "      (2 unchanged)"]),
        ("a\nb c", "a\nb\u00a0c", ["    - b c", '    + "b\\u00a0c"', "      (1 unchanged)"]),
        ("a\nb\u2028c", "a\nb\nc", ['    - "b\\u2028c"', "    + b", "    + c", "      (1 unchanged)"]),
        ("a\n\nb", "a\nb", ["    - ", "      (2 unchanged)"]),
    ],
)
def test_a_difference_of_lines_shows_what_cannot_be_seen(before: str, after: str, shown: list[str]) -> None:
    assert difference(before, after) == ["~ command:", *shown]


def test_a_difference_on_one_line_shows_what_cannot_be_seen() -> None:
    assert difference("b c", "b\u00a0c ") == ['~ command: "b c" -> "b\\u00a0c "']
    assert difference("b\n", "b") == ['~ command: "b\\n" -> "b"']
    assert difference("b\x85c", "b\u2028c") == ['~ command: "b\\u0085c" -> "b\\u2028c"']


TEXTS = st.text(st.sampled_from("ab \n\r\t\u00a0\u2028\x85\x0b\x1c\u200b"), max_size=8)


@given(TEXTS, TEXTS)
def test_two_texts_that_differ_never_look_alike(before: str, after: str) -> None:
    assume(before != after)
    lines = difference(before, after)
    if len(lines) == 1:
        old, _, new = lines[0].removeprefix("~ command: ").partition('" -> "')
        assert old + '"' != '"' + new
    else:
        removed = [item[6:] for item in lines if item.startswith("    - ")]
        assert removed != [item[6:] for item in lines if item.startswith("    + ")]


LEAVES = st.one_of(
    TEXTS, st.none(), st.booleans(), st.integers(-1, 1), st.sampled_from([0.5, 0.1 + 0.2, 0.3, "1", "true"])
)
NESTED = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=draws(40))
@given(NESTED, NESTED)
def test_any_two_values_that_differ_show_where(before: Value, after: Value) -> None:
    assume(not agree(FIELD, wanted=after, found=before, key="00"))
    lines = plain(differing("f", before, after, indent=0, note=("", None))).split("\n")[:-1]
    shown = [item for item in lines[len(lines) > 1 :] if item.strip()[:2] in {"+ ", "- ", "~ "}]
    assert shown
    removed, added = ([item.strip()[2:] for item in shown if item.strip()[:2] == mark] for mark in ("- ", "+ "))
    assert not removed or removed != added

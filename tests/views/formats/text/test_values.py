"""Differences of values as text: what differs can always be seen."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from novita_infra.views.content.lines import plain
from novita_infra.views.formats.text.values import differing


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

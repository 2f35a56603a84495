"""Texts in pieces, cut into whole words."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from novita_infra.inference.words import LONGEST, WholeWords


@given(st.lists(st.text(alphabet="ab \n\tü", max_size=6), max_size=20))
def test_nothing_is_lost_and_no_word_is_shown_in_parts(pieces: list[str]) -> None:
    words = WholeWords()
    shown = [words.add(piece) for piece in pieces]
    assert all(part[-1].isspace() for part in shown if part)
    last = words.end()
    assert not any(mark.isspace() for mark in last)
    assert "".join(shown) + last == "".join(pieces)
    assert words.end() == ""


def test_a_word_without_end_is_shown_in_parts() -> None:
    words = WholeWords()
    assert sum(len(words.add("x" * 1000)) for _ in range(10)) >= 10_000 - LONGEST

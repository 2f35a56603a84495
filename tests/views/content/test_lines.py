"""Lines and tables: foreign text stays inside its line and its column."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from novita_infra.views.content.lines import cut_to, line, narrowed, padded, plain, table_lines, text_width

WIDTHS = {
    "": 0,
    "plain": 5,
    "日本語": 6,
    "한국": 4,
    "é": 1,
    "e\u0301e\u0301": 2,
    "ก็": 1,
    "👍🏽": 2,
    "👨‍👩‍👧": 2,
    "🇩🇪": 2,
    "❤️": 2,
    "שלום": 4,
    "a\nb": 4,
    "\x1b[2J": 7,
    "\u202e": 6,
}
"""Columns of a terminal."""


@pytest.mark.parametrize("text", WIDTHS)
def test_the_width_of_a_text_is_that_of_a_terminal(text: str) -> None:
    assert text_width(text) == WIDTHS[text]


def test_a_table_is_aligned_by_the_width_of_a_terminal() -> None:
    rows = [(text, "|", "last") for text in WIDTHS]
    shown = plain(table_lines(rows, heads=("NAME", "B", "C"))).split("\n")[:-1]
    assert len(shown) == len(rows) + 1
    widest = max(WIDTHS.values())
    for row, (text, *_) in zip(shown[1:], rows, strict=True):
        before, bar, after = row.partition("|")
        assert (bar, after) == ("|", "  last")
        assert before.rstrip() == str(line(text)).rstrip()
        assert WIDTHS[text] + len(before) - len(before.rstrip(" ")) == widest + 2


@given(st.lists(st.tuples(st.text(max_size=70), st.text(max_size=5), st.text(max_size=70)), min_size=1, max_size=4))
def test_a_row_of_any_texts_is_one_line_with_its_columns_in_place(rows: list[tuple[str, str, str]]) -> None:
    shown = plain(table_lines(rows, heads=("A", "B", "C"))).split("\n")
    assert len(shown) == len(rows) + 2
    places = [cell_len(shown[0].partition(head)[0]) for head in "BC"]
    for text, (first, second, last) in zip(shown[1:], rows, strict=False):
        cells = [str(line(cell)) for cell in (cut_to(first, 60), second, last)]
        expected = padded(padded(cells[0], places[0]) + cells[1], places[1]) + cells[2]
        assert text == expected.rstrip()


@given(st.text(max_size=40), st.integers(3, 30))
def test_a_text_is_cut_to_a_width(text: str, width: int) -> None:
    shown = cut_to(text, width)
    assert text_width(shown) <= width
    assert shown == text or shown.endswith("...")


ROWS = (("instance.web", "running", "-"), ("instance.gr\u00fc\u00dfe-\u6771\u4eac", "stopped", "somebody stopped it"))
HEADS = ("ADDRESS", "STATUS", "REASON")


def test_a_table_that_fits_stays_a_table() -> None:
    table = [line("before"), *table_lines(ROWS, heads=HEADS), line("after")]
    widest = max(text_width(str(item)) for item in table)
    assert list(narrowed(table, widest)) == table


def test_a_table_that_is_wider_than_the_terminal_becomes_blocks() -> None:
    table = [line("before"), *table_lines(ROWS, heads=HEADS), line("after")]
    assert plain(narrowed(table, 40)) == (
        "before\n"
        "instance.web\n"
        "  STATUS: running\n"
        "instance.gr\u00fc\u00dfe-\u6771\u4eac\n"
        "  STATUS: stopped\n"
        "  REASON: somebody stopped it\n"
        "after\n"
    )


def test_rows_without_titles_stay_as_they_are() -> None:
    table = list(table_lines(ROWS))
    assert list(narrowed(table, 10)) == table

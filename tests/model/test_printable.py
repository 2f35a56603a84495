"""Text of any origin on one line of a terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novita_infra.model.printable import printable

ESCAPED = {
    "a\nb": r"a\nb",
    "a\r\nb\tc": r"a\r\nb\tc",
    "\x00\x07\x0b\x1b[2J\x7f": r"\x00\x07\x0b\x1b[2J\x7f",
    "\x85\x9b31m\xad\xa0": r"\u0085\u009b31m\u00ad\u00a0",
    "\u2028\u2029": r"\u2028\u2029",
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e": r"\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e",
    "\u2066\u2067\u2068\u2069": r"\u2066\u2067\u2068\u2069",
    "x\u200b\u200c\u200d\u2060\ufeffy": r"x\u200b\u200c\u200d\u2060\ufeffy",
    "\u034f\u115f\u1160\u3164\uffa0": r"\u034f\u115f\u1160\u3164\uffa0",
    "x\ufe0f\ufe00\U000e0100": r"x\ufe0f\ufe00\U000e0100",
    "\ud83d and \udc80": r"\ud83d and \udc80",
    "\U000e0041\ufff9\uffff": r"\U000e0041\ufff9\uffff",
}
READABLE = [
    "",
    "plain text, 100 %",
    r"C:\new\x",
    "é e\u0301 ñ ß ﬁ",
    "日本語 中文 한국어",
    "שלום مرحبا",
    "नमस्ते ไทย ก็",
    "👍🏽 🇩🇪 ❤️ ☺︎ 1️⃣ ©️",
    "👨‍👩‍👧 👩🏽‍🚀 🏳️‍🌈 🏴‍☠️ ❤️‍🔥",
]


@pytest.mark.parametrize("text", ESCAPED)
def test_printable_escapes_what_shows_nothing(text: str) -> None:
    assert printable(text) == ESCAPED[text]


@pytest.mark.parametrize("text", READABLE)
def test_printable_leaves_text_of_every_script_and_emoji(text: str) -> None:
    assert printable(text) == text


@given(st.text(st.characters(), max_size=12) | st.text(st.sampled_from("a\n\u200d\ufe0f👩🏽🚀\u202e☠1"), max_size=12))
def test_printable_text_is_one_line_without_controls_and_remains_so(text: str) -> None:
    shown = printable(text)
    assert shown == printable(shown)
    assert len(shown.splitlines()) <= 1
    hidden = [mark for mark in shown if unicodedata.category(mark) in {"Cc", "Cf", "Cs", "Zl", "Zp"}]
    assert set(hidden) <= {"\u200d"}
    shown.encode("utf-8")

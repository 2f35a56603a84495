"""Texts of any origin inside of Markdown: none of them ends a mark, begins one, calls a person or adds HTML. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from novita_infra.model.printable import printable
from novita_infra.views.content.lines import Line, Tone

_MARKS: Final = re.compile(r"[\\`*_\[\]<>|~&$]")
"""The characters that mean something in Markdown of GitHub or GitLab wherever they stand in a line."""
_CALLS: Final = re.compile("[@#]")
"""The characters that call a person, or refer to an issue. A comment of HTML behind them prevents that."""
_LONGEST: Final = 400
"""The most characters of a line of a diff."""
_TICKS: Final = re.compile("`+")
_SIGNS: Final = {Tone.ADD: "+", Tone.REMOVE: "-", Tone.BAD: "-", Tone.CHANGE: "!", Tone.REPLACE: "!"}
"""What colours a line of a diff, by the tone of the sign that it begins with."""
_WORDS: Final = frozenset({"+", "-", "~", "-/+", "+/-", "! loses:", "!"})
"""The signs of changes and of lost data."""


def marker(*words: str) -> str:
    """The first line of a comment: by it a pipeline finds the comment that it made before, to update that one."""
    name = printable(" ".join(words)).replace("--", "- -").replace(">", "")
    return f"<!-- novita-infra {name} -->"


def markdown_text(text: str) -> str:
    """The text as it reads outside of code."""
    return _CALLS.sub(r"\g<0><!-- -->", _MARKS.sub(r"\\\g<0>", printable(text)))


def code(text: str, *, in_table: bool = False) -> str:
    """The text as inline code. A table ends its cells at `|` also inside of code."""
    text = printable(text)
    if in_table:
        text = text.replace("|", "\\|")
    ticks = "`" * (_longest_row(text) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def diff_line(item: Line) -> str:
    """A line of a diff, whose first column holds the sign that gives it a colour."""
    sign = next((_SIGNS[tone] for text, tone in item.parts[:2] if tone in _SIGNS and text.strip() in _WORDS), " ")
    text = f"{sign} {item}".rstrip()
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def fenced(lines: Iterable[str], language: str) -> str:
    """A block of code. Its fence is longer than any inside."""
    body = "\n".join(lines)
    fence = "`" * max(3, _longest_row(body) + 1)
    return f"{fence}{language}\n{body}\n{fence}"


def folded(title: str, body: str) -> str:
    """A part that a reader opens. Its title is escaped already."""
    return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"


def _longest_row(text: str) -> int:
    """The length of the longest row of backticks."""
    return max(map(len, _TICKS.findall(text)), default=0)

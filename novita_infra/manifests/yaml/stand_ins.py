"""Hides from libyaml what it reads otherwise than YAML 1.2: line separators, and escaped pairs of surrogates.

libyaml reads YAML 1.1: U+0085, U+2028 and U+2029 end a line there. Everywhere else a line ends with a line feed. A
comment that holds one of them would become configuration, and every later position would be wrong. So the parser gets
stand-ins, which are turned back inside of quotes. Outside of quotes these characters are refused.

Programs that write JSON spell an emoji as `\\ud83d\\ude80`, which libyaml refuses. The stand-ins are turned back in
each value, where a pair is one character.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Final

_NAMES: Final = {"\x85": "next line", "\u2028": "line separator", "\u2029": "paragraph separator"}
_ANY: Final = re.compile("[\x85\u2028\u2029]")
_PRIVATE_USE: Final = range(0xE000, 0xF900)
PLAIN_OPENING: Final = "$\ue000"
"""What a schema sees in the place of a `${` that begins no expression: it takes an expression for any value."""
HALF: Final = r"half of a pair of escapes such as \ud83d\ude80"
HALF_HINT: Final = r"write the character itself, or both halves"
_SURROGATE: Final = re.compile(r"\\u([dD][89a-fA-F][0-9a-fA-F]{2})")
_LITERAL: Final = re.compile(r"\\u([0-9a-f]{4})")
_ESCAPE: Final = re.compile(r"\\[uU](?:0000)?([0-9a-fA-F]{4})")


class LineSeparators:
    """The stand-ins for one text, and the quoted spans in which the characters are allowed."""

    def __init__(self, text: str) -> None:
        free = (chr(code) for code in _PRIVATE_USE if chr(code) not in text)
        stand_ins = dict(zip(_NAMES, free, strict=False))
        self._original = text
        self._back = {ord(stand_in): character for character, stand_in in stand_ins.items()}
        self._starts: list[int] = []
        self._ends: list[int] = []
        self.text = text.translate({ord(character): stand_in for character, stand_in in stand_ins.items()})
        """The text for the parser. It is as long as the original."""

    def quoted(self, value: str, start: int, end: int, *, before: int = 0) -> str:
        """Returns the value of a quoted scalar as written.

        Its span is `start` to `end` in a rest of the text that begins after `before` characters. Spans come in order.
        """
        self._starts.append(before + start)
        self._ends.append(before + end)
        return value.translate(self._back)

    def outside_of_quotes(self) -> Iterator[tuple[int, int, str]]:
        """Yields line and column, from 1, and the name of each such character outside of the quoted spans."""
        line, line_start, done = 1, 0, 0
        for match in _ANY.finditer(self._original):
            index = match.start()
            line += self._original.count("\n", done, index)
            line_start = self._original.rfind("\n", done, index) + 1 or line_start
            done = index  # each part of the text is searched once, however many of these characters it holds
            nearest = bisect_right(self._starts, index) - 1
            if nearest < 0 or index >= self._ends[nearest]:
                yield line, index - line_start + 1, f"U+{ord(match[0]):04X} ({_NAMES[match[0]]})"


def line_separators(text: str) -> LineSeparators | None:
    """Returns the stand-ins for a text; None for a text without these characters."""
    return LineSeparators(text) if _ANY.search(text) else None


class SurrogatePairs:
    """The stand-ins for one text."""

    def __init__(self, text: str) -> None:
        taken = {*map(ord, text), *(int(code, 16) for code in _ESCAPE.findall(text))}
        free = (code for code in reversed(_PRIVATE_USE) if code not in taken)
        self._written = {f"{stand_in:04x}": code for stand_in, code in zip(free, _codes(text), strict=False)}
        self._characters = {int(stand_in, 16): int(code, 16) for stand_in, code in self._written.items()}
        stand_ins = {code: stand_in for stand_in, code in self._written.items()}
        self.text = _SURROGATE.sub(lambda match: rf"\u{stand_ins.get(match[1], match[1])}", text)
        """The text for the parser. It is as long as the original."""

    def joined(self, value: str) -> str:
        """Returns the value of a scalar as it is meant. Raises ValueError if it holds half of a pair."""
        value = _LITERAL.sub(
            lambda match: rf"\u{self._written.get(match[1], match[1])}", value
        )  # where a backslash is a character
        return joined_pairs(value.translate(self._characters))


def joined_pairs(value: str) -> str:
    """Returns the text with each pair of surrogates as one character. Raises ValueError for half of a pair."""
    return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le")


def surrogate_pairs(text: str) -> SurrogatePairs | None:
    """Returns the stand-ins for a text; None for a text without such escapes."""
    return SurrogatePairs(text) if _SURROGATE.search(text) else None


def _codes(text: str) -> list[str]:
    return sorted(set(_SURROGATE.findall(text)))

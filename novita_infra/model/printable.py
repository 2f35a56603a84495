"""Text of any origin, made fit for one line of a terminal."""

from __future__ import annotations

from typing import Final

MOST_QUOTED: Final = 60
"""The most characters of a value that a message quotes."""
_BLANK: Final = frozenset(
    map(
        chr,
        (
            *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0),
            *range(0x180B, 0x1810),
            *range(0xFE00, 0xFE10),
            *range(0xE0100, 0xE01F0),
        ),
    )
)
"""Characters that Unicode calls letters or marks, and that show nothing."""
_JOINER: Final = "\u200d"
_SELECTORS: Final = ("\ufe0e", "\ufe0f")
_SHORT: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def is_text(value: str) -> bool:
    """Whether a word of the command line, a value of the environment or a name of a file is text.

    Python represents bytes that are not UTF-8 as lone surrogates.
    """
    return not any("\ud800" <= character <= "\udfff" for character in value)


def shortened(text: str) -> str:
    """The text as a message quotes it: cut, with `...` at its end, if it is longer than `MOST_QUOTED`."""
    return text if len(text) <= MOST_QUOTED else f"{text[: MOST_QUOTED - 3]}..."


def printable(text: str) -> str:
    """The text on one line, with an escape such as `\\n`, `\\x1b` or `\\u202e` for each character that shows nothing.

    Such characters end lines, move the cursor, change colours, reorder letters, or hide: controls, separators, format
    characters, lone surrogates. Blanks, letters of every script, and emoji remain. Escaped text remains as it is.
    """
    if text.isprintable() and (text.isascii() or _BLANK.isdisjoint(text)):
        return text
    return "".join(
        mark if (mark.isprintable() and mark not in _BLANK) or _joins_emoji(text, at) else _escape(mark)
        for at, mark in enumerate(text)
    )


def _joins_emoji(text: str, at: int) -> bool:
    """Whether the character is a joiner or a selector between parts of one visible sign, such as a family."""
    mark, before, after = text[at], text[at - 1 : at], text[at + 1 : at + 2]
    if mark == _JOINER:
        return (before == _SELECTORS[1] or _is_emoji(before)) and _is_emoji(after)
    return mark in _SELECTORS and (before in {*"#*0123456789©®"} or "\u203c" <= before <= "\u3299" or _is_emoji(before))


def _is_emoji(mark: str) -> bool:
    return (
        "\u2600" <= mark <= "\u27bf" or "\U0001f000" <= mark <= "\U0001faff" or mark in {"\u2194", "\u2195", "\u2b1b"}
    )


def _escape(mark: str) -> str:
    code = ord(mark)
    if code < 0x80:
        return _SHORT.get(mark) or f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def lines_of(text: str) -> list[str]:
    """The lines of a text: each ends with a line feed, a carriage return, or both, and with nothing else."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")

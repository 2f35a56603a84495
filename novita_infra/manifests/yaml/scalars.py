"""Resolves unquoted words by the core schema of YAML 1.2: no `yes`, no `1:30`, no dates.

The result depends on the text alone. The parser adds places and messages.
"""

from __future__ import annotations

import re
from typing import Final

CONSTANTS: Final[dict[str, bool | None]] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}

NUMERIC: Final = frozenset("0123456789+-.")
"""The first characters of numbers. Any other word that is no constant is a string."""

LARGEST: Final = 2**63
"""The first whole number that is refused: other JSON readers change larger ones silently."""

_WHOLE: Final = re.compile(r"[-+]?[0-9]+")
_OCTAL: Final = re.compile(r"0o[0-7]+")
_HEX: Final = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")

BOOLEANS_1_1: Final[dict[str, bool]] = {
    spelling: value
    for words, value in ((("yes", "on"), True), (("no", "off"), False))
    for word in words
    for spelling in (word, word.capitalize(), word.upper())
}
"""Words that YAML 1.1 reads as true or false, and YAML 1.2 as text."""
BEGINS_1_1: Final = frozenset({*NUMERIC, *(word[0] for word in BOOLEANS_1_1)})
"""The first characters of texts that YAML 1.1 may read otherwise."""
_NUMBER_1_1: Final = re.compile(
    r"[-+]?(?:0b[01_]+|0[xX][0-9a-fA-F_]+|[0-9][0-9_]*(?::[0-5]?[0-9])*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?)"
)

_MOST_DIGITS: Final = 400
"""More digits are too large in any case, and Python refuses to read them."""


def number(text: str) -> int | float | None:
    """Returns the number that the text spells; None if it spells none.

    Raises ValueError with the reason if it is not usable.
    """
    if _WHOLE.fullmatch(text):
        return _whole(text, 10)
    if _OCTAL.fullmatch(text):
        return _whole(text[2:], 8)
    if _HEX.fullmatch(text):
        return _whole(text[2:], 16)
    if _NOT_FINITE.fullmatch(text):
        raise ValueError("is not a finite number")
    if not _FLOAT.fullmatch(text):
        return None
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError("is too large for a number")
    return value


def reading_in_yaml_1_1(text: str) -> str:
    """Returns what an unquoted text is by the rules of YAML 1.1; empty if it is text by these, too.

    The text is one that YAML 1.2 reads as text. The bare letters y and n are left out: few programs read them so.
    Source: https://yaml.org/type/ (bool, int, float).
    """
    if text in BOOLEANS_1_1:
        return "true" if BOOLEANS_1_1[text] else "false"
    return "a number" if text[:1] in NUMERIC and _NUMBER_1_1.fullmatch(text) else ""


def _whole(digits: str, base: int) -> int:
    value = int(digits, base) if len(digits) < _MOST_DIGITS else LARGEST
    if abs(value) >= LARGEST:
        raise ValueError("is a whole number of more than 64 bits")
    return value

"""JSON text to values whose texts are Unicode.

JSON can spell one half of a surrogate pair (`"\\ud800"`), which is no character: UTF-8 has no form of it, so it could
be neither sent nor printed. Our own files are refused with the place; in what others send it becomes U+FFFD.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

_ESCAPE: Final = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")
"""What every text with such a half holds."""
_STEP: Final = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
"""One escape of JSON, or two that are a pair."""


def parse_json(data: bytes) -> Any:
    """The JSON data in a file of ours; raises UnicodeDecodeError, JSONDecodeError, or another ValueError."""
    text = data.decode("utf-8")
    try:
        value = json.loads(text, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested beyond all measure") from None
    if _may_hold_halves(text):
        half = next((step for step in _STEP.finditer(text) if step["half"]), None)
        if half is not None:
            raise json.JSONDecodeError(r"Half of a pair of escapes such as \ud83d\ude80", text, half.start())
    return value


def parse_foreign_json(data: bytes | str, *, numbers_as_text: bool = False) -> Any:
    """The JSON data that another program sent; raises ValueError or RecursionError.

    Halves of surrogate pairs are joined where they meet; each other one becomes U+FFFD.
    """
    kept: dict[str, Any] = dict.fromkeys(("parse_float", "parse_int", "parse_constant"), str) if numbers_as_text else {}
    text = data if isinstance(data, str) else data.decode(json.detect_encoding(data), "surrogatepass")
    value = json.loads(text, **kept)
    return _whole(value) if _may_hold_halves(text) else value


def whole_text(text: str) -> str:
    """The text with U+FFFD in place of each half of a surrogate pair."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _may_hold_halves(text: str) -> bool:
    """Most texts are ASCII without such an escape; to find that out takes a hundredth of the time of the search."""
    return ("\\u" in text or not text.isascii()) and _ESCAPE.search(text) is not None


def _whole(value: Any) -> Any:
    match value:
        case str():
            return whole_text(value)
        case list():
            return [_whole(item) for item in value]
        case dict():
            return {whole_text(name): _whole(item) for name, item in value.items()}
        case _:
            return value


def _refuse(name: str) -> None:
    raise ValueError(f"the number {name} has no form in JSON")

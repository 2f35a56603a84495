"""Reads JSON that others write, as the services' own programs do: half of a surrogate pair becomes U+FFFD."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final

_HALF: Final = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")


def read_unicode_json(data: bytes | str, *, constant: Callable[[str], Any] | None = None) -> Any:
    """The JSON data; `constant` handles NaN and the like. Raises ValueError, or RecursionError.

    UTF-8 has no form of half of a pair, so a text with one could be neither kept nor sent.
    """
    text = data if isinstance(data, str) else data.decode("utf-8")
    value = json.loads(text, parse_constant=constant)
    return _whole(value) if _may_hold_halves(text) else value


def _may_hold_halves(text: str) -> bool:
    """Most texts are ASCII without such an escape; to find that out takes a hundredth of the time of the search."""
    return ("\\u" in text or not text.isascii()) and _HALF.search(text) is not None


def _whole(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        case list():
            return [_whole(item) for item in value]
        case dict():
            return {_whole(name): _whole(item) for name, item in value.items()}
        case _:
            return value

"""The commonest errors of a batch: what its requests failed with, and how many with each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

from novita_infra.api.json_values import int_of, object_of, text_of

MOST_SHOWN: Final = 5
"""The errors that are shown; the others are counted."""
_MOST_KEPT: Final = 1000
"""The different errors that are counted apart; those that come later are counted together."""
_LONGEST: Final = 200
"""The characters of an error that are shown."""


class CommonErrors:
    """Counts the errors of results."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._others = 0

    def add(self, result: Mapping[str, Any]) -> None:
        """Adds the error of a result that is no answer."""
        text = _error_in(result)
        if text in self._counts or len(self._counts) < _MOST_KEPT:
            self._counts[text] += 1
        else:
            self._others += 1

    def lines(self, redacted: Callable[[str], str]) -> tuple[str, ...]:
        """`3 x INVALID_REQUEST_BODY: ...` for each of the commonest, then how many others there are."""
        common = sorted(self._counts.items(), key=lambda item: (-item[1], item[0]))
        shown = [f"{count:,} x {redacted(text)}" for text, count in common[:MOST_SHOWN]]
        left = sum(count for _, count in common[MOST_SHOWN:]) + self._others
        return (*shown, *([f"{left:,} x other errors"] if left else []))


def _error_in(result: Mapping[str, Any]) -> str:
    """The code and the message, as far as the result has them: in `error`, else in the body of the response."""
    response = object_of(result.get("response"))
    error = result.get("error")
    found = object_of(error) or object_of(response.get("body"))
    found = object_of(found.get("error")) or found
    code = text_of(found.get("reason")) or text_of(found.get("code"))
    text = ": ".join(filter(None, (code, text_of(found.get("message")) or text_of(error))))
    text = text or f"status {int_of(response.get('status_code')) or 'unknown'}, without a message"
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"

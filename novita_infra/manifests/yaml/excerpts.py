"""What a message may show of a file: the text of its public places, with `********` for all that may hold a secret.

Excerpts ask here, and so do the messages of the parser, of the schemas and of the language before they quote a file.
The scanner and its patterns are imported for the first message: valid manifests need none of them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from novita_infra.model.addresses import Origin

_MASK: Final = "*" * 8
_SHORTENED: Final = (57, 20)
"""Characters that messages quote of a longer text."""
_LEAST: Final = 6
"""Characters below which a text that may be secret is not looked for in messages: it may be an ordinary word."""


class PublicText:
    """The text of a file, and which of it is public."""

    def __init__(self, text: str, *, sound: bool = False) -> None:
        from novita_infra.manifests.yaml.secret_places import SecretPlaces  # noqa: PLC0415 -- see the module's docstring
        from novita_infra.schema.public_places import known_words, public_places  # noqa: PLC0415 -- likewise

        self._text = text
        self._starts = _starts_of_lines(text)
        self._spans = sorted(SecretPlaces(text, public_places(sound=sound), sound=sound).spans)
        self._words = known_words()

    def line(self, number: int, *, column: int, hidden: Iterable[int] = ()) -> tuple[str, int] | None:
        """A line without secrets, and the place of the column in it; None without such a line.

        Lines and columns count from 0; `hidden` are the columns of other values that are known to be secret.
        """
        if not 0 <= number < len(self._starts):
            return None
        start = self._starts[number]
        end = self._starts[number + 1] - 1 if number + 1 < len(self._starts) else len(self._text)
        text = self._text[start:end]
        spans = [(max(first, start) - start, min(last, end) - start) for first, last in self._within(start, end)]
        spans += [(place, len(text)) for place in hidden if place < len(text) and not _covers(spans, place)]
        return _masked(text, sorted(spans), column)

    def lines(self) -> list[str]:
        """Every line without secrets and without its line end; the last one may be empty."""
        shown = (self.line(number, column=0) for number in range(len(self._starts)))
        return [item[0] for item in shown if item is not None]

    def shows(self, line: int, column: int) -> bool:
        """Whether the text at a place is public; line and column count from 1."""
        if not 0 < line <= len(self._starts):
            return False
        place = self._starts[line - 1] + column - 1
        return not any(first <= place < last for first, last in self._within(place, place + 1))

    def quotes(self, value: str, line: int, column: int) -> bool:
        """Whether an excerpt of the line shows the value that stands at a place."""
        shown = self.line(line - 1, column=column - 1)
        return shown is not None and self.shows(line, column) and value in shown[0][shown[1] :]

    def secrets_from(self, line: int, *, lines: int) -> tuple[str, ...]:
        """The texts at secret places of some lines that are no ordinary words, the longest first.

        Also as messages shorten them.
        """
        if not 0 < line <= len(self._starts):
            return ()
        end = self._starts[line - 1 + lines] if line - 1 + lines < len(self._starts) else len(self._text)
        spans = self._within(self._starts[line - 1], end)
        texts = {self._text[first:last].strip("\"' ") for first, last in spans}
        texts |= {text[:size] for text in texts for size in _SHORTENED}
        texts -= self._words
        odd = (text for text in texts if len(text) >= _LEAST and not (text.isalpha() and text.islower()))
        return tuple(sorted(odd, key=lambda text: (-len(text), text)))

    def _within(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """The secret spans that touch a span."""
        at = max(0, bisect_right(self._spans, (start, start)) - 1)
        while at < len(self._spans) and self._spans[at][0] < end:
            if self._spans[at][1] > start:
                yield self._spans[at]
            at += 1


@lru_cache(maxsize=8)  # a file with many errors is read once
def public_text(text: str, *, sound: bool = False) -> PublicText:
    """What is public of a text; more of one without a mistake, where every value is at its place."""
    return PublicText(text, sound=sound)


def quotable(value: str, text: str, place: Origin) -> str | None:
    """The value as a message may quote it; None if the file does not show it at that place."""
    from novita_infra.api.credentials import without_credentials  # noqa: PLC0415 -- see the module's docstring

    return without_credentials(value) if public_text(text).quotes(value, place.line, place.column) else None


def _starts_of_lines(text: str) -> list[int]:
    starts, at = [0], text.find("\n")
    while at >= 0:
        starts.append(at + 1)
        at = text.find("\n", at + 1)
    return starts


def _covers(spans: Iterable[tuple[int, int]], place: int) -> bool:
    return any(first <= place < last for first, last in spans)


def _masked(text: str, spans: Iterable[tuple[int, int]], column: int) -> tuple[str, int]:
    shown, done, now = "", 0, column
    for first, end in spans:
        start = max(first, done)
        if end <= start:
            continue
        if column >= end:
            now += len(_MASK) - (end - start)
        elif column > start:
            now -= column - start
        shown += text[done:start] + _MASK
        done = end
    return shown + text[done:], now

"""Reads JSON files by the rules of JSON, to the same documents and positions as YAML."""

from __future__ import annotations

import json
import re
import sys
from bisect import bisect_right
from typing import Any, Final

from novita_infra.manifests.yaml.composing import DEEPEST, TOO_DEEP, Document, ParsedFile, StopReading
from novita_infra.manifests.yaml.excerpts import public_text
from novita_infra.manifests.yaml.positions import Position
from novita_infra.manifests.yaml.scalars import number
from novita_infra.manifests.yaml.stand_ins import HALF, HALF_HINT
from novita_infra.model.addresses import Origin
from novita_infra.model.diagnostics import Diagnostic

_TOKEN: Final = re.compile(
    r"""[ \t\n]*(?:(?P<mark>[{}\[\],:])|(?P<text>"(?:[^"\\\n]|\\[^\n])*")|(?P<word>[^\s{}\[\],:"]+)|(?P<open>")|\Z)"""
)
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_CONSTANTS: Final = {"true": True, "false": False, "null": None}
_NONE: Final = (-1, -1)
_OPEN_OBJECT: Final = 'the object opened with "{" is not closed'
_OPEN_LIST: Final = 'the list opened with "[" is not closed'


def read_json_text(text: str, file: str) -> ParsedFile:
    """Parses the one document of a text without carriage returns. A text of blanks has none. Never raises."""
    parsed = ParsedFile(text=text)
    reader = _Reader(text, file, parsed)
    try:
        reader.document()
    except StopReading as stop:
        parsed.diagnostics.append(stop.diagnostic)
        parsed.torn = True
    return parsed


class _Reader:
    """Reads the tokens of a text from the left."""

    def __init__(self, text: str, file: str, parsed: ParsedFile) -> None:
        self._text = text
        self._file = file
        self._parsed = parsed
        self._lines = [0, *(match.end() for match in re.finditer("\n", text))]
        self._expressions = False
        self._at = 0
        """The index of the current token."""
        self._kind: str | None = None
        """`mark`, `text`, `word`, `open` for a quote that is not closed, None for the end."""
        self._piece = ""
        self._end = 0

    def document(self) -> None:
        self._next()
        if self._kind is None:
            return
        data, position = self._value(_NONE, 0)
        if self._piece:
            raise self._stop("text follows after the end of the document", "a JSON file holds one value")
        if data is not None:
            self._parsed.documents.append(Document(self._file, data, position, self._expressions))

    def _next(self) -> None:
        match = _TOKEN.match(self._text, self._end)
        if match is None:  # a blank that JSON does not know
            self._at, self._kind, self._piece = self._end, "word", self._text[self._end]
            return
        self._kind = match.lastgroup
        self._piece = match[self._kind] if self._kind else ""
        self._at, self._end = match.start(self._kind) if self._kind else match.end(), match.end()
        if self._kind == "word" and self._piece.startswith(("#", "//", "/*")):
            raise self._stop("JSON has no comments", "remove it, or name the file .yaml")

    def _value(self, key: tuple[int, int], depth: int) -> tuple[Any, Position]:
        """The value that begins with the token. `key` is the place of its key, (-1, -1) if none."""
        line, column = self._place(self._at)
        data: Any
        inner: Any = None
        if self._piece in {"{", "["} and self._kind == "mark":
            if depth >= DEEPEST:
                raise self._stop(TOO_DEEP)
            data, inner = self._object(depth) if self._piece == "{" else self._array(depth)
        elif self._kind == "text":
            data = self._string()
            self._expressions = self._expressions or "${" in data
        else:
            data = self._word()
        return data, (self._file, line, column, *(key if key != _NONE else (line, column)), inner)

    def _object(self, depth: int) -> tuple[dict[str, Any], dict[str, Position]]:
        data: dict[str, Any] = {}
        positions: dict[str, Position] = {}
        begin = self._at
        self._next()
        while not self._is("}"):
            if data or positions:
                self._expect(",", begin, _OPEN_OBJECT, 'add a "}", or a comma between entries')
            if self._kind != "text":
                raise self._missing(begin, "a key in double quotes", _OPEN_OBJECT)
            place = self._place(self._at)
            name = sys.intern(self._string())
            self._expect(":", begin, "a colon and a value must follow a key", "")
            value, position = self._value(place, depth + 1)
            if name in positions:
                self._duplicate(name, place, positions[name])
            else:
                data[name], positions[name] = value, position
        self._next()
        return data, positions

    def _array(self, depth: int) -> tuple[list[Any], list[Position]]:
        data: list[Any] = []
        positions: list[Position] = []
        begin = self._at
        self._next()
        while not self._is("]"):
            if data:
                self._expect(",", begin, _OPEN_LIST, 'add a "]", or a comma between items')
            value, position = self._value(_NONE, depth + 1)
            data.append(value)
            positions.append(position)
        self._next()
        return data, positions

    def _is(self, mark: str) -> bool:
        return self._kind == "mark" and self._piece == mark

    def _expect(self, mark: str, begin: int, summary: str, hint: str) -> None:
        """Reads on after the mark. At the end of the text the error is where the value begins."""
        if not self._is(mark):
            raise self._stop(summary, hint, at=begin if self._kind is None else self._at)
        self._next()

    def _string(self) -> str:
        """The text of the token, which is in double quotes."""
        at, token = self._at, self._piece
        try:
            text: str = json.loads(token)
        except ValueError as error:
            at += max(0, getattr(error, "pos", 0))
            if "control character" in str(error):
                summary, hint = "a tab or another control character stands in quotes", r"write it as \t or \u00.."
            else:
                summary, hint = "unknown escape after the backslash", "double the backslash"
            raise self._stop(summary, hint, at=at) from None
        if r"\u" in token and any("\ud800" <= mark <= "\udfff" for mark in text):
            raise self._stop(HALF, HALF_HINT)
        self._next()
        return text

    def _word(self) -> Any:
        """A number or a constant."""
        if self._kind != "word":
            raise self._missing(self._at, "a value", "the file ends before its value does")
        word = self._piece
        if word in _CONSTANTS:
            self._next()
            return _CONSTANTS[word]
        if _NUMBER.fullmatch(word):
            try:
                value = number(word)
            except ValueError as error:
                raise self._stop(
                    f"{self._shown('number')} {error}", "if it is meant as text, write it in quotes"
                ) from None
            self._next()
            return value
        hint = "a text needs double quotes; other values are numbers, true, false and null"
        raise self._stop(f"{self._shown('word')} is no JSON value", hint)

    def _missing(self, begin: int, wanted: str, unclosed: str) -> StopReading:
        """The error where something else stands than what is wanted."""
        if self._kind is None:
            return self._stop(unclosed, "the file ends here", at=begin)
        if self._kind == "open":
            return self._stop("the quotes opened here are not closed", "close them in the same line")
        if self._kind == "mark" and self._piece in "]}":
            return self._stop(f"{wanted} is missing here", "remove the comma before it")
        return self._stop(f"{wanted} is wanted here")

    def _shown(self, what: str) -> str:
        """The word if a message may quote it."""
        line, column = self._place(self._at)
        is_short = len(self._piece) <= 40
        return self._piece if is_short and public_text(self._text).shows(line, column) else f"this {what}"

    def _duplicate(self, name: str, place: tuple[int, int], earlier: Position) -> None:
        key = f'the key "{name}"' if public_text(self._text).shows(*place) else "this key"
        hint = f"the first is in line {earlier[3]}, column {earlier[4]}; keep one of them"
        self._parsed.diagnostics.append(
            Diagnostic(f"{key} stands twice in the same object", hint, origin=Origin(self._file, *place))
        )

    def _stop(self, summary: str, hint: str = "", *, at: int | None = None) -> StopReading:
        return StopReading(
            Diagnostic(summary, hint, origin=Origin(self._file, *self._place(self._at if at is None else at)))
        )

    def _place(self, index: int) -> tuple[int, int]:
        """Line and column, from 1."""
        line = bisect_right(self._lines, index)
        return line, index - self._lines[line - 1] + 1

"""Composes libyaml's events to plain data by the rules of YAML 1.2, with the file, line and column of every value."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import field
from typing import Any, Final

import yaml
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
    StreamStartEvent,
)

from novita_infra.manifests.yaml.excerpts import public_text
from novita_infra.manifests.yaml.positions import Position, count
from novita_infra.manifests.yaml.scalars import BEGINS_1_1, CONSTANTS, NUMERIC, number, reading_in_yaml_1_1
from novita_infra.manifests.yaml.stand_ins import HALF, HALF_HINT
from novita_infra.model.addresses import Origin
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.model.frozen import dataclass

DEEPEST: Final = 64
"""The deepest nesting. A manifest needs about ten levels."""
MOST_BY_ALIAS: Final = 10_000
"""The most values that the aliases of one document may repeat, so that a few lines cannot become a billion values."""
TOO_DEEP: Final = f"values are nested more than {DEEPEST} deep"
_PARSER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # SafeLoader is slow, but exists everywhere
_STANDARD: Final = "tag:yaml.org,2002:"
_TAGS: Final = frozenset(_STANDARD + name for name in ("binary", "omap", "pairs", "set", "timestamp"))
_MERGE: Final = "<<"


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a file."""

    file: str
    data: Any
    """Mappings are dicts with string keys, lists are lists; the rest is str, int, float, bool or None."""
    position: Position
    expressions: bool
    """Whether any string contains `${`."""


@dataclass(slots=True)
class ParsedFile:
    """The documents of a file, and its diagnostics."""

    documents: list[Document] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    torn: bool = False
    """Whether a part could not be read, so that documents may be missing."""
    text: str = ""
    read_otherwise: list[tuple[Origin, str]] = field(default_factory=list)
    """The unquoted texts that YAML 1.1 reads as something else, with their places."""


class StopReading(Exception):
    """Raised to stop reading a document."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.summary)
        self.diagnostic = diagnostic


class Composer:
    """Composes the events of a stream to documents."""

    def __init__(self, text: str, file: str, first: int, parsed: ParsedFile, *, parser: Any = _PARSER) -> None:
        self._file = file
        self._first = first + 1
        self._reading = parsed
        self._next: Any = parser(text).get_event
        self._anchors: dict[str, tuple[Any, Position] | None] = {}
        self._by_alias = 0
        self._expressions = False
        self.began = 0
        """The first line of the current document, counted from 0."""
        self.quoted: Callable[[str, int, int], str] | None = None
        """Turns the value of a quoted scalar into the written one, where a text has stand-ins."""
        self.joined: Callable[[str], str] | None = None
        """Joins the surrogate pairs of a scalar, where a text has escapes of them."""

    def run(self) -> None:
        event: Any = self._next()
        while event is not None and type(event) is not StreamEndEvent:
            kind = type(event)
            if kind is DocumentStartEvent:
                self.began = event.start_mark.line
                self._anchors, self._by_alias, self._expressions = {}, 0, False
            elif kind not in (StreamStartEvent, DocumentEndEvent):
                self._document(event)
            event = self._next()

    def _document(self, event: Any) -> None:
        data, position = self._value(event, (-1, -1), 0)
        if data is not None:
            self._reading.documents.append(Document(self._file, data, position, self._expressions))

    def _value(self, event: Any, key: tuple[int, int], depth: int) -> tuple[Any, Position]:
        """Returns the value that begins with the event, and its position.

        `key` is the place of its key, (-1, -1) if none.
        """
        mark = event.start_mark
        line, column = mark.line + self._first, mark.column + 1
        key_line, key_column = key if key[0] >= 0 else (line, column)
        kind = type(event)
        data: Any
        inner: Any = None
        if kind is AliasEvent:
            data, inner = self._alias(event)
            return data, (self._file, line, column, key_line, key_column, inner)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        if kind is ScalarEvent:
            data = self._scalar(event)
            unquoted = data.__class__ is str and event.implicit[0] and event.tag is None
            if unquoted and data[:1] in BEGINS_1_1 and reading_in_yaml_1_1(data):
                self._reading.read_otherwise.append((Origin(self._file, line, column), data))
        else:
            if depth >= DEEPEST:
                raise StopReading(self._diagnostic(event, TOO_DEEP))
            if event.tag is not None and event.tag not in (
                "!",
                _STANDARD + ("map" if kind is MappingStartEvent else "seq"),
            ):
                self._tag_refused(event)
            data, inner = self._mapping(depth) if kind is MappingStartEvent else self._sequence(depth)
        position: Position = (self._file, line, column, key_line, key_column, inner)
        if event.anchor is not None:
            self._anchors[event.anchor] = (data, position)
        return data, position

    def _mapping(self, depth: int) -> tuple[dict[str, Any], dict[str, Position]]:
        data: dict[str, Any] = {}
        positions: dict[str, Position] = {}
        merged: list[tuple[dict[str, Any], dict[str, Position]]] = []
        duplicates: set[str] = set()
        following = self._next
        while True:
            event = following()
            if type(event) is MappingEndEvent:
                break
            mark = event.start_mark
            place = (mark.line + self._first, mark.column + 1)
            name = self._key(event, depth)
            value, position = self._value(following(), place, depth + 1)
            if name is None:
                continue
            if name == _MERGE and event.implicit[0]:
                merged.extend(self._merge(value, position))
            elif name in data:
                if depth or "apiVersion" not in duplicates:
                    self._duplicate(name, position, positions[name], root=not depth)
                duplicates.add(name)
            else:
                data[name] = value
                positions[name] = position
        for values, places in merged:
            for name, value in values.items():
                if name not in data:
                    data[name] = value
                    positions[name] = places[name]
        return data, positions

    def _sequence(self, depth: int) -> tuple[list[Any], list[Position]]:
        data: list[Any] = []
        positions: list[Position] = []
        following = self._next
        while True:
            event = following()
            if type(event) is SequenceEndEvent:
                return data, positions
            value, position = self._value(event, (-1, -1), depth + 1)
            data.append(value)
            positions.append(position)

    def _key(self, event: Any, depth: int) -> str | None:
        """Returns the key as text. If it is no text, adds a diagnostic and returns None."""
        if type(event) is ScalarEvent:
            value = self._scalar(event)
            if isinstance(value, str):
                return sys.intern(value)
            if not self._is_public(event):
                self._say(event, "this key is not a string", f"write it in quotes{_thousands(event.value)}")
                return None
            written = event.value or "(nothing)"
            hint = f'write it in quotes: "{event.value}"'
            self._say(event, f"the key {written} is not a string", f"{hint}{_thousands(event.value)}")
            return None
        value, _ = self._value(event, (-1, -1), depth + 1)
        if isinstance(value, str):
            return value
        shape = "a list" if isinstance(value, list) else "a mapping" if isinstance(value, dict) else "no string"
        hint = (
            "a key is a string; an expression such as ${var.x} needs quotes"
            if isinstance(value, dict)
            else "a key is a string"
        )
        self._say(event, f"{shape} stands where a key is wanted", hint)
        return None

    def _scalar(self, event: Any) -> Any:
        text = event.value
        if self.quoted is not None and event.style in ("'", '"'):
            text = self.quoted(text, event.start_mark.index, event.end_mark.index)
        if self.joined is not None:
            try:
                text = self.joined(text)
            except ValueError:
                self._say(event, HALF, HALF_HINT)
        plain = event.implicit[0]
        if event.tag is not None:
            plain = self._is_plain_by_tag(event)
        if not plain:
            if "${" in text:
                self._expressions = True
            return text
        if text in CONSTANTS:
            return CONSTANTS[text]
        if text[0] in NUMERIC:
            try:
                found = number(text)
            except ValueError as error:
                shown = text if len(text) <= 40 else f"{text[:20]}...({len(text)} characters)"
                shown = shown if self._is_public(event) else "this number"
                self._say(event, f"{shown} {error}", "if it is meant as text, write it in quotes")
                return text
            return text if found is None else found
        if "${" in text:
            self._expressions = True
        return text

    def _is_plain_by_tag(self, event: Any) -> bool:
        """Returns whether a tagged scalar is read like an unquoted word."""
        if event.tag in ("!", _STANDARD + "str"):
            return False
        if event.tag not in {_STANDARD + name for name in ("int", "float", "bool", "null")}:
            self._tag_refused(event)
        return True

    def _alias(self, event: Any) -> tuple[Any, Any]:
        found = self._anchors.get(event.anchor)
        if found is None:
            known, public = event.anchor in self._anchors, self._is_public(event)
            name, anchor = (f"the alias *{event.anchor}", f"&{event.anchor}") if public else ("this alias", "&...")
            if known:
                summary, hint = f"{name} stands inside the very value that it names", "write the value out"
            else:
                summary = f"{name} names no anchor above it"
                hint = f'mark a value with {anchor}, or write "*..." in quotes'
            raise StopReading(self._diagnostic(event, summary, hint))
        data, position = found
        self._by_alias += count(position, MOST_BY_ALIAS)
        if self._by_alias > MOST_BY_ALIAS:
            raise StopReading(
                self._diagnostic(
                    event,
                    f"aliases repeat more than {MOST_BY_ALIAS:,} values in this document",
                    "write them out, or repeat less",
                )
            )
        return data, position[5]

    def _merge(self, value: Any, position: Position) -> list[tuple[dict[str, Any], dict[str, Position]]]:
        sources = zip(value, position[5] or (), strict=False) if isinstance(value, list) else [(value, position)]
        found = [(item, place[5]) for item, place in sources if isinstance(item, dict) and isinstance(place[5], dict)]
        if len(found) != (len(value) if isinstance(value, list) else 1):
            where = Origin(position[0], position[1], position[2])
            self._reading.diagnostics.append(
                Diagnostic(
                    "only mappings can be merged by <<",
                    "give it an alias of a mapping, or a list of such",
                    origin=where,
                )
            )
        return found

    def _duplicate(self, name: str, position: Position, earlier: Position, *, root: bool) -> None:
        place = Origin(position[0], position[3], position[4])
        if root and name == "apiVersion":
            hint = "write a line --- before it"
            self._reading.diagnostics.append(Diagnostic("a second document begins here", hint, origin=place))
            return
        key = f'the key "{name}"' if self._shows(place) else "this key"
        hint = f"the first is in line {earlier[3]}, column {earlier[4]}; keep one of them"
        self._reading.diagnostics.append(Diagnostic(f"{key} stands twice in the same mapping", hint, origin=place))

    def _tag_refused(self, event: Any) -> None:
        tag = event.tag.replace(_STANDARD, "!!")
        shown = f"the tag {tag}" if event.tag in _TAGS or self._is_public(event) else "this tag"
        self._say(event, f"{shown} is not known", "leave tags out; text that begins with ! needs quotes")

    def _is_public(self, event: Any) -> bool:
        """Returns whether a message may quote what stands there."""
        return self._shows(Origin(self._file, event.start_mark.line + self._first, event.start_mark.column + 1))

    def _shows(self, place: Origin) -> bool:
        return public_text(self._reading.text).shows(place.line, place.column)

    def _say(self, event: Any, summary: str, hint: str = "") -> None:
        self._reading.diagnostics.append(self._diagnostic(event, summary, hint))

    def _diagnostic(self, event: Any, summary: str, hint: str = "") -> Diagnostic:
        mark = event.start_mark
        return Diagnostic(summary, hint, origin=Origin(self._file, mark.line + self._first, mark.column + 1))


def _thousands(key: str) -> str:
    """Returns the rest of a hint about a key that may be the end of a number with a comma, such as `1,000` in { }."""
    return "; in { } a comma ends a value, so 1,000 is written 1000" if len(key) == 3 and key.isdecimal() else ""

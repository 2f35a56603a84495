"""The data that a message explains, and what the message may show of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

from novita_infra.kinds.field import Field
from novita_infra.manifests.yaml.positions import Path, Position, key_origin_at, label_of, origin_at
from novita_infra.manifests.yaml.source_text import Sources
from novita_infra.manifests.yaml.stand_ins import PLAIN_OPENING
from novita_infra.model.frozen import dataclass
from novita_infra.model.printable import MOST_QUOTED, shortened


@dataclass(frozen=True, slots=True)
class Subject:
    """The data to explain, with its positions and its written form."""

    data: Any
    """The data after evaluation."""
    written: Any
    """The data as written in the file."""
    position: Position
    sources: Sources
    hidden: Callable[[Path], bool]
    """Returns whether the value at a path must not be shown."""
    fields: Mapping[str, Field] = field(default_factory=dict)
    """The fields of the kind, by name; none for the project file."""

    def shown(self, value: Any, path: Path) -> str:
        """Returns the value as a message shows it: only its type where the file does not show it at that place."""
        if isinstance(value, (bool, list, dict)) or value is None:
            return quoted_value(value)
        if self.hidden(path):
            return kind_of(value)
        if self.is_computed(path):
            return quoted_value(value.replace(PLAIN_OPENING, "${") if isinstance(value, str) else value)
        quoted = self.sources.quotable(str(value), origin_at(self.position, path))
        return (
            kind_of(value) if quoted is None else quoted_value(type(value)(quoted) if isinstance(value, str) else value)
        )

    def quotes(self, value: Any, path: Path) -> bool:
        """Returns whether a message may quote a single value as it is."""
        return not isinstance(value, (dict, list)) and self.shown(value, path) == quoted_value(value)

    def is_computed(self, path: Path) -> bool:
        """Returns whether the value differs from its text in the file, because that holds an expression."""
        written = value_at(self.written, path)
        return isinstance(written, str) and "${" in written and written != value_at(self.data, path)

    def shown_key(self, name: Any, path: Path) -> str:
        """Returns a key as a message shows it."""
        return quoted_value(name) if self.shows_key(path) else "this"

    def shows_key(self, path: Path) -> bool:
        """Returns whether the key at the path may be shown."""
        return self.sources.shows(key_origin_at(self.position, path))

    def label(self, path: Path) -> str:
        """Returns the path as users write it, with `*` for each key that may be part of a secret."""
        parts = [
            "*" if isinstance(part, str) and not self.shows_key(path[: index + 1]) else part
            for index, part in enumerate(path)
        ]
        return label_of(tuple(parts))


def value_at(data: Any, path: Path) -> Any:
    """Returns the value at a path; None if there is none."""
    for part in path:
        match data, part:
            case dict(), str() if part in data:
                data = data[part]
            case list(), int() if part < len(data):
                data = data[part]
            case _:
                return None
    return data


def kind_of(value: Any) -> str:
    """Returns the type of a value that must not be shown."""
    if isinstance(value, bool):
        return "a bare true or false"
    names = {str: "a text", int: "a number", float: "a number", list: "a list", dict: "a map"}
    return names.get(type(value), "this value")


def quoted_value(value: Any) -> str:
    """Returns a public value as messages show it, shortened."""
    match value:
        case bool():
            return "true" if value else "false"
        case None:
            return "nothing"
        case str():
            return '"' + shortened(value).replace("\n", "\\n") + '"'
        case list():
            return "a list"
        case dict():
            return "a map"
        case _:
            return str(value) if len(str(value)) <= MOST_QUOTED else "a long number"

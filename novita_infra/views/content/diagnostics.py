"""The files of diagnostics: their names, and the line that each is about without its secrets."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from novita_infra.encoding.files import read_file
from novita_infra.manifests.project.discovery import folder_for_messages
from novita_infra.manifests.yaml.decoding import LARGEST
from novita_infra.manifests.yaml.excerpts import public_text
from novita_infra.model.addresses import Origin
from novita_infra.model.diagnostics import Diagnostic

Sources: TypeAlias = Callable[[str], str | None]
"""From the file name of an origin to its text; None where it cannot be read."""

_WIDTH: Final = 100


class ValidationContent(NamedTuple):
    """The outcome of `validate`."""

    diagnostics: tuple[Diagnostic, ...]
    resources: int | None
    """The number of resources in the first environment; None for invalid manifests."""
    environments: tuple[str, ...] = ()
    """The environments that were checked, the chosen one first; empty where the project declares none."""
    found_in: tuple[tuple[str, ...], ...] = ()
    """For each diagnostic, the environments that have it; empty where the project declares none."""


class FailureContent(NamedTuple):
    """The errors that ended a command without a result."""

    command: str
    diagnostics: tuple[Diagnostic, ...]


def excerpt(item: Diagnostic, sources: Sources) -> tuple[str, int] | None:
    """The line of its origin, cut to what is around its column, and the column in it from 0; None if unreadable."""
    text = sources(item.origin.file) if item.origin else None
    if text is None or item.origin is None or 0 in item.hidden:
        return None
    hidden = (column - 1 for column in item.hidden)
    found = (
        _data_line(text, item.origin)
        if item.data
        else public_text(text).line(item.origin.line - 1, column=item.origin.column - 1, hidden=hidden)
    )
    if found is None or not found[0].strip():
        return None
    shown = found[0]
    column = min(found[1], len(shown))
    start = max(0, column - _WIDTH // 2) if len(shown) > _WIDTH else 0
    return shown[start : start + _WIDTH].replace("\t", " "), column - start


def _data_line(text: str, place: Origin) -> tuple[str, int] | None:
    """The line of a file of data without credentials, and the column in it from 0; None without such a line."""
    from novita_infra.api.credentials import without_credentials  # noqa: PLC0415 -- few messages are about data

    lines = text.split("\n", place.line)
    return (without_credentials(lines[place.line - 1]), place.column - 1) if place.line <= len(lines) else None


def placed(diagnostics: Iterable[Diagnostic], folder: Path) -> tuple[Diagnostic, ...]:
    """The diagnostics with file names relative to the current folder. That of the project is `folder`, or above it."""
    items = tuple(diagnostics)
    root = folder_for_messages(folder) if any(item.origin for item in items) else folder
    return tuple(replace(item, origin=_placed(item.origin, root)) if item.origin else item for item in items)


def sources() -> Sources:
    """A reader of the files that diagnostics name. It reads each file once."""
    return cache(_read)


def _placed(origin: Origin, root: Path) -> Origin:
    """A file of variables is relative to the current folder already."""
    inside = root / origin.file
    return replace(origin, file=str(inside)) if inside.exists() else origin


def _read(name: str) -> str | None:
    try:
        text = read_file(Path(name), most=LARGEST).decode("utf-8-sig")
        return text.replace("\r\n", "\n").replace("\r", "\n")
    except (OSError, ValueError):
        return None

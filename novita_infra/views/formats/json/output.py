"""Where JSON goes: to stdout, whole or as the part that a query selects, or to a file."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeAlias

from novita_infra.encoding.json_text import parse_foreign_json
from novita_infra.model.diagnostics import Problems, naming_file, reason
from novita_infra.model.printable import printable
from novita_infra.views.formats.json.values import json_text
from novita_infra.views.json_query import selected

if TYPE_CHECKING:
    from novita_infra.views.renderer import Query

WriteJson: TypeAlias = Callable[[Any, int | None], None]
"""Writes one document: the data, and the indent of its text or None for one line."""


def whole_output(stream: TextIO) -> WriteJson:
    """Writes each document as it is."""

    def write(data: Any, indent: int | None) -> None:
        stream.write(json_text(data, indent=indent) + "\n")
        stream.flush()

    return write


class FileOutput:
    """A file to which documents are added."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._failed = False

    def write(self, data: Any, indent: int | None) -> None:
        """Adds a document. Raises OSError with the name of the file."""
        with naming_file(self._file), self._file.open("a", encoding="utf-8") as stream:
            whole_output(stream)(data, indent)

    def replace_by_errors(self, data: Any) -> None:
        """Writes the errors that end a command in the place of a result. A file that takes none is an error, too."""
        try:
            self._file.write_text(json_text(data, indent=2) + "\n", encoding="utf-8")
        except OSError as error:
            sys.stderr.write(f"{printable(str(self._file))}: {reason(error)}; the errors are not in it\n")

    def write_message(self, data: Any, indent: int | None) -> None:
        """Adds a message of a run, which goes on where the file takes no more; that is said once, on stderr."""
        if self._failed:
            return
        try:
            self.write(data, indent)
        except OSError as error:
            self._failed = True
            sys.stderr.write(f"{printable(str(self._file))}: {reason(error)}; the messages in it are not complete\n")


def queried_output(stream: TextIO, query: Query, *, lines: bool) -> WriteJson:
    """Writes what the JMESPath expression selects of each document.

    A plain query writes a text or number as it is, a list of those as one a line, and null as nothing.
    `lines` says that the documents are the messages of a run: those which it does not fit are left out.
    Raises Problems where it does not fit a result.
    """
    whole = whole_output(stream)

    def write(data: Any, indent: int | None) -> None:
        try:
            found = selected(query.expression, parse_foreign_json(json_text(data)))
        except Problems:
            if not lines:
                raise
            return
        if found is None and (lines or query.plain):
            return
        values = found if isinstance(found, list) else [found]
        if not query.plain or any(isinstance(value, (dict, list)) for value in values):
            whole(found, indent)
            return
        stream.writelines(f"{printable(value) if isinstance(value, str) else json_text(value)}\n" for value in values)
        stream.flush()

    return write

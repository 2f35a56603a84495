"""Where a command's words go: results to stdout, messages to stderr, each with colours only if it is a terminal."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, TextIO

from novita_infra.model.addresses import Origin
from novita_infra.model.clock import RealClock
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.views.content.diagnostics import Sources
from novita_infra.views.content.lines import Line, line
from novita_infra.views.json.ui import Messages
from novita_infra.views.text.diagnostics import diagnostic_lines
from novita_infra.views.text.terminal import write


@dataclass(frozen=True, slots=True)
class Console:
    """The two streams of a command. With `json`, nothing but JSON goes to stdout."""

    colours: bool = True
    json: bool = False
    root: Path = Path()
    """The project's folder, to which the files that diagnostics name are relative."""

    def show(self, lines: Iterable[Line]) -> None:
        """A result."""
        write(lines, sys.stdout, colour=self._coloured(sys.stdout))

    def show_json(self, value: Mapping[str, Any] | list[Any]) -> None:
        """A result as one JSON document."""
        sys.stdout.write(json.dumps(value, indent=2) + "\n")
        sys.stdout.flush()

    def show_text(self, text: str) -> None:
        """A result that is text already: a schema, a graph. Written as it is."""
        sys.stdout.write(text)
        sys.stdout.flush()

    def say(self, *lines: Line | str) -> None:
        """A message to the person; silent where a program reads."""
        if not self.json:
            told = (item if isinstance(item, Line) else line(item) for item in lines)
            write(told, sys.stderr, colour=self._coloured(sys.stderr))

    def tell(self, diagnostics: Iterable[Diagnostic]) -> None:
        """What is wrong: on stderr, or as messages of the machine-readable kind."""
        placed = self.placed(diagnostics)
        if self.json:
            self.messages().diagnostics(placed, sources())
        else:
            write(diagnostic_lines(placed, sources()), sys.stderr, colour=self._coloured(sys.stderr))

    def placed(self, diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
        """The diagnostics with their files named from where the person stands, not from the project's folder."""
        return tuple(replace(item, origin=self._placed(item.origin)) if item.origin else item for item in diagnostics)

    def messages(self) -> Messages:
        """The stream of machine-readable messages on stdout."""
        return Messages(sys.stdout, now=RealClock().now)

    @property
    def live(self) -> bool:
        """Whether progress may move about on stderr."""
        return not self.json and self._coloured(sys.stderr)

    def _coloured(self, stream: TextIO) -> bool:
        return self.colours and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and stream.isatty()

    def _placed(self, origin: Origin) -> Origin:
        """A file of variables is named from where the person stands already."""
        inside = self.root / origin.file
        return replace(origin, file=str(inside)) if inside.exists() else origin


def sources() -> Sources:
    """Reads the files that diagnostics name, each once."""
    return cache(_read)


def _read(name: str) -> str | None:
    try:
        return Path(name).read_text(encoding="utf-8-sig")
    except (OSError, ValueError):
        return None

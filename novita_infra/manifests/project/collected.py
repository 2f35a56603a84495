"""All that one load has told so far, without saying the same thing twice. It decides nothing and prints nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from novita_infra.model.addresses import Origin
from novita_infra.model.diagnostics import Diagnostic, Problems, Severity

_HIDDEN: Final = "(secret)"
_QUOTED: Final = 20
"""Characters that are quoted at least of a long value that cannot be read."""
_LEAST: Final = 4
"""Characters of a secret that are looked for in words: fewer stand in any."""


class Collected:
    """All that was found wrong. A place that one look complained of is not complained of again by a later one."""

    def __init__(self) -> None:
        self._diagnostics: list[Diagnostic] = []
        self.errors = 0
        self._places: set[Origin] = set()
        self._secrets: dict[Origin, str] = {}

    def hide(self, secrets: Mapping[Origin, str]) -> None:
        """Takes note of where secrets stand in clear, with their texts: no message and no line of them is to show."""
        self._secrets.update(secrets)

    def add(self, diagnostics: Sequence[Diagnostic]) -> None:
        new = [item for item in dict.fromkeys(diagnostics) if item.origin is None or item.origin not in self._places]
        self._diagnostics += new
        errors = [item for item in new if item.severity is Severity.ERROR]
        self.errors += len(errors)
        self._places.update(item.origin for item in errors if item.origin)

    def warnings(self) -> tuple[Diagnostic, ...]:
        """The warnings, sorted; raises Problems where there is more than warnings."""
        told = self._discreet(sorted(self._diagnostics, key=_by_place))
        errors = [item for item in told if item.severity is Severity.ERROR]
        if errors:
            raise Problems(errors)
        return tuple(told)

    def _discreet(self, diagnostics: Sequence[Diagnostic]) -> list[Diagnostic]:
        """The diagnostics, each with the columns of its line at which a secret begins."""
        columns: dict[tuple[str, int], list[int]] = defaultdict(list)
        for place in self._secrets:
            columns[place.file, place.line].append(place.column)
        return [self._one(item, columns) for item in diagnostics]

    def _one(self, item: Diagnostic, columns: Mapping[tuple[str, int], list[int]]) -> Diagnostic:
        place = item.origin
        if place is None or (place.file, place.line) not in columns:
            return item
        summary, hint = item.summary, item.hint
        text = self._secrets.get(place, "")
        for form in (text, text[:_QUOTED]) if len(text) >= _LEAST else ():  # what is told of its place may quote it
            summary, hint = summary.replace(form, _HIDDEN), hint.replace(form, _HIDDEN)
        return replace(item, summary=summary, hint=hint, hidden=(*item.hidden, *columns[place.file, place.line]))


def _by_place(item: Diagnostic) -> tuple[str, int, int, str]:
    place = item.origin
    return (place.file, place.line, place.column, item.summary) if place else ("", 0, 0, item.summary)

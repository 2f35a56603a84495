"""All that one load has told so far, without saying the same thing twice. It decides nothing and prints nothing."""

from __future__ import annotations

from collections.abc import Sequence

from novita_infra.diagnostics import Diagnostic, Problems, Severity
from novita_infra.resources import Origin


class Told:
    """All that was found wrong. A place that one look complained of is not complained of again by a later one."""

    def __init__(self) -> None:
        self._diagnostics: list[Diagnostic] = []
        self.errors = 0
        self._places: set[Origin] = set()

    def add(self, diagnostics: Sequence[Diagnostic]) -> None:
        new = [item for item in dict.fromkeys(diagnostics) if item.origin is None or item.origin not in self._places]
        self._diagnostics += new
        errors = [item for item in new if item.severity is Severity.ERROR]
        self.errors += len(errors)
        self._places.update(item.origin for item in errors if item.origin)

    def warnings(self) -> tuple[Diagnostic, ...]:
        """The warnings, sorted; raises Problems where there is more than warnings."""
        self._diagnostics.sort(key=_by_place)
        errors = [item for item in self._diagnostics if item.severity is Severity.ERROR]
        if errors:
            raise Problems(errors)
        return tuple(self._diagnostics)


def _by_place(item: Diagnostic) -> tuple[str, int, int, str]:
    place = item.origin
    return (place.file, place.line, place.column, item.summary) if place else ("", 0, 0, item.summary)

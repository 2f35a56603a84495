"""Collects the diagnostics of one load and removes duplicates. It decides nothing and prints nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from novita_infra.manifests.yaml.source_text import Sources
from novita_infra.model.addresses import Origin
from novita_infra.model.diagnostics import Diagnostic, Problems, Severity, first_of

_HIDDEN: Final = "(secret)"
_QUOTED: Final = 20
"""The least number of characters that a message quotes from an unreadable long value."""
_MOST_PLACES: Final = 20
"""The most places of one missing variable that a message names."""
_LEAST: Final = 4
"""The least length of a secret that is searched in messages. Shorter texts occur in ordinary words."""


class Collected:
    """The diagnostics of a load. A later error at the same place is dropped."""

    def __init__(self, *, lenient: bool = False) -> None:
        """`lenient` makes a warning of each variable and secret that is not set."""
        self.lenient = lenient
        self._diagnostics: dict[Diagnostic, None] = {}
        self.errors = 0
        self._places: set[Origin] = set()
        self._secrets: dict[Origin, str] = {}
        self.unasked: dict[str, Diagnostic] = {}
        """What is needed of sources that were not asked, by the name of the secret."""
        self.sources = Sources()
        """The texts of the files, which say what a message may quote."""

    def hide(self, secrets: Mapping[Origin, str]) -> None:
        """Remembers the places and texts of secrets in clear.

        No message quotes them, and no excerpt shows their lines.
        """
        self._secrets.update(secrets)

    def is_error(self, item: Diagnostic) -> bool:
        """Returns whether the diagnostic is an error of this load."""
        return item.severity is Severity.ERROR and not (item.unasked or (self.lenient and item.unset))

    def add(self, diagnostics: Sequence[Diagnostic]) -> None:
        if not diagnostics:
            return
        if self.lenient:
            diagnostics = [_not_compared(item) if item.unset else item for item in diagnostics]
        else:
            self.unasked |= {item.unset: item for item in diagnostics if item.unasked}
            diagnostics = [item for item in diagnostics if not item.unasked]
        found = (item for item in dict.fromkeys(diagnostics) if item not in self._diagnostics)  # two uses of a module
        new = [item for item in found if item.origin is None or item.origin not in self._places]
        self._diagnostics.update(dict.fromkeys(new))
        errors = [item for item in new if item.severity is Severity.ERROR]
        self.errors += len(errors)
        self._places.update(item.origin for item in errors if item.origin)

    def sifted(self, *groups: Sequence[Diagnostic]) -> list[Diagnostic]:
        """Returns the diagnostics without those at a place of which an earlier group has an error."""
        sifted: list[Diagnostic] = []
        places: set[Origin] = set()
        for group in filter(None, groups):
            sifted += [item for item in group if item.origin not in places]
            places.update(item.origin for item in group if item.origin and self.is_error(item))
        return sifted

    def warnings(self) -> tuple[Diagnostic, ...]:
        """Returns the warnings, sorted. Raises Problems if there are errors."""
        diagnostics = self._redacted(_once(sorted(self._diagnostics, key=_by_place)))
        errors = [item for item in diagnostics if item.severity is Severity.ERROR]
        if errors:
            raise Problems(errors)
        return tuple(diagnostics)

    def _redacted(self, diagnostics: Sequence[Diagnostic]) -> list[Diagnostic]:
        """Returns the diagnostics, each with the columns of its line at which secrets begin."""
        columns: dict[tuple[str, int], list[int]] = defaultdict(list)
        for place in self._secrets:
            columns[place.file, place.line].append(place.column)
        return [self._without_quotes(self._one(item, columns)) for item in diagnostics]

    def _without_quotes(self, item: Diagnostic) -> Diagnostic:
        """Returns the diagnostic without any text that stands at a secret place near its origin.

        Messages do not quote such a text. This holds for a message that was written without that in mind, too.
        """
        secrets = self.sources.secrets_near(item.origin) if item.origin else ()
        summary, hint = item.summary, item.hint
        for form in secrets:
            summary, hint = summary.replace(form, _HIDDEN), hint.replace(form, _HIDDEN)
        return item if (summary, hint) == (item.summary, item.hint) else replace(item, summary=summary, hint=hint)

    def _one(self, item: Diagnostic, columns: Mapping[tuple[str, int], list[int]]) -> Diagnostic:
        place = item.origin
        if place is None or (place.file, place.line) not in columns:
            return item
        summary, hint = item.summary, item.hint
        text = self._secrets.get(place, "")
        for form in (text, text[:_QUOTED]) if len(text) >= _LEAST else ():  # a message about this place may quote it
            summary, hint = summary.replace(form, _HIDDEN), hint.replace(form, _HIDDEN)
        return replace(item, summary=summary, hint=hint, hidden=(*item.hidden, *columns[place.file, place.line]))


def _not_compared(item: Diagnostic) -> Diagnostic:
    """Returns the warning about something that is not set."""
    summary = f"{item.summary}: what uses it is neither checked nor compared"
    return replace(item, summary=summary, severity=Severity.WARNING)


def _once(diagnostics: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Returns the diagnostics, one for each cause and each thing that is not set, with all the places that use it."""
    uses: dict[tuple[str, str], list[Diagnostic]] = {}
    for item in diagnostics:
        if item.unset or item.cause:
            uses.setdefault((item.unset or item.cause, item.summary), []).append(item)
    once = []
    for item in diagnostics:
        same = uses.get((item.unset or item.cause, item.summary), [item])
        if item is not same[0]:
            continue
        others = [str(use.origin) for use in same[1:] if use.origin]
        also = f"used at {first_of(others, _MOST_PLACES, more='more places')}, too" if others else ""
        once.append(replace(item, hint="; ".join(filter(None, (item.hint, also)))) if also else item)
    return once


def _by_place(item: Diagnostic) -> tuple[str, int, int, str]:
    place = item.origin
    return (place.file, place.line, place.column, item.summary) if place else ("", 0, 0, item.summary)

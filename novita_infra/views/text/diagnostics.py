"""Problems as text: the place, what is wrong, what to do, and the line of the manifest with a caret.

Compact first lines (`file:line:column: ...`) that editors and CI recognise. A value that looks like a secret is not
repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeAlias

from novita_infra.model.diagnostics import Diagnostic, Severity
from novita_infra.views.text.lines import Line, Tone, line
from novita_infra.views.text.redaction import redacted

Sources: TypeAlias = Callable[[str], str | None]
"""From the file name of an origin to its text; None where it cannot be read."""

_WIDTH: Final = 100


def diagnostic_lines(diagnostics: Iterable[Diagnostic], sources: Sources) -> Iterator[Line]:
    """All the diagnostics, and how many errors there are where there is more than one."""
    errors = 0
    for item in diagnostics:
        errors += item.severity is Severity.ERROR
        yield from _one(item, sources)
    if errors > 1:
        yield line(f"{errors} errors.")


def excerpt(item: Diagnostic, sources: Sources) -> tuple[str, int] | None:
    """The line of its origin, cut to what is around its column, and the column in it from 0; None if unreadable."""
    text = sources(item.origin.file) if item.origin else None
    if text is None or item.origin is None or 0 in item.hidden:
        return None
    hidden = (column - 1 for column in item.hidden)
    found = redacted(text, item.origin.line - 1, column=item.origin.column - 1, hidden=hidden)
    if found is None or not found[0].strip():
        return None
    shown = found[0]
    column = min(found[1], len(shown))
    start = max(0, column - _WIDTH // 2) if len(shown) > _WIDTH else 0
    return shown[start : start + _WIDTH].replace("\t", " "), column - start


def _one(item: Diagnostic, sources: Sources) -> Iterator[Line]:
    tone = Tone.BAD if item.severity is Severity.ERROR else Tone.CHANGE
    first, *rest = str(item).splitlines() or [""]
    yield line((f"{item.severity.value}: ", tone), first)
    for text in rest:
        yield line(f"  {text}")
    found = excerpt(item, sources)
    if found is None or item.origin is None:
        return
    text, column = found
    number = f"{item.origin.line:>6} | "
    yield line((number, Tone.FAINT), text)
    yield line((f"{' ' * (len(number) - 2)}| ", Tone.FAINT), " " * column, ("^", tone))

"""Problems as text: the place, what is wrong, what to do, and the line of the manifest with a caret.

Compact first lines (`file:line:column: ...`) that editors and CI recognise. A value that looks like a secret is not
repeated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from novita_infra.model.diagnostics import Diagnostic, Severity
from novita_infra.views.content.diagnostics import Sources, excerpt
from novita_infra.views.content.lines import Line, Tone, line, text_width


def diagnostic_lines(diagnostics: Iterable[Diagnostic], sources: Sources) -> Iterator[Line]:
    """All the diagnostics, and how many errors there are where there is more than one."""
    errors = 0
    for item in diagnostics:
        errors += item.severity is Severity.ERROR
        yield from _one(item, sources)
    if errors > 1:
        yield line(f"{errors} errors.")


def _one(item: Diagnostic, sources: Sources) -> Iterator[Line]:
    tone = Tone.BAD if item.severity is Severity.ERROR else Tone.CHANGE
    yield line((f"{item.severity.value}: ", tone), str(item))
    found = excerpt(item, sources)
    if found is None or item.origin is None:
        return
    text, column = found
    number = f"{item.origin.line:>6} | "
    yield line((number, Tone.FAINT), text)
    yield line((f"{' ' * (len(number) - 2)}| ", Tone.FAINT), " " * text_width(text[:column]), ("^", tone))

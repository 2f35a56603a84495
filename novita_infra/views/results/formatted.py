"""The files that `fmt` changes. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar, Final

from novita_infra.manifests.yaml.excerpts import public_text
from novita_infra.model.frozen import dataclass
from novita_infra.views.content.lines import Line, Tone, line
from novita_infra.views.content.listing import Listing, fact

_TONES: Final = {"+": Tone.GOOD, "-": Tone.BAD, "@": Tone.FAINT}


@dataclass(frozen=True, slots=True)
class FormattedRow:
    """A file that is not as `fmt` writes it."""

    file: str = fact("The file, relative to the folder of the project.", title="FILE")
    diff: tuple[str, ...] = fact("The lines of the difference with `--diff`, without secrets.")


@dataclass(frozen=True, slots=True)
class FormattedListing(Listing):
    """The files that `fmt` changed, or would change with `--check`, as `fmt --json` prints them."""

    name: ClassVar[str] = "fmt"
    row: ClassVar[type] = FormattedRow
    empty: ClassVar[str] = "Every file is formatted."

    rows: tuple[FormattedRow, ...]

    def lines(self) -> Iterator[Line]:
        """The name of each file, and its difference."""
        if not self.rows:
            yield line((self.empty, Tone.GOOD))
        for row in self.rows:
            yield line(row.file)
            yield from (line((text, _TONES.get(text[:1]))) for text in row.diff)


def formatted_listing(files: Iterable[tuple[str, str, str]], *, diff: bool) -> FormattedListing:
    """Returns the listing of files, each with its name, its text and the formatted text."""
    return FormattedListing(
        tuple(FormattedRow(name, tuple(_difference(before, after)) if diff else ()) for name, before, after in files)
    )


def _difference(before: str, after: str) -> Sequence[str]:
    """Returns the lines of the unified difference without its two heads, and without secrets."""
    old, new = (public_text(text.replace("\r\n", "\n"), sound=True).lines() for text in (before, after))
    return [*difflib.unified_diff(old, new, n=2, lineterm="")][2:]

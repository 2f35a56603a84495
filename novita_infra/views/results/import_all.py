"""The objects of an account that an import recorded, and those that it left out. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import ClassVar

from novita_infra.model.frozen import dataclass
from novita_infra.views.content.lines import Line, Tone, line
from novita_infra.views.content.listing import Listing, fact


@dataclass(frozen=True, slots=True)
class ImportedRow:
    """An object of the account."""

    type: str = fact("The type of the resource, as in an address.", title="KIND")
    id: str = fact("The id of the object.", title="ID")
    name: str = fact("The name of the object in the account.", title="NAME")
    address: str | None = fact("The address at which it is imported; null if it is left out.", title="ADDRESS")
    why: str = fact("The reason for which it is left out; empty if it is not.", title="LEFT OUT")


@dataclass(frozen=True, slots=True)
class ImportListing(Listing):
    """The objects of the account that no state recorded, as `import --all --json` prints them."""

    name: ClassVar[str] = "import_all"
    row: ClassVar[type] = ImportedRow
    empty: ClassVar[str] = "Nothing to import: a state records every object that was selected."

    rows: tuple[ImportedRow, ...]
    dry_run: bool = False

    def closing(self) -> Iterator[Line]:
        yield line()
        yield line((_sum(self.rows, dry_run=self.dry_run), Tone.STRONG))


def _sum(rows: tuple[ImportedRow, ...], *, dry_run: bool) -> str:
    """`Imported: 3 (2 instance, 1 vpc). Left out: 1.`"""
    counts = Counter(row.type for row in rows if row.address)
    kinds = ", ".join(f"{count:,} {type_}" for type_, count in counts.items())
    left_out = sum(row.address is None for row in rows)
    word = "To import" if dry_run else "Imported"
    text = f"{word}: {counts.total():,}{f' ({kinds})' if kinds else ''}."
    return f"{text} Left out: {left_out:,}." if left_out else text

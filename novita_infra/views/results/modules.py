"""The modules from git that the lock file pins. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from novita_infra.manifests.modules.git.lock_file import Pins
from novita_infra.manifests.validation.documents import LOCK_FILE
from novita_infra.model.frozen import dataclass
from novita_infra.views.content.lines import Line, line
from novita_infra.views.content.listing import Listing, cell, fact

_SHORT: Final = 10
"""The characters of a commit that a person reads."""


@dataclass(frozen=True, slots=True)
class PinnedRow:
    """A repository that modules come from."""

    source: str = fact("The repository with its ref, as the sources of modules name it.", title="SOURCE")
    commit: str = fact("The commit that it is pinned to.")
    commit_before: str | None = fact("The commit that it was pinned to before; null without a pin.")
    folders: tuple[str, ...] = fact("The folders of modules in it; empty text for the repository itself.")
    shown: str = cell("COMMIT")
    change: str = cell("BEFORE")


@dataclass(frozen=True, slots=True)
class PinListing(Listing):
    """The repositories that modules come from, as `modules update --json` prints them."""

    name: ClassVar[str] = "modules"
    row: ClassVar[type] = PinnedRow
    empty: ClassVar[str] = "No module comes from a git repository."

    rows: tuple[PinnedRow, ...]
    written: bool

    def closing(self) -> Iterator[Line]:
        """Whether the lock file is new."""
        yield line(f"{LOCK_FILE} is written: commit it." if self.written else f"{LOCK_FILE} is as before.")


def pin_listing(before: Pins, now: Pins) -> PinListing:
    """Returns the listing of new pins, with the commits that were pinned before."""
    rows = []
    for source, pin in sorted(now.items()):
        old = before[source].commit if source in before else None
        change = "new" if old is None else "the same" if old == pin.commit else old[:_SHORT]
        row = PinnedRow(
            source=source,
            commit=pin.commit,
            commit_before=old,
            folders=tuple(sorted(pin.digests)),
            shown=pin.commit[:_SHORT],
            change=change,
        )
        rows.append(row)
    return PinListing(tuple(rows), written=before != now)

"""The web terminals of machines. Pure; a password is shown only where a person asks for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from novita_infra.account.web_terminals import WebTerminal
from novita_infra.model.frozen import dataclass
from novita_infra.views.content.listing import Listing, cell, fact


@dataclass(frozen=True, slots=True)
class TerminalRow:
    """The web terminal of an instance."""

    title: str = cell("NAME")
    id: str = fact("The id of the instance.")
    address: str | None = fact("The address of the instance; null where no state has it.")
    enabled: bool = fact("Whether the terminal is on.", title="ON")
    url: str | None = fact("Where it is; null where it is off, or not up yet.", title="URL")
    username: str | None = fact("The name to log in with; null where there is none.", title="USER")
    password: str | None = fact("The password; null without `--credentials`, or where there is none.")
    shown: str = cell("PASSWORD")


@dataclass(frozen=True, slots=True)
class TerminalListing(Listing):
    """The web terminals of instances, as `instance web-terminal --json` prints them."""

    name: ClassVar[str] = "web_terminals"
    row: ClassVar[type] = TerminalRow
    empty: ClassVar[str] = "No instances."

    rows: tuple[TerminalRow, ...]


def terminal_listing(found: Iterable[tuple[str, str, str, WebTerminal]], *, credentials: bool) -> TerminalListing:
    """The terminals, each with the title, the id and the address of its instance."""
    return TerminalListing(
        tuple(
            TerminalRow(
                title=title,
                id=id,
                address=address or None,
                enabled=item.enabled,
                url=item.address or None,
                username=item.username or None,
                password=(item.password or None) if credentials else None,
                shown=(item.password if credentials else "(hidden)" if item.password else ""),
            )
            for title, id, address, item in found
        )
    )

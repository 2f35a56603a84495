"""The declared addresses, and the nearest right name for an unknown one. A fleet may have thousands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import nearest

MOST_LISTED: Final = 12
MOST_SEARCHED: Final = 100
"""The most wrong names for which a near one is searched. More have one cause, repeated."""


class KnownNames:
    """The declared addresses."""

    def __init__(self, addresses: Iterable[Address]) -> None:
        self._addresses = frozenset(addresses)
        self._hints: dict[Address, str] = {}

    def __contains__(self, address: Address) -> bool:
        return address in self._addresses

    def hint(self, address: Address) -> str:
        """Returns what to write instead of an undeclared address; empty if there is no suggestion."""
        if address not in self._hints and len(self._hints) < MOST_SEARCHED:
            names = [item.name for item in self._addresses if item.type == address.type]
            self._hints[address] = suggest(address.name, names) or f"no {address.type} is declared"
        return self._hints.get(address, "")


def suggest(word: str, known: Sequence[str]) -> str:
    """Returns the nearest known name, or all names if they are few."""
    found = nearest(word, known)
    return f"{len(known)} others are declared" if found.startswith("known:") and len(known) > MOST_LISTED else found

"""Errors of the resources of one document: each is reported once, with the keys that have it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from novita_infra.model.addresses import Address, Origin
from novita_infra.model.diagnostics import Diagnostic

MOST_FAULTY: Final = 20
"""The resources of one document of which the errors are explained. More have one cause, repeated."""
_MOST_SHOWN: Final = 5


def reported_once(
    found: Mapping[Address, Sequence[Diagnostic]], count: int, *, complete: bool = True
) -> list[Diagnostic]:
    """Returns the diagnostics of the resources of one document: of each place, those of the first one that has any.

    One that not all of the `count` resources have names the keys. `complete` tells whether all of them were examined.
    """
    having: dict[Diagnostic, list[Address]] = {}
    for address, diagnostics in found.items():
        for item in dict.fromkeys(diagnostics):
            having.setdefault(item, []).append(address)
    first: dict[Origin | None, Address] = {}
    reported = []
    for item, addresses in having.items():
        if item.origin is not None and first.setdefault(item.origin, addresses[0]) != addresses[0]:
            continue
        all_have_it = len(addresses) == (count if complete else len(found))
        reported.append(item if all_have_it else _naming(item, addresses, complete=complete))
    return reported


def _naming(item: Diagnostic, addresses: Sequence[Address], *, complete: bool) -> Diagnostic:
    names = [f'"{address.key}"' for address in addresses[:_MOST_SHOWN]]
    if not complete:
        names.append("others")
    elif len(addresses) > _MOST_SHOWN:
        names.append(f"{len(addresses) - _MOST_SHOWN} more")
    *before, last = names
    words = f"keys {', '.join(before)} and {last}" if before else f"key {last}"
    return replace(item, summary=f"{item.summary} ({words})")

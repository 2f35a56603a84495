"""What a command asks of a plan beside the manifests: what to leave out, what to make anew, what it may cost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from novita_infra.resources import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the command line says."""

    destroys: bool = False
    """All that is on record shall go."""
    targets: tuple[Address, ...] = ()
    """Only these, what they need, and what cannot stay without them. Empty for everything."""


def meant(address: Address, named: Iterable[Address]) -> bool:
    """Whether the address is one of those named; one without a key names every key of a `forEach`."""
    return any(address == one or (not one.key and replace(address, key="") == one) for one in named)

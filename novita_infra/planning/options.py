"""What a command asks of a plan beside the manifests: what to leave out, what to make anew, what it may cost."""

from __future__ import annotations

import enum
import functools
import re
from collections.abc import Collection
from dataclasses import dataclass, replace

from novita_infra.model.addresses import Address
from novita_infra.model.rules import Policy


class Refresh(enum.Enum):
    """What of the cloud is read for a plan."""

    ALL = "all"
    CHANGED = "changed"
    """Only the kinds of which a manifest differs from the books."""
    NONE = "none"
    """Nothing: the objects are believed to be as the books have them."""
    ONLY = "only"
    """Everything, and only to bring the books up to date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOptions:
    """What the command line says."""

    destroys: bool = False
    """All that is on record shall go."""
    targets: tuple[str, ...] = ()
    """Only these, what they need, and what cannot stay without them: addresses, or patterns of them, in which `*`
    stands for any characters. Empty for everything."""
    excludes: tuple[str, ...] = ()
    """Not these, nor what cannot be done without them; addresses or patterns."""
    replaces: tuple[str, ...] = ()
    """These are made anew, though they could stay; addresses or patterns."""
    allow_data_loss: tuple[str, ...] = ()
    """The resources whose data may be lost; addresses or patterns."""
    allow_large_change: bool = False
    """More may be deleted and replaced than the project's limit."""
    refresh: Refresh = Refresh.ALL
    """What is read."""
    runway: int = 60
    """Minutes that the balance must pay for what the plan adds."""
    policies: tuple[Policy, ...] = ()
    """Judges beside those of the project; their files are named from where the person stands."""


def is_selected(address: Address, named: Collection[str]) -> bool:
    """Whether the address is among those named, by itself or by a pattern; a name without a key is every key of it."""
    if not named:
        return False
    texts = (str(address), str(replace(address, key=""))) if address.key else (str(address),)
    return any(_fitting(pattern).fullmatch(text) for pattern in named for text in texts)


def is_pattern(text: str) -> bool:
    """Whether the text stands for any number of addresses."""
    return "*" in text


@functools.cache
def _fitting(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, pattern.split("*"))))

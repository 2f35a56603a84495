"""What a command asks of a plan beside the manifests: what to leave out, what to make anew, what it may cost."""

from __future__ import annotations

import enum
import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from novita_infra.resources import Address
from novita_infra.rules import Policy


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
class Asked:
    """What the command line says."""

    destroys: bool = False
    """All that is on record shall go."""
    targets: tuple[Address, ...] = ()
    """Only these, what they need, and what cannot stay without them. Empty for everything."""
    excludes: tuple[Address, ...] = ()
    """Not these, nor what cannot be done without them."""
    replaces: tuple[Address, ...] = ()
    """These are made anew, though they could stay."""
    allow_data_loss: tuple[str, ...] = ()
    """The addresses whose data may be lost; `*` stands for any characters."""
    allow_large_change: bool = False
    """More may be deleted and replaced than the project's limit."""
    refresh: Refresh = Refresh.ALL
    """What is read."""
    runway: int = 60
    """Minutes that the balance must pay for what the plan adds."""
    policies: tuple[Policy, ...] = ()
    """Judges beside those of the project; their files are named from where the person stands."""


def meant(address: Address, named: Iterable[Address]) -> bool:
    """Whether the address is one of those named; one without a key names every key of a `forEach`."""
    return any(address == one or (not one.key and replace(address, key="") == one) for one in named)


def allows(patterns: Iterable[str], address: Address) -> bool:
    """Whether one of the patterns fits the address; one without a key fits every key of a `forEach`."""
    texts = (str(address), str(replace(address, key="")))
    return any(_fitting(pattern).fullmatch(text) for pattern in patterns for text in texts)


def is_pattern(text: str) -> bool:
    """Whether the text stands for any number of addresses."""
    return "*" in text


@functools.cache
def _fitting(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, pattern.split("*"))))

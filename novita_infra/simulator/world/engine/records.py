"""What all records have, each flat and plain so that it is one row of JSON; and those of the world itself: what happens
in it, and where stock and prices are no longer as in the catalogue.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Ahead = list[tuple[float, str]]
"""What will happen to an object: the time (Unix seconds) and the event, the next one first."""
GONE = frozenset({"removed", "gone"})


@dataclass(slots=True, kw_only=True)
class Record:
    """Anything that has an id and a future."""

    id: str
    created: float = 0.0
    ahead: Ahead = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Happening(Record):
    """Something that a scenario lets happen, at a time or upon a call."""

    scenario: str
    act: dict[str, Any]
    upon: str = ""
    """A pattern over the operations whose success sets it off; empty where it comes at a time."""
    nth: int = 0
    """Which of those calls; 0 is each."""
    after: float = 0.0
    every: float = 0.0
    """Seconds between repetitions; 0 is once."""
    seen: int = 0
    told: list[str] = field(default_factory=list)
    """What was refused on the way."""


@dataclass(slots=True, kw_only=True)
class Stock(Record):
    """How many places of a product a cluster has, where that is no longer as in the catalogue; the id is
    `product@cluster`.
    """

    places: int


@dataclass(slots=True, kw_only=True)
class Price(Record):
    """What a product costs, where that is no longer as in the catalogue; the id is the product's."""

    price: int
    spot: int

"""The base of all records, and the records of the world itself: scenario events, changed stock, changed prices.

A record is flat and plain, so that it is one row of JSON in the account file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any, ClassVar, Final, Self

Ahead = list[tuple[float, str]]
"""What will happen to a record: the time (Unix seconds) and the event, the next one first."""


@dataclass(slots=True, kw_only=True)
class WorldRecord:
    """An object of the world: its id, and the events that will happen to it."""

    LABEL: ClassVar[str] = ""
    """The field with the name of the object; empty for records that clients do not create."""
    LOOKS: ClassVar[tuple[str, ...]] = ()
    """The fields that describe the object. Two with the same name and the same values here are duplicates."""
    RENAMED: ClassVar[str] = ""
    """The field that account files of version 0.1 hold under another name; empty if there is none."""

    id: str
    created: float = 0.0
    ahead: Ahead = field(default_factory=list)

    def values(self, names: Sequence[str]) -> dict[str, Any]:
        """The fields with these names as JSON values."""
        return {name: getattr(self, name) for name in names}

    @classmethod
    def of_values(cls, values: dict[str, Any]) -> Self:
        """The record from its JSON values. Raises ValueError, KeyError or TypeError for values of another record."""
        values["ahead"] = [(at, event) for at, event in values["ahead"]]
        if cls.RENAMED and cls.RENAMED not in values:
            for old in values.keys() - {field.name for field in fields(cls)}:
                values[cls.RENAMED] = values.pop(old)
        record = cls(**values)
        for name, types, items in _types(cls):  # type: ignore[arg-type]  # a class is hashable
            value = getattr(record, name)
            if type(value) not in types or (items and any(type(item) is not items for item in value)):
                raise ValueError(f"{name} is of another type")
        return record


_PLAIN: Final[dict[str, tuple[type, ...]]] = {"str": (str,), "int": (int,), "bool": (bool,), "float": (int, float)}
_ITEMS: Final[dict[str, type]] = {"str": str, "int": int, "dict": dict}


@cache
def _types(record: type[WorldRecord]) -> list[tuple[str, tuple[type, ...], type | None]]:
    """The fields with the types of their values, and the type of their items where they are lists."""
    types = []
    for item in fields(record):
        outer, _, inner = str(item.type).partition("[")
        holders: dict[str, tuple[type, ...]] = {"list": (list,), "Ahead": (list,), "dict": (dict, type(None))}
        items = _ITEMS.get(inner.partition("[")[0].rstrip("]")) if outer == "list" else None
        types.append((item.name, _PLAIN.get(outer) or holders[outer], items))
    return types


@dataclass(slots=True, kw_only=True)
class ScenarioEvent(WorldRecord):
    """An event of a scenario: it happens at a time, or when a call succeeds."""

    RENAMED: ClassVar[str] = "refusals"

    scenario: str
    act: dict[str, Any]
    upon: str = ""
    """A pattern over the operations whose success triggers the event; empty for an event at a time."""
    nth: int = 0
    """Which of those calls triggers it; 0 is each."""
    after: float = 0.0
    """Simulated seconds between the call and the event."""
    every: float = 0.0
    """Simulated seconds between repetitions; 0 is once."""
    seen: int = 0
    """How many matching calls there were."""
    refusals: list[str] = field(default_factory=list)
    """The refusals that the calls of the event met."""


@dataclass(slots=True, kw_only=True)
class Stock(WorldRecord):
    """The places of a product in a cluster, where they differ from the catalogue; the id is `product@cluster`."""

    places: int


@dataclass(slots=True, kw_only=True)
class Price(WorldRecord):
    """The price of a product, where it differs from the catalogue; the id is the id of the product."""

    price: int
    spot: int

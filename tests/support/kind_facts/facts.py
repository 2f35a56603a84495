"""The parts that a kind's folder gives to the suite. Nothing here is derived from what the kinds say of themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from edits import Edit
from hypothesis import strategies as st

from novita_infra.simulator import World

Sight = Callable[[World, Any], Any]
"""Reads a field, in the manifest's words, from a record of the simulated world."""
Hand = Callable[[Any], Any]
"""The value of a record's attribute to another, as a person sets it without us."""
Request = tuple[str, dict[str, Any]]
"""An operation of the simulator and the body of a call of it."""
Given = tuple[str, Any, float, str]
"""Where an object is made, from which body, how many seconds it is given, and in which table it is found."""
_BOOLEANS: st.SearchStrategy[Any] = st.booleans()
"""Typed for `draw`, whose first use fixes the type of all."""


@dataclass(frozen=True, kw_only=True)
class OutsiderCalls:
    """Calls of other people in the same account."""

    create: Callable[[str, Mapping[str, Any], bool], Request]
    """From a name, the spec of a resource of ours, and whether it must differ in what alone tells it from ours."""
    delete: Callable[[str], Request]
    """From an id."""
    edit: Callable[[str, int], Request] | None = None
    """From an id and a number that chooses; None where nothing can be edited, or only by hand (`by_hand`)."""
    marked: bool = True
    """Whether the objects have room for an owner mark."""
    apart: tuple[str, str] = ("cluster", "as-sgp-2")
    """Attribute and value that tell an object without a mark from ours."""


class Fleet:
    """A random fleet while it is drawn."""

    def __init__(self, draw: st.DrawFn, places: list[str]) -> None:
        self.draw = draw
        self.names: dict[str, list[str]] = {}
        """By type, the names that are drawn so far."""
        self.running: list[str] = []
        """The machines that are to run."""
        self._places = places
        self._place = ""

    @property
    def place(self) -> str:
        """The cluster of the fleet."""
        self._place = self._place or self.draw(st.sampled_from(self._places))
        return self._place

    def flag(self) -> bool:
        """True or false."""
        return bool(self.draw(_BOOLEANS))

    def choose(self, kind_type: str, names: str) -> list[str]:
        """Each of the names or not."""
        self.names[kind_type] = [name for name in names if self.flag()]
        return self.names[kind_type]

    def set_some(self, spec: dict[str, Any], **choices: list[Any]) -> None:
        """Declares each optional field or not, with one of the values."""
        for name, values in choices.items():
            if self.flag():
                spec[name] = self.draw(st.sampled_from(values))


@dataclass(frozen=True, kw_only=True)
class FleetPart:
    """The resources of the kind in random fleets."""

    order: int
    """A kind is drawn after those that it refers to, which have lower numbers."""
    specs: Callable[[Fleet], Mapping[str, dict[str, Any]]]
    """Draws specs by name."""
    wished: Mapping[str, str] = field(default_factory=dict)
    """By name, the name in the cloud that others take in the scenario foreign-owner."""


@dataclass(frozen=True, kw_only=True)
class KindFacts:
    """All that the suite knows of one kind. Parts that are still None or empty are reported by `unwritten`."""

    kind: str
    """The name in manifests."""
    example_edit: Mapping[str, Any] = field(default_factory=dict)
    """A change of one field that every example of the kind can take."""
    completes: bool = False
    """Whether its objects are jobs: they end by themselves, and to delete the resource of one that is over is no call.
    """
    needed_once: tuple[str, ...] = ()
    """Fields that count only while the object is made."""
    slow: tuple[str, ...] = ()
    """The calls of the crash rows that take a while, by title; every other call is over at the first look."""
    table: str
    """The simulator's word for the kind: the name of its table and the head of its operations."""
    edits: tuple[Edit, ...] = ()
    sights: Mapping[str, Sight] = field(default_factory=dict)
    """By field. What a field shows when it was never set is the empty value of its sort."""
    by_hand: Mapping[str, tuple[str, Hand]] = field(default_factory=dict)
    """What somebody might set without us, by field: the attribute of the world's record, and how."""
    outsiders: OutsiderCalls | None = None
    fleet: FleetPart | None = None
    given: Mapping[str, Given] = field(default_factory=dict)
    """By the names that `pairs.yaml` uses, the objects that pairs are given."""
    afterwards: Mapping[str, list[tuple[str, Any]]] = field(default_factory=dict)
    """By the same names, path and body of what is called once an object is there."""
    operations: Mapping[str, str] = field(default_factory=dict)
    """The simulator's words for calls, where they are others."""
    has_status: bool = True
    """Whether the API gives the objects a status."""
    chosen: str = ""
    """The field that the service chooses for each new object."""
    disk: str = ""
    """The field with the size of what is lost when an object is replaced."""

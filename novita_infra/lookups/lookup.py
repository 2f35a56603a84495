"""A type of lookup as a value: its criteria, what must be read for them, and how the answer is found in it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Any, Final

from novita_infra.catalogue.products import Catalogue, Product
from novita_infra.catalogue.stock import StockQuery
from novita_infra.lookups.found import Answer, Criteria, NoAnswer
from novita_infra.model.frozen import dataclass
from novita_infra.model.resources import Live
from novita_infra.model.values import Value

CHOOSE: Final = "choose"
ALL: Final = "all"
"""What `choose` says where every match is wanted."""
_MOST_LISTED: Final = 20
"""The most matches that a message or a plan lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherProject:
    """Another project, whose outputs are looked up."""

    path: str
    """Its folder, relative to that of the project that looks it up."""
    environment: str = ""
    """Empty for its default environment."""


@dataclass(frozen=True, slots=True)
class OtherOutputs:
    """The outputs of another project in its state, or why they cannot be read."""

    values: Mapping[str, Value] = field(default_factory=dict)
    """Without secrets."""
    secret: tuple[str, ...] = ()
    """The names of the secret ones: a state holds only their digests."""
    error: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What must be read before a lookup can be answered."""

    parts: frozenset[str] = frozenset()
    """Parts of the catalogue; see `catalogue.products.PARTS`."""
    lists: frozenset[str] = frozenset()
    """Types of resources whose objects are listed."""
    stock: frozenset[StockQuery] = frozenset()
    projects: frozenset[OtherProject] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.parts or self.lists or self.stock or self.projects)

    def __or__(self, other: Needs) -> Needs:
        return Needs(
            parts=self.parts | other.parts,
            lists=self.lists | other.lists,
            stock=self.stock | other.stock,
            projects=self.projects | other.projects,
        )

    def __sub__(self, other: Needs) -> Needs:
        return Needs(
            parts=self.parts - other.parts,
            lists=self.lists - other.lists,
            stock=self.stock - other.stock,
            projects=self.projects - other.projects,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadSoFar:
    """What was read for lookups so far."""

    catalogue: Catalogue = Catalogue()
    lists: Mapping[str, Sequence[Live]] = field(default_factory=dict)
    """By type of resource, the live objects."""
    stock: Mapping[StockQuery, Sequence[Product] | None] = field(default_factory=dict)
    """None where this key may not ask."""
    outputs: Mapping[OtherProject, OtherOutputs] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """One thing that fits the criteria."""

    key: str
    """Its id."""
    text: str
    """For a person, with what tells it from others: `RTX 4090 24GB (4090.16c62g), $0.35/h per GPU`."""
    attributes: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Matches:
    """What fits the criteria, in the order of preference."""

    items: tuple[Match, ...]
    same: bool = False
    """Whether they differ in nothing that a person would choose by, so that the first one is taken."""
    withheld: Mapping[str, str] = field(default_factory=dict)
    """See FoundLookup."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupType:
    """All that differs between one type of lookup and the others."""

    name: str
    """As in the project file: `product`."""
    summary: str
    criteria: Mapping[str, Mapping[str, Any]]
    """The schema of each criterion, with its description. `choose` is among them where a lookup may leave a choice."""
    one_of: tuple[str, ...] = ()
    """The criteria of which at least one must be given; empty where none must."""
    attributes: Mapping[str, str]
    """What expressions read, each with a line for a person; empty where that differs from lookup to lookup."""
    example: Mapping[str, Value]
    """Criteria, for the reference."""
    needs: Callable[[Criteria, ReadSoFar], Needs]
    """What must be read, given what was read so far. Asked again until that is all there."""
    find: Callable[[Criteria, ReadSoFar], Matches | NoAnswer]
    """What fits. Everything that is needed was read."""
    narrowing: str = ""
    """The criteria that narrow a lookup of several matches, for the message about them."""

    def answer(self, criteria: Criteria, known: ReadSoFar) -> Answer | NoAnswer:
        """The answer to the criteria in what was read."""
        found = self.find(criteria, known)
        if isinstance(found, NoAnswer):
            return found
        items, choose = found.items, criteria.get(CHOOSE)
        if choose == ALL:
            value = {item.key: dict(item.attributes) for item in items}
            return Answer(value, _texts(items), withheld=found.withheld)
        if len(items) > 1 and not (found.same or choose):
            return NoAnswer(f"several fit: {'; '.join(_texts(items))}", self._hint())
        first, *others = items
        return Answer(first.attributes, (first.text,), _texts(others), withheld=found.withheld)

    def _hint(self) -> str:
        words = " or ".join(f"`{CHOOSE}: {word}`" for word in self.criteria.get(CHOOSE, {}).get("enum", ()))
        return f"narrow it by {self.narrowing}, or write {words}"


def _texts(items: Sequence[Match]) -> tuple[str, ...]:
    """The texts of the matches, the first ones where there are many."""
    more = (f"and {len(items) - _MOST_LISTED} more",) if len(items) > _MOST_LISTED else ()
    return (*(item.text for item in items[:_MOST_LISTED]), *more)

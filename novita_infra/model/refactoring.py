"""The refactorings that a project file declares (moves, removals, imports), and the edits of a state that follow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from typing import Final

from novita_infra.model.addresses import Address, Origin
from novita_infra.model.frozen import dataclass
from novita_infra.model.records import Record


@dataclass(frozen=True, slots=True)
class Move:
    """A resource that has a new address: an entry of `moved`."""

    source: Address
    target: Address
    origin: Origin

    @property
    def whole(self) -> bool:
        """Whether it moves every key of a name, too."""
        return not self.source.key and not self.target.key


@dataclass(frozen=True, slots=True)
class Removal:
    """A resource that is no longer declared: an entry of `removed`."""

    source: Address
    origin: Origin
    destroys: bool = True
    """Whether its object is deleted; otherwise only its record is removed."""


@dataclass(frozen=True, slots=True)
class ImportBlock:
    """An object that exists already: an entry of `import`."""

    target: Address
    id: str
    origin: Origin
    steal: bool = False
    """Whether the object is imported although it belongs to others."""
    everywhere: bool = True
    """Whether the entry holds in every environment."""


@dataclass(frozen=True, slots=True)
class Refactoring:
    """The refactorings of a project."""

    moves: tuple[Move, ...] = ()
    removals: tuple[Removal, ...] = ()
    imports: tuple[ImportBlock, ...] = ()

    def removal_of(self, address: Address) -> Removal | None:
        """The entry that removes the address, its name with every key, or the module that it belongs to."""
        if not self.removals:
            return None
        names = set(covering(address))
        return next((item for item in self.removals if item.source in names), None)


NO_REFACTORING: Final = Refactoring()


def by_source(moves: Iterable[Move]) -> dict[Address, Move]:
    """The moves by the address that they leave."""
    return {move.source: move for move in moves}


def path_of(moves: Mapping[Address, Move], address: Address) -> Iterator[Address]:
    """The addresses that a resource takes one after the other, its own first. Ends before it is back at one of them."""
    seen: dict[Address, None] = {}
    further: Address | None = address
    while further is not None and further not in seen:
        seen[further] = None
        yield further
        further = moved_once(moves, further)


def moved_once(moves: Mapping[Address, Move], address: Address) -> Address | None:
    """The address to which one move leads; None if none moves it. What is in a module moves with it."""
    if (exact := moves.get(address)) is not None:
        return exact.target
    whole = moves.get(address.base) if address.key else None
    if whole is not None and whole.whole:
        return whole.target.with_key(address.key)
    module = moved_once(moves, Address.parse(address.module)) if address.module else None
    return replace(address, module=str(module)) if module is not None else None


def around(address: Address) -> Iterator[Address]:
    """The address, its name without a key, and so for each module around it, the innermost first."""
    yield address
    if address.key:
        yield address.base
    if address.module:
        yield from around(Address.parse(address.module))


def covering(address: Address) -> Iterator[Address]:
    """What an entry without keys means: `around`, also with every module on the way to it without its key."""
    yield from around(address)
    if "[" in address.module:
        yield from around(replace(address, module=address.unkeyed.module))


@dataclass(frozen=True, slots=True)
class MovedRecord:
    """A record that gets another address."""

    source: Address
    target: Address


@dataclass(frozen=True, slots=True)
class StateEdits:
    """What the refactorings of a project change in a state before a run begins."""

    moved: tuple[MovedRecord, ...] = field(default=())
    """Each to its last address, at the same time."""
    imported: tuple[Record, ...] = field(default=())
    """The records of objects that are imported."""
    accepted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By address of an imported record, the owners that the mark of its object may name; see `StateIdentity`."""
    former: tuple[str, ...] = field(default=())
    """The scopes whose marks the imported objects carry, and which the state had before it was lost."""

    def with_imports(self, more: StateEdits) -> StateEdits:
        """These edits, and the imports of others after them."""
        return replace(
            self,
            imported=(*self.imported, *more.imported),
            accepted={**self.accepted, **more.accepted},
            former=tuple(dict.fromkeys((*self.former, *more.former))),
        )

    @property
    def previous(self) -> Mapping[Address, Address]:
        """By address, the one that its record had."""
        return {item.target: item.source for item in self.moved}

    def __bool__(self) -> bool:
        return bool(self.moved or self.imported)

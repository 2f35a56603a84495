"""Reads `moved`, `removed` and `import` of the project file, and checks them against what is declared."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final

from novita_infra.kinds import KINDS
from novita_infra.manifests.language.reading import MODULE
from novita_infra.manifests.language.secrets import is_lacking
from novita_infra.manifests.resources.expanding import ENVIRONMENTS, absence_here
from novita_infra.manifests.yaml.positions import Position, inside, origin
from novita_infra.model.addresses import Address, Origin
from novita_infra.model.diagnostics import Diagnostic, nearest
from novita_infra.model.frozen import dataclass
from novita_infra.model.refactoring import (
    ImportBlock,
    Move,
    Refactoring,
    Removal,
    around,
    by_source,
    covering,
    moved_once,
    path_of,
)
from novita_infra.model.values import Computation, Ref, Secret, Value

_SWAP: Final = "a swap has no end; make it once with `state mv`, by way of a third address, and leave the entries out"


@dataclass(frozen=True, slots=True)
class Known:
    """The addresses of the manifests."""

    declared: Mapping[Address, Origin]
    """By address of each resource of this environment, its place."""
    documents: Collection[Address] = ()
    """The addresses of all manifests, without keys, whether their resources exist in this environment or not."""
    complete: bool = True
    """Whether all manifests are read and sound; otherwise an address that is not known may be declared."""
    evaluated: Callable[[Any, Position], Value] = lambda data, _position: data
    """Evaluates the expressions in a value at a position, and reports what is wrong with them."""
    environment: str = ""
    """The chosen one."""
    environments: Collection[str] = ()
    """The environments of the project."""


class _Names:
    """What is declared by each address, name and module."""

    def __init__(self, known: Known) -> None:
        self._inside: dict[Address, Origin] = {}
        """By address of a resource, a name without key, and a module: the place of the first resource there."""
        self._exact: dict[Address, Origin] = {}
        """The same for addresses as they are: a name without key is there only if its resource has none."""
        self._covered: dict[Address, Origin] = {}
        """The same as inside, and for addresses without the keys of modules around them."""
        for item, place in sorted(known.declared.items()):
            before: Address | None = None
            for name in around(item):
                self._inside.setdefault(name, place)
                if before is None or not before.key or name != before.base:
                    self._exact.setdefault(name, place)
                before = name
            for name in covering(item):
                self._covered.setdefault(name, place)
        self._documents = {item.base for item in known.documents}

    def place_of(self, address: Address, *, whole: bool) -> Origin | None:
        """The place where the address is declared; for a whole name or a module, that of the first resource in it."""
        return (self._inside if whole else self._exact).get(address)

    def place_in(self, address: Address) -> Origin | None:
        """The place of the first resource that an address of `removed` covers."""
        return (self._exact if address.key else self._covered).get(address)

    def has_name(self, address: Address) -> bool:
        """Whether a manifest has this kind and name."""
        return address.base in self._documents or address.base in self._inside

    def hint(self, address: Address) -> str:
        """The nearest address of its kind."""
        names = {*self._documents, *(item for item in self._inside if not item.key)}
        return nearest(str(address.base), [str(item) for item in names if item.type == address.type])


def refactoring_of(
    content: Mapping[str, Any], position: Position, known: Known
) -> tuple[Refactoring, list[Diagnostic]]:
    """Returns the refactorings of the project file with this content, and the diagnostics."""
    moves = tuple(
        Move(source, target, origin(place))
        for entry, place in _entries(content, position, "moved")
        if (source := _address(entry.get("from"))) and (target := _address(entry.get("to")))
    )
    removals = tuple(
        Removal(source, origin(place), entry.get("destroy") is not False)
        for entry, place in _entries(content, position, "removed")
        if (source := _address(entry.get("from")))
    )
    imports, diagnostics = _imports(content, position, known)
    found = Refactoring(moves, removals, imports)
    diagnostics += [*_unknown_kinds(found), *_repeated(found)]
    if not diagnostics and (moves or removals or imports):
        names, steps = _Names(known), by_source(moves)
        for move in moves:
            diagnostics += _move_errors(move, steps, names)
            if known.complete:
                diagnostics += _lost_moves(move, steps, names, found)
        diagnostics += [item for removal in removals for item in _removal_errors(removal, names)]
        if known.complete:
            diagnostics += [item for block in imports for item in _import_errors(block, names)]
    return found, diagnostics


def _imports(
    content: Mapping[str, Any], position: Position, known: Known
) -> tuple[tuple[ImportBlock, ...], list[Diagnostic]]:
    """The entries of `import` that hold in this environment and name an id in it, and the diagnostics."""
    blocks: list[ImportBlock] = []
    diagnostics: list[Diagnostic] = []
    for entry, place in _entries(content, position, "import"):
        absence, errors = absence_here(entry, place, chosen=known.environment, known=known.environments)
        diagnostics += errors
        if absence is not None or errors:
            continue
        target, steal = _address(entry.get("to")), entry.get("steal") is True
        id = known.evaluated(entry.get("id"), inside(place, "id"))
        match id:
            case None | "":
                continue
            case str() if target is not None:
                blocks.append(ImportBlock(target, id, origin(place), steal, everywhere=ENVIRONMENTS not in entry))
            case Secret() if is_lacking(id):  # which is reported
                continue
            case _ if target is not None:
                unknown = isinstance(id, (Ref, Computation))
                what = "not known before the apply" if unknown else "secret" if isinstance(id, Secret) else "no text"
                summary, hint = f"the id to import at {target} is {what}", "an id is a text, or that of a variable"
                diagnostics.append(Diagnostic(summary, hint, origin=origin(inside(place, "id"))))
    return tuple(blocks), diagnostics


def _entries(content: Mapping[str, Any], position: Position, name: str) -> Iterator[tuple[Mapping[str, Any], Position]]:
    """The entries of a list, and their positions. The schema reports what is none."""
    entries = content.get(name)
    for number, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, dict):
            yield entry, inside(inside(position, name), number)


def _address(text: Any) -> Address | None:
    try:
        return Address.parse(text) if isinstance(text, str) else None
    except ValueError:  # as the schema reports
        return None


def _unknown_kinds(found: Refactoring) -> Iterator[Diagnostic]:
    moved = [(move.origin, address) for move in found.moves for address in (move.source, move.target)]
    removed = [(item.origin, item.source) for item in found.removals]
    imported = [(block.origin, block.target) for block in found.imports]
    for place, address in (*moved, *removed, *imported):
        is_module = address.type == MODULE and (place, address) not in imported
        if address.type not in KINDS and not is_module:
            yield Diagnostic(f"there is no kind {address.type}", nearest(address.type, list(KINDS)), origin=place)


def _repeated(found: Refactoring) -> Iterator[Diagnostic]:
    """What leaves an address twice, or gives it to two resources."""
    left: dict[Address, Origin] = {}
    taken: dict[Address, Origin] = {}
    leaving = [(item.source, item.origin) for item in found.moves]
    for source, place in (*leaving, *((item.source, item.origin) for item in found.removals)):
        if (earlier := left.setdefault(source, place)) is not place:
            hint = f"the other entry is at {earlier}; keep one of them"
            yield Diagnostic(f"{source} leaves its address twice", hint, origin=place)
    for move in found.moves:
        if (earlier := taken.setdefault(move.target, move.origin)) is not move.origin:
            hint = f"the other entry is at {earlier}; an address belongs to one resource"
            yield Diagnostic(f"two resources move to {move.target}", hint, origin=move.origin)

    at: dict[Address, Origin] = {}
    objects: dict[tuple[str, str], Origin] = {}
    for block in found.imports:
        if (earlier := at.setdefault(block.target, block.origin)) is not block.origin:
            hint = f"the other entry is at {earlier}; an address belongs to one object"
            yield Diagnostic(f"two objects are imported at {block.target}", hint, origin=block.origin)
        elif (earlier := objects.setdefault((block.target.type, block.id), block.origin)) is not block.origin:
            hint = f"the other entry is at {earlier}; one object has one address"
            yield Diagnostic(f"{block.id} is imported twice", hint, origin=block.origin)


def _move_errors(move: Move, moves: Mapping[Address, Move], names: _Names) -> Iterator[Diagnostic]:
    source, target, place = move.source, move.target, move.origin
    if source.type != target.type:
        yield Diagnostic(f"{source} cannot become {target}", "a move stays within one kind", origin=place)
    elif source == target:
        yield Diagnostic(f"{source} moves to itself", "leave the entry out", origin=place)
    elif again := _circle(moves, source):
        yield Diagnostic(f"the moves go in a circle: {' to '.join(map(str, again))}", _SWAP, origin=place)
    elif declared := names.place_of(source, whole=move.whole):
        summary = f"{source} is still declared, and moved says that it is {target} now"
        yield Diagnostic(
            summary, f"it is declared at {declared}; remove it there, or leave the entry out", origin=place
        )


def _circle(moves: Mapping[Address, Move], source: Address) -> tuple[Address, ...]:
    """The addresses of a circle of moves; empty where the path has an end."""
    path = tuple(path_of(moves, source))
    again = moved_once(moves, path[-1])
    return (*path, again) if again is not None else ()


def _lost_moves(move: Move, moves: Mapping[Address, Move], names: _Names, found: Refactoring) -> Iterator[Diagnostic]:
    """A move to an address that no manifest has, and that is not removed."""
    if move.source.type != move.target.type or _circle(moves, move.source):
        return
    *path, last = path_of(moves, move.source)
    if not names.has_name(last) and found.removal_of(last) is None:
        through = f" (by way of {', '.join(map(str, path[1:]))})" if path[1:] else ""
        hint = "; ".join(filter(None, ("a resource that is gone belongs under removed", names.hint(last))))
        yield Diagnostic(f"{move.source} moves to {last}{through}, which is not declared", hint, origin=move.origin)


def _removal_errors(removal: Removal, names: _Names) -> Iterator[Diagnostic]:
    source = removal.source
    if declared := names.place_in(source):
        summary = f"{source} is still declared, and removed says that it is gone"
        hint = f"it is declared at {declared}; remove it there, or leave the entry out"
        yield Diagnostic(summary, hint, origin=removal.origin)


def _import_errors(block: ImportBlock, names: _Names) -> Iterator[Diagnostic]:
    """An import at an address that nothing declares; a key may exist in another environment only."""
    if not names.has_name(block.target):
        target = shlex.quote(str(block.target))
        write = f"`novita-infra import {target} {shlex.quote(block.id)}` writes a manifest"
        hint = "; ".join(filter(None, (write, names.hint(block.target))))
        yield Diagnostic(f"{block.target} is imported and not declared", hint, origin=block.origin)

"""Reads `moved`, `removed` and `import` of the project file, and checks them against what is declared."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from novita_infra.kinds import KINDS
from novita_infra.manifests.language.secrets import is_lacking
from novita_infra.manifests.yaml.positions import Position, inside, origin
from novita_infra.model.addresses import Address, Origin
from novita_infra.model.diagnostics import Diagnostic, nearest
from novita_infra.model.frozen import dataclass
from novita_infra.model.refactoring import ImportBlock, Move, Refactoring, Removal, by_source, moved_once, path_of
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

    def place_of(self, address: Address, *, whole: bool) -> Origin | None:
        """The place where the address is declared; for a whole name, that of its first key."""
        if address in self.declared or not whole:
            return self.declared.get(address)
        return next((place for item, place in sorted(self.declared.items()) if _unkeyed(item) == address), None)

    def has_name(self, address: Address) -> bool:
        """Whether a manifest has this kind and name."""
        name = _unkeyed(address)
        return name in self.documents or any(_unkeyed(item) == name for item in self.declared)

    def hint(self, address: Address) -> str:
        """The nearest address of its kind."""
        names = {*self.documents, *map(_unkeyed, self.declared)}
        return nearest(str(_unkeyed(address)), [str(item) for item in names if item.type == address.type])


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
    if not diagnostics:
        diagnostics = [item for move in moves for item in _move_errors(move, found, known)]
        diagnostics += [item for removal in removals for item in _removal_errors(removal, known)]
        diagnostics += [item for block in imports for item in _import_errors(block, known)]
    return found, diagnostics


def _imports(
    content: Mapping[str, Any], position: Position, known: Known
) -> tuple[tuple[ImportBlock, ...], list[Diagnostic]]:
    """The entries of `import` that name an id in this environment, and the diagnostics."""
    blocks: list[ImportBlock] = []
    diagnostics: list[Diagnostic] = []
    for entry, place in _entries(content, position, "import"):
        target, steal = _address(entry.get("to")), entry.get("steal") is True
        id = known.evaluated(entry.get("id"), inside(place, "id"))
        match id:
            case None | "":
                continue
            case str() if target is not None:
                blocks.append(ImportBlock(target, id, origin(place), steal))
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


def _unkeyed(address: Address) -> Address:
    return replace(address, key="") if address.key else address


def _unknown_kinds(found: Refactoring) -> Iterator[Diagnostic]:
    named = [(move.origin, address) for move in found.moves for address in (move.source, move.target)]
    named += [(block.origin, block.target) for block in found.imports]
    for place, address in (*named, *((item.origin, item.source) for item in found.removals)):
        if address.type not in KINDS:
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


def _move_errors(move: Move, found: Refactoring, known: Known) -> Iterator[Diagnostic]:
    source, target, place = move.source, move.target, move.origin
    if source.type != target.type:
        yield Diagnostic(f"{source} cannot become {target}", "a move stays within one kind", origin=place)
        return
    if source == target:
        yield Diagnostic(f"{source} moves to itself", "leave the entry out", origin=place)
        return
    moves = by_source(found.moves)
    *path, last = path_of(moves, source)
    if (again := moved_once(moves, last)) is not None:
        circle = " to ".join(map(str, (*path, last, again)))
        yield Diagnostic(f"the moves go in a circle: {circle}", _SWAP, origin=place)
        return
    if declared := known.place_of(source, whole=move.whole):
        summary = f"{source} is still declared, and moved says that it is {target} now"
        yield Diagnostic(
            summary, f"it is declared at {declared}; remove it there, or leave the entry out", origin=place
        )
    if known.complete and not known.has_name(last) and found.removal_of(last) is None:
        through = f" (by way of {', '.join(map(str, path[1:]))})" if path[1:] else ""
        summary = f"{source} moves to {last}{through}, which is not declared"
        hint = "; ".join(filter(None, ("a resource that is gone belongs under removed", known.hint(last))))
        yield Diagnostic(summary, hint, origin=place)


def _removal_errors(removal: Removal, known: Known) -> Iterator[Diagnostic]:
    source = removal.source
    if declared := known.place_of(source, whole=not source.key):
        summary = f"{source} is still declared, and removed says that it is gone"
        hint = f"it is declared at {declared}; remove it there, or leave the entry out"
        yield Diagnostic(summary, hint, origin=removal.origin)


def _import_errors(block: ImportBlock, known: Known) -> Iterator[Diagnostic]:
    """An import at an address that nothing declares; a key may exist in another environment only."""
    if known.complete and not known.has_name(block.target):
        target = shlex.quote(str(block.target))
        write = f"`novita-infra import {target} {shlex.quote(block.id)}` writes a manifest"
        hint = "; ".join(filter(None, (write, known.hint(block.target))))
        yield Diagnostic(f"{block.target} is imported and not declared", hint, origin=block.origin)

"""The edits of a state that the refactorings of a project ask for. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping

from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Diagnostic, nearest
from novita_infra.model.records import Record
from novita_infra.model.refactoring import MovedRecord, Refactoring, StateEdits, by_source, path_of


def state_edits(
    refactoring: Refactoring, records: Mapping[Address, Record], declared: Collection[Address], *, scope: str = ""
) -> tuple[StateEdits, list[Diagnostic]]:
    """The moves of the records, and why some cannot be made. Nothing where all is done.

    With a `scope` (one manifest file), only what moves to an address that it declares.
    """
    if not refactoring.moves:
        return StateEdits(), []
    moves = by_source(refactoring.moves)
    targets = {address: list(path_of(moves, address))[-1] for address in records}
    moved = [
        MovedRecord(source, target)
        for source, target in sorted(targets.items())
        if target != source and (not scope or target in declared)
    ]
    diagnostics: list[Diagnostic] = []
    owners: dict[Address, Address] = {address: address for address, target in targets.items() if target == address}
    for item in moved:
        other = owners.setdefault(item.target, item.source)
        if other != item.source:
            diagnostics.append(_taken(item, other, records))
        elif item.target not in declared and not scope and refactoring.removal_of(item.target) is None:
            diagnostics.append(_undeclared(item, declared))
    return StateEdits(tuple(moved)), diagnostics


def _taken(item: MovedRecord, other: Address, records: Mapping[Address, Record]) -> Diagnostic:
    ids = [f"{address} is {records[address].id or 'being created'}" for address in (item.source, other)]
    summary = f"{item.source} moves to {item.target}, and both are recorded: {', '.join(ids)}"
    if other != item.target:
        summary = f"{item.source} and {other} both move to {item.target}: {', '.join(ids)}"
    source, target = (shlex.quote(str(address)) for address in (item.source, other))
    hint = (
        f"one address has one object: forget the record of the other one with `state rm {source}` or "
        f"`state rm {target}`, and delete that object if nothing needs it; or leave the move out"
    )
    return Diagnostic(summary, hint, address=str(item.source))


def _undeclared(item: MovedRecord, declared: Collection[Address]) -> Diagnostic:
    near = nearest(str(item.target), [str(address) for address in declared if address.type == item.target.type])
    hint = "; ".join(filter(None, ("it would be deleted: if that is wanted, name it under removed", near)))
    summary = f"{item.source} moves to {item.target}, which is not declared in this environment"
    return Diagnostic(summary, hint, address=str(item.source))

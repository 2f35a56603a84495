"""Warns of an id in a manifest that is the id of a managed resource: its name belongs there. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from novita_infra.kinds.kind import Kind
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Diagnostic, Severity
from novita_infra.model.resources import Declared, Existing
from novita_infra.model.values import values_at


def managed_ids(
    declared: Iterable[Declared], existing: Mapping[Address, Existing], kinds: Mapping[str, Kind]
) -> Iterator[Diagnostic]:
    """The warnings, one for each place. What a module holds is named from inside of it only.

    Such a resource is no need of the other: it is not made before it, nor deleted after it.
    """
    owners = {
        (address.type, found.record.id): address
        for address, found in existing.items()
        if found.record is not None and found.record.id
    }
    names = {item.address for item in declared}
    said = set()
    for item in declared:
        for field in kinds[item.address.type].fields:
            if not field.refers or field.name not in item.spec:
                continue
            for id in values_at(item.spec[field.name], field.refers_at):
                owner = owners.get((field.refers, id)) if isinstance(id, str) else None
                place = item.places.get(field.name, item.origin)
                if owner is None or owner not in names or owner.module != item.address.module or (place, owner) in said:
                    continue
                said.add((place, owner))
                key = next((name for name in reversed(field.refers_at) if name != "*"), field.name)
                name = str(replace(owner, module="")).partition(".")[2]
                yield Diagnostic(
                    f"{id} is {owner}, which this project manages",
                    f"name it instead of its id, so that both change in the right order: `{key}: {name}`",
                    origin=place,
                    address=str(item.address),
                    severity=Severity.WARNING,
                )

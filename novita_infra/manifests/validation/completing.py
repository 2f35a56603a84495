"""Completes declared resources by what they inherit from each other, and checks each by the rules of its kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from novita_infra.kinds import KINDS
from novita_infra.kinds.kind import SpecError
from novita_infra.manifests.yaml.positions import Position, label_of, origin_at
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.model.resources import Declared
from novita_infra.model.values import Ref, Spec, Value, refs


def completed(
    declared: Mapping[Address, Declared], positions: Mapping[Address, Position]
) -> tuple[dict[Address, Declared], dict[Address, list[Diagnostic]]]:
    """Returns the resources with inherited fields and dependencies, and the diagnostics of their kinds by address.

    A resource that needs a missing one is not changed: the inherited fields are unknown.
    """
    diagnostics: dict[Address, list[Diagnostic]] = {}

    def lookup(kind: str, value: Value) -> Spec | None:
        found = declared.get(value.address) if isinstance(value, Ref) and value.address.type == kind else None
        return found.spec if found else None

    result = dict(declared)
    for address, item in declared.items():
        if all(needed in declared for needed in item.needs):
            kind = KINDS[address.type]
            spec = kind.resolution.inherit(item.spec, lookup) if kind.resolution.inherit else item.spec
            changed = item if spec is item.spec else replace(item, spec=spec, needs=sorted_needs(spec, item.needs))
            errors = [*spec_errors(changed)]
            lacking = _lacking(item, *(declared[needed] for needed in item.needs)) if errors else set()
            for error in errors:
                if error.path and error.path[0] in lacking:
                    continue
                place = origin_at(positions[address], ("spec", *error.path))
                found = Diagnostic(f"{label_of(error.path)}: {error.summary}", error.hint, origin=place)
                diagnostics.setdefault(address, []).append(found)
            result[address] = changed
    return result, diagnostics


def spec_errors(declared: Declared) -> Iterator[SpecError]:
    """Yields the errors of a spec beyond its schema. A field that is not compared may be left out."""
    check = KINDS[declared.address.type].resolution.check
    for error in check(declared.spec) if check else ():
        if all((error.lacks,) != rule.path for rule in declared.lifecycle.ignored):
            yield error


def _lacking(*items: Declared) -> set[str]:
    """Returns the fields whose values are not set, in a resource or where it inherits them from."""
    return {rule.path[0] for item in items for rule in item.lifecycle.ignored if rule.lacking}


def sorted_needs(spec: Spec, after: Iterable[Address]) -> tuple[Address, ...]:
    """Returns the resources that the spec refers to, and those of `after`."""
    return tuple(sorted({ref.address for ref in refs(dict(spec))}.union(after)))

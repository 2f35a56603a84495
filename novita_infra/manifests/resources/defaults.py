"""Merges the defaults of the project below what documents say themselves.

Every value keeps its place, so that messages about a default point to the project file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from novita_infra.kinds import KINDS, by_name
from novita_infra.manifests.language.interpolation import Interpolation
from novita_infra.manifests.language.references import names_in
from novita_infra.manifests.language.scope import Scope
from novita_infra.manifests.resources.expanding import FOR_EACH, early_scope
from novita_infra.manifests.resources.merging import Placed, entry_key_of, merge
from novita_infra.manifests.validation.documents import IdentifiedDocument
from novita_infra.manifests.yaml.composing import Document
from novita_infra.manifests.yaml.positions import Position, inside, key_origin, origin_at, with_item
from novita_infra.manifests.yaml.source_text import Sources
from novita_infra.model.diagnostics import Diagnostic, Severity, nearest
from novita_infra.model.frozen import dataclass

DEFAULTS: Final = "defaults"
_MERGED: Final = ("spec", "lifecycle")


@dataclass(frozen=True, slots=True)
class Defaults:
    """The defaults of the project file. Errors are added to `diagnostics`."""

    items: tuple[Placed, ...]
    """Each a mapping of `kind`, `labels`, `spec` and `lifecycle`; a later one takes precedence."""
    expressions: bool
    """Whether the project file holds any."""
    scope: Scope
    """What labels may use."""
    sources: Sources
    diagnostics: list[Diagnostic]

    def check(self) -> None:
        """Reports fields that the kind does not have: perhaps no resource shows them."""
        for item in self.items:
            kind = by_name(item.data["kind"]) if isinstance(item.data.get("kind"), str) else None
            spec, position = _mapping(item.data.get("spec")), inside(item.position, "spec")
            for name in spec if kind is not None else ():
                if kind is not None and name not in kind.by_name:
                    hint = nearest(name, tuple(kind.by_name))
                    place = key_origin(inside(position, name))
                    self.diagnostics.append(Diagnostic(f'{kind.name} has no field "{name}"', hint, origin=place))

    def below(self, identified: IdentifiedDocument) -> IdentifiedDocument:
        """Returns the document with the defaults of its kind and its labels merged below its own values."""
        fitting = [*self._fitting(identified)]
        if not fitting:
            return identified
        document, entry_key = identified.document, entry_key_of(identified.kind)
        base = Placed({}, (*document.position[:5], {}))
        for item in fitting:
            base = self._merged(base, item, entry_key)
        base = self._merged(base, Placed(document.data, document.position), entry_key)
        data, position = dict(document.data), document.position
        for name, value in base.data.items():
            if isinstance(data.get(name, {}), dict):
                own = inside(document.position, name)
                position = with_item(position, name, (*own[:5], inside(base.position, name)[5]))
                data[name] = value
        expressions = document.expressions or self.expressions
        return replace(identified, document=replace(document, data=data, position=position, expressions=expressions))

    def _merged(self, base: Placed, item: Placed, entry_key: Any) -> Placed:
        changes = {name: item.data[name] for name in _MERGED if isinstance(item.data.get(name), dict)}
        places: dict[str, Position] = {name: inside(item.position, name) for name in changes}
        merged = merge(base, Placed(changes, (*item.position[:5], places)), entry_key)
        self.diagnostics.extend(merged.diagnostics)
        return Placed(merged.data, merged.position)

    def _fitting(self, identified: IdentifiedDocument) -> Iterator[Placed]:
        """Yields the defaults that select the document."""
        for item in self.items:
            wanted = item.data.get("labels")
            if item.data.get("kind") == identified.kind.name and (wanted is None or self._has(identified, wanted)):
                yield item

    def _has(self, identified: IdentifiedDocument, wanted: Any) -> bool:
        """Returns whether the document has all labels of a selector."""
        document = identified.document
        labels = _mapping(_mapping(document.data.get("metadata")).get("labels"))
        if not isinstance(wanted, dict) or not wanted.keys() <= labels.keys():
            return False
        position = inside(inside(document.position, "metadata"), "labels")
        for name, value in wanted.items():
            if FOR_EACH in document.data and any(root == "each" for root, _ in names_in(labels[name])):
                summary = f"a default of the project selects by the label {name}, so it cannot use each"
                hint = "one default is for all keys of a forEach: select by another label"
                self.diagnostics.append(Diagnostic(summary, hint, origin=origin_at(position, (name,))))
                return False
            unusable: list[Diagnostic] = []  # reported with the resource
            interpolation = Interpolation(early_scope(self.scope), self.sources, unusable)
            if interpolation.of(labels[name], inside(position, name)).values != value:
                return False
        return True


def with_defaults(
    identified: list[IdentifiedDocument], listed: Placed, file: Document, scope: Scope, sources: Sources
) -> tuple[list[IdentifiedDocument], list[Diagnostic]]:
    """Returns the documents with the defaults `listed` in the project file below them, and the diagnostics.

    The schema of the project file reports their shape.
    """
    if not isinstance(listed.data, list):
        return identified, []
    placed = (Placed(item, inside(listed.position, index)) for index, item in enumerate(listed.data))
    items = tuple(item for item in placed if isinstance(item.data, dict))
    defaults = Defaults(items, file.expressions, scope, sources, [])
    defaults.check()
    merged = [defaults.below(item) if item.address.type in KINDS else item for item in identified]
    return merged, defaults.diagnostics


def unmatched_selectors(listed: Placed, documents: Iterable[IdentifiedDocument]) -> Iterator[Diagnostic]:
    """Yields a warning for each default whose labels select none of the documents, although there are some of its kind.

    A label with an expression may have any value.
    """
    labels_of: dict[str, list[Mapping[str, Any]]] = {}
    for item in documents:
        labels = _mapping(_mapping(item.document.data.get("metadata")).get("labels"))
        labels_of.setdefault(item.kind.name, []).append(labels)
    for index, data in enumerate(listed.data if isinstance(listed.data, list) else ()):
        default, wanted = _mapping(data), _mapping(_mapping(data).get("labels"))
        found = labels_of.get(str(default.get("kind")), [])
        if not wanted or not found or any(_may_have(labels, wanted) for labels in found):
            continue
        single = [name for name in wanted if not any(_may_have(labels, {name: wanted[name]}) for labels in found)]
        named = ", ".join(f"{name}: {wanted[name]}" for name in single[:1] or wanted)
        known = sorted({f"{name}: {value}" for labels in found for name, value in labels.items()})
        near = nearest(named, known) if single else "each resource that has one of them lacks another"
        place = inside(inside(listed.position, index), "labels")
        summary = f"no {default['kind']} has the label{'' if single else 's'} {named}, so this default is for none"
        yield Diagnostic(summary, near or "none has labels", origin=key_origin(place), severity=Severity.WARNING)


def _may_have(labels: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return all(
        name in labels and (labels[name] == value or "${" in str(labels[name])) for name, value in wanted.items()
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}

"""The file `novita-infra-module.yaml` of a module, and the documents of kind Module that use one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from typing import Any, Final

from novita_infra.manifests.language.reading import MODULE
from novita_infra.manifests.language.references import names_in
from novita_infra.manifests.modules.places import ModulePlace
from novita_infra.manifests.validation.documents import (
    MODULE_KIND,
    IdentifiedDocument,
    head,
    module_errors,
    module_head,
)
from novita_infra.manifests.yaml.composing import Document
from novita_infra.manifests.yaml.positions import Position, inside, origin
from novita_infra.manifests.yaml.source_text import Sources
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.model.frozen import dataclass
from novita_infra.model.values import Value

OUTPUTS: Final = "outputs"
LOCALS: Final = "locals"


@dataclass(frozen=True, slots=True)
class ModuleInterface:
    """The inputs that a module takes, and the outputs that it gives."""

    document: Document

    def part(self, name: str) -> Mapping[str, Any]:
        """Returns `inputs`, `locals` or `outputs`."""
        found = self.document.data.get(name) if isinstance(self.document.data, dict) else None
        return found if isinstance(found, dict) else {}

    def position(self, name: str) -> Position:
        """Returns the position of that part."""
        return inside(self.document.position, name)


@dataclass(frozen=True, slots=True)
class UseOfModule:
    """A document of kind Module with what it uses, as written."""

    data: Mapping[str, Any]
    interface: ModuleInterface
    inputs: Mapping[str, Value]
    """The values of the inputs, for the first of its keys."""
    documents: dict[Address, Mapping[str, Any]] = field(default_factory=dict)
    """The data of the manifests in the module, by address without keys."""


@dataclass(frozen=True, slots=True)
class ModuleSource:
    """The manifests of a module, read once for all uses of it."""

    place: ModulePlace
    interface: ModuleInterface
    resources: tuple[IdentifiedDocument, ...]
    modules: tuple[IdentifiedDocument, ...]
    """The uses of other modules in it."""
    torn: bool = False
    """Whether a document of it could not be read, so that its names are not known."""


def head_of(document: Document, sources: Sources) -> tuple[IdentifiedDocument | None, list[Diagnostic]]:
    """Returns a document with its address: a resource, or a document of kind Module; and the diagnostics."""
    if not isinstance(document.data, dict) or document.data.get("kind") != MODULE_KIND:
        return head(document)
    name, diagnostics = module_head(document)
    if name is None:
        return None, diagnostics
    kind: Any = None  # it makes no resource by itself
    return IdentifiedDocument(document, kind, Address(MODULE, name)), [*diagnostics, *module_errors(document, sources)]


def in_order(uses: Iterable[IdentifiedDocument], diagnostics: list[Diagnostic]) -> Iterator[IdentifiedDocument]:
    """Yields the uses of modules, each after those whose outputs it takes. A circle of them is reported."""
    waiting = {use.address.name: use for use in uses}
    needs = {name: _needed(use) & waiting.keys() for name, use in waiting.items()}
    done: set[str] = set()
    while waiting:
        ready = [name for name in waiting if needs[name] <= done]
        if not ready:
            names = sorted(waiting)
            place = origin(waiting[names[0]].document.position)
            walk = ", ".join(f"module.{name}" for name in names)
            hint = "one of them must take none of the others' outputs"
            diagnostics.append(Diagnostic(f"modules need each other in a circle: {walk}", hint, origin=place))
            return
        for name in ready:
            done.add(name)
            yield waiting.pop(name)


def _needed(use: IdentifiedDocument) -> set[str]:
    return {name for root, name in names_in(use.document.data) if root == MODULE}

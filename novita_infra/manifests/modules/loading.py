"""Turns uses of modules into the resources that they make, each use with inputs, names and outputs of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import field, replace
from typing import Final

from novita_infra.manifests.language.scope import Scope
from novita_infra.manifests.language.secrets import Secrets
from novita_infra.manifests.modules.interface import LOCALS, ModuleInterface, ModuleSource, in_order
from novita_infra.manifests.modules.no_module import NoModule
from novita_infra.manifests.modules.places import ModulePlace
from novita_infra.manifests.modules.use import SOURCE, origin_in_use
from novita_infra.manifests.modules.values import ModuleOutputs, inputs_of
from novita_infra.manifests.resources.expanding import Expanded
from novita_infra.manifests.resources.fields import DeclaredFields
from novita_infra.manifests.resources.local_values import LocalValues
from novita_infra.manifests.resources.names import DeclaredNames
from novita_infra.manifests.resources.reading_path import ReadingPath
from novita_infra.manifests.validation.documents import PROJECT_FILE, IdentifiedDocument
from novita_infra.manifests.yaml.source_text import Sources
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.model.frozen import dataclass

_DEEPEST: Final = 10
"""The most modules inside of each other."""


@dataclass(frozen=True, slots=True)
class UsedModule:
    """One use of a module."""

    written: IdentifiedDocument
    """The document of kind Module, with what decides its keys."""
    use: IdentifiedDocument
    """The same for one key."""
    interface: ModuleInterface
    locals: LocalValues


@dataclass(frozen=True, slots=True)
class Space:
    """The resources of the project, or of one use of a module, with the names that their expressions may use."""

    scope: Scope
    expanded: Sequence[Expanded]
    used: UsedModule | None = None
    """None for the project."""


@dataclass(frozen=True, slots=True)
class Modules:
    """Loads the modules of a project. Errors are added to `diagnostics`."""

    find: Callable[[IdentifiedDocument], ModulePlace | None]
    """Returns the place of the module that a document uses; None where that is reported. Raises NoModule."""
    read: Callable[[ModulePlace], ModuleSource]
    """Reads a module. Raises NoModule."""
    expand: Callable[[Sequence[IdentifiedDocument], Scope], list[Expanded]]
    """Returns the keys of uses of modules that exist in the environment."""
    make: Callable[[Sequence[IdentifiedDocument], Scope, IdentifiedDocument], list[Expanded]]
    """Returns the resources that documents of a module make in a use of it."""
    names: DeclaredNames
    fields: DeclaredFields
    outputs: ModuleOutputs
    sources: Sources
    secrets: Secrets
    path: ReadingPath
    """The values that are being computed."""
    diagnostics: list[Diagnostic]
    known: dict[str, ModuleSource] = field(default_factory=dict)
    """The modules that were read, by the names of their places: the documents of each are shared by all uses."""

    def spaces(self, uses: Iterable[IdentifiedDocument], scope: Scope, within: tuple[str, ...] = ()) -> list[Space]:
        """Returns the spaces of the modules, and of those inside of them. `within` are the modules around them."""
        spaces = []
        for use in in_order(uses, self.diagnostics):
            source = self._source(use, within)
            if source is None:
                self.names.add_unknown(use.address)
                continue
            for expanded in self.expand([use], scope):
                for item in expanded.items if expanded.usable else ():
                    spaces += self._inside(use, item, source, scope.within(item.each), within)
        return spaces

    def _source(self, use: IdentifiedDocument, within: tuple[str, ...]) -> ModuleSource | None:
        """Returns the module that a document uses; None if there is none. That is reported."""
        origin = origin_in_use(use.document, SOURCE)
        try:
            place = self.find(use)
            if place is None:
                return None
            if place.name in within or len(within) >= _DEEPEST:
                walk = " -> ".join((*within, place.name))
                raise NoModule(f"modules contain each other: {walk}", "take one of them out")
            if place.name not in self.known:
                self.known[place.name] = self.read(place)
            return self.known[place.name]
        except NoModule as error:
            self.diagnostics.extend(error.at(origin))
        return None

    def _inside(
        self,
        written: IdentifiedDocument,
        use: IdentifiedDocument,
        source: ModuleSource,
        scope: Scope,
        within: tuple[str, ...],
    ) -> list[Space]:
        """Returns the spaces of one use of a module, whose document as `written` decides its keys."""
        module, interface, sources = str(use.address), source.interface, self.sources
        values, errors = inputs_of(use, interface, scope, sources, self.secrets)
        self.diagnostics.extend(errors)
        local_values = LocalValues(
            interface.part(LOCALS), interface.position(LOCALS), sources, self.path, module=module
        )
        named = {name: part for name, part in scope.named.items() if name != "each"}
        inside = replace(
            scope,
            variables=values,
            named=named,
            folder=source.place.folder,
            used=set(),
            local=local_values.read,
            lookup=None,
            module=module,
            outer={
                PROJECT_FILE: replace(scope, named=named),  # with the keys of the resource that it patches
                **scope.outer,
                use.document.file: replace(scope, named={"each": {}, **scope.named}),  # with those of the use
            },
        )
        if source.torn:
            self.names.add_torn(module)
        expanded = self.make(_inside(source.resources, module), inside, use)
        self.fields.add((item for one in expanded for item in one.items), inside)
        self.outputs.add(use.address, interface, inside)
        return [
            Space(inside, expanded, UsedModule(written, use, interface, local_values)),
            *self.spaces(_inside(source.modules, module), inside, (*within, source.place.name)),
        ]


def _inside(documents: Iterable[IdentifiedDocument], module: str) -> list[IdentifiedDocument]:
    """Returns the documents with their addresses in one use of the module."""
    return [replace(item, address=replace(item.address, module=module)) for item in documents]

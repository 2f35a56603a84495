"""Turns uses of modules into the resources that they make, each use with variables, names and outputs of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import Final

from novita_infra.manifests.language.scope import Scope
from novita_infra.manifests.language.secrets import Secrets
from novita_infra.manifests.modules.interface import SOURCE, ModuleSource, folder_of, in_order
from novita_infra.manifests.modules.values import ModuleOutputs, variables_of
from novita_infra.manifests.resources.expanding import Expanded
from novita_infra.manifests.resources.fields import DeclaredFields
from novita_infra.manifests.resources.names import DeclaredNames
from novita_infra.manifests.validation.documents import IdentifiedDocument
from novita_infra.manifests.yaml.positions import origin_at
from novita_infra.manifests.yaml.source_text import Sources
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.model.frozen import dataclass

_DEEPEST: Final = 10
"""The most modules inside of each other."""


class NoModule(Exception):
    """Raised for a folder that holds no module. The message gives the reason, `hint` what to do."""

    def __init__(self, summary: str, hint: str) -> None:
        super().__init__(summary)
        self.summary = summary
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Space:
    """The resources of the project, or of one use of a module, with the names that their expressions may use."""

    scope: Scope
    expanded: Sequence[Expanded]


@dataclass(frozen=True, slots=True)
class Modules:
    """Loads the modules of a project. Errors are added to `diagnostics`."""

    read: Callable[[str], ModuleSource]
    """Reads a module by its folder. Raises NoModule."""
    expand: Callable[[Sequence[IdentifiedDocument], Scope], list[Expanded]]
    """Returns the resources of documents that exist in the environment, or the keys of uses of modules."""
    names: DeclaredNames
    fields: DeclaredFields
    outputs: ModuleOutputs
    sources: Sources
    secrets: Secrets
    root: Path
    """The project's folder."""
    diagnostics: list[Diagnostic]
    known: dict[str, ModuleSource] = field(default_factory=dict)
    """The modules that were read, by folder: the documents of each are shared by all uses."""

    def spaces(self, uses: Iterable[IdentifiedDocument], scope: Scope, within: tuple[str, ...] = ()) -> list[Space]:
        """Returns the spaces of the modules, and of those inside of them. `within` are the folders around them."""
        spaces = []
        for use in in_order(uses, self.diagnostics):
            source = self._source(use, within)
            if source is None:
                self.names.add_unknown(use.address)
                continue
            for expanded in self.expand([use], scope):
                for item in expanded.items if expanded.usable else ():
                    spaces += self._inside(item, source, scope.within(item.each), within)
        return spaces

    def _source(self, use: IdentifiedDocument, within: tuple[str, ...]) -> ModuleSource | None:
        """Returns the module that a document uses; None if there is none. That is reported."""
        folder, errors = folder_of(use)
        self.diagnostics.extend(errors)
        if folder is None:
            return None
        place = origin_at(use.document.position, (SOURCE,))
        if folder in within or len(within) >= _DEEPEST:
            walk = " -> ".join((*within, folder))
            self.diagnostics.append(
                Diagnostic(f"modules contain each other: {walk}", "take one of them out", origin=place)
            )
            return None
        try:
            if folder not in self.known:
                self.known[folder] = self.read(folder)
            return self.known[folder]
        except NoModule as error:
            self.diagnostics.append(Diagnostic(error.summary, error.hint, origin=place))
        return None

    def _inside(
        self, use: IdentifiedDocument, source: ModuleSource, scope: Scope, within: tuple[str, ...]
    ) -> list[Space]:
        """Returns the spaces of one use of a module."""
        values, errors = variables_of(use, source.interface, scope, self.sources, self.secrets)
        self.diagnostics.extend(errors)
        named = {name: part for name, part in scope.named.items() if name != "each"}
        folder = self.root / source.folder
        module = str(use.address)
        inside = replace(scope, variables=values, named=named, folder=folder, used=set(), local=None, module=module)
        expanded = self.expand(_inside(source.resources, module), inside)
        self.fields.add((item for one in expanded for item in one.items), inside)
        self.outputs.add(use.address, source.interface, inside)
        return [
            Space(inside, expanded),
            *self.spaces(_inside(source.modules, module), inside, (*within, source.folder)),
        ]


def _inside(documents: Iterable[IdentifiedDocument], module: str) -> list[IdentifiedDocument]:
    """Returns the documents with their addresses in one use of the module."""
    return [replace(item, address=replace(item.address, module=module)) for item in documents]

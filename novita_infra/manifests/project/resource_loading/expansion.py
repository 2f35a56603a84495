"""Makes the resources of documents: defaults and patches merged, `forEach` expanded, modules used."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import field, replace
from functools import partial
from itertools import islice
from typing import NamedTuple, TypeAlias

from novita_infra.manifests.language.scope import Scope
from novita_infra.manifests.language.secrets import Secrets
from novita_infra.manifests.modules.loading import Modules, Space
from novita_infra.manifests.modules.values import ModuleOutputs
from novita_infra.manifests.project.collected import Collected
from novita_infra.manifests.project.environments import Environment, names_of
from novita_infra.manifests.project.patches import Patching, module_in, patches_in, patches_of
from novita_infra.manifests.project.project_file import Settings
from novita_infra.manifests.project.resource_loading.identifying import DocumentIdentifier, FoundDocuments
from novita_infra.manifests.resources.defaults import DEFAULTS, with_defaults
from novita_infra.manifests.resources.expanding import Expanded, Expanding
from novita_infra.manifests.resources.fields import DeclaredFields
from novita_infra.manifests.resources.merging import Placed
from novita_infra.manifests.resources.names import DeclaredNames
from novita_infra.manifests.resources.reading_path import ReadingPath
from novita_infra.manifests.validation.documents import IdentifiedDocument
from novita_infra.manifests.yaml.positions import Position
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.model.frozen import dataclass

_Within: TypeAlias = tuple[Patching, str]
"""Patches, and the module in which their targets are named."""


class Expansion(NamedTuple):
    """The resources of a project and of its modules."""

    written: list[IdentifiedDocument]
    """The documents with the defaults of the project, before patches; those of modules as each use has them."""
    patched: Sequence[IdentifiedDocument]
    """The documents of the project with the environment's patches, before `forEach`."""
    spaces: list[Space]

    @property
    def items(self) -> list[IdentifiedDocument]:
        """Every resource, those of modules last."""
        return [item for space in self.spaces for one in space.expanded for item in one.items]


@dataclass(frozen=True, slots=True)
class Expander:
    """Makes the resources of documents, whose names and fields expressions may use from then on."""

    settings: Settings
    environment: Environment
    identifier: DocumentIdentifier
    """Reads the modules."""
    secrets: Secrets
    diagnostics: Collected
    """Where errors are added."""
    names: DeclaredNames
    fields: DeclaredFields
    outputs: ModuleOutputs
    path: ReadingPath
    """The values that are being computed."""

    written: list[IdentifiedDocument] = field(default_factory=list)

    def expand(self, identified: FoundDocuments, scope: Scope) -> Expansion:
        """Returns the resources of the project's own documents, and of the modules that these use."""
        patching = Patching(patches_of(self.environment), expressions=self.environment.expressions)
        patched, expanded = self._patched(identified.resources, scope, [(patching, "")])
        self.fields.add((item for one in expanded for item in one.items), scope)
        spaces = [Space(scope, expanded)]
        if identified.modules:
            spaces += self._modules(identified.modules, scope, patching)
        elsewhere = partial(_is_elsewhere, self.names)
        self.diagnostics.add(patching.diagnostics(complete=self.identifier.complete, elsewhere=elsewhere))
        return Expansion(self.written, patched, spaces)

    def _modules(self, uses: Sequence[IdentifiedDocument], scope: Scope, patching: Patching) -> list[Space]:
        """Returns the spaces of the uses of modules. `patching` are the patches of the environment."""
        errors: list[Diagnostic] = []
        own: dict[Position, Patching] = {}
        of_uses: dict[str, Patching] = {}

        def around(name: str) -> list[_Within]:
            """Returns the patches of what is in a use: its own, those of the uses around it, the environment's."""
            names = [name]
            while module := Address.parse(names[-1]).module:
                names.append(module)
            return [*((of_uses[name], name) for name in names), (patching, "")]

        def make(documents: Sequence[IdentifiedDocument], inside: Scope, use: IdentifiedDocument) -> list[Expanded]:
            """Returns the resources of the documents of a module, which are in one use of it."""
            name, place = str(use.address), (*use.document.position[:5], None)
            if place not in own:
                own[place] = Patching(patches_in(use), expressions=use.document.expressions)
            of_uses[name] = own[place]
            return self._patched(documents, inside, around(name))[1]

        modules = Modules(
            self.identifier.place_of,
            self.identifier.module,
            self._expanded,
            make,
            self.names,
            self.fields,
            self.outputs,
            self.diagnostics.sources,
            self.secrets,
            self.path,
            errors,
        )
        spaces = modules.spaces(uses, scope)
        for found in own.values():
            uses_of = [name for name, one in of_uses.items() if one is found] if found else []
            elsewhere = partial(_is_elsewhere, self.names, modules=uses_of)
            errors += found.diagnostics(complete=self.identifier.complete, elsewhere=elsewhere)
        self.diagnostics.add(errors)
        return spaces

    def _patched(
        self, identified: Iterable[IdentifiedDocument], scope: Scope, patchings: Sequence[_Within]
    ) -> tuple[Sequence[IdentifiedDocument], list[Expanded]]:
        """Returns the documents with their defaults and patches, and the resources that they make."""
        written = self._with_defaults([*identified], scope)
        self.written.extend(written)
        patched: Sequence[IdentifiedDocument] = written
        for patching, module in patchings:
            patched = patching.apply(patched, module=module)
        expanded = self._expanded(patched, scope)
        if not any(patching for patching, _ in patchings):
            return patched, expanded
        items: Sequence[IdentifiedDocument] = [item for one in expanded for item in one.items]
        for patching, module in patchings:
            items = patching.apply(items, keyed=True, module=module)
        merged = iter(items)
        return patched, [replace(one, items=tuple(islice(merged, len(one.items)))) for one in expanded]

    def _with_defaults(self, identified: list[IdentifiedDocument], scope: Scope) -> list[IdentifiedDocument]:
        """Returns the documents with the defaults of the project below them."""
        document = self.settings.document
        listed = Placed(document.data.get(DEFAULTS), self.settings.position(DEFAULTS))
        merged, errors = with_defaults(identified, listed, document, scope, self.diagnostics.sources)
        self.diagnostics.add(errors)
        return merged

    def _expanded(self, identified: Iterable[IdentifiedDocument], scope: Scope) -> list[Expanded]:
        """Returns the resources of each document that exist in the environment."""
        errors: list[Diagnostic] = []
        expanding = Expanding(scope, self.diagnostics.sources, names_of(self.settings), self.names, errors)
        expanded = [expanding.expand(item) for item in identified]
        expanding.look_up_needed()
        self.diagnostics.add(errors)
        return expanded


def _is_elsewhere(names: DeclaredNames, target: str, modules: Sequence[str] = ("",)) -> bool:
    """Returns whether the target of a patch in modules is in another one that may hold more than is known here."""
    found = module_in(target)
    within = [f"{module}.{found}".removeprefix(".") for module in modules] if found is not None else []
    return any(names.may_hold_more(Address.parse(text)) for text in within)

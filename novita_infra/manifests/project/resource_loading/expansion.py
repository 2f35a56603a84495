"""Makes the resources of documents: defaults and patches merged, `forEach` expanded, modules used."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

from novita_infra.manifests.language.scope import Scope
from novita_infra.manifests.language.secrets import Secrets
from novita_infra.manifests.modules.loading import Modules, Space
from novita_infra.manifests.modules.values import ModuleOutputs
from novita_infra.manifests.project.collected import Collected
from novita_infra.manifests.project.environments import Environment, names_of
from novita_infra.manifests.project.patches import patch, patches_of
from novita_infra.manifests.project.project_file import Settings
from novita_infra.manifests.project.resource_loading.identifying import DocumentIdentifier, FoundDocuments
from novita_infra.manifests.resources.defaults import DEFAULTS, with_defaults
from novita_infra.manifests.resources.expanding import Expanded, Expanding
from novita_infra.manifests.resources.fields import DeclaredFields
from novita_infra.manifests.resources.merging import Placed
from novita_infra.manifests.resources.names import DeclaredNames
from novita_infra.manifests.validation.documents import IdentifiedDocument
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.model.frozen import dataclass


class Expansion(NamedTuple):
    """The resources of a project and of its modules."""

    own: list[IdentifiedDocument]
    """The documents of the project with its defaults, before patches."""
    patched: list[IdentifiedDocument]
    """The same documents with the environment's patches, before `forEach`."""
    spaces: list[Space]

    @property
    def written(self) -> list[IdentifiedDocument]:
        """The documents before patches: those of the project, and those of modules as each use has them."""
        return [*self.own, *(one.document for space in self.spaces[1:] for one in space.expanded)]

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

    def expand(self, identified: FoundDocuments, scope: Scope) -> Expansion:
        """Returns the resources of the project's own documents, and of the modules that these use."""
        complete = self.identifier.complete
        own = self._with_defaults(identified.resources, scope)
        patched, errors = patch(own, self.environment, complete=complete)
        self.diagnostics.add(errors)
        expanded = self._expanded(patched, scope)
        items, errors = patch(
            [item for one in expanded for item in one.items], self.environment, complete=complete, keyed=True
        )
        self.diagnostics.add(errors)
        if any(patches_of(self.environment)):
            merged = iter(items)
            expanded = [replace(one, items=tuple(islice(merged, len(one.items)))) for one in expanded]
        self.fields.add(items, scope)
        spaces = [Space(scope, expanded)]
        if identified.modules:
            spaces += self._modules(identified.modules, scope)
        return Expansion(own, patched, spaces)

    def _modules(self, uses: Sequence[IdentifiedDocument], scope: Scope) -> list[Space]:
        """Returns the spaces of the uses of modules."""
        errors: list[Diagnostic] = []
        modules = Modules(
            self.identifier.place_of,
            self.identifier.module,
            lambda documents, inside: self._expanded(self._with_defaults([*documents], inside), inside),
            self.names,
            self.fields,
            self.outputs,
            self.diagnostics.sources,
            self.secrets,
            errors,
        )
        spaces = modules.spaces(uses, scope)
        self.diagnostics.add(errors)
        return spaces

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

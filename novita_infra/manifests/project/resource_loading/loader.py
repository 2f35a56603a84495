"""Turns the manifest files of a project into declared resources and outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from novita_infra.lookups.answers import LookupAnswers
from novita_infra.lookups.found import FoundLookup
from novita_infra.manifests.language.interpolation import Interpolation
from novita_infra.manifests.language.reading import MODULE
from novita_infra.manifests.language.scope import DeclaredResources, Scope
from novita_infra.manifests.language.secrets import Secrets
from novita_infra.manifests.modules.interface import UseOfModule
from novita_infra.manifests.modules.values import ModuleOutputs
from novita_infra.manifests.project.collected import Collected
from novita_infra.manifests.project.discovery import ManifestFiles
from novita_infra.manifests.project.environments import Environment
from novita_infra.manifests.project.files import Files
from novita_infra.manifests.project.project_file import Settings
from novita_infra.manifests.project.provenance import Provenance
from novita_infra.manifests.project.resource_loading.declarer import Declarer
from novita_infra.manifests.project.resource_loading.expansion import Expander, Expansion
from novita_infra.manifests.project.resource_loading.identifying import DocumentIdentifier
from novita_infra.manifests.resources.defaults import DEFAULTS, unmatched_selectors
from novita_infra.manifests.resources.fields import ATTRIBUTES, FIELDS, DeclaredFields
from novita_infra.manifests.resources.local_values import LocalValues
from novita_infra.manifests.resources.lookup_values import LookupValues
from novita_infra.manifests.resources.merging import Placed
from novita_infra.manifests.resources.names import DeclaredNames
from novita_infra.manifests.resources.reading_path import ReadingPath
from novita_infra.manifests.validation.documents import IdentifiedDocument
from novita_infra.manifests.yaml.positions import Position, inside
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.model.resources import Declared
from novita_infra.model.values import Value

if TYPE_CHECKING:
    from novita_infra.manifests.modules.git.pinned import PinnedModules
    from novita_infra.manifests.modules.git.source import GitSource


class ResourceLoader:
    """Turns the manifest files of a project into declared resources."""

    def __init__(
        self,
        found: ManifestFiles,
        files: Files,
        diagnostics: Collected,
        secrets: Secrets,
        provenance: Provenance | None = None,
        lookups: LookupAnswers | None = None,
    ) -> None:
        """Without `lookups` nothing is looked up."""
        self._found = found
        self._files = files
        self._diagnostics = diagnostics
        self._secrets = secrets
        self._identifier = DocumentIdentifier(found, files, diagnostics, self._checkout)
        self._declarer = Declarer(diagnostics, files.sources, secrets, provenance)
        self._provenance = provenance
        self._lookups = lookups
        self.lookups: LookupValues | None = None
        """The lookups, once the resources are declared."""
        self.documents: dict[Address, Mapping[str, Any]] = {}
        """The data of each manifest, with the environment's patches and before any evaluation."""
        self.names = DeclaredNames()
        """The addresses of this environment, and why others are absent."""
        self.modules: Callable[[], Mapping[Address, UseOfModule]] = dict
        """Returns the documents of kind Module by address, without keys."""
        self.used: set[str] = set()
        """The names of the variables without a usable value that something uses."""
        self.scope: Scope | None = None
        """The names that expressions may use, once the resources are declared."""
        self.read: list[Placed] = []
        """The documents that hold expressions, with and without the environment's patches."""

    @property
    def complete(self) -> bool:
        """Whether every manifest of the project was read and understood."""
        return self._identifier.complete and not self._found.elsewhere

    @property
    def found_lookups(self) -> tuple[FoundLookup, ...]:
        """The lookups that something read, with what they found."""
        return self.lookups.found if self.lookups else ()

    def declared(
        self, settings: Settings, environment: Environment, values: Mapping[str, Value] | None
    ) -> tuple[tuple[Declared, ...], dict[str, Value]]:
        """Returns the resources, sorted by address, and the outputs of the project."""
        identified = self._identifier.identify(self._found.manifests)
        sources, path = self._files.sources, ReadingPath()
        names = self.names = DeclaredNames(
            lost=self._identifier.lost, all_lost=self._files.torn, scope=self._found.scope
        )
        fields, outputs = DeclaredFields(self._secrets, sources, path), ModuleOutputs(sources)
        local_values = LocalValues(settings.part("locals"), settings.position("locals"), sources, path)
        lookups = self.lookups = LookupValues(settings.document, sources, path, self._lookups)
        resources = DeclaredResources(
            attributes=ATTRIBUTES,
            find=names.find,
            fields=FIELDS,
            read=fields.read,
            keys=names.keys,
            output_keys=fields.output_keys,
            inside=names.inside,
            output=outputs.read,
        )
        scope = self.scope = Scope(
            values,
            self._secrets.environ,
            resources,
            {"project": {"name": settings.project_name(self._found.root)}, "environment": {"name": environment.name}},
            self._found.root,
            lenient=self._diagnostics.lenient,
            used=self.used,
            local=local_values.read,
            lookup=lookups.read,
        )
        expander = Expander(
            settings, environment, self._identifier, self._secrets, self._diagnostics, names, fields, outputs, path
        )
        expansion = expander.expand(identified, scope)
        own = (item for item in expansion.written if not item.address.module)
        documents = {id(one.document): one.document for one in (*own, *expansion.patched, *identified.modules)}
        self.read = [Placed(one.data, one.position) for one in documents.values() if one.expressions]
        self.documents = {item.address: item.document.data for item in expansion.patched}
        self.modules = partial(_modules, expansion)
        items = expansion.items
        if self._provenance is not None:
            self._provenance.read(expansion.written, items, expansion.spaces)
        if self.complete and not names.lacks(MODULE):
            listed = Placed(settings.document.data.get(DEFAULTS), settings.position(DEFAULTS))
            self._diagnostics.add([*unmatched_selectors(listed, expansion.written)])
        every = self._declarer.declare_all(expansion.spaces, {item.address: item.document.position for item in items})
        if self._found.scope:  # outputs may need what is in other files
            self._diagnostics.add([*local_values.errors(scope, whole=False)])
        found = self._outputs(settings, scope)
        if not self._found.scope:
            self._diagnostics.add([*local_values.errors(scope, whole=True)])
        self._diagnostics.add(outputs.rest())
        for space in expansion.spaces:
            if space.used is not None:
                self._diagnostics.add([*space.used.locals.errors(space.scope, whole=True)])
        return tuple(every[address] for address in sorted(every)), found

    def _checkout(self, source: GitSource) -> Path:
        """Returns the folder of a module from git, as the lock file pins it. Raises NoModule."""
        return self._pinned.checkout(source)

    @cached_property
    def _pinned(self) -> PinnedModules:
        from novita_infra.manifests.modules.git.pinned import PinnedModules  # noqa: PLC0415 -- few projects use git

        return PinnedModules(self._found.root, self._secrets.environ)

    def one(self, identified: IdentifiedDocument, scope: Scope) -> Declared:
        """Returns the resource of one document."""
        return self._declarer.declare(identified, scope)

    def evaluated(self, data: Any, position: Position) -> Value:
        """Returns a value of the project file with every expression evaluated, once the resources are declared."""
        if self.scope is None:
            return None
        diagnostics: list[Diagnostic] = []
        value = Interpolation(self.scope, self._files.sources, diagnostics).of(data, position).values
        self._diagnostics.add(diagnostics)
        return None if diagnostics else value

    def _outputs(self, settings: Settings, scope: Scope) -> dict[str, Value]:
        """Returns the outputs. If only one file was read, outputs that need other files are omitted."""
        outputs = {}
        for name, data in settings.part("outputs").items():
            diagnostics: list[Diagnostic] = []
            interpolation = Interpolation(scope, self._files.sources, diagnostics)
            interpolated = interpolation.of(data, inside(settings.position("outputs"), name))
            if (diagnostics or interpolated.unusable) and self._found.scope:
                continue
            self._diagnostics.add(diagnostics)
            outputs[name] = interpolated.values
        return outputs


def _modules(expansion: Expansion) -> dict[Address, UseOfModule]:
    """Returns the uses of modules by address; of those that differ only by keys, the first."""
    found: dict[Address, UseOfModule] = {}
    for space in expansion.spaces:
        address = space.used.use.address.unkeyed if space.used else None
        if space.used and address and address not in found:
            found[address] = UseOfModule(
                space.used.written.document.data, space.used.interface, space.scope.variables or {}
            )
    if found:
        for item in expansion.written:
            module = Address.parse(item.address.module).unkeyed if item.address.module else None
            if module is not None:
                found[module].documents.setdefault(item.address.unkeyed, item.document.data)
    return found

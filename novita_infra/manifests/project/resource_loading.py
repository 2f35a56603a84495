"""Turns the manifest files of a project into declared resources and outputs: identify, patch, validate, declare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from novita_infra.manifests.language.interpolation import Interpolation
from novita_infra.manifests.language.reading import MODULE
from novita_infra.manifests.language.scope import DeclaredResources, Scope
from novita_infra.manifests.language.secrets import Secrets
from novita_infra.manifests.modules.interface import ModuleInterface, ModuleSource, head_of
from novita_infra.manifests.modules.loading import Modules, NoModule, Space
from novita_infra.manifests.modules.values import ModuleOutputs
from novita_infra.manifests.project.collected import Collected
from novita_infra.manifests.project.discovery import ManifestFiles, manifests_of_module
from novita_infra.manifests.project.environments import DEFAULT, Environment
from novita_infra.manifests.project.files import Files
from novita_infra.manifests.project.patches import patch, patches_of
from novita_infra.manifests.project.project_file import Settings
from novita_infra.manifests.project.provenance import Provenance
from novita_infra.manifests.resources.cycles import cycles
from novita_infra.manifests.resources.declaring import Declaring
from novita_infra.manifests.resources.defaults import DEFAULTS, with_defaults
from novita_infra.manifests.resources.drift import without_ignored, without_lacking
from novita_infra.manifests.resources.expanding import Expanded, Expanding
from novita_infra.manifests.resources.fields import ATTRIBUTES, FIELDS, DeclaredFields
from novita_infra.manifests.resources.local_values import LocalValues
from novita_infra.manifests.resources.merging import Placed
from novita_infra.manifests.resources.names import DeclaredNames
from novita_infra.manifests.resources.reading_path import ReadingPath
from novita_infra.manifests.resources.repeated import MOST_FAULTY, reported_once
from novita_infra.manifests.validation.completing import completed
from novita_infra.manifests.validation.documents import (
    MODULE_FILE,
    IdentifiedDocument,
    is_encrypted,
    is_foreign,
    module_errors,
    schema_errors,
)
from novita_infra.manifests.yaml.composing import Document
from novita_infra.manifests.yaml.positions import Path as ValuePath
from novita_infra.manifests.yaml.positions import Position, inside, origin, position_at
from novita_infra.model.addresses import Address, Origin
from novita_infra.model.diagnostics import Diagnostic, reason
from novita_infra.model.resources import Declared
from novita_infra.model.values import Value


class ResourceLoader:
    """Turns the manifest files of a project into declared resources."""

    def __init__(
        self,
        found: ManifestFiles,
        files: Files,
        diagnostics: Collected,
        secrets: Secrets,
        provenance: Provenance | None = None,
    ) -> None:
        self._found = found
        self._files = files
        self._diagnostics = diagnostics
        self._secrets = secrets
        self._provenance = provenance
        self.documents: dict[Address, Mapping[str, Any]] = {}
        """The data of each manifest, with the environment's patches and before any evaluation."""
        self._environments: tuple[str, ...] = ()
        self._lost: set[str] = set()
        """Names of unusable documents. References to them are not reported as well."""
        self.used: set[str] = set()
        """The names of the variables without a usable value that something uses."""
        self.scope: Scope | None = None
        """The names that expressions may use, once the resources are declared."""
        self.read: list[Placed] = []
        """The documents that hold expressions, with and without the environment's patches."""

    @property
    def complete(self) -> bool:
        """Whether every manifest of the project was read and understood."""
        return not (self._found.scope or self._found.elsewhere or self._files.torn or self._lost)

    def declared(
        self, settings: Settings, environment: Environment, values: Mapping[str, Value] | None
    ) -> tuple[tuple[Declared, ...], dict[str, Value]]:
        """Returns the resources, sorted by address, and the outputs of the project."""
        identified, uses = self._identified(self._found.manifests)
        complete = not (self._found.scope or self._files.torn or self._lost)
        named = {
            "project": {"name": settings.project_name(self._found.root)},
            "environment": {"name": environment.name},
        }
        path = ReadingPath()
        local_values = LocalValues(settings.part("locals"), settings.position("locals"), self._files.sources, path)
        names = DeclaredNames(lost=self._lost, all_lost=self._files.torn, scope=self._found.scope)
        sources = self._files.sources
        fields, outputs = DeclaredFields(self._secrets, sources, path), ModuleOutputs(sources)
        scope = self.scope = Scope(
            values,
            self._secrets.environ,
            DeclaredResources(
                attributes=ATTRIBUTES,
                find=names.find,
                fields=FIELDS,
                read=fields.read,
                keys=names.keys,
                output_keys=fields.output_keys,
                output=outputs.read,
            ),
            named,
            self._found.root,
            lenient=self._diagnostics.lenient,
            used=self.used,
            local=local_values.read,
        )
        self._environments = (*settings.part("environments"), DEFAULT)
        written = identified = self._with_defaults(identified, settings, scope)
        identified, errors = patch(identified, environment, complete=complete)
        self._diagnostics.add(errors)
        documents = {id(item.document): item.document for item in (*written, *identified, *uses)}.values()
        self.read = [Placed(item.data, item.position) for item in documents if item.expressions]
        self.documents = {item.address: item.document.data for item in identified}
        expanded = self._expanded(identified, scope, names)
        items, errors = patch(
            [item for one in expanded for item in one.items], environment, complete=complete, keyed=True
        )
        self._diagnostics.add(errors)
        if any(patches_of(environment)):
            patched = iter(items)
            expanded = [replace(one, items=tuple(islice(patched, len(one.items)))) for one in expanded]
        fields.add(items, scope)
        spaces = [Space(scope, expanded)]
        if uses:
            errors = []

            def expand(documents: Sequence[IdentifiedDocument], inside: Scope) -> list[Expanded]:
                return self._expanded(self._with_defaults([*documents], settings, inside), inside, names)

            root, secrets = self._found.root, self._secrets
            modules = Modules(self._module, expand, names, fields, outputs, sources, secrets, root, errors)
            spaces += modules.spaces(uses, scope)
            self._diagnostics.add(errors)
            written = [*written, *(one.document for space in spaces[1:] for one in space.expanded)]
            items = [item for space in spaces for one in space.expanded for item in one.items]
        if self._provenance is not None:
            self._provenance.read(written, items)
        every = self._every(spaces, {item.address: item.document.position for item in items})
        if self._found.scope:  # outputs may need what is in other files
            self._diagnostics.add([*local_values.errors(scope, whole=False)])
        found = self._outputs(settings, scope)
        if not self._found.scope:
            self._diagnostics.add([*local_values.errors(scope, whole=True)])
        self._diagnostics.add(outputs.rest())
        return tuple(every[address] for address in sorted(every)), found

    def _every(self, spaces: Sequence[Space], positions: Mapping[Address, Position]) -> dict[Address, Declared]:
        """Returns the resources of the project and of its modules, with their errors reported."""
        every: dict[Address, Declared] = {}
        unsound: set[Address] = set()
        for space in spaces:
            for one in space.expanded:
                unsound |= self._declare(one, space.scope, every)
        sound = {key: one for key, one in every.items() if key not in unsound} if unsound else every
        finished, faults = completed(sound, positions)
        for one in (one for space in spaces for one in space.expanded) if faults else ():
            found = {item.address: faults[item.address] for item in one.items if item.address in faults}
            self._diagnostics.add(reported_once(found, len(one.items)))
        every |= finished
        self._diagnostics.add(cycles(every, positions))
        if self._provenance is not None:
            self._provenance.declared = every
        return every

    def _identified(self, files: Iterable[str]) -> tuple[list[IdentifiedDocument], list[IdentifiedDocument]]:
        """Returns the resources of the files, and the uses of modules."""
        identified: dict[Address, IdentifiedDocument] = {}
        repeated = []
        for name in files:
            foreign = 0
            for document in self._files.read(name).documents:
                if is_encrypted(document):
                    continue
                if is_foreign(document):
                    foreign += 1
                    if foreign > 1:
                        continue  # a file of another program is reported once
                found, errors = head_of(document, self._files.sources)
                if found is None:
                    self._lose(document)
                elif found.address in identified:
                    earlier = origin(identified[found.address].document.position)
                    hint = f"the first is at {earlier}; give one of them another name"
                    place = origin(position_at(document.position, ("metadata", "name")))
                    errors = [*errors, Diagnostic(f"{found.address} is declared twice", hint, origin=place)]
                    repeated.append(found)
                else:
                    identified[found.address] = found
                self._diagnostics.add(errors)
        every = [*identified.values(), *repeated]
        return [item for item in every if item.address.type != MODULE], [
            item for item in every if item.address.type == MODULE
        ]

    def _module(self, folder: str) -> ModuleSource:
        """Reads a module. Raises NoModule."""
        name = f"{folder}/{MODULE_FILE}"
        try:
            found = manifests_of_module(self._found.root, folder)
        except OSError as error:
            raise NoModule(
                f"the folder {folder} cannot be read: {reason(error)}", "name the folder of a module"
            ) from None
        if not (self._found.root / name).is_file():
            hint = "write apiVersion, kind: ModuleInterface, variables: and outputs: into it"
            raise NoModule(f"the folder {folder} has no {MODULE_FILE}", hint)
        self._diagnostics.add(found.diagnostics)
        documents = self._files.read(name).documents
        for document in documents:
            self._diagnostics.add(module_errors(document, self._files.sources, interface=True))
        resources, uses = self._identified(found.manifests)
        self._found.manifests += [one for one in found.manifests if one not in self._found.manifests]
        empty = Document(name, {}, (name, 1, 1, 1, 1, {}), expressions=False)
        interface = ModuleInterface(documents[0] if documents else empty)
        return ModuleSource(folder, interface, tuple(resources), tuple(uses))

    def _lose(self, document: Document) -> None:
        metadata = document.data.get("metadata") if isinstance(document.data, dict) else None
        name = metadata.get("name") if isinstance(metadata, dict) else None
        if isinstance(name, str):
            self._lost.add(name)
        else:
            self._files.torn = True

    def _with_defaults(
        self, identified: list[IdentifiedDocument], settings: Settings, scope: Scope
    ) -> list[IdentifiedDocument]:
        """Returns the documents with the defaults of the project below them."""
        listed, document = Placed(settings.document.data.get(DEFAULTS), settings.position(DEFAULTS)), settings.document
        merged, errors = with_defaults(identified, listed, document, scope, self._files.sources)
        self._diagnostics.add(errors)
        return merged

    def _expanded(self, identified: Iterable[IdentifiedDocument], scope: Scope, names: DeclaredNames) -> list[Expanded]:
        """Returns the resources of each document that exist in the environment."""
        errors: list[Diagnostic] = []
        expanding = Expanding(scope, self._files.sources, self._environments, names, errors)
        expanded = [expanding.expand(item) for item in identified]
        expanding.look_up_needed()
        self._diagnostics.add(errors)
        return expanded

    def _declare(self, expanded: Expanded, scope: Scope, every: dict[Address, Declared]) -> set[Address]:
        """Adds the resources of a document to `every`. Returns the addresses of those that have errors."""
        if not expanded.items:  # what it makes elsewhere is checked as far as it is written out
            document = expanded.document
            self._diagnostics.add(schema_errors(document, document.document.data, self._files.sources))
        unsound = set[Address]()
        found: dict[Address, list[Diagnostic]] = {}
        for item in expanded.items:
            if len(unsound) >= MOST_FAULTY:
                break
            every[item.address], diagnostics = self._one(item, scope.within(item.each))
            if diagnostics:
                found[item.address] = diagnostics
                if any(map(self._diagnostics.is_error, diagnostics)):
                    unsound.add(item.address)
        if found:
            complete = len(unsound) < MOST_FAULTY
            self._diagnostics.add(reported_once(found, len(expanded.items), complete=complete))
        return unsound if expanded.usable else {item.address for item in expanded.items}

    def one(self, identified: IdentifiedDocument, scope: Scope) -> Declared:
        """Returns the resource of one document."""
        declared, diagnostics = self._one(identified, scope)
        self._diagnostics.add(diagnostics)
        return declared

    def _one(self, identified: IdentifiedDocument, scope: Scope) -> tuple[Declared, list[Diagnostic]]:
        """Returns one resource and its diagnostics."""
        document = identified.document
        checked = values = document.data
        unusable: list[Diagnostic] = []
        needs: set[Address] = set()
        lacking: set[Origin] = set()
        if document.expressions:
            hidden = {item.name for item in identified.kind.fields if item.secret}

            def secret(path: ValuePath) -> bool:
                return len(path) > 1 and path[0] == "spec" and path[1] in hidden

            def textual(path: ValuePath) -> bool:
                field = identified.kind.by_name.get(str(path[1])) if len(path) > 1 and path[0] == "spec" else None
                return path[:2] == ("metadata", "labels") if field is None else field.is_text(path[2:])

            interpolation = Interpolation(scope, self._files.sources, unusable, secret, textual, needs)
            interpolated = interpolation.of(document.data, document.position)
            checked, values = interpolated.checked, interpolated.values
            lacking = interpolation.lacking
        if self._provenance is not None:
            self._provenance.evaluated[identified.address] = values
        misfits = schema_errors(identified, checked, self._files.sources)
        loose: list[Diagnostic] = []
        declared = Declaring(scope, self._secrets, loose, self._files.sources).declare(identified, values, needs)
        loose = [item for item in loose if item.origin not in lacking]
        if self._diagnostics.lenient or any(item.unasked for item in loose):
            declared = without_lacking(declared, identified.kind)
        elif declared.lifecycle.ignored:
            declared, places = without_ignored(declared, identified.kind, document.position)
            loose = [item for item in loose if not item.unset or item.origin not in places]
        return declared, self._diagnostics.sifted(unusable, misfits, loose)

    def evaluated(self, data: Any, position: Position) -> Value:
        """Returns a value of the project file with every expression evaluated, once the resources are declared."""
        diagnostics: list[Diagnostic] = []
        value = (
            Interpolation(self.scope, self._files.sources, diagnostics).of(data, position).values
            if self.scope
            else None
        )
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

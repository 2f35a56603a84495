"""Reads the documents of manifest files, each with its address: those of the project, and those of its modules."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from novita_infra.manifests.language.reading import MODULE
from novita_infra.manifests.modules.interface import ModuleInterface, ModuleSource, head_of
from novita_infra.manifests.modules.no_module import NoModule
from novita_infra.manifests.modules.places import ModulePlace, module_place
from novita_infra.manifests.project.collected import Collected
from novita_infra.manifests.project.discovery import ManifestFiles, manifests_of_module
from novita_infra.manifests.project.files import Files
from novita_infra.manifests.validation.documents import (
    MODULE_FILE,
    IdentifiedDocument,
    is_encrypted,
    is_foreign,
    module_errors,
)
from novita_infra.manifests.yaml.composing import Document
from novita_infra.manifests.yaml.positions import origin, position_at
from novita_infra.model.addresses import Address, Origin
from novita_infra.model.diagnostics import Diagnostic, reason

if TYPE_CHECKING:
    from novita_infra.manifests.modules.git.source import GitSource


class FoundDocuments(NamedTuple):
    """The documents of some files."""

    resources: list[IdentifiedDocument]
    modules: list[IdentifiedDocument]
    """The uses of modules."""


class DocumentIdentifier:
    """Reads files, and gives each document its address."""

    def __init__(
        self, found: ManifestFiles, files: Files, diagnostics: Collected, checkout: Callable[[GitSource], Path]
    ) -> None:
        """`checkout` gives the folder of a module from git. Raises NoModule."""
        self._found = found
        self._files = files
        self._diagnostics = diagnostics
        self._checkout = checkout
        self.lost: set[str] = set()
        """Names of unusable documents. References to them are not reported as well."""

    @property
    def complete(self) -> bool:
        """Whether every manifest of this environment was read and understood."""
        return not (self._found.scope or self._files.torn or self.lost)

    def identify(self, files: Iterable[str]) -> FoundDocuments:
        """Returns the documents of the files."""
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
        return FoundDocuments(
            [item for item in every if item.address.type != MODULE],
            [item for item in every if item.address.type == MODULE],
        )

    def place_of(self, use: IdentifiedDocument) -> ModulePlace | None:
        """Returns the place of the module that a document uses; None where that is reported. Raises NoModule."""
        return module_place(use, self._found.root, self._checkout)

    def module(self, place: ModulePlace) -> ModuleSource:
        """Reads a module. Raises NoModule."""
        name = f"{place.name}/{MODULE_FILE}"
        try:
            found = manifests_of_module(place.folder, place.name)
        except OSError as error:
            raise NoModule(
                f"the folder {place.name} cannot be read: {reason(error)}", "name the folder of a module"
            ) from None
        if not (place.folder / MODULE_FILE).is_file():
            hint = "write apiVersion, kind: ModuleInterface, inputs: and outputs: into it"
            raise NoModule(f"the folder {place.name} has no {MODULE_FILE}", hint)
        if not place.is_local:
            self._files.checkouts[place.name] = place.folder
        self._diagnostics.add(found.diagnostics)
        interface = self._interface(name)
        torn, self._files.torn = self._files.torn, False
        identified = self.identify(found.manifests)
        own, self._files.torn = self._files.torn, torn or self._files.torn
        self._found.manifests += [one for one in found.manifests if one not in self._found.manifests]
        return ModuleSource(place, interface, tuple(identified.resources), tuple(identified.modules), torn=own)

    def _interface(self, name: str) -> ModuleInterface:
        """Returns the inputs and outputs of a module by the name of its file. Raises NoModule."""
        parsed = self._files.read(name)
        if parsed.documents and isinstance(parsed.documents[0].data, dict) and not parsed.torn:
            for document in parsed.documents:
                self._diagnostics.add(module_errors(document, self._files.sources, interface=True))
            if "variables" in parsed.documents[0].data:
                raise NoModule("", diagnostics=[])  # its inputs are not known, which is reported
            return ModuleInterface(parsed.documents[0])
        if not parsed.torn:
            hint = "write apiVersion, kind: ModuleInterface, inputs: and outputs: into it"
            empty = Diagnostic("the file of a module is a mapping", hint, origin=Origin(name, 1, 1))
            raise NoModule("", diagnostics=[empty])
        raise NoModule("", diagnostics=[])  # it is reported already

    def _lose(self, document: Document) -> None:
        metadata = document.data.get("metadata") if isinstance(document.data, dict) else None
        name = metadata.get("name") if isinstance(metadata, dict) else None
        if isinstance(name, str):
            self.lost.add(name)
        else:
            self._files.torn = True

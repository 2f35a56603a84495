"""Evaluates, validates and declares the resources of expanded documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from novita_infra.manifests.language.interpolation import Interpolation
from novita_infra.manifests.language.scope import Scope
from novita_infra.manifests.language.secrets import Secrets
from novita_infra.manifests.modules.loading import Space
from novita_infra.manifests.project.collected import Collected
from novita_infra.manifests.project.provenance import Provenance
from novita_infra.manifests.project.resource_loading.saved_over import saved_over
from novita_infra.manifests.resources.cycles import cycles
from novita_infra.manifests.resources.declaring import Declaring
from novita_infra.manifests.resources.expanding import Expanded
from novita_infra.manifests.resources.lifecycle.checks import check_count
from novita_infra.manifests.resources.lifecycle.drift import without_ignored, without_lacking
from novita_infra.manifests.resources.lifecycle.rollouts import disagreeing, with_ranks
from novita_infra.manifests.resources.project_files import with_files
from novita_infra.manifests.resources.repeated import MOST_FAULTY, reported_once
from novita_infra.manifests.validation.completing import completed
from novita_infra.manifests.validation.documents import IdentifiedDocument, schema_errors
from novita_infra.manifests.yaml.positions import Path, Position, position_at
from novita_infra.manifests.yaml.source_text import Sources
from novita_infra.model.addresses import Address, Origin
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.model.frozen import dataclass
from novita_infra.model.lifecycle import MIN_SUCCEEDED
from novita_infra.model.resources import Declared


@dataclass(frozen=True, slots=True)
class Declarer:
    """Declares resources. Errors are added to `diagnostics`."""

    diagnostics: Collected
    sources: Sources
    secrets: Secrets
    provenance: Provenance | None

    def declare_all(self, spaces: Sequence[Space], positions: Mapping[Address, Position]) -> dict[Address, Declared]:
        """Returns the resources of the project and of its modules. `positions` are those of their documents."""
        every: dict[Address, Declared] = {}
        unsound: set[Address] = set()
        for space in spaces:
            for one in space.expanded:
                unsound |= self._declare_document(one, space.scope, every)
        sound = {key: one for key, one in every.items() if key not in unsound} if unsound else every
        finished, faults = completed(sound, positions)
        for one in (one for space in spaces for one in space.expanded) if faults else ():
            found = {item.address: faults[item.address] for item in one.items if item.address in faults}
            self.diagnostics.add(reported_once(found, len(one.items)))
        every |= finished
        self.diagnostics.add([*cycles(every, positions), *disagreeing(every.values())])
        self.diagnostics.add([*saved_over(every)])
        every |= with_ranks(every)
        if self.provenance is not None:
            self.provenance.declared = every
        return every

    def declare(self, identified: IdentifiedDocument, scope: Scope) -> Declared:
        """Returns the resource of one document."""
        declared, diagnostics = self._declare(identified, scope)
        self.diagnostics.add(diagnostics)
        return declared

    def _declare_document(self, expanded: Expanded, scope: Scope, every: dict[Address, Declared]) -> set[Address]:
        """Adds the resources of a document to `every`. Returns the addresses of those that have errors."""
        if not expanded.items:  # what it makes elsewhere is checked as far as it is written out
            document = expanded.document
            self.diagnostics.add(schema_errors(document, document.document.data, self.sources))
        unsound = set[Address]()
        found: dict[Address, list[Diagnostic]] = {}
        for item in expanded.items:
            if len(unsound) >= MOST_FAULTY:
                break
            every[item.address], diagnostics = self._declare(item, scope.within(item.each))
            if diagnostics:
                found[item.address] = diagnostics
                if any(map(self.diagnostics.is_error, diagnostics)):
                    unsound.add(item.address)
        if found:
            complete = len(unsound) < MOST_FAULTY
            self.diagnostics.add(reported_once(found, len(expanded.items), complete=complete))
        return unsound if expanded.usable else {item.address for item in expanded.items}

    def _declare(self, identified: IdentifiedDocument, scope: Scope) -> tuple[Declared, list[Diagnostic]]:
        """Returns one resource and its diagnostics."""
        document = identified.document
        checked = values = document.data
        unusable: list[Diagnostic] = []
        needs: set[Address] = set()
        lacking: set[Origin] = set()
        if document.expressions:
            hidden = {item.name for item in identified.kind.fields if item.secret}

            def secret(path: Path) -> bool:
                return len(path) > 1 and path[0] == "spec" and path[1] in hidden

            def textual(path: Path) -> bool:
                field = identified.kind.by_name.get(str(path[1])) if len(path) > 1 and path[0] == "spec" else None
                return path[:2] == ("metadata", "labels") if field is None else field.is_text(path[2:])

            interpolation = Interpolation(scope, self.sources, unusable, secret, textual, needs)
            interpolated = interpolation.of(document.data, document.position)
            checked, values = interpolated.checked, interpolated.values
            lacking = interpolation.lacking
        if self.provenance is not None:
            self.provenance.evaluated[identified.address] = values
        misfits = schema_errors(identified, checked, self.sources)
        loose: list[Diagnostic] = []
        declared = Declaring(scope, self.secrets, loose, self.sources).declare(identified, values, needs)
        loose = [item for item in loose if item.origin not in lacking]
        lenient, waits = self.diagnostics.lenient, any(item.unasked for item in (*unusable, *loose))
        if declared.lifecycle.ignored and (lenient or not waits):
            declared, places = without_ignored(declared, identified.kind, document.position)
            loose = [item for item in loose if not item.unset or item.origin not in places]
        if lenient or waits:
            declared = without_lacking(declared, identified.kind)
        if identified.kind.api.job and not (unusable or misfits):
            place = self.secrets.place_of(declared.origin.file)
            declared, faults = with_files(declared, identified.kind, place, document.position, root=self.secrets.root)
            loose += faults or check_count(
                declared.check, declared.spec, identified.kind, position_at(document.position, ("check", MIN_SUCCEEDED))
            )
        return declared, self.diagnostics.sifted(unusable, misfits, loose)

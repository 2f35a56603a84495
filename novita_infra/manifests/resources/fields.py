"""Reads declared fields of resources for the expressions of others: `${instance.head.image}`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from novita_infra.kinds import KINDS
from novita_infra.manifests.language.interpolation import Interpolation
from novita_infra.manifests.language.scope import DeclaredResources, Reported, Scope
from novita_infra.manifests.language.secrets import Secrets, is_lacking
from novita_infra.manifests.resources.declaring import Declaring
from novita_infra.manifests.resources.reading_path import Reading, ReadingPath
from novita_infra.manifests.validation.documents import IdentifiedDocument
from novita_infra.manifests.yaml.positions import inside
from novita_infra.manifests.yaml.source_text import Sources
from novita_infra.model.addresses import Address
from novita_infra.model.computing.effort import Missing, Uncomputable
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.model.values import Value

ATTRIBUTES: Final = {prefix: tuple(dict.fromkeys(("id", *kind.outputs))) for prefix, kind in KINDS.items()}
"""By type, the attributes that expressions may use, known once the object exists."""
FIELDS: Final = {prefix: tuple(kind.by_name) for prefix, kind in KINDS.items()}
"""By type, the fields that expressions may use as they are declared."""


class DeclaredFields:
    """The declared fields of a project, each evaluated once, when an expression names it."""

    def __init__(
        self, documents: Iterable[IdentifiedDocument], secrets: Secrets, sources: Sources, path: ReadingPath
    ) -> None:
        self._documents = {item.address: item for item in documents}
        self._secrets = secrets
        self._sources = sources
        self._values: dict[tuple[Address, str], Value] = {}
        self._path = path
        self._circular: dict[Reading, str] = {}
        self.scope = Scope(None, {}, DeclaredResources(attributes=ATTRIBUTES))
        """The scope of the project, which itself reads fields here."""

    def read(self, address: Address, name: str) -> Value:
        """Returns the value of a field.

        Raises Missing where it is not declared, Uncomputable for a circle in one resource, and Reported for what the
        field's own resource reports.
        """
        place = (address, name)
        if place in self._path:
            self._close_circle(place)
            raise Reported
        if place not in self._values:
            try:
                with self._path.reading(place):
                    self._values[place] = self._read(address, name)
            except Reported:
                if place in self._circular:
                    raise Uncomputable(self._circular[place], "let one of them have a value of its own") from None
                raise
        return self._values[place]

    def _read(self, address: Address, name: str) -> Value:
        identified = self._documents.get(address)
        if identified is None:
            raise Reported
        document, spec = identified.document, identified.document.data.get("spec")
        if not isinstance(spec, Mapping) or name not in spec:
            hint = f"declare {name} there, or give another value: default(..., ...)"
            raise Missing(f"{address} does not declare {name}", hint)
        field, position = identified.kind.by_name[name], inside(inside(document.position, "spec"), name)
        diagnostics: list[Diagnostic] = []  # the resource itself reports them
        scope = self.scope.within(identified.each)
        interpolation = Interpolation(scope, self._sources, diagnostics, lambda _: field.secret, field.is_text)
        value = interpolation.of(spec[name], position)
        if diagnostics or value.unusable:
            raise Reported
        read = Declaring(scope, self._secrets, diagnostics, self._sources).field(field, value.values, position)
        if is_lacking(read):
            raise Reported
        return read

    def _close_circle(self, place: Reading) -> None:
        """Notes the fields of a circle. One through several resources alone is a circle of these, which is reported."""
        circle = self._path.since(place)
        owners = {owner for owner, _ in circle}
        if len(owners) == 1 or not all(isinstance(owner, Address) for owner in owners):
            what = "fields" if len(owners) == 1 else "values"
            summary = f"{what} need each other in a circle: {self._path.circle(place)}"
            self._circular.update(dict.fromkeys(circle, summary))

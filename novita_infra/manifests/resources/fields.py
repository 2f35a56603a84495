"""Reads declared fields of resources for the expressions of others: `${instance.head.image}`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Final

from novita_infra.kinds import KINDS
from novita_infra.manifests.language.interpolation import Interpolation
from novita_infra.manifests.language.scope import Reported, Scope
from novita_infra.manifests.language.secrets import Secrets, is_lacking
from novita_infra.manifests.resources.declaring import Declaring
from novita_infra.manifests.resources.reading_path import Reading, ReadingPath
from novita_infra.manifests.validation.documents import IdentifiedDocument
from novita_infra.manifests.yaml.positions import inside
from novita_infra.manifests.yaml.source_text import Sources
from novita_infra.model.addresses import Address
from novita_infra.model.computing.effort import Missing, Uncomputable
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.model.values import Ref, Spec, Value

ATTRIBUTES: Final = {prefix: tuple(dict.fromkeys(("id", *kind.outputs))) for prefix, kind in KINDS.items()}
"""By type, the attributes that expressions may use, known once the object exists."""
FIELDS: Final = {prefix: tuple(kind.by_name) for prefix, kind in KINDS.items()}
"""By type, the fields that expressions may use as they are declared."""


class DeclaredFields:
    """The declared fields of a project, each evaluated once, when an expression names it."""

    def __init__(self, secrets: Secrets, sources: Sources, path: ReadingPath) -> None:
        self._documents: dict[Address, IdentifiedDocument] = {}
        self._scopes: dict[str, Scope] = {}
        self._secrets = secrets
        self._sources = sources
        self._values: dict[tuple[Address, str], Value] = {}
        self._path = path
        self._circular: dict[Reading, str] = {}

    def add(self, documents: Iterable[IdentifiedDocument], scope: Scope) -> None:
        """Adds the resources of the project or of a module, with the names that their expressions may use."""
        self._documents.update((item.address, item) for item in documents)
        self._scopes[scope.module] = scope

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

    def output_keys(self, address: Address, name: str) -> Collection[str] | None:
        """Returns the keys of an attribute that is a map; None where the declared fields do not tell them."""
        rule = KINDS[address.type].resolution.output_keys.get(name)
        if rule is None or address not in self._documents:
            return None
        try:
            return rule.keys(dict(self._those(address, rule.fields)))
        except (Reported, Uncomputable):
            return None

    def declared(self, address: Address) -> Collection[str]:
        """Returns the names of the fields that the manifest of the resource sets."""
        spec = self._documents[address].document.data.get("spec") if address in self._documents else None
        return spec.keys() if isinstance(spec, Mapping) else ()

    def _those(self, address: Address, names: Iterable[str]) -> Iterator[tuple[str, Value]]:
        """Yields the fields of these names that have a value."""
        for name in names:
            with suppress(Missing):
                yield name, self.read(address, name)

    def _read(self, address: Address, name: str) -> Value:
        """Returns the declared value of a field, or what another resource gives."""
        identified = self._documents.get(address)
        if identified is None:
            raise Reported
        own = {name: self._own(identified, name)} if name in self.declared(address) else {}
        resolution = identified.kind.resolution
        if resolution.inherit is not None and name in resolution.inherited:
            others = dict(self._those(address, resolution.inherited[name]))
            own = {**resolution.inherit({**others, **own}, self._other)}
        if name not in own:
            hint = f"declare {name} there, or give another value: default(..., ...)"
            raise Missing(f"{address} does not declare {name}", hint)
        return own[name]

    def _other(self, kind: str, value: Value) -> Spec | None:
        """Returns the spec of the resource that a value refers to, each field computed when it is read."""
        if not isinstance(value, Ref) or value.address.type != kind or value.address not in self._documents:
            return None
        return _LazySpec(self, value.address)

    def _own(self, identified: IdentifiedDocument, name: str) -> Value:
        document = identified.document
        spec = document.data["spec"]
        field, position = identified.kind.by_name[name], inside(inside(document.position, "spec"), name)
        diagnostics: list[Diagnostic] = []  # the resource itself reports them
        scope = self._scopes[identified.address.module].within(identified.each)
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


class _LazySpec(Mapping[str, Value]):
    """The declared spec of a resource. A field is computed when it is read."""

    def __init__(self, fields: DeclaredFields, address: Address) -> None:
        self._fields = fields
        self._address = address

    def __getitem__(self, name: str) -> Value:
        try:
            return self._fields.read(self._address, name)
        except Missing:
            raise KeyError(name) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields.declared(self._address))

    def __len__(self) -> int:
        return len(self._fields.declared(self._address))

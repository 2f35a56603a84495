"""Computes the `locals:` of a project, each once, when an expression reads it: `${local.name}`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from novita_infra.manifests.language.interpolation import Interpolation, are_unasked, unasked_like
from novita_infra.manifests.language.scope import DeclaredResources, Reported, Scope
from novita_infra.manifests.resources.reading_path import ReadingPath
from novita_infra.manifests.yaml.positions import Position, inside, key_origin
from novita_infra.manifests.yaml.source_text import Sources
from novita_infra.model.addresses import Address
from novita_infra.model.computing.effort import Uncomputable
from novita_infra.model.diagnostics import Diagnostic, nearest
from novita_infra.model.frozen import dataclass
from novita_infra.model.values import Value

LOCAL: Final = "local"


@dataclass(frozen=True, slots=True)
class _Computed:
    """A local value, or why there is none."""

    value: Value
    needs: frozenset[Address]
    diagnostics: tuple[Diagnostic, ...]
    usable: bool


class LocalValues:
    """The local values of a project or a module. They are computed in the scope of the expression that reads them."""

    def __init__(
        self, written: Mapping[str, Any], position: Position, sources: Sources, path: ReadingPath, *, module: str = ""
    ) -> None:
        """`module` is the address of the module; empty for the project."""
        self._owner = f"{module}.{LOCAL}" if module else LOCAL
        self._written = written
        self._position = position
        self._sources = sources
        self._path = path
        self._resources: DeclaredResources | None = None
        self._computed: dict[str, _Computed] = {}
        """Those computed with these resources: `forEach` is expanded before resources have fields."""
        self._circles: dict[str, Diagnostic] = {}
        self._wanted: set[str] = set()

    def read(self, name: str, scope: Scope) -> tuple[Value, frozenset[Address]]:
        """Returns a local value and the resources that it names.

        Raises Uncomputable where none has the name, and Reported for what `errors` gives.
        """
        if name not in self._written:
            hint = nearest(name, tuple(self._written)) or f"declare it under locals: in {self._position[0]}"
            unknown = Uncomputable(f'there is no local value "{name}"', hint)
            unknown.cause = f"local.{name}"
            raise unknown
        self._wanted.add(name)
        if scope.resources is not self._resources:
            self._resources, self._computed = scope.resources, {}
        if (self._owner, name) in self._path:
            summary = f"values need each other in a circle: {self._path.circle((self._owner, name))}"
            place = key_origin(inside(self._position, name))
            self._circles[name] = Diagnostic(summary, "let one of them have a value of its own", origin=place)
            raise Reported
        if name not in self._computed:
            with self._path.reading((self._owner, name)):
                self._computed[name] = self._compute(name, scope)
        found = self._computed[name]
        if are_unasked(found.diagnostics):
            raise unasked_like(found.diagnostics[0])
        if not found.usable:
            for error in found.diagnostics if scope.resources.early else ():
                raise Uncomputable(f"local.{name}: {error.summary}", error.hint)
            raise Reported
        return found.value, found.needs

    def errors(self, scope: Scope, *, whole: bool) -> Iterator[Diagnostic]:
        """Yields the errors of the values that were read. With `whole`, the others are checked, too.

        What a value lacks that nothing reads is no error.
        """
        wanted = self._wanted & self._written.keys()
        for name in self._written if whole else wanted:
            try:
                self.read(name, scope if name in wanted else replace(scope, used=set()))
            except Uncomputable as error:
                if error.unasked:
                    continue
                place = key_origin(inside(self._position, name))
                yield Diagnostic(error.summary, error.hint, origin=place, cause=error.cause)
            except Reported:
                continue
        for name, found in self._computed.items():
            yield from (item for item in found.diagnostics if name in wanted or not item.unset)
        yield from self._circles.values()

    def _compute(self, name: str, scope: Scope) -> _Computed:
        own = {word: values for word, values in scope.named.items() if word != "each"}
        diagnostics: list[Diagnostic] = []
        needs: set[Address] = set()
        interpolation = Interpolation(replace(scope, named=own), self._sources, diagnostics, needs=needs)
        found = interpolation.of(self._written[name], inside(self._position, name))
        usable = not found.unusable and (scope.lenient or not diagnostics)
        return _Computed(found.values, frozenset(needs), tuple(diagnostics), usable)

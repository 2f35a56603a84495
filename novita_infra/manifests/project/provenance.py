"""Traces the source of a manifest value: its line, the patch of an environment, the variable inside it.

Only `why` uses it; any other load records nothing. A secret is never shown, only its source.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from novita_infra.api.credentials import without_credentials
from novita_infra.kinds import KINDS
from novita_infra.manifests.language.expressions import is_expression
from novita_infra.manifests.language.references import names_in
from novita_infra.manifests.language.variable_types import is_secret_variable
from novita_infra.manifests.language.variables import Given, defaults_in
from novita_infra.manifests.modules.interface import LOCALS
from novita_infra.manifests.modules.loading import Space, UsedModule
from novita_infra.manifests.modules.use import INPUTS, in_use, place_in_use
from novita_infra.manifests.project.environments import Environment
from novita_infra.manifests.project.patches import patches_of
from novita_infra.manifests.project.project_file import Settings
from novita_infra.manifests.resources.expanding import FOR_EACH
from novita_infra.manifests.resources.merging import Placed
from novita_infra.manifests.validation.documents import PROJECT_FILE, IdentifiedDocument
from novita_infra.manifests.yaml.positions import Path, Position, inside, label_of, origin, position_at
from novita_infra.model.addresses import Address, Origin
from novita_infra.model.printable import shortened
from novita_infra.model.resources import Declared
from novita_infra.model.values import Value, is_secret, refs
from novita_infra.schema.secret_pointers import is_pointer

_MISSING: Final = object()

Said = tuple[str, Origin | None]
"""One step on the way of a value, with its place; None for a value outside of files."""


class _Reader(NamedTuple):
    """Whose names an expression means."""

    module: str
    """The module whose inputs and local values they are; empty for the project."""
    document: IdentifiedDocument
    """The document that decides the keys, as written."""
    key: str
    each: Mapping[str, Value] | None


@dataclass(slots=True)
class Provenance:
    """The data of a load that `why` needs."""

    written: Mapping[Address, IdentifiedDocument] = field(default_factory=dict)
    """The documents as written in the files, with the defaults of the project."""
    patched: Mapping[Address, IdentifiedDocument] = field(default_factory=dict)
    """The documents with the environment's patches."""
    environment: Environment = field(default_factory=lambda: Environment("", (), expressions=False))
    variables: Mapping[str, Any] = field(default_factory=dict)
    """Their declarations."""
    locals: Placed = field(default_factory=lambda: Placed({}, (PROJECT_FILE, 1, 1, 1, 1, None)))
    """The local values, as written."""
    given: Sequence[Given] = ()
    """The variables' values as written, from the lowest to the highest priority."""
    declared: Mapping[Address, Declared] = field(default_factory=dict)
    evaluated: dict[Address, Mapping[str, Value]] = field(default_factory=dict)
    """The documents after evaluation, before defaults of kinds and what templates give."""
    uses: Mapping[str, UsedModule] = field(default_factory=dict)
    """The uses of modules, by address."""

    def began(self, settings: Settings, chosen: Environment, given: Sequence[Given]) -> None:
        """Records the variables and the environment of the project file."""
        self.variables, self.given, self.environment = settings.part("variables"), given, chosen
        self.locals = Placed(settings.part("locals"), settings.position("locals"))

    def read(
        self,
        written: Iterable[IdentifiedDocument],
        patched: Iterable[IdentifiedDocument],
        spaces: Iterable[Space] = (),
    ) -> None:
        """Records the documents before and after patches, and the uses of modules."""
        self.written = {item.address: item for item in written}
        self.patched = {item.address: item for item in patched}
        self.uses = {str(space.used.use.address): space.used for space in spaces if space.used is not None}

    def place_of(self, address: Address, path: Path) -> Origin | None:
        """Returns the place of a value, in the file of another resource if that gives it, such as a template.

        It is the place of the nearest value around it where no file has it; None where nothing is around it, as for a
        name by default. `path` begins with `spec`, `lifecycle` or `metadata`.
        """
        identified = self.patched[address]
        if _at(identified, path) is _MISSING and (giver := self._giver(address, path)):
            return self.place_of(giver, path)
        around = _at(identified, path[:2]) is not _MISSING
        return origin(position_at(identified.document.position, path)) if around else None

    def _giver(self, address: Address, path: Path) -> Address | None:
        """Returns the resource that gives a value of the spec: one that the spec names, and that has the same value."""
        item = self.declared.get(address)
        value = _in(item.spec, path[1:]) if item and path[0] == "spec" and len(path) > 1 else _MISSING
        if item is None or value is _MISSING:
            return None
        named = sorted({ref.address for ref in refs(dict(item.spec))} - {address})
        givers = (giver for giver in named if giver in self.declared)
        return next((giver for giver in givers if _in(self.declared[giver].spec, path[1:]) == value), None)

    def trail(self, address: Address, path: Path) -> tuple[Said, ...]:
        """Returns the way of a value from the manifest line back to its source; empty if no manifest sets it.

        `path` leads through the spec, as in ("env", "DEBUG"), or begins with "lifecycle" or "metadata".
        """
        identified = self.patched.get(address)
        if identified is None:
            return ()
        path = path if path[:1] in {("lifecycle",), ("metadata",), ("check",)} else ("spec", *path)
        now = _at(identified, path)
        before = self._before(address, path)
        if now is _MISSING:
            return tuple(self._absent(address, path, before=before))
        return tuple(self._present(address, path, now=now))

    def _present(self, address: Address, path: Path, *, now: Any) -> Iterator[Said]:
        position = position_at(self.patched[address].document.position, path)
        own = self._base(address).document.file
        if position[0] == own:
            yield f"{label_of(path)}: {_shown(now, hidden=_hidden(address, path))}", origin(position)
        for inner in _places_in(position, path, own):
            yield from self._by_patch(address, inner)
        texts: dict[str, list[str]] = {}
        for file, text in _texts_by_file(now, position):
            texts.setdefault(file, []).append(text)
        for file, written in texts.items():
            yield from self._names(self._reader(address, file), written)

    def _reader(self, address: Address, file: str) -> _Reader:
        """Returns whose names an expression means that stands in a file, as part of a resource."""
        base = self._base(address)
        own = _Reader(address.module, base, address.key, self.patched[address].each)
        if file == PROJECT_FILE:
            return own._replace(module="")
        used = self._use_in(address, file) if file != base.document.file else None
        return _reader_of(used) if used is not None else own

    def _use_in(self, address: Address, file: str) -> UsedModule | None:
        """Returns the use of a module around the resource whose document is in the file."""
        module = address.module
        while (used := self.uses.get(module)) is not None and used.written.document.file != file:
            module = used.use.address.module
        return used

    def _names(self, reader: _Reader, written: Any, passed: frozenset[tuple[str, str]] = frozenset()) -> Iterator[Said]:
        """Yields the steps of the names that the expressions of a value read, through local values."""
        for space, name in dict.fromkeys(names_in(written)):
            if space == "var" and reader.module:
                yield from self._input_of_module(reader.module, name)
            elif space == "var":
                yield from self._variable(name)
            elif space == "each":
                yield from self._each(reader, name)
            elif space == "env":
                yield f"{name} of the shell's environment", None
            elif space == "local" and (reader.module, name) not in passed:
                data, position = self._locals(reader.module)
                if name in data:
                    yield f"local.{name}: {_shown(data[name], hidden=False)}", origin(inside(position, name))
                    yield from self._names(reader, data[name], passed | {(reader.module, name)})

    def _locals(self, module: str) -> Placed:
        """Returns the local values of a module, or those of the project."""
        if not module:
            return self.locals
        interface = self.uses[module].interface
        return Placed(interface.part(LOCALS), interface.position(LOCALS))

    def _by_patch(self, address: Address, path: Path) -> Iterator[Said]:
        """Yields the steps of a value that another file sets: a patch, or a default."""
        place = origin(position_at(self.patched[address].document.position, path))
        hidden = _hidden(address, path)
        text = f"{label_of(path)}: {_shown(_at(self.patched[address], path), hidden=hidden)}"
        before = self._before(address, path)
        old = origin(position_at(self._base(address).document.position, path))
        if before is not _MISSING and old == place:
            yield f"{text}, a default of the project", place
            return
        yield f"{self._patcher(address, place)} patches {text}", place
        if before is not _MISSING:
            yield f"in place of {_shown(before, hidden=hidden)}", old

    def _patcher(self, address: Address, place: Origin) -> str:
        """Returns who patches the resource at a place: an environment, or the use of a module."""
        used = self._use_in(address, place.file) if place.file != PROJECT_FILE else None
        return str(used.use.address) if used is not None else f'the environment "{self._environment_at(place)}"'

    def _environment_at(self, place: Origin) -> str:
        """Returns the name of the environment, or of one that it extends, in which the place is."""
        before = [part for part in self.environment.parts if part.position[1:3] <= (place.line, place.column)]
        return max(before, key=lambda part: part.position[1:3]).name if before else self.environment.name

    def _absent(self, address: Address, path: Path, *, before: Any) -> Iterator[Said]:
        """Yields the steps of a missing value: a patch removes it, or another resource provides it."""
        if before is not _MISSING:
            old = origin(position_at(self._base(address).document.position, path))
            around = origin(position_at(self.patched[address].document.position, path[:-1]))
            where = around
            if around.file in (PROJECT_FILE, old.file):
                where = next((origin(position) for position in self._patches(path)), Origin(PROJECT_FILE, 1, 1))
            yield f"{self._patcher(address, where)} removes {label_of(path)}", where
            yield f"in place of {_shown(before, hidden=_hidden(address, path))}", old
            return
        giver = self._giver(address, path)
        if giver is None:
            return
        item = self.declared[address]
        named = (field for field, value in item.spec.items() if giver in {ref.address for ref in refs(value)})
        yield f"{giver} gives it", next((item.places[field] for field in named if field in item.places), None)
        yield from self.trail(giver, path[1:])

    def _patches(self, path: Path) -> Iterator[Position]:
        """Yields the patches that touch the path, the last one first."""
        for item, place in reversed([*patches_of(self.environment)]):
            value, position = item, place
            for part in path:
                if not isinstance(value, dict) or part not in value:
                    break
                position, value = inside(position, part), value[part]
            else:
                yield position

    def _base(self, address: Address) -> IdentifiedDocument:
        """Returns the document that makes the resource, as written."""
        return self.written[address.base]

    def _before(self, address: Address, path: Path) -> Any:
        return _at(self._base(address), path)

    def _each(self, reader: _Reader, name: str) -> Iterator[Said]:
        each, document = reader.each or {}, reader.document.document
        if name in each:
            place = origin(position_at(document.position, (FOR_EACH, reader.key)))
            yield f"each.{name} is {_shown(each[name], hidden=is_secret(each[name]))}, by forEach", place
            module = reader.document.address.module
            for space, variable in dict.fromkeys(names_in(document.data.get(FOR_EACH))):
                if space == "var":
                    yield from self._input_of_module(module, variable) if module else self._variable(variable)

    def _input_of_module(self, module: str, name: str) -> Iterator[Said]:
        """Yields the steps of an input of a module: the line of its caller, what that reads, and its default."""
        used = self.uses[module]
        declaration = used.interface.part(INPUTS).get(name)
        hidden = is_secret_variable(declaration)
        document = used.use.document
        given = in_use(document.data, INPUTS)
        is_given = isinstance(given, dict) and given.get(name) is not None
        if isinstance(given, dict) and is_given:
            place = origin(inside(place_in_use(document, INPUTS), name))
            yield f"var.{name} is {_shown(given[name], hidden=hidden)}, by {module}", place
            yield from self._names(_reader_of(used), given[name])
        for item in defaults_in({name: declaration}, used.interface.position(INPUTS)):
            value, where = _shown(item.value, hidden=hidden), origin(item.position) if item.position else None
            yield (f"in place of {value}, {item.by}" if is_given else f"var.{name} is {value}, by {item.by}"), where

    def _variable(self, name: str) -> Iterator[Said]:
        declaration = self.variables.get(name)
        hidden = is_secret_variable(declaration)
        given = [item for item in self.given if item.name == name]
        for index, item in enumerate(reversed(given)):
            value = _shown(item.value, hidden=hidden)
            place = origin(item.position) if item.position else None
            yield (f"in place of {value}, {item.by}" if index else f"var.{name} is {value}, by {item.by}"), place


def _reader_of(used: UsedModule) -> _Reader:
    """Returns whose names the document of a use of a module means."""
    return _Reader(used.use.address.module, used.written, used.use.address.key, used.use.each)


def _places_in(position: Position, path: Path, own: str) -> Iterator[Path]:
    """Yields the paths of the outermost values at or inside the position that are not of the file `own`."""
    if position[0] != own:
        yield path
        return
    inner = position[5]
    for part, item in inner.items() if isinstance(inner, dict) else enumerate(inner or ()):
        yield from _places_in(item, (*path, part), own)


def _texts_by_file(value: Any, position: Position) -> Iterator[tuple[str, str]]:
    """Yields each text in a value with the file in which it stands."""
    match value:
        case str():
            yield position[0], value
        case dict():
            for name, item in value.items():
                yield from _texts_by_file(item, inside(position, name))
        case list():
            for index, item in enumerate(value):
                yield from _texts_by_file(item, inside(position, index))
        case _:
            pass


def _at(identified: IdentifiedDocument, path: Path) -> Any:
    return _in(identified.document.data, path)


def _in(value: Any, path: Path) -> Any:
    for part in path:
        match value, part:
            case dict() as named, str() if part in named:
                value = named[part]
            case list() as listed, int() if part < len(listed):
                value = listed[part]
            case _:
                return _MISSING
    return value


def _hidden(address: Address, path: Path) -> bool:
    fields = KINDS[address.type].by_name
    return path[0] == "spec" and len(path) > 1 and path[1] in fields and fields[str(path[1])].secret


def _shown(value: Any, *, hidden: bool) -> str:
    """Returns the value as written, shortened. A hidden value is shown as its source only."""
    points = is_pointer(value)
    if hidden and not points and not (isinstance(value, str) and is_expression(value)):
        return "(secret)"
    text = (
        value
        if isinstance(value, str) and value.startswith("${")
        else json.dumps(value, ensure_ascii=False, default=str)
    )
    return shortened(without_credentials(text) if points else text)

"""Loads a project: finds its files, reads, works in variables and environments, validates and declares.

Every error of every file is found in one run and raised together; nothing here talks to the cloud or writes.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from novita_infra.diagnostics import Diagnostic, Problems, Severity, nearest
from novita_infra.kinds import KINDS
from novita_infra.manifests.cycles import cycles
from novita_infra.manifests.declaring import Declaring, completed
from novita_infra.manifests.environments import Environment, choose, patch
from novita_infra.manifests.expressions import Scope, Unusable
from novita_infra.manifests.finding import Found, find, reason
from novita_infra.manifests.interpolating import interpolate
from novita_infra.manifests.places import Path as ValuePath
from novita_infra.manifests.places import Spot, inside, origin, spot_at
from novita_infra.manifests.reading import Document, Reading, read
from novita_infra.manifests.secrets import Secrets
from novita_infra.manifests.settings import NOTHING, Settings, settings_of
from novita_infra.manifests.sources import Sources
from novita_infra.manifests.validating import PROJECT_FILE, Headed, faults, head
from novita_infra.manifests.variables import Given, given_by_environ, given_in, settle
from novita_infra.resources import Address, Declared, Origin, Secret, Value

_ATTRIBUTES: Final = {prefix: tuple(dict.fromkeys(("id", *kind.outputs))) for prefix, kind in KINDS.items()}


@dataclass(frozen=True, slots=True)
class Project:
    """What the manifests of a folder or a file ask for, in one environment."""

    name: str
    root: Path
    environment: str
    environments: tuple[str, ...]
    """The environments that the project file declares, sorted."""
    declared: tuple[Declared, ...]
    """Sorted by address. Their files are named relative to the root."""
    outputs: Mapping[str, Value]
    """May hold Refs, Secrets and Joined."""
    state_folder: Path
    scope: str = ""
    """The one manifest file that was loaded, relative to the root; empty for the whole project."""
    owner_marks: bool = True
    """Whether objects that have room for it carry the mark of the operation that made them."""
    variables: Mapping[str, Value] = field(default_factory=dict)
    """The values used, without those of secret variables."""
    warnings: tuple[Diagnostic, ...] = ()


def load(
    path: Path,
    *,
    environment: str = "",
    variables: Mapping[str, str] | None = None,
    var_files: Sequence[Path] = (),
    environ: Mapping[str, str],
) -> Project:
    """The project at a folder, or what one manifest file declares; `variables` are those of `--var`, as text.

    Raises Problems with everything that is wrong, sorted by file, line and column.
    """
    with _uncollected():
        return _load(path, environment, variables or {}, var_files=var_files, environ=environ)


def _load(
    path: Path, environment: str, variables: Mapping[str, str], *, var_files: Sequence[Path], environ: Mapping[str, str]
) -> Project:
    told = _Told()
    found = find(path, other_than=var_files)
    told.add(found.diagnostics)
    files = _Files(found.root, told)
    settings, wrong = settings_of(files.read(PROJECT_FILE), files.sources) if found.project_file else (NOTHING, [])
    told.add(wrong)
    chosen, wrong = choose(settings, wanted=environment)
    told.add(wrong)
    secrets = Secrets(found.root, environ)
    given = [
        *given_in(chosen.variables, chosen.variables_spot, f'the environment "{chosen.name}"'),
        *files.variables(var_files),
        *given_by_environ(environ),
        *(Given(name, text, "--var") for name, text in variables.items()),
    ]
    values, wrong = settle(settings.part("variables"), settings.spot("variables"), given=given, secrets=secrets)
    told.add(wrong)
    resources = _Resources(found, files, told, secrets)
    declared, outputs = resources.declared(settings, chosen, values)
    if not declared and not told.errors:
        told.add(_nothing(path, found))
    return Project(
        name=settings.text("metadata", "name") or found.root.resolve().name or "project",
        root=found.root,
        environment=chosen.name,
        environments=tuple(sorted(settings.part("environments"))),
        declared=declared,
        outputs=outputs,
        state_folder=found.root / (settings.text("state", "path") or "state"),
        scope=found.scope,
        owner_marks=settings.document.data.get("ownerMarks") is not False,
        variables={name: value for name, value in values.items() if not isinstance(value, Secret)},
        warnings=told.warnings(),
    )


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Keeps the garbage collector from walking over all values again and again while they are made: two fifths of the
    time. Nothing that reading makes refers to itself, so nothing is left behind.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _nothing(path: Path, found: Found) -> list[Diagnostic]:
    """What is said when nothing is declared: with a project file it may be meant so, to have everything deleted."""
    if found.project_file:
        place = Origin(found.scope or PROJECT_FILE, 1, 1)
        return [
            Diagnostic(
                "nothing is declared", "all that the state owns would go", origin=place, severity=Severity.WARNING
            )
        ]
    hint = "a manifest is a .yaml file with apiVersion, kind, metadata and spec; `novita-infra init` writes a first one"
    where = Origin(found.scope, 1, 1) if found.scope else None
    return [
        Diagnostic(
            f"there are no manifests in {path}" if where is None else "the file declares nothing", hint, origin=where
        )
    ]


class _Told:
    """All that was found wrong. A place that one look complained of is not complained of again by a later one."""

    def __init__(self) -> None:
        self._diagnostics: list[Diagnostic] = []
        self.errors = 0
        self._places: set[Origin] = set()

    def add(self, diagnostics: Sequence[Diagnostic]) -> None:
        new = [item for item in dict.fromkeys(diagnostics) if item.origin is None or item.origin not in self._places]
        self._diagnostics += new
        errors = [item for item in new if item.severity is Severity.ERROR]
        self.errors += len(errors)
        self._places.update(item.origin for item in errors if item.origin)

    def warnings(self) -> tuple[Diagnostic, ...]:
        """The warnings, sorted; raises Problems where there is more than warnings."""
        self._diagnostics.sort(key=_by_place)
        errors = [item for item in self._diagnostics if item.severity is Severity.ERROR]
        if errors:
            raise Problems(errors)
        return tuple(self._diagnostics)


def _by_place(item: Diagnostic) -> tuple[str, int, int, str]:
    place = item.origin
    return (place.file, place.line, place.column, item.summary) if place else ("", 0, 0, item.summary)


class _Files:
    """Reads files by their names relative to the root."""

    def __init__(self, root: Path, told: _Told) -> None:
        self._root = root
        self._told = told
        self.sources = Sources()
        self.torn = False
        """Whether some document could not be read, so that what it declares is not known."""

    def read(self, name: str) -> Reading:
        try:
            reading = read((self._root / name).read_bytes(), name)
        except (OSError, ValueError) as error:
            diagnostic = Diagnostic(f"the file cannot be read: {reason(error)}", origin=Origin(name, 1, 1))
            reading = Reading(diagnostics=[diagnostic], torn=True)
        self.sources.texts[name] = reading.text
        self._told.add(reading.diagnostics)
        self.torn = self.torn or reading.torn
        return reading

    def variables(self, files: Sequence[Path]) -> list[Given]:
        """The values of files for `--var-file`, which are relative to the working directory."""
        given = []
        for file in files:
            reading = _Files(Path(), self._told).read(str(file))
            self.sources.texts[str(file)] = reading.text
            for document in reading.documents:
                if not isinstance(document.data, dict):
                    hint = "it is a mapping of names to values"
                    self._told.add(
                        [Diagnostic("a file of variables holds no mapping", hint, origin=origin(document.spot))]
                    )
                given += given_in(document.data, document.spot, str(file))
        return given


class _Resources:
    """From the manifest files of a project to declared resources."""

    def __init__(self, found: Found, files: _Files, told: _Told, secrets: Secrets) -> None:
        self._found = found
        self._files = files
        self._told = told
        self._secrets = secrets
        self._lost: set[str] = set()
        """Names of documents that declare nothing usable: references to them are not blamed as well."""

    def declared(
        self, settings: Settings, environment: Environment, values: Mapping[str, Value]
    ) -> tuple[tuple[Declared, ...], dict[str, Value]]:
        """The resources, sorted by address, and the outputs of the project."""
        headed = self._headed()
        complete = not (self._found.scope or self._files.torn or self._lost)
        headed, wrong = patch(headed, environment, complete=complete)
        self._told.add(wrong)
        known = {item.address for item in headed}
        scope = Scope(values, self._secrets.environ, _ATTRIBUTES, lambda address: self._known(address, known))
        every: dict[Address, Declared] = {}
        unsound: set[Address] = set()
        for item in headed:
            every[item.address], sound = self._one(_with_name(item), scope)
            if not sound:
                unsound.add(item.address)
        spots = {item.address: item.document.spot for item in headed}
        finished, wrong = completed({key: one for key, one in every.items() if key not in unsound}, spots)
        self._told.add(wrong)
        every |= finished
        self._told.add(cycles(every, spots))
        return tuple(every[address] for address in sorted(every)), self._outputs(settings, scope)

    def _headed(self) -> list[Headed]:
        headed: dict[Address, Headed] = {}
        repeated = []
        for name in self._found.manifests:
            for document in self._files.read(name).documents:
                found, wrong = head(document)
                if found is None:
                    self._lose(document)
                elif found.address in headed:
                    earlier = origin(headed[found.address].document.spot)
                    hint = f"the first is at {earlier}; give one of them another name"
                    place = origin(spot_at(document.spot, ("metadata", "name")))
                    wrong = [*wrong, Diagnostic(f"{found.address} is declared twice", hint, origin=place)]
                    repeated.append(found)
                else:
                    headed[found.address] = found
                self._told.add(wrong)
        return [*headed.values(), *repeated]

    def _lose(self, document: Document) -> None:
        metadata = document.data.get("metadata") if isinstance(document.data, dict) else None
        name = metadata.get("name") if isinstance(metadata, dict) else None
        if isinstance(name, str):
            self._lost.add(name)
        else:
            self._files.torn = True

    def _known(self, address: Address, known: set[Address]) -> None:
        if address in known or address.name in self._lost or self._files.torn:
            return
        names = tuple(item.name for item in known if item.kind == address.kind)
        hint = nearest(address.name, names)
        if self._found.scope:
            hint = f"only {self._found.scope} was read; name the project's folder to have all of it"
        raise Unusable(f'there is no {address.kind} "{address.name}"', hint or f"no {address.kind} is declared")

    def _one(self, headed: Headed, scope: Scope) -> tuple[Declared, bool]:
        """What one document declares, and whether nothing is wrong with it."""
        document = headed.document
        checked = values = document.data
        unusable: list[Diagnostic] = []
        if document.expressions:
            hidden = {item.name for item in headed.kind.fields if item.secret}

            def secret(path: ValuePath) -> bool:
                return len(path) > 1 and path[0] == "spec" and path[1] in hidden

            worked = interpolate(document.data, document.spot, scope, self._files.sources, told=unusable, secret=secret)
            checked, values = worked.checked, worked.values
        misfits = faults(headed, checked, self._files.sources)
        loose: list[Diagnostic] = []
        declared = Declaring(scope, self._secrets, loose).declare(headed, values)
        for wrong in (unusable, misfits, loose):
            self._told.add(wrong)
        return declared, not any(item.severity is Severity.ERROR for item in (*unusable, *misfits, *loose))

    def _outputs(self, settings: Settings, scope: Scope) -> dict[str, Value]:
        """The outputs. Where only one file was read, those that need other files are left out."""
        outputs = {}
        for name, data in settings.part("outputs").items():
            told: list[Diagnostic] = []
            worked = interpolate(data, inside(settings.spot("outputs"), name), scope, self._files.sources, told=told)
            if told and self._found.scope:
                continue
            self._told.add(told)
            outputs[name] = worked.values
        return outputs


def _with_name(headed: Headed) -> Headed:
    """The document with the resource's name as the object's, where the kind has one and the spec does not say it."""
    document = headed.document
    spec, spot = document.data.get("spec"), inside(document.spot, "spec")
    if not isinstance(spec, dict) or "name" in spec or all(item.name != "name" for item in headed.kind.fields):
        return headed
    named: dict[str, Spot] = {"name": spot_at(document.spot, ("metadata", "name"))}
    inner = document.spot[5] if isinstance(document.spot[5], dict) else {}
    places: Any = {**inner, "spec": (*spot[:5], named | (spot[5] if isinstance(spot[5], dict) else {}))}
    data = {**document.data, "spec": {"name": headed.address.name, **spec}}
    return replace(headed, document=replace(document, data=data, spot=(*document.spot[:5], places)))

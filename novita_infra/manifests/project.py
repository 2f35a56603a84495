"""Loads a project: finds its files, reads, works in variables and environments, validates and declares.

Every error of every file is found in one run and raised together; nothing here talks to the cloud or writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from novita_infra.diagnostics import Diagnostic, Problems, Severity, nearest
from novita_infra.manifests import environments, variables
from novita_infra.manifests.cycles import cycles
from novita_infra.manifests.declaring import Declaring, completed
from novita_infra.manifests.expressions import Scope, Unusable
from novita_infra.manifests.finding import Found, find, reason
from novita_infra.manifests.interpolating import interpolate
from novita_infra.manifests.places import Spot, inside, origin, spot_at
from novita_infra.manifests.reading import Document, Reading, read
from novita_infra.manifests.secrets import Secrets
from novita_infra.manifests.sources import Sources
from novita_infra.manifests.validating import BY_PREFIX, PROJECT_FILE, Headed, faults, head, project_faults
from novita_infra.resources import Address, Declared, Origin, Secret, Value

_ATTRIBUTES: Final = {
    prefix: tuple(dict.fromkeys(("id", *kind.outputs))) for prefix, kind in BY_PREFIX.items()
}


@dataclass(frozen=True, slots=True)
class Project:
    """What the manifests of a folder or a file ask for, in one environment."""

    name: str
    root: Path
    environment: str
    environments: tuple[str, ...]
    """The environments that the project file declares, sorted."""
    declared: tuple[Declared, ...]
    """Sorted by address. Files are named relative to the root."""
    outputs: Mapping[str, Value]
    """May hold Refs, Secrets and Joined."""
    state_folder: Path
    scope: str = ""
    """The one manifest file that was loaded, relative to the root; empty for the whole project."""
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
    loading = _Loading(find(path, other_than=var_files), environ)
    return loading.project(environment, variables or {}, var_files)


class _Loading:
    """The parts of one load, and what they have told so far."""

    def __init__(self, found: Found, environ: Mapping[str, str]) -> None:
        self._found = found
        self._environ = environ
        self._secrets = Secrets(found.root, environ)
        self._sources = Sources()
        self._told: list[Diagnostic] = list(found.diagnostics)
        self._lost_names: set[str] = set()
        self._torn = False

    def project(self, wanted: str, given: Mapping[str, str], var_files: Sequence[Path]) -> Project:
        settings = self._settings()
        data, spot = settings.data, settings.spot
        environment, told = environments.choose(data, spot, wanted=wanted, expressions=settings.expressions)
        self._told += told
        values = self._variables(settings, environment, given=given, var_files=var_files)
        headed = self._headed()
        headed, told = environments.patch(headed, environment, whole=not self._found.scope and not self._lost)
        self._tell(told)
        scope = Scope(values, self._environ, _ATTRIBUTES, self._finder([item.address for item in headed]))
        declared = self._declared(headed, scope)
        outputs = self._outputs(data, spot, scope)
        if not declared and not self._told_errors():
            self._nothing()
        state = data.get("state")
        folder = state.get("path") if isinstance(state, dict) else None
        warnings = self._judged()
        return Project(
            name=self._project_name(data),
            root=self._found.root,
            environment=environment.name,
            environments=tuple(sorted(_mapping(data.get("environments")))),
            declared=tuple(declared[address] for address in sorted(declared)),
            outputs=outputs,
            state_folder=self._found.root / (folder if isinstance(folder, str) else "state"),
            scope=self._found.scope,
            variables={name: value for name, value in values.items() if not isinstance(value, Secret)},
            warnings=warnings,
        )

    # --- files ------------------------------------------------------------------------------------------------------

    def _read(self, name: str, file: Path) -> Reading:
        try:
            raw = file.read_bytes()
        except OSError as error:
            diagnostic = Diagnostic(f"the file cannot be read: {reason(error)}", origin=Origin(name, 1, 1))
            reading = Reading(diagnostics=[diagnostic], torn=True)
        else:
            reading = read(raw, name)
        self._sources.texts[name] = reading.text
        self._told += reading.diagnostics
        self._torn = self._torn or reading.torn
        return reading

    def _settings(self) -> Document:
        """The document of the project file; an empty one where there is none."""
        nothing = Document(PROJECT_FILE, {}, (PROJECT_FILE, 1, 1, 1, 1, {}), expressions=False)
        if not self._found.project_file:
            return nothing
        reading = self._read(PROJECT_FILE, self._found.root / PROJECT_FILE)
        for extra in reading.documents[1:]:
            summary = f"{PROJECT_FILE} holds more than one document"
            self._told.append(Diagnostic(summary, "resources go into other files", origin=origin(extra.spot)))
        if not reading.documents:
            if not reading.torn:
                place = Origin(PROJECT_FILE, 1, 1)
                self._told.append(Diagnostic("the project file is empty", "it names the project, or is left out", origin=place))
            return nothing
        document = reading.documents[0]
        self._tell(project_faults(document, self._sources))
        return document if isinstance(document.data, dict) else nothing

    def _variables(
        self, settings: Document, environment: environments.Environment, *, given: Mapping[str, str], var_files: Sequence[Path]
    ) -> dict[str, Value]:
        sources = variables.given_in(environment.variables, environment.variables_spot, f'the environment "{environment.name}"')
        for file in var_files:
            name = str(file)
            for document in self._read(name, file).documents:
                if not isinstance(document.data, dict):
                    hint = "it is a mapping of names to values"
                    self._told.append(Diagnostic("a file of variables holds no mapping", hint, origin=origin(document.spot)))
                sources += variables.given_in(document.data, document.spot, name)
        sources += variables.given_by_environ(self._environ)
        sources += [variables.Given(name, text, "--var") for name, text in given.items()]
        declared = _mapping(settings.data.get("variables"))
        values, told = variables.settle(declared, inside(settings.spot, "variables"), given=sources, secrets=self._secrets)
        self._tell(told)
        return values

    # --- resources --------------------------------------------------------------------------------------------------

    def _headed(self) -> list[Headed]:
        """The documents that declare a resource, one for each address."""
        headed: dict[Address, Headed] = {}
        for name in self._found.manifests:
            for document in self._read(name, self._found.root / name).documents:
                found, told = head(document)
                self._tell(told)
                if found is None:
                    self._lose(document)
                elif found.address in headed:
                    earlier = origin(headed[found.address].document.spot)
                    place = origin(spot_at(document.spot, ("metadata", "name")))
                    summary = f"{found.address} is declared twice"
                    self._told.append(Diagnostic(summary, f"the first is at {earlier}; give one another name", origin=place))
                else:
                    headed[found.address] = found
        return list(headed.values())

    def _lose(self, document: Document) -> None:
        """Remembers what a document without an address might have declared, so that references to it are not blamed."""
        metadata = _mapping(_mapping(document.data).get("metadata"))
        name = metadata.get("name")
        if isinstance(name, str):
            self._lost_names.add(name)
        else:
            self._torn = True

    @property
    def _lost(self) -> bool:
        return self._torn or bool(self._lost_names)

    def _declared(self, headed: Sequence[Headed], scope: Scope) -> dict[Address, Declared]:
        declared: dict[Address, Declared] = {}
        spots: dict[Address, Spot] = {}
        for item in headed:
            told: list[Diagnostic] = []
            found = self._one(item, scope, told)
            if found is not None:
                declared[item.address] = found
                spots[item.address] = item.document.spot
            self._tell(told)
        told = []
        ...
        return declared

"""Loads a project: lists and reads its files, applies variables and environments, validates and declares.

All errors of all files are raised together. Nothing here talks to the cloud or writes.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from novita_infra.kinds import KINDS
from novita_infra.manifests.language.expressions import Scope, Unusable
from novita_infra.manifests.language.interpolation import interpolate
from novita_infra.manifests.language.secrets import Secrets
from novita_infra.manifests.language.variables import (
    Given,
    defaults_in,
    given_by_environ,
    given_in,
    settle,
    with_environ,
)
from novita_infra.manifests.project.collected import Collected
from novita_infra.manifests.project.discovery import ManifestFiles, find
from novita_infra.manifests.project.environments import Environment, choose_environment, patch
from novita_infra.manifests.project.files import Files
from novita_infra.manifests.project.plaintext_secrets import plaintext_secrets
from novita_infra.manifests.project.project_file import NOTHING, Settings, settings_of
from novita_infra.manifests.project.provenance import Provenance
from novita_infra.manifests.project.rules import rules_of
from novita_infra.manifests.resources.cycles import cycles
from novita_infra.manifests.resources.declaring import Declaring, completed
from novita_infra.manifests.resources.names import KnownNames
from novita_infra.manifests.validation.documents import PROJECT_FILE, IdentifiedDocument, head, schema_errors
from novita_infra.manifests.yaml.parsing import Document
from novita_infra.manifests.yaml.positions import Path as ValuePath
from novita_infra.manifests.yaml.positions import Position, inside, origin, position_at
from novita_infra.model.addresses import Address, Origin
from novita_infra.model.diagnostics import Diagnostic, Severity
from novita_infra.model.resources import Declared
from novita_infra.model.rules import Rules
from novita_infra.model.values import Value, is_secret
from novita_infra.state.settings import StateSettings

_ATTRIBUTES: Final = {prefix: tuple(dict.fromkeys(("id", *kind.outputs))) for prefix, kind in KINDS.items()}


@dataclass(frozen=True, slots=True)
class Project:
    """The loaded project: everything that its manifests declare in one environment."""

    name: str
    root: Path
    environment: str
    environments: tuple[str, ...]
    """The environments that the project file declares, sorted."""
    declared: tuple[Declared, ...]
    """Sorted by address. Their files are named relative to the root."""
    outputs: Mapping[str, Value]
    """May hold Refs, Secrets and Joined."""
    state: StateSettings
    scope: str = ""
    """The one manifest file that was loaded, relative to the root; empty for the whole project."""
    groups: Mapping[str, str] = field(default_factory=dict)
    """What to do with a failed group, by its name: `rollback`, `keep` or `stop`."""
    owner_marks: bool = True
    """Whether objects with a field for it carry an owner mark."""
    variables: Mapping[str, Value] = field(default_factory=dict)
    """The values of the variables, without secret ones."""
    from_environ: Mapping[str, str] = field(default_factory=dict)
    """The values among them that come from `NOVITA_INFRA_VAR_*`, as text."""
    warnings: tuple[Diagnostic, ...] = ()
    rules: Rules = Rules()
    """The rules for every plan of this environment."""


def load(
    path: Path,
    *,
    environment: str = "",
    variables: Mapping[str, str] | None = None,
    var_files: Sequence[Path] = (),
    environ: Mapping[str, str],
    provenance: Provenance | None = None,
) -> Project:
    """Returns the project at a folder, or of one manifest file. `variables` are those of `--var`, as text.

    `provenance` records the sources of values. Raises Problems with all errors, sorted by file, line and column.
    """
    with _uncollected():
        return _load(path, environment, variables or {}, var_files=var_files, environ=environ, provenance=provenance)


def _load(
    path: Path,
    environment: str,
    variables: Mapping[str, str],
    *,
    var_files: Sequence[Path],
    environ: Mapping[str, str],
    provenance: Provenance | None,
) -> Project:
    diagnostics = Collected()
    found = find(path, other_than=var_files)
    diagnostics.add(found.diagnostics)
    files = Files(found.root, diagnostics)
    settings = _settings(found, files, diagnostics)
    secrets = Secrets(found.root, environ)
    chosen, errors = choose_environment(settings or NOTHING, wanted=environment if settings else "")
    diagnostics.add(errors)
    values, from_environ = None, []
    if settings is not None:
        from_environ = given_by_environ(environ, settings.part("variables"))
        given = [
            *files.variables(var_files),
            *from_environ,
            *(Given(name, text, "--var") for name, text in variables.items()),
        ]
        diagnostics.hide(plaintext_secrets(settings, given))
        values = _variables(settings, chosen, secrets, given=given, files=files, diagnostics=diagnostics)
        if provenance is not None:
            provenance.began(settings, chosen, [*_own(settings, chosen), *given])
    settings = settings or NOTHING
    declared, outputs = _Resources(found, files, diagnostics, secrets, provenance).declared(settings, chosen, values)
    rules, errors = rules_of(settings, chosen)
    diagnostics.add(errors)
    if not declared and not diagnostics.errors:
        diagnostics.add(_nothing(path, found))
    return Project(
        name=settings.text("metadata", "name") or found.root.resolve().name or "project",
        root=found.root,
        environment=chosen.name,
        environments=tuple(sorted(settings.part("environments"))),
        declared=declared,
        outputs=outputs,
        state=StateSettings(found.root, settings.part("state")),
        scope=found.scope,
        groups={
            name: group["onFailure"]
            for name, group in settings.part("groups").items()
            if isinstance(group, dict) and isinstance(group.get("onFailure"), str)
        },
        owner_marks=settings.document.data.get("ownerMarks") is not False,
        variables={name: value for name, value in (values or {}).items() if not is_secret(value)},
        from_environ={item.name: item.value for item in from_environ if not is_secret((values or {})[item.name])},
        warnings=diagnostics.warnings(),
        rules=rules,
    )


def _settings(found: ManifestFiles, files: Files, diagnostics: Collected) -> Settings | None:
    """Returns the settings of the project file.

    None if it cannot be read, so that no reference to its content is reported.
    """
    if not found.project_file:
        return NOTHING
    parsed = files.read(PROJECT_FILE)
    settings, errors = settings_of(parsed, files.sources)
    diagnostics.add(errors)
    files.torn = False  # no resource is lost with it
    return None if parsed.torn else settings


def _variables(
    settings: Settings,
    chosen: Environment,
    secrets: Secrets,
    *,
    given: Sequence[Given],
    files: Files,
    diagnostics: Collected,
) -> dict[str, Value]:
    """Returns the values of the variables: first those of the project file, then those from outside."""
    declared, position = settings.part("variables"), settings.position("variables")
    own, errors = with_environ(_own(settings, chosen), declared, environ=secrets.environ, sources=files.sources)
    diagnostics.add(errors)
    values, errors = settle(declared, position, given=[*own, *given], secrets=secrets)
    diagnostics.add(errors)
    return values


def _own(settings: Settings, chosen: Environment) -> list[Given]:
    """Returns the values of the project file."""
    given = defaults_in(settings.part("variables"), settings.position("variables"))
    return given + given_in(chosen.variables, chosen.variables_position, f'the environment "{chosen.name}"')


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Switches the garbage collector off while values are made; it would take two fifths of the time.

    The values hold no reference cycles, so no garbage remains.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _nothing(path: Path, found: ManifestFiles) -> list[Diagnostic]:
    """Returns the diagnostic of a project without resources; with a project file it is only a warning."""
    if found.project_file:
        place = Origin(found.scope or PROJECT_FILE, 1, 1)
        return [
            Diagnostic(
                "nothing is declared",
                "everything that the state owns would be deleted",
                origin=place,
                severity=Severity.WARNING,
            )
        ]
    hint = "a manifest is a .yaml file with apiVersion, kind, metadata and spec; `novita-infra init` writes a first one"
    where = Origin(found.scope, 1, 1) if found.scope else None
    return [
        Diagnostic(
            f"there are no manifests in {path}" if where is None else "the file declares nothing", hint, origin=where
        )
    ]


class _Resources:
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
        self._lost: set[str] = set()
        """Names of unusable documents. References to them are not reported as well."""

    def declared(
        self, settings: Settings, environment: Environment, values: Mapping[str, Value] | None
    ) -> tuple[tuple[Declared, ...], dict[str, Value]]:
        """Returns the resources, sorted by address, and the outputs of the project."""
        identified = self._identified()
        complete = not (self._found.scope or self._files.torn or self._lost)
        written = identified
        identified, errors = patch(identified, environment, complete=complete)
        self._diagnostics.add(errors)
        identified = [_with_name(item) for item in identified]
        if self._provenance is not None:
            self._provenance.read(written, identified)
        known = KnownNames(item.address for item in identified)
        scope = Scope(values, self._secrets.environ, _ATTRIBUTES, lambda address: self._known(address, known))
        every: dict[Address, Declared] = {}
        unsound: set[Address] = set()
        for item in identified:
            every[item.address], sound = self._one(item, scope)
            if not sound:
                unsound.add(item.address)
        positions = {item.address: item.document.position for item in identified}
        finished, errors = completed({key: one for key, one in every.items() if key not in unsound}, positions)
        self._diagnostics.add(errors)
        every |= finished
        self._diagnostics.add(cycles(every, positions))
        if self._provenance is not None:
            self._provenance.declared = every
        return tuple(every[address] for address in sorted(every)), self._outputs(settings, scope)

    def _identified(self) -> list[IdentifiedDocument]:
        identified: dict[Address, IdentifiedDocument] = {}
        repeated = []
        for name in self._found.manifests:
            for document in self._files.read(name).documents:
                found, errors = head(document)
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
        return [*identified.values(), *repeated]

    def _lose(self, document: Document) -> None:
        metadata = document.data.get("metadata") if isinstance(document.data, dict) else None
        name = metadata.get("name") if isinstance(metadata, dict) else None
        if isinstance(name, str):
            self._lost.add(name)
        else:
            self._files.torn = True

    def _known(self, address: Address, known: KnownNames) -> None:
        if address in known or address.name in self._lost or self._files.torn:
            return
        hint = known.hint(address)
        if self._found.scope:
            hint = f"only {self._found.scope} was read; name the project's folder to have all of it"
        raise Unusable(f'there is no {address.type} "{address.name}"', hint)

    def _one(self, identified: IdentifiedDocument, scope: Scope) -> tuple[Declared, bool]:
        """Returns the resource of one document, and whether it is free of errors."""
        document = identified.document
        checked = values = document.data
        unusable: list[Diagnostic] = []
        if document.expressions:
            hidden = {item.name for item in identified.kind.fields if item.secret}

            def secret(path: ValuePath) -> bool:
                return len(path) > 1 and path[0] == "spec" and path[1] in hidden

            interpolated = interpolate(
                document.data, document.position, scope, self._files.sources, diagnostics=unusable, secret=secret
            )
            checked, values = interpolated.checked, interpolated.values
        misfits = schema_errors(identified, checked, self._files.sources)
        loose: list[Diagnostic] = []
        declared = Declaring(scope, self._secrets, loose).declare(identified, values)
        for errors in (unusable, misfits, loose):
            self._diagnostics.add(errors)
        return declared, not any(item.severity is Severity.ERROR for item in (*unusable, *misfits, *loose))

    def _outputs(self, settings: Settings, scope: Scope) -> dict[str, Value]:
        """Returns the outputs. If only one file was read, outputs that need other files are omitted."""
        outputs = {}
        for name, data in settings.part("outputs").items():
            diagnostics: list[Diagnostic] = []
            interpolated = interpolate(
                data, inside(settings.position("outputs"), name), scope, self._files.sources, diagnostics=diagnostics
            )
            if diagnostics and self._found.scope:
                continue
            self._diagnostics.add(diagnostics)
            outputs[name] = interpolated.values
        return outputs


def _with_name(identified: IdentifiedDocument) -> IdentifiedDocument:
    """Returns the document with the resource's name as `spec.name`, if the kind has that field and it is omitted."""
    document = identified.document
    spec, position = document.data.get("spec"), inside(document.position, "spec")
    if not isinstance(spec, dict) or "name" in spec or all(item.name != "name" for item in identified.kind.fields):
        return identified
    named: dict[str, Position] = {"name": position_at(document.position, ("metadata", "name"))}
    inner = document.position[5] if isinstance(document.position[5], dict) else {}
    places: Any = {**inner, "spec": (*position[:5], named | (position[5] if isinstance(position[5], dict) else {}))}
    data = {**document.data, "spec": {"name": identified.address.name, **spec}}
    return replace(identified, document=replace(document, data=data, position=(*document.position[:5], places)))

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
    state: StateSettings
    scope: str = ""
    """The one manifest file that was loaded, relative to the root; empty for the whole project."""
    groups: Mapping[str, str] = field(default_factory=dict)
    """What becomes of a group that fails, by its name: `rollback`, `keep` or `stop`."""
    owner_marks: bool = True
    """Whether objects that have room for it carry the mark of the operation that made them."""
    variables: Mapping[str, Value] = field(default_factory=dict)
    """The values used, without those of secret variables."""
    from_environ: Mapping[str, str] = field(default_factory=dict)
    """Those of them that `NOVITA_INFRA_VAR_*` gave, as text."""
    warnings: tuple[Diagnostic, ...] = ()
    rules: Rules = Rules()
    """What it asks of every plan of this environment."""


def load(
    path: Path,
    *,
    environment: str = "",
    variables: Mapping[str, str] | None = None,
    var_files: Sequence[Path] = (),
    environ: Mapping[str, str],
    tracing: Provenance | None = None,
) -> Project:
    """The project at a folder, or what one manifest file declares; `variables` are those of `--var`, as text.

    `tracing` takes in where values come from. Raises Problems with everything that is wrong, sorted by file, line and
    column.
    """
    with _uncollected():
        return _load(path, environment, variables or {}, var_files=var_files, environ=environ, tracing=tracing)


def _load(
    path: Path,
    environment: str,
    variables: Mapping[str, str],
    *,
    var_files: Sequence[Path],
    environ: Mapping[str, str],
    tracing: Provenance | None,
) -> Project:
    told = Collected()
    found = find(path, other_than=var_files)
    told.add(found.diagnostics)
    files = Files(found.root, told)
    settings = _settings(found, files, told)
    secrets = Secrets(found.root, environ)
    chosen, wrong = choose_environment(settings or NOTHING, wanted=environment if settings else "")
    told.add(wrong)
    values, from_environ = None, []
    if settings is not None:
        from_environ = given_by_environ(environ, settings.part("variables"))
        given = [
            *files.variables(var_files),
            *from_environ,
            *(Given(name, text, "--var") for name, text in variables.items()),
        ]
        told.hide(plaintext_secrets(settings, given))
        values = _variables(settings, chosen, secrets, given=given, files=files, told=told)
        if tracing is not None:
            tracing.began(settings, chosen, [*_own(settings, chosen), *given])
    settings = settings or NOTHING
    declared, outputs = _Resources(found, files, told, secrets, tracing).declared(settings, chosen, values)
    rules, wrong = rules_of(settings, chosen)
    told.add(wrong)
    if not declared and not told.errors:
        told.add(_nothing(path, found))
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
        warnings=told.warnings(),
        rules=rules,
    )


def _settings(found: ManifestFiles, files: Files, told: Collected) -> Settings | None:
    """What the project file says; None where it cannot be read, so that nobody is blamed for what it may declare."""
    if not found.project_file:
        return NOTHING
    reading = files.read(PROJECT_FILE)
    settings, wrong = settings_of(reading, files.sources)
    told.add(wrong)
    files.torn = False  # no resource is lost with it
    return None if reading.torn else settings


def _variables(
    settings: Settings, chosen: Environment, secrets: Secrets, *, given: Sequence[Given], files: Files, told: Collected
) -> dict[str, Value]:
    """The values of the variables: those of the project file, then what is given from outside."""
    declared, spot = settings.part("variables"), settings.spot("variables")
    own, wrong = with_environ(_own(settings, chosen), declared, environ=secrets.environ, sources=files.sources)
    told.add(wrong)
    values, wrong = settle(declared, spot, given=[*own, *given], secrets=secrets)
    told.add(wrong)
    return values


def _own(settings: Settings, chosen: Environment) -> list[Given]:
    """The values that the project file gives."""
    given = defaults_in(settings.part("variables"), settings.spot("variables"))
    return given + given_in(chosen.variables, chosen.variables_spot, f'the environment "{chosen.name}"')


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


def _nothing(path: Path, found: ManifestFiles) -> list[Diagnostic]:
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


class _Resources:
    """From the manifest files of a project to declared resources."""

    def __init__(
        self, found: ManifestFiles, files: Files, told: Collected, secrets: Secrets, tracing: Provenance | None = None
    ) -> None:
        self._found = found
        self._files = files
        self._told = told
        self._secrets = secrets
        self._tracing = tracing
        self._lost: set[str] = set()
        """Names of documents that declare nothing usable: references to them are not blamed as well."""

    def declared(
        self, settings: Settings, environment: Environment, values: Mapping[str, Value] | None
    ) -> tuple[tuple[Declared, ...], dict[str, Value]]:
        """The resources, sorted by address, and the outputs of the project."""
        headed = self._headed()
        complete = not (self._found.scope or self._files.torn or self._lost)
        written = headed
        headed, wrong = patch(headed, environment, complete=complete)
        self._told.add(wrong)
        headed = [_with_name(item) for item in headed]
        if self._tracing is not None:
            self._tracing.read(written, headed)
        known = KnownNames(item.address for item in headed)
        scope = Scope(values, self._secrets.environ, _ATTRIBUTES, lambda address: self._known(address, known))
        every: dict[Address, Declared] = {}
        unsound: set[Address] = set()
        for item in headed:
            every[item.address], sound = self._one(item, scope)
            if not sound:
                unsound.add(item.address)
        spots = {item.address: item.document.spot for item in headed}
        finished, wrong = completed({key: one for key, one in every.items() if key not in unsound}, spots)
        self._told.add(wrong)
        every |= finished
        self._told.add(cycles(every, spots))
        if self._tracing is not None:
            self._tracing.declared = every
        return tuple(every[address] for address in sorted(every)), self._outputs(settings, scope)

    def _headed(self) -> list[IdentifiedDocument]:
        headed: dict[Address, IdentifiedDocument] = {}
        repeated = []
        for name in self._found.manifests:
            for document in self._files.read(name).documents:
                found, wrong = head(document)
                if found is None:
                    self._lose(document)
                elif found.address in headed:
                    earlier = origin(headed[found.address].document.spot)
                    hint = f"the first is at {earlier}; give one of them another name"
                    place = origin(position_at(document.spot, ("metadata", "name")))
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

    def _known(self, address: Address, known: KnownNames) -> None:
        if address in known or address.name in self._lost or self._files.torn:
            return
        hint = known.hint(address)
        if self._found.scope:
            hint = f"only {self._found.scope} was read; name the project's folder to have all of it"
        raise Unusable(f'there is no {address.type} "{address.name}"', hint)

    def _one(self, headed: IdentifiedDocument, scope: Scope) -> tuple[Declared, bool]:
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
        misfits = schema_errors(headed, checked, self._files.sources)
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


def _with_name(headed: IdentifiedDocument) -> IdentifiedDocument:
    """The document with the resource's name as the object's, where the kind has one and the spec does not say it."""
    document = headed.document
    spec, spot = document.data.get("spec"), inside(document.spot, "spec")
    if not isinstance(spec, dict) or "name" in spec or all(item.name != "name" for item in headed.kind.fields):
        return headed
    named: dict[str, Position] = {"name": position_at(document.spot, ("metadata", "name"))}
    inner = document.spot[5] if isinstance(document.spot[5], dict) else {}
    places: Any = {**inner, "spec": (*spot[:5], named | (spot[5] if isinstance(spot[5], dict) else {}))}
    data = {**document.data, "spec": {"name": headed.address.name, **spec}}
    return replace(headed, document=replace(document, data=data, spot=(*document.spot[:5], places)))

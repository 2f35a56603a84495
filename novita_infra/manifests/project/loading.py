"""Loads a project: lists and reads its files, applies variables and environments, validates and declares.

All errors of all files are raised together. Nothing here talks to the cloud or writes.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import Any, NamedTuple

from novita_infra.lookups.answers import LookupAnswers, LookupsWanted
from novita_infra.manifests.language.secrets import Secrets
from novita_infra.manifests.modules.interface import UseOfModule
from novita_infra.manifests.project.collected import Collected
from novita_infra.manifests.project.discovery import MANIFEST, ManifestFiles, find, no_manifests
from novita_infra.manifests.project.environments import choose_environment, choose_files, names_of
from novita_infra.manifests.project.files import Files
from novita_infra.manifests.project.project_file import NOTHING, Settings, settings_of
from novita_infra.manifests.project.provenance import Provenance
from novita_infra.manifests.project.resource_loading.loader import ResourceLoader
from novita_infra.manifests.project.rules.plan_rules import rules_of
from novita_infra.manifests.project.state_settings import evaluated_state
from novita_infra.manifests.project.variable_values import GivenValues, VariableValues, values_of
from novita_infra.manifests.resources.names import DeclaredNames
from novita_infra.manifests.resources.refactoring import Known, refactoring_of
from novita_infra.manifests.resources.variable_uses import listed_places, places_of_variables, unused_variables
from novita_infra.manifests.secrets.answers import SecretAnswers
from novita_infra.manifests.secrets.asking import SecretsWanted
from novita_infra.manifests.validation.documents import PROJECT_FILE
from novita_infra.manifests.yaml.positions import origin
from novita_infra.model.addresses import Address, Origin
from novita_infra.model.diagnostics import Diagnostic, Severity
from novita_infra.model.frozen import dataclass
from novita_infra.model.refactoring import NO_REFACTORING, Refactoring
from novita_infra.model.resources import Declared
from novita_infra.model.rules import Rules
from novita_infra.model.values import Secret, Value, leaves, secrets_of
from novita_infra.state.settings import StateSettings


@dataclass(frozen=True, slots=True)
class Written:
    """What the files say, with the environment's patches and before any evaluation."""

    documents: Mapping[Address, Mapping[str, Any]] = field(default_factory=dict)
    """The data of each manifest, by its address without a key."""
    variables: Mapping[str, Any] = field(default_factory=dict)
    """The declarations of the variables."""
    outputs: Mapping[str, Any] = field(default_factory=dict)
    refactoring: Refactoring = NO_REFACTORING
    """What the project file says of earlier addresses."""
    names: DeclaredNames = field(default_factory=DeclaredNames)
    """The addresses of this environment, and why others are absent."""
    modules: Callable[[], Mapping[Address, UseOfModule]] = dict
    """Returns the documents of kind Module by address without keys, of which those around come first."""


@dataclass(frozen=True, slots=True)
class OwnerMarkSettings:
    """What the project file says about owner marks."""

    id: str | None = None
    """The id of the project: empty where the project file gives none, None without a project file."""
    enabled: bool = True
    """Whether objects with a field for it carry an owner mark."""


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
    """May hold Refs, Secrets and Computations."""
    state: StateSettings
    files: ManifestFiles
    groups: Mapping[str, str] = field(default_factory=dict)
    """What to do with a failed group, by its name: `rollback`, `keep` or `stop`."""
    owner_marks: OwnerMarkSettings = OwnerMarkSettings()
    variables: Mapping[str, Value] = field(default_factory=dict)
    """The values of the variables, without secret ones."""
    given: GivenValues = GivenValues()
    """The values that are not in the files of the project, and the secret ones."""
    warnings: tuple[Diagnostic, ...] = ()
    rules: Rules = Rules()
    """The rules for every plan of this environment."""
    written: Written = Written()

    @property
    def id(self) -> str | None:
        """The id of the project: empty where the project file gives none, None without a project file."""
        return self.owner_marks.id

    @property
    def one_of_several(self) -> str:
        """The environment, where the project declares others beside it; else empty."""
        return self.environment if {*self.environments} - {self.environment} else ""

    @property
    def scope(self) -> str:
        """The one manifest file that was loaded, relative to the root; empty for the whole project."""
        return self.files.scope

    def secrets(self) -> frozenset[str]:
        """Every secret in clear: of resources, outputs and variables, and the credentials in their plain texts."""
        from novita_infra.api.credentials import credentials_in_all  # noqa: PLC0415 -- only for a text of the API

        values = [*(item.may_be_secret for item in self.declared), dict(self.outputs), *self.given.secret]
        found = [leaf for value in values for leaf in leaves(value)]
        plain = {leaf for leaf in found if isinstance(leaf, str)}
        return secrets_of(*(leaf for leaf in found if isinstance(leaf, Secret))).union(credentials_in_all(plain))


def load(  # noqa: PLR0913 -- what a command line, the environment and earlier loads give
    path: Path,
    *,
    environment: str = "",
    variables: Mapping[str, str] | None = None,
    var_files: Sequence[Path] = (),
    environ: Mapping[str, str],
    provenance: Provenance | None = None,
    lenient: bool = False,
    answers: SecretAnswers | None = None,
    lookups: LookupAnswers | None = None,
) -> Project:
    """Returns the project at a folder, or of one manifest file. `variables` are those of `--var`, as text.

    `provenance` records the sources of values. `lenient` makes a variable or a secret that is not set a warning: what
    uses it has no value and is not compared. `answers` are those of the sources of secrets that take long, `lookups`
    those of the lookups; without these nothing is looked up, and what uses a lookup is not compared. Raises Problems
    with all errors, sorted by file, line and column; SecretsWanted or LookupsWanted where nothing else is wrong than
    that such a source has not answered yet, or that something must be looked up first.
    """
    given = _Given(environment, variables or {}, var_files, environ, lenient, answers or SecretAnswers(), lookups)
    with _uncollected():
        return _load(path, given, provenance)


class _Given(NamedTuple):
    """What a load is given beside the files; see `load`."""

    environment: str
    variables: Mapping[str, str]
    var_files: Sequence[Path]
    environ: Mapping[str, str]
    lenient: bool
    answers: SecretAnswers
    lookups: LookupAnswers | None


def _load(path: Path, given: _Given, provenance: Provenance | None) -> Project:
    diagnostics = Collected(lenient=given.lenient)
    found = find(path, other_than=given.var_files)
    files = Files(found.root, diagnostics)
    diagnostics.sources = files.sources
    readable = _settings(found, files, diagnostics)
    settings = readable or NOTHING
    secrets = Secrets(
        found.root,
        given.environ,
        given.answers,
        settings.texts("secretCommands"),
        offline=given.lenient,
        checkouts=files.checkouts,
    )
    chosen, errors = choose_environment(settings, wanted=given.environment if readable else "")
    diagnostics.add([*errors, *choose_files(found, settings, chosen), *found.diagnostics])
    values: VariableValues | None = None
    if readable is not None:
        values = values_of(
            settings,
            chosen,
            secrets,
            variables=given.variables,
            var_files=given.var_files,
            files=files,
            diagnostics=diagnostics,
        )
        if provenance is not None:
            provenance.began(settings, chosen, values.given)
    loader = ResourceLoader(found, files, diagnostics, secrets, provenance, given.lookups)
    declared, outputs = loader.declared(settings, chosen, values.by_name if values else None)
    state, errors = evaluated_state(
        settings, chosen, secrets, values, root=found.root, sources=files.sources, used=loader.used
    )
    diagnostics.add(errors)
    _report_variables(settings, values, loader, diagnostics)
    rules, errors = rules_of(settings, chosen)
    diagnostics.add(errors)
    refactoring = _refactoring(settings, chosen.name, declared, loader, found=found, diagnostics=diagnostics)
    if loader.lookups is not None:
        diagnostics.add([*loader.lookups.errors()])
    if not declared and not diagnostics.errors:
        diagnostics.add(_nothing(path, found))
    diagnostics.add(files.unquoted())
    warnings = diagnostics.warnings()
    _ask(diagnostics, secrets, loader, found.root)
    return Project(
        name=settings.project_name(found.root),
        root=found.root,
        environment=chosen.name,
        environments=tuple(sorted(settings.part("environments"))),
        declared=declared,
        outputs=outputs,
        state=state,
        files=found,
        groups=_groups(settings),
        owner_marks=OwnerMarkSettings(
            settings.text("metadata", "id") if found.project_file else None,
            enabled=settings.document.data.get("ownerMarks") is not False,
        ),
        variables=values.public() if values else {},
        given=replace(values.sources() if values else GivenValues(), lookups=loader.found_lookups),
        warnings=warnings,
        rules=rules,
        written=Written(
            loader.documents,
            settings.part("variables"),
            settings.part("outputs"),
            refactoring,
            loader.names,
            loader.modules,
        ),
    )


def _report_variables(
    settings: Settings, values: VariableValues | None, loader: ResourceLoader, diagnostics: Collected
) -> None:
    """Reports the variables without a value that something uses, and the variables that nothing uses."""
    if values is None:
        return
    read = [*loader.read, *settings.expressions()]
    for name, readers in sorted(places_of_variables(loader.used, read).items()):
        also = listed_places(readers)
        diagnostics.add([replace(item, hint=f"{item.hint}; {also}") for item in values.lacking.get(name, ())])
    if loader.complete:
        diagnostics.add([*unused_variables(settings.part("variables"), settings.position("variables"), read)])


def _refactoring(
    settings: Settings,
    environment: str,
    declared: Sequence[Declared],
    loader: ResourceLoader,
    *,
    found: ManifestFiles,
    diagnostics: Collected,
) -> Refactoring:
    """Returns what the project file says of earlier addresses; its errors are reported."""
    complete = not (found.scope or found.elsewhere or diagnostics.errors)
    places = {item.address: item.origin for item in declared}
    known = Known(
        places,
        loader.documents,
        complete=complete,
        evaluated=loader.evaluated,
        environment=environment,
        environments=names_of(settings),
    )
    refactoring, errors = refactoring_of(settings.document.data, settings.document.position, known)
    diagnostics.add(errors)
    return refactoring


def _ask(diagnostics: Collected, secrets: Secrets, loader: ResourceLoader, root: Path) -> None:
    """Raises SecretsWanted or LookupsWanted where a source or a lookup must be asked first."""
    unasked = diagnostics.unasked
    if questions := tuple(dict.fromkeys(secrets.unasked[name] for name in unasked if name in secrets.unasked)):
        raise SecretsWanted(unasked.values(), questions, root)
    if loader.lookups is not None and loader.lookups.wanted:
        raise LookupsWanted(unasked.values(), tuple(loader.lookups.wanted.values()), root)


def _groups(settings: Settings) -> dict[str, str]:
    """Returns what to do with a failed group, by its name."""
    return {
        name: group["onFailure"]
        for name, group in settings.part("groups").items()
        if isinstance(group, dict) and isinstance(group.get("onFailure"), str)
    }


def _settings(found: ManifestFiles, files: Files, diagnostics: Collected) -> Settings | None:
    """Returns the settings of the project file.

    None if it cannot be read, so that no reference to its content is reported.
    """
    if not found.project_file:
        return NOTHING
    parsed = files.read(PROJECT_FILE)
    settings, errors = settings_of(parsed, files.sources)
    diagnostics.add([*errors, *_leave_out(found, settings)])
    files.torn = False  # no resource is lost with it
    return None if parsed.torn else settings


def _leave_out(found: ManifestFiles, settings: Settings) -> list[Diagnostic]:
    """Leaves out what `ignore:` names. Returns the error about a file of the command line that is left out."""
    found.leave_out(settings.ignored)
    if not (found.scope and found.ignored):
        return []
    hint = "remove the pattern, or name the project's folder"
    return [Diagnostic(f"ignore: leaves out {found.scope}", hint, origin=origin(settings.position("ignore")))]


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
    if found.scope:
        return [Diagnostic("the file declares nothing", MANIFEST, origin=Origin(found.scope, 1, 1))]
    return [no_manifests(path)]

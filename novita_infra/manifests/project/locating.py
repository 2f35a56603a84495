"""Finds the state of a project and an environment without reading manifests."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from novita_infra.encoding.files import read_file
from novita_infra.manifests.language.secrets import Secrets
from novita_infra.manifests.project.collected import Collected
from novita_infra.manifests.project.discovery import find
from novita_infra.manifests.project.environments import choose_environment, environments_reading
from novita_infra.manifests.project.files import Files
from novita_infra.manifests.project.project_file import NOTHING, settings_of, state_errors
from novita_infra.manifests.project.state_settings import evaluated_state, has_expressions
from novita_infra.manifests.project.variable_values import VariableValues, values_of
from novita_infra.manifests.validation.documents import PROJECT_FILE
from novita_infra.manifests.yaml.decoding import LARGEST
from novita_infra.manifests.yaml.parsing import read
from novita_infra.model.addresses import Origin
from novita_infra.model.diagnostics import Problems, problem, reason
from novita_infra.model.frozen import dataclass
from novita_infra.state.settings import StateSettings


@dataclass(frozen=True, slots=True)
class Located:
    """A project's name, folder, environment and place of the state."""

    name: str
    root: Path
    environment: str
    state: StateSettings
    scope: str = ""
    """The one manifest file that the user named, relative to the root; empty for the whole project."""
    environments: tuple[str, ...] = ()
    """The declared environments that read the scope, sorted."""
    id: str | None = None
    """The id of the project, from the project file: empty where it gives none, None without a project file."""


def locate(
    path: Path,
    *,
    environment: str = "",
    variables: Mapping[str, str] | None = None,
    var_files: Sequence[Path] = (),
    environ: Mapping[str, str] | None = None,
) -> Located:
    """Returns the project at a folder or a manifest file. `variables` are those of `--var`, as text.

    `environ` are the variables of the environment, by default those of this process. No secret is read
    before the state is opened. Raises Problems if the project or the environment does not exist, and on errors in the
    place of the state. Other errors in manifests and in the project file are ignored: the state must remain readable.
    """
    found = find(path, other_than=var_files)
    root = found.root
    settings, diagnostics = NOTHING, Collected()
    files = Files(root, diagnostics)
    if found.project_file:
        try:
            parsed = read(read_file(root / PROJECT_FILE, most=LARGEST), PROJECT_FILE)
            files.sources.texts[PROJECT_FILE] = parsed.text
            settings, _ = settings_of(parsed, files.sources)
        except OSError as error:
            raise problem(f"the file cannot be read: {reason(error)}", origin=Origin(PROJECT_FILE, 1, 1)) from error
    chosen, errors = choose_environment(settings, wanted=environment)
    if errors := [*errors, *state_errors(settings)]:
        raise Problems(errors)
    secrets = Secrets(root, os.environ if environ is None else environ, programs=settings.texts("secretCommands"))
    values: VariableValues | None = None
    if has_expressions(settings):
        values = values_of(
            settings,
            chosen,
            secrets,
            variables=variables or {},
            var_files=var_files,
            files=files,
            diagnostics=diagnostics,
        )
    used: set[str] = set()
    state, errors = evaluated_state(settings, chosen, secrets, values, root=root, sources=files.sources, used=used)
    if errors:
        raise Problems(errors)
    if used and values and not all(values.lacking.get(name) for name in used):
        diagnostics.warnings()  # raises the errors of their values
    return Located(
        name=settings.project_name(root),
        root=root,
        environment=chosen.name,
        state=state,
        scope=found.scope,
        environments=environments_reading(settings, found.scope),
        id=settings.text("metadata", "id") if found.project_file else None,
    )

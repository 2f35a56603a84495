"""Finds the state of a project and an environment without reading manifests or evaluating variables."""

from __future__ import annotations

from pathlib import Path

from novita_infra.encoding.files import read_file
from novita_infra.manifests.project.discovery import find
from novita_infra.manifests.project.environments import choose_environment, environments_reading
from novita_infra.manifests.project.project_file import NOTHING, settings_of, state_errors
from novita_infra.manifests.validation.documents import PROJECT_FILE
from novita_infra.manifests.yaml.decoding import LARGEST
from novita_infra.manifests.yaml.parsing import read
from novita_infra.manifests.yaml.source_text import Sources
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


def locate(path: Path, *, environment: str = "") -> Located:
    """Returns the project at a folder or a manifest file.

    Raises Problems if it or the environment does not exist, and on errors in the place of the state. Other errors in
    manifests and in the project file are ignored: the state must remain readable.
    """
    found = find(path)
    root = found.root
    settings = NOTHING
    if found.project_file:
        try:
            settings, _ = settings_of(read(read_file(root / PROJECT_FILE, most=LARGEST), PROJECT_FILE), Sources())
        except OSError as error:
            raise problem(f"the file cannot be read: {reason(error)}", origin=Origin(PROJECT_FILE, 1, 1)) from error
    chosen, errors = choose_environment(settings, wanted=environment)
    if errors := [*errors, *state_errors(settings)]:
        raise Problems(errors)
    return Located(
        name=settings.project_name(root),
        root=root,
        environment=chosen.name,
        state=StateSettings(root, settings.part("state")),
        scope=found.scope,
        environments=environments_reading(settings, found.scope),
        id=settings.text("metadata", "id") if found.project_file else None,
    )

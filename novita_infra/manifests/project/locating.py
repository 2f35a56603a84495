"""Finds the state of a project and an environment without reading manifests or evaluating variables."""

from __future__ import annotations

import contextlib
from pathlib import Path

from novita_infra.manifests.project.discovery import find
from novita_infra.manifests.project.environments import choose_environment
from novita_infra.manifests.project.project_file import NOTHING, settings_of, state_errors
from novita_infra.manifests.validation.documents import PROJECT_FILE
from novita_infra.manifests.yaml.parsing import read
from novita_infra.manifests.yaml.source_text import Sources
from novita_infra.model.diagnostics import Problems
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
    with contextlib.suppress(OSError):  # a project may do without the file
        settings, _ = settings_of(read((root / PROJECT_FILE).read_bytes(), PROJECT_FILE), Sources())
    chosen, errors = choose_environment(settings, wanted=environment)
    if errors := [*errors, *state_errors(settings)]:
        raise Problems(errors)
    return Located(
        name=settings.project_name(root),
        root=root,
        environment=chosen.name,
        state=StateSettings(root, settings.part("state")),
        scope=found.scope,
        id=settings.text("metadata", "id") if found.project_file else None,
    )

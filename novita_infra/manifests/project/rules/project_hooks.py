"""Reads the hooks of the project file and of its environments. It does not run them."""

from __future__ import annotations

from typing import Any

from novita_infra.manifests.language.expressions import OPENING
from novita_infra.manifests.project.environments import Environment
from novita_infra.manifests.project.project_file import Settings
from novita_infra.manifests.resources.lifecycle.hooks import hooks_of
from novita_infra.manifests.yaml.positions import Position, origin
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.model.durations import parse_duration
from novita_infra.model.lifecycle import OF_PROJECT, Hook
from novita_infra.model.values import Value


def project_hooks(settings: Settings, environment: Environment) -> tuple[tuple[Hook, ...], list[Diagnostic]]:
    """Returns the project's hooks, then the environment's, and diagnostics beyond the schema of the project file."""
    hooks: list[Hook] = []
    diagnostics: list[Diagnostic] = []

    def seconds(text: Value, position: Position) -> float:
        try:
            found = parse_duration(str(text))
        except ValueError:
            found = 0.0
        if not found:
            hint = "it looks like 90s, 30m, 2h or 1d"
            diagnostics.append(Diagnostic(f'"{text}" is no length of time', hint, origin=origin(position)))
        return found

    def read(said: Any, position: Position) -> None:
        for hook in hooks_of(said, position, OF_PROJECT, seconds=seconds, diagnostics=diagnostics):
            if any(OPENING in word for word in hook.words):
                summary = "a hook of a project takes no expressions"
                hint = "the event on its standard input has the project and the environment"
                diagnostics.append(Diagnostic(summary, hint, origin=origin(position)))
            hooks.append(hook)

    read(settings.document.data.get("hooks"), settings.position("hooks"))
    for _, said, position in environment.settings("hooks"):
        read(said, position)
    return tuple(hooks), diagnostics

"""The settings that say where a project keeps its state, and how it is encrypted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import Any

from novita_infra.model.frozen import dataclass


def _as_given(settings: StateSettings) -> Mapping[str, Any]:
    return settings.options


@dataclass(frozen=True, slots=True)
class StateSettings:
    """The `state` part of a project file, after its expressions. Only a backend knows what the options mean."""

    root: Path
    """The project's folder; relative paths among the options start there."""
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """Empty for the default backend with its defaults. A secret is a pointer to it, such as `{fromEnv: NAME}`, until
    they are revealed."""
    reveal: Callable[[StateSettings], Mapping[str, Any]] = field(default=_as_given, compare=False, repr=False)
    """Returns the options with the secrets as texts. Asks their sources, each once in a run. Raises Problems."""

    def revealed(self) -> StateSettings:
        """The settings with the secrets as texts, which a backend gets. Raises Problems where one cannot be read."""
        return replace(self, options=self.reveal(self), reveal=_as_given)

"""The settings that say where a project keeps its state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from novita_infra.model.frozen import dataclass


@dataclass(frozen=True, slots=True)
class StateSettings:
    """The `state` part of a project file. Only a backend knows what the options mean."""

    root: Path
    """The project's folder; relative paths among the options start there."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """As written in the project file, without expressions; empty for the default backend with its defaults."""

"""Scenario files of the simulator: one YAML document to plain data, and the place of each of its fields.

What a scenario may say is the simulator's affair and not known here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from novita_infra.manifests.project.discovery import reason
from novita_infra.manifests.yaml.parsing import read
from novita_infra.manifests.yaml.positions import Position, origin, origin_at
from novita_infra.model.addresses import Origin
from novita_infra.model.diagnostics import Diagnostic, Problems

_PART: Final = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


@dataclass(frozen=True, slots=True)
class ScenarioFile:
    """What a file holds."""

    data: Any
    position: Position

    def origin(self, field: str) -> Origin:
        """The place of a field such as `events[0].perCent`; where there is none, that of what should hold it."""
        return origin_at(self.position, tuple(int(index) if index else name for index, name in _PART.findall(field)))


def read_scenario(path: Path) -> ScenarioFile:
    """The one document of the file. Raises Problems with file, line and column of all that is wrong with its YAML."""
    name = str(path)
    try:
        reading = read(path.read_bytes(), name)
    except OSError as error:
        raise Problems([Diagnostic(f"{name} cannot be read: {reason(error)}")]) from error
    if reading.diagnostics:
        raise Problems(reading.diagnostics)
    if len(reading.documents) != 1:
        second = reading.documents[1].position if reading.documents else None
        place = origin(second) if second else Origin(name, 1, 1)
        raise Problems([Diagnostic("a scenario file holds exactly one document", origin=place)])
    (document,) = reading.documents
    return ScenarioFile(document.data, document.position)

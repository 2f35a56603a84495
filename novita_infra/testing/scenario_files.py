"""Scenario files of the simulator: one YAML document as plain data, with the position of each field.

The simulator checks the content.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from novita_infra.encoding.files import read_file
from novita_infra.manifests.yaml.decoding import LARGEST
from novita_infra.manifests.yaml.parsing import read
from novita_infra.manifests.yaml.positions import Position, origin, origin_at
from novita_infra.model.addresses import Origin
from novita_infra.model.diagnostics import Diagnostic, Problems, reason
from novita_infra.model.frozen import dataclass

_PART: Final = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


@dataclass(frozen=True, slots=True)
class ScenarioFile:
    """The content of a file."""

    data: Any
    position: Position

    def origin(self, field: str) -> Origin:
        """The position of a field such as `events[0].perCent`; that of its parent if the field is missing."""
        return origin_at(self.position, tuple(int(index) if index else name for index, name in _PART.findall(field)))


def read_scenario(path: Path) -> ScenarioFile:
    """The one document of the file. Raises Problems with the file, line and column of each YAML error."""
    name = str(path)
    try:
        reading = read(read_file(path, most=LARGEST), name)
    except OSError as error:
        raise Problems([Diagnostic(f"{name} cannot be read: {reason(error)}")]) from error
    if reading.diagnostics:
        raise Problems(reading.diagnostics)
    for document in reading.documents:
        if isinstance(document.data, dict) and "apiVersion" in document.data:
            hint = "`novita-infra schema scenario` prints the keys of a scenario"
            raise Problems([Diagnostic("this is a manifest, not a scenario", hint, origin=origin(document.position))])
    if len(reading.documents) != 1:
        second = reading.documents[1].position if reading.documents else None
        place = origin(second) if second else Origin(name, 1, 1)
        raise Problems([Diagnostic("a scenario file holds exactly one document", origin=place)])
    (document,) = reading.documents
    return ScenarioFile(document.data, document.position)

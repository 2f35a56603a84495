"""What the project file says, with the places of its values. What a part of it means is for others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from novita_infra.manifests.language.expressions import OPENING
from novita_infra.manifests.validation.documents import PROJECT_FILE, project_faults
from novita_infra.manifests.yaml.parsing import Document, ParsedFile
from novita_infra.manifests.yaml.positions import Position, inside, origin, origin_at
from novita_infra.manifests.yaml.source_text import Sources
from novita_infra.model.addresses import Origin
from novita_infra.model.diagnostics import Diagnostic


@dataclass(frozen=True, slots=True)
class Settings:
    """The project file, or an empty one in its place."""

    document: Document

    def part(self, name: str) -> Mapping[str, Any]:
        """A mapping of the file; an empty one where it is missing or something else."""
        found = self.document.data.get(name)
        return found if isinstance(found, dict) else {}

    def spot(self, name: str) -> Position:
        """The place of that part."""
        return inside(self.document.spot, name)

    def text(self, *path: str) -> str:
        """A text of the file; empty where it is missing or something else."""
        value: Any = self.document.data
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        return value if isinstance(value, str) else ""


NOTHING = Settings(Document(PROJECT_FILE, {}, (PROJECT_FILE, 1, 1, 1, 1, {}), expressions=False))


def settings_of(reading: ParsedFile, sources: Sources) -> tuple[Settings, list[Diagnostic]]:
    """The settings that the project file holds, and what is wrong with them."""
    told = [
        Diagnostic(
            f"{PROJECT_FILE} holds more than one document", "resources go into other files", origin=origin(extra.spot)
        )
        for extra in reading.documents[1:]
    ]
    if not reading.documents:
        if not reading.torn:
            hint = "write apiVersion, kind: Project and metadata: {name: ...} into it, or remove it"
            told.append(Diagnostic("the project file is empty", hint, origin=Origin(PROJECT_FILE, 1, 1)))
        return NOTHING, told
    document = reading.documents[0]
    told += project_faults(document, sources)
    settings = Settings(document) if isinstance(document.data, dict) else NOTHING
    for name, value in settings.part("state").items():
        if isinstance(value, str) and OPENING in value:
            place, hint = origin_at(document.spot, ("state", name)), "the state must be found without them"
            told.append(Diagnostic(f"state.{name} takes no expressions", hint, origin=place))
    return settings, told

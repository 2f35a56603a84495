"""The content of the project file with the positions of its values. Other modules interpret its parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from novita_infra.manifests.language.expressions import OPENING
from novita_infra.manifests.resources.merging import Placed
from novita_infra.manifests.validation.documents import PROJECT_FILE, project_errors
from novita_infra.manifests.validation.required_version import unmet_version
from novita_infra.manifests.yaml.composing import Document, ParsedFile
from novita_infra.manifests.yaml.positions import Position, inside, origin, origin_at
from novita_infra.manifests.yaml.source_text import Sources
from novita_infra.model.addresses import Origin
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.model.frozen import dataclass
from novita_infra.state.registry import setting_errors


@dataclass(frozen=True, slots=True)
class Settings:
    """The project file, or an empty one instead."""

    document: Document

    def part(self, name: str) -> Mapping[str, Any]:
        """Returns a mapping of the file; an empty one if it is missing or has another type."""
        found = self.document.data.get(name)
        return found if isinstance(found, dict) else {}

    def texts(self, name: str) -> tuple[str, ...]:
        """Returns the texts of a list of the file; nothing if it is missing or has another type."""
        found = self.document.data.get(name)
        return tuple(item for item in found if isinstance(item, str)) if isinstance(found, list) else ()

    def position(self, name: str) -> Position:
        """Returns the position of that part."""
        return inside(self.document.position, name)

    def text(self, *path: str) -> str:
        """Returns a text of the file; empty if it is missing or has another type."""
        value: Any = self.document.data
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        return value if isinstance(value, str) else ""

    @property
    def ignored(self) -> list[str]:
        """The patterns of `ignore:`."""
        patterns = self.document.data.get("ignore")
        return [item for item in patterns if isinstance(item, str)] if isinstance(patterns, list) else []

    def expressions(self) -> Iterator[Placed]:
        """Yields the parts of the file that may hold expressions, without the declarations of variables."""
        for name, value in self.document.data.items() if self.document.expressions else ():
            if name != "variables":
                yield Placed(value, self.position(name))

    def project_name(self, root: Path) -> str:
        """Returns the name of the project: that of the file, else that of its folder."""
        return self.text("metadata", "name") or root.resolve().name or "project"


NOTHING = Settings(Document(PROJECT_FILE, {}, (PROJECT_FILE, 1, 1, 1, 1, {}), expressions=False))


def settings_of(parsed: ParsedFile, sources: Sources) -> tuple[Settings, list[Diagnostic]]:
    """Returns the settings of the project file, and the diagnostics.

    Raises Problems if the project requires another version of novita-infra.
    """
    diagnostics = [
        Diagnostic(
            f"{PROJECT_FILE} holds more than one document",
            "resources go into other files",
            origin=origin(extra.position),
        )
        for extra in parsed.documents[1:]
    ]
    if not parsed.documents:
        if not parsed.torn:
            hint = "write apiVersion, kind: Project and metadata: {name: ...} into it, or remove it"
            diagnostics.append(Diagnostic("the project file is empty", hint, origin=Origin(PROJECT_FILE, 1, 1)))
        return NOTHING, diagnostics
    document = parsed.documents[0]
    settings = Settings(document) if isinstance(document.data, dict) else NOTHING
    if error := unmet_version(settings.text("requires"), origin(settings.position("requires"))):
        raise error  # other errors may come of what a newer version knows
    of_state = state_errors(settings)
    places = {item.origin for item in of_state}
    of_schema = [item for item in project_errors(document, sources) if item.origin not in places]
    return settings, [*diagnostics, *of_state, *of_schema]


def state_errors(settings: Settings) -> list[Diagnostic]:
    """Returns the diagnostics of the settings under `state:` without those that only the schema reports.

    Settings with expressions are left out; `state_settings` reports them once they are evaluated.
    """
    options = settings.part("state")
    written = {name: value for name, value in options.items() if not holds_expression(value)}
    backend = options.get("backend")
    if holds_expression(backend):
        place = origin_at(settings.position("state"), ("backend",))
        return [Diagnostic("state.backend takes no expressions", "name the backend", origin=place)]
    return setting_diagnostics(written, settings.position("state"))


def setting_diagnostics(options: Mapping[str, Any], position: Position) -> list[Diagnostic]:
    """Returns the diagnostics of these settings, which stand at the position of `state:`."""
    return [
        Diagnostic(
            f"state.{error.name} {error.summary}", error.hint, origin=origin_at(position, tuple(error.name.split(".")))
        )
        for error in setting_errors(options)
    ]


def holds_expression(value: Any) -> bool:
    """Returns whether an expression may stand in the value."""
    match value:
        case str():
            return OPENING in value
        case dict():
            return any(map(holds_expression, value.values()))
        case list():
            return any(map(holds_expression, value))
        case _:
            return False

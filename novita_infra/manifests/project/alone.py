"""Declares the resource of one manifest by itself, with every error at its place in the spec."""

from __future__ import annotations

from pathlib import Path

from novita_infra.kinds.kind import SpecError
from novita_infra.manifests.language.scope import DeclaredResources, Scope
from novita_infra.manifests.language.secrets import Secrets
from novita_infra.manifests.project.collected import Collected
from novita_infra.manifests.project.discovery import ManifestFiles
from novita_infra.manifests.project.files import Files
from novita_infra.manifests.project.resource_loading.loader import ResourceLoader
from novita_infra.manifests.resources.expanding import with_name
from novita_infra.manifests.resources.fields import ATTRIBUTES
from novita_infra.manifests.validation.completing import spec_errors
from novita_infra.manifests.validation.documents import head
from novita_infra.manifests.yaml.parsing import read_text
from novita_infra.manifests.yaml.positions import Position
from novita_infra.model.addresses import Origin
from novita_infra.model.diagnostics import Diagnostic, Problems
from novita_infra.model.resources import Declared


def declare_alone(text: str, file: str, root: Path) -> tuple[Declared | None, tuple[SpecError, ...]]:
    """Returns the resource of a manifest, and its errors. References to other resources are not looked up.

    The path of an error begins with the name of the field; it is empty where the error is not inside of `spec`.
    """
    diagnostics = Collected()
    files = Files(root, diagnostics)
    files.sources.texts[file] = text
    parsed = read_text(text, file)
    (document,) = parsed.documents
    identified, errors = head(document)
    diagnostics.add([*parsed.diagnostics, *errors])
    declared: Declared | None = None
    if identified is not None:
        loader = ResourceLoader(ManifestFiles(root, manifests=[file]), files, diagnostics, Secrets(root, {}))
        declared = loader.one(with_name(identified), Scope({}, {}, DeclaredResources(attributes=ATTRIBUTES)))
    try:
        diagnostics.warnings()
    except Problems as problems:
        return declared, tuple(_error(item, document.position) for item in problems.diagnostics)
    return declared, tuple(spec_errors(declared)) if declared else ()


def _error(item: Diagnostic, position: Position) -> SpecError:
    path = _path_at(position, item.origin) if item.origin else ()
    return SpecError(path[1:] if path[:1] == ("spec",) else (), item.summary, item.hint)


def _path_at(position: Position, place: Origin) -> tuple[str, ...]:
    """Returns the keys that lead to the value at the place. A mapping and its first key begin at the same place."""
    inner = position[5]
    items = inner.items() if isinstance(inner, dict) and position[1:3] != (place.line, place.column) else ()
    before = [(item[3:5], name, item) for name, item in items if item[3:5] <= (place.line, place.column)]
    if not before:
        return ()
    _, name, item = max(before, key=lambda found: found[0])
    return (name, *_path_at(item, place))

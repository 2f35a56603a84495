"""Formats the manifests of a project. Nothing is evaluated, and no file is torn by a crash."""

from __future__ import annotations

from pathlib import Path

from novita_infra.encoding.files import put_in_place, read_file
from novita_infra.manifests.export.formatting import format_yaml
from novita_infra.manifests.project.discovery import find
from novita_infra.manifests.project.project_file import settings_of
from novita_infra.manifests.validation.documents import PROJECT_FILE
from novita_infra.manifests.yaml.decoding import LARGEST, decode_manifest, is_json
from novita_infra.manifests.yaml.parsing import read
from novita_infra.manifests.yaml.source_text import Sources
from novita_infra.model.addresses import Origin
from novita_infra.model.diagnostics import Diagnostic, reason
from novita_infra.model.frozen import dataclass


@dataclass(frozen=True, slots=True)
class FormattedFile:
    """A file whose text is not as `fmt` writes it."""

    name: str
    """Relative to the folder of the project."""
    path: Path
    before: str
    after: str


def unformatted_files(path: Path) -> tuple[list[FormattedFile], list[Diagnostic]]:
    """Returns the files of a project, or the one named file, that `fmt` would change, and the errors of others.

    Raises Problems if there is nothing at the path.
    """
    found = find(path)
    if found.project_file:
        settings, _ = settings_of(read(_read(found.root / PROJECT_FILE), PROJECT_FILE), Sources())
        found.leave_out(settings.ignored)
    names = found.manifests if found.scope else [*found.manifests, *([PROJECT_FILE] if found.project_file else ())]
    if path.name == PROJECT_FILE and path.is_file():
        names = [PROJECT_FILE]
    changed, diagnostics = [], list(found.diagnostics)
    for name in sorted(names):
        if is_json(name):
            continue
        file, errors = _formatted(found.root / name, name)
        diagnostics += errors
        if file is not None:
            changed.append(file)
    return changed, diagnostics


def write_formatted(file: FormattedFile) -> None:
    """Puts the formatted text into the place of the file; a link stays a link. Raises OSError."""
    put_in_place(file.path, file.after.encode())


def _formatted(path: Path, name: str) -> tuple[FormattedFile | None, list[Diagnostic]]:
    try:
        raw = _read(path)
    except (OSError, ValueError) as error:
        return None, [Diagnostic(f"the file cannot be read: {reason(error)}", origin=Origin(name, 1, 1))]
    text, undecoded = decode_manifest(raw, name)
    if undecoded is not None:
        return None, [undecoded]
    after, diagnostics = format_yaml(text, name)
    if diagnostics or after.encode() == raw:
        return None, diagnostics
    return FormattedFile(name, path, raw.decode("utf-8-sig"), after), []


def _read(path: Path) -> bytes:
    return read_file(path, most=LARGEST)

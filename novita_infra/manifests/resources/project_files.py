"""The files of the project that a job's spec names: what they hold is read and checked before there is a plan."""

from __future__ import annotations

import os.path
from dataclasses import replace
from pathlib import Path
from typing import Any

from novita_infra.kinds.job import FileFault, JobFiles
from novita_infra.kinds.kind import Kind
from novita_infra.manifests.language.secrets import is_lacking
from novita_infra.manifests.secrets.paths import file_at, known_as
from novita_infra.manifests.secrets.source import ManifestPlace, Unreadable
from novita_infra.manifests.yaml.positions import Position, origin, position_at
from novita_infra.model.addresses import Origin
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.model.resources import Declared
from novita_infra.model.values import Spec, Value


def with_files(
    declared: Declared, kind: Kind, place: ManifestPlace, position: Position, *, root: Path
) -> tuple[Declared, list[Diagnostic]]:
    """Returns the resource with what the files of its spec hold, and what is wrong with them.

    Paths of the spec become relative to the project's folder. They are relative to the folder of the manifest; those of
    a module from git read inside of the module and write below the project's folder.
    """
    files = kind.api.job.files if kind.api.job else None
    if files is None:
        return declared, []
    spec, faults = dict(declared.spec), list[FileFault]()
    for path in (*files.read, *files.written):
        try:
            found = _found(spec, path, files, place, root)
            if path in files.written and isinstance(found, str):
                for ending in files.beside:
                    _check_inside(root / f"{found}{ending}", ".".join(path), ManifestPlace(root, root), what=ending)
            spec = _replaced(spec, path, found)
        except Unreadable as error:
            faults.append(FileFault(path, error.summary, error.hint))
    if not faults and not any(is_lacking(value) for value in spec.values()):
        described, found = files.describe(spec, root)
        spec, faults = dict(described), list(found)
    return replace(declared, spec=spec), [_diagnostic(fault, position) for fault in faults]


def _found(spec: Spec, path: tuple[str, ...], files: JobFiles, place: ManifestPlace, root: Path) -> Value:
    """Returns the path of a file relative to the project's folder; anything but a text as it is. Raises Unreadable."""
    value = _at(spec, path)
    if not isinstance(value, str):
        return value
    name = ".".join(path)
    if path not in files.written:
        return _relative(file_at(value, place, form=name), root)
    inside = ManifestPlace(root, root if place.is_checkout else place.folder)
    file = file_at(value, inside, form=name)
    _check_inside(file, name, inside)
    return _relative(file, root)


def _check_inside(file: Path, name: str, place: ManifestPlace, *, what: str = "") -> None:
    """Raises Unreadable for a file that would be written outside of the project, by a link."""
    if known_as(file, place).startswith("/"):
        summary = f"{name}, with {what} after it," if what else name
        raise Unreadable(f"{summary} is outside of the project", "results are written below the project's folder")


def _relative(file: Path, root: Path) -> str:
    """Returns the path below the project's folder, else the whole one. Links stay as they are written."""
    clean, base = _normal(file), _normal(root)
    return clean.relative_to(base).as_posix() if clean.is_relative_to(base) else clean.as_posix()


def _normal(path: Path) -> Path:
    """Returns the absolute path without `..`, as it is written: links are not followed."""
    return Path(os.path.abspath(path))  # noqa: PTH100 -- resolve follows links


def _at(spec: Spec, path: tuple[str, ...]) -> Value:
    value: Any = spec
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _replaced(spec: Spec, path: tuple[str, ...], value: Value) -> dict[str, Any]:
    """Returns the spec with the value at the path; as it is where there is none."""
    name, *rest = path
    if spec.get(name) is None or value is None:
        return dict(spec)
    inner = spec[name]
    new = _replaced(inner, tuple(rest), value) if rest and isinstance(inner, dict) else value
    return {**spec, name: new}


def _diagnostic(fault: FileFault, position: Position) -> Diagnostic:
    place = origin(position_at(position, ("spec", *fault.path)))
    if fault.file:
        place = Origin(fault.file, max(fault.line, 1), 1)
    return Diagnostic(fault.summary, fault.hint, origin=place, data=bool(fault.file))

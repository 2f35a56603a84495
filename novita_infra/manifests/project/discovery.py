"""Finds a project and lists its files. It does not read manifests."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from novita_infra.manifests.validation.documents import PROJECT_FILE
from novita_infra.model.addresses import Origin
from novita_infra.model.diagnostics import Diagnostic, problem

VARIABLES_SUFFIX: Final = ".vars"
"""`prod.vars.yaml` holds variables for `--var-file` and is no manifest."""
SCENARIO_SUFFIX: Final = ".scenario"
"""`bad-day.scenario.yaml` describes a scenario for the simulator and is no manifest."""

_SUFFIXES: Final = (".yaml", ".yml")
_STATE: Final = "state"


@dataclass(slots=True)
class ManifestFiles:
    """The files of a project, named relative to its root, sorted."""

    root: Path
    scope: str = ""
    """The one manifest file that the user named; empty for a folder."""
    project_file: bool = False
    manifests: list[str] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)


def find(path: Path, *, other_than: Sequence[Path] = ()) -> ManifestFiles:
    """Lists the files of the project at or above a folder, or one manifest file with the project file at or above it.

    A project is searched recursively, except hidden folders, `state`, and projects inside the project. Raises Problems
    if there is nothing at the path.
    """
    try:
        if path.is_file() and path.name != PROJECT_FILE:
            root = _root_of(path.parent)
            inner = path.name if root == path.parent else os.path.relpath(path.parent.resolve() / path.name, root)
            found = ManifestFiles(root, scope=_spelt(inner), manifests=[_spelt(inner)])
        else:
            root = path.parent if path.name == PROJECT_FILE and path.is_file() else _root_of(path)
            found = ManifestFiles(root)
            _search(found, "", skipped={item.resolve() for item in other_than})
        found.project_file = (root / PROJECT_FILE).is_file()
    except (FileNotFoundError, NotADirectoryError):
        raise problem(f"{path}: there is no such file or folder", "name a project folder or a manifest file") from None
    except (OSError, ValueError) as error:
        raise problem(f"{path} cannot be read: {reason(error)}") from None
    found.manifests.sort()
    return found


def _root_of(folder: Path) -> Path:
    """The project's folder: the nearest with a project file, at the folder or above it; the folder if there is none.

    Used alone, a folder inside a project would get a second state, and create everything again.
    """
    if (folder / PROJECT_FILE).is_file():
        return folder
    with os.scandir(folder):  # raises OSError where there is no such folder
        pass
    return next((above for above in folder.resolve().parents if (above / PROJECT_FILE).is_file()), folder)


def reason(error: OSError | ValueError) -> str:
    """Returns the system's reason why a file cannot be read."""
    return (isinstance(error, OSError) and error.strerror) or str(error)


def _search(found: ManifestFiles, folder: str, *, skipped: set[Path]) -> None:
    waiting = [folder]
    while waiting:
        below = waiting.pop()
        for entry in _entries(found, below):
            name = f"{below}/{entry.name}" if below else entry.name
            if entry.is_dir(follow_symlinks=False):
                if name != _STATE and not _is_foreign(entry):
                    waiting.append(name)
            elif _is_manifest(entry.name) and (found.root / name).resolve() not in skipped:
                _add(found, entry, _spelt(name))


def _entries(found: ManifestFiles, below: str) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(found.root / below) as entries:
            yield from sorted(entries, key=lambda entry: entry.name)
    except PermissionError as error:
        if not below:
            raise
        place = Origin(_spelt(below), 1, 1)
        found.diagnostics.append(Diagnostic(f"the folder cannot be read: {reason(error)}", origin=place))


def _add(found: ManifestFiles, entry: os.DirEntry[str], name: str) -> None:
    if entry.is_file():
        found.manifests.append(name)
    elif entry.is_symlink():
        place = Origin(name, 1, 1)
        found.diagnostics.append(Diagnostic("the link points to no file", "mend or remove it", origin=place))


def _is_manifest(name: str) -> bool:
    stem, dot, suffix = name.rpartition(".")
    other = name.startswith(".") or name == PROJECT_FILE or stem.endswith((VARIABLES_SUFFIX, SCENARIO_SUFFIX))
    return dot + suffix in _SUFFIXES and not other


def _is_foreign(folder: os.DirEntry[str]) -> bool:
    """Returns whether the folder is hidden or a project of its own."""
    return folder.name.startswith(".") or Path(folder.path, PROJECT_FILE).is_file()


def _spelt(name: str) -> str:
    """Returns the name as printable text, whatever its bytes are."""
    return os.fsencode(name).decode("utf-8", "replace")

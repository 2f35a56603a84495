"""Finds a project and lists its files. It does not read manifests."""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from pathlib import Path
from typing import Final

from novita_infra.manifests.validation.documents import LOCK_FILE, MODULE_FILE, PROJECT_FILE
from novita_infra.model.addresses import Origin, fits_wildcards
from novita_infra.model.diagnostics import Diagnostic, Problems, Severity, problem, reason
from novita_infra.model.printable import is_text

VARIABLES_SUFFIX: Final = ".vars"
"""`prod.vars.yaml` holds variables for `--var-file` and is no manifest."""
SCENARIO_SUFFIX: Final = ".scenario"
"""`bad-day.scenario.yaml` describes a scenario for the simulator and is no manifest."""

_SUFFIXES: Final = (".yaml", ".yml")
_JSON: Final = ".json"
_API: Final = b'"novita-infra/'
"""The text by which a JSON file is a manifest. Other tools keep JSON files in the same folders."""
_HEADING: Final = re.compile(rb'^(?:apiVersion: *| *"apiVersion": *)"?novita-infra/', re.MULTILINE)
"""The line by which a file is a manifest."""
_HEAD: Final = 65_536
"""Bytes at the beginning of a JSON file in which the text must be."""
_STATE: Final = "state"
_MOST_NAMED: Final = 4
"""The most projects in a folder that a message names."""
MANIFEST: Final = (
    "a manifest is a .yaml file with apiVersion, kind, metadata and spec; `novita-infra init` writes a first one"
)
"""The hint for a person who has no manifest."""


@dataclass(slots=True)
class ManifestFiles:
    """The files of a project, named relative to its root, sorted."""

    root: Path
    scope: str = ""
    """The one manifest file that the user named; empty for a folder."""
    project_file: bool = False
    manifests: list[str] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    """The files that `ignore:` of the project file leaves out."""
    elsewhere: list[str] = field(default_factory=list)
    """The files that only other environments read."""

    def leave_out(self, patterns: Sequence[str]) -> None:
        """Leaves out the files and folders that fit a pattern, and the diagnostics about them.

        A pattern with a slash is a path from the root; one without is a name in any folder. `*` stands for any text.
        """
        self.ignored += self._without(lambda name: _is_ignored(name, patterns))

    def leave_elsewhere(self, others: Sequence[str], own: Sequence[str]) -> None:
        """Leaves out the files in the folders and files of other environments that are not this one's own, too."""
        self.elsewhere += self._without(lambda name: is_below(name, others) and not is_below(name, own))

    def _without(self, fits: Callable[[str], bool]) -> list[str]:
        """Removes the files whose names fit, and the diagnostics about them. Returns the names."""
        removed = [name for name in self.manifests if fits(name)]
        gone = frozenset(removed)
        self.manifests = [name for name in self.manifests if name not in gone]
        self.diagnostics = [item for item in self.diagnostics if not (item.origin and fits(item.origin.file))]
        return removed


def is_below(name: str, paths: Sequence[str]) -> bool:
    """Returns whether the file is one of the paths, or in a folder of them."""
    return any(name == path or name.startswith(f"{path}/") for path in paths)


def _is_ignored(name: str, patterns: Sequence[str]) -> bool:
    parts = name.split("/")
    paths = [*accumulate(parts, "{}/{}".format)]
    for pattern in patterns:
        wanted = pattern.removesuffix("/")
        bare = wanted.removeprefix(".").removeprefix("/") if wanted.startswith(("/", "./")) else wanted
        if any(fits_wildcards(bare, item) for item in (paths if "/" in wanted else parts)):
            return True
    return False


def find(path: Path, *, other_than: Sequence[Path] = ()) -> ManifestFiles:
    """Lists the files of the project at or above a folder, or one manifest file with the project file at or above it.

    A project is searched recursively, except hidden folders, `state`, and projects inside the project. Links to folders
    are followed; a folder with several names is read once. Raises Problems if there is nothing at the path.
    """
    check_path(path)
    try:
        if path.is_file() and path.name != PROJECT_FILE:
            _check_suffix(path)
            root = _root_of(path.parent)
            inner = path.name if root == path.parent else os.path.relpath(path.parent.resolve() / path.name, root)
            found = ManifestFiles(root, scope=_spelt(inner), manifests=[_spelt(inner)])
        else:
            root = path.parent if path.name == PROJECT_FILE and path.is_file() else _root_of(path)
            found = ManifestFiles(root)
            _search(found, skipped={os.path.realpath(item) for item in other_than})
        found.project_file = _has_project_file(root)
    except (FileNotFoundError, NotADirectoryError):
        raise problem(f"{path}: there is no such file or folder", "name a project folder or a manifest file") from None
    except (OSError, ValueError) as error:
        raise problem(f"{path} cannot be read: {reason(error)}") from None
    found.manifests.sort()
    return found


def folder_for_messages(path: Path) -> Path:
    """Returns the folder of the project at or above a folder, relative to the current one if the path is."""
    try:
        root = _root_of(path)
    except (Problems, OSError):
        return path
    return root if root == path or path.is_absolute() else Path(os.path.relpath(root))


def project_above(path: Path) -> Path | None:
    """Returns the folder of the project that a folder without a project file lies in, as seen from here; else None."""
    if path.is_file():
        return None
    root = folder_for_messages(path)
    return None if root == path else root


def check_not_empty(path: Path) -> None:
    """Raises Problems for a folder in no project and without manifests, such as the folder above a project."""
    found = find(path)
    if not found.manifests and not found.project_file:
        raise Problems([no_manifests(path)])


def no_manifests(path: Path) -> Diagnostic:
    """Returns the error about a folder without manifests. It names the projects in it."""
    with os.scandir(path) as entries:
        inner = sorted(entry.name for entry in entries if entry.is_dir() and Path(entry.path, PROJECT_FILE).is_file())
    shown = ", ".join(_spelt(name) for name in inner[:_MOST_NAMED])
    hint = f"name the folder of the project: {shown}" if inner else MANIFEST
    return Diagnostic(f"there are no manifests in {path}", hint)


def check_path(path: Path) -> None:
    """Raises Problems for a path that is not UTF-8 text: the state, JSON and owner marks could not hold it."""
    if not is_text(place := os.path.abspath(path)):  # noqa: PTH100 -- no link is followed
        raise problem(f"the path {_spelt(place)} is not UTF-8 text", "rename it, or the folder above it")


def _check_suffix(path: Path) -> None:
    """Raises Problems for a file that is no manifest by its name, such as a saved plan or a text."""
    suffix = path.suffix.lower()
    if suffix not in _SUFFIXES and not (suffix == _JSON and _names_api(path)):
        raise problem(
            f"{path} is no manifest",
            "name a project folder, or a manifest in a .yaml, .yml or .json file; a saved plan is for "
            "`novita-infra show` and `novita-infra apply`",
        )


def _root_of(folder: Path) -> Path:
    """The project's folder: the nearest with a project file, at the folder or above it; the folder if there is none.

    Used alone, a folder inside a project would get a second state, and create everything again.
    """
    if _has_project_file(folder):
        return folder
    with os.scandir(folder):  # raises OSError where there is no such folder
        pass
    return next((above for above in folder.resolve().parents if _has_project_file(above)), folder)


def _has_project_file(folder: Path) -> bool:
    """Returns whether the folder has a project file. Raises Problems for one that cannot be read.

    Without it the folder would be another project, with other environments and no policies.
    """
    file = folder / PROJECT_FILE
    if file.is_file():
        return True
    if not os.path.lexists(file):
        return False
    why = "is a link that leads to no file" if file.is_symlink() else "is no file"
    raise problem(f"{file} {why}", "mend or remove it: the project is named by what stands in it")


def why_unread(found: ManifestFiles, name: str) -> str | None:
    """Returns the reason why a file that exists is no manifest of the project; None if there is no such file.

    A link to nothing counts as existing: what it led to may be unreachable for now.
    """
    folder = found.root
    if name in found.elsewhere:
        return None  # what it declares is another environment's
    if name in found.ignored:
        return f"ignore: in {PROJECT_FILE} leaves it out"
    for part in Path(name).parts[:-1]:
        folder /= part
        shown = _spelt(folder.relative_to(found.root).as_posix())
        if folder.is_symlink() and not folder.exists():
            return f"the link {shown} points to nothing"
        if not folder.is_dir():
            return None
        if (folder / PROJECT_FILE).is_file():
            return f"the folder {shown} is a project of its own"
        if (folder / MODULE_FILE).is_file():
            return f"the folder {shown} is a module, which no manifest of kind Module uses"
    if not os.path.lexists(found.root / name):
        return None
    return "the file is not read as a manifest"


def manifests_of_module(folder: Path, name: str) -> ManifestFiles:
    """Lists the files of a module in its folder; their names begin with `name`. Raises OSError if it is no folder."""
    found = ManifestFiles(folder)
    _search(found, skipped=set(), left_out="")
    found.manifests = [f"{name}/{file}" for file in sorted(found.manifests)]
    found.diagnostics = [
        replace(item, origin=replace(item.origin, file=f"{name}/{item.origin.file}")) if item.origin else item
        for item in found.diagnostics
    ]
    return found


def _search(found: ManifestFiles, *, skipped: set[str], left_out: str = _STATE) -> None:
    """Reads folders before links, so that a folder in the project keeps its own name."""
    waiting, links = [""], deque[str]()
    visited = _ids(found.root / left_out) if left_out else set()
    while waiting or links:
        below = waiting.pop() if waiting else links.popleft()
        ids = _ids(found.root / below)
        if ids & visited:
            continue
        visited |= ids
        for entry in _entries(found, below):
            name = f"{below}/{entry.name}" if below else entry.name
            if _is_folder(found, entry, name):
                if name != left_out and not _is_foreign(entry):
                    (links if entry.is_symlink() else waiting).append(name)
            elif _is_manifest(entry) and os.path.realpath(entry.path) not in skipped:
                _add(found, entry, name)
            elif Path(entry.name).stem.endswith((VARIABLES_SUFFIX, SCENARIO_SUFFIX)):
                _warn_of_manifest(found, entry, name)


def _ids(folder: Path) -> set[tuple[int, int]]:
    """Returns the identity of the folder, whatever its name; empty if there is none."""
    try:
        about = folder.stat()
    except OSError:
        return set()
    return {(about.st_dev, about.st_ino)}


def _is_folder(found: ManifestFiles, entry: os.DirEntry[str], name: str) -> bool:
    try:
        return entry.is_dir()
    except OSError as error:  # a link to itself, or into a folder that may not be entered
        place = Origin(_spelt(name), 1, 1)
        found.diagnostics.append(
            Diagnostic(f"the link cannot be followed: {reason(error)}", "mend or remove it", origin=place)
        )
        return False


def _entries(found: ManifestFiles, below: str) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(found.root / below) as entries:
            yield from sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        if not below:
            raise
        place = Origin(_spelt(below), 1, 1)
        found.diagnostics.append(Diagnostic(f"the folder cannot be read: {reason(error)}", origin=place))


def _add(found: ManifestFiles, entry: os.DirEntry[str], name: str) -> None:
    place = Origin(_spelt(name), 1, 1)
    try:
        is_file = entry.is_file()
    except OSError:
        return  # reported as a link that cannot be followed
    if not is_text(name):
        found.diagnostics.append(Diagnostic("the name of the file is not UTF-8 text", "rename it", origin=place))
    elif is_file:
        found.manifests.append(name)
    elif entry.is_symlink():
        found.diagnostics.append(Diagnostic("the link points to no file", "mend or remove it", origin=place))


def _warn_of_manifest(found: ManifestFiles, entry: os.DirEntry[str], name: str) -> None:
    """Adds a warning if a file of variables or of a scenario, by its name, holds a manifest."""
    try:
        if not entry.is_file():
            return
        with Path(entry.path).open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return
    if _HEADING.search(head):
        summary = "the file holds a manifest, and is not read: by its name it holds variables or a scenario"
        place = Origin(_spelt(name), 1, 1)
        found.diagnostics.append(Diagnostic(summary, "rename it", origin=place, severity=Severity.WARNING))


def _is_manifest(entry: os.DirEntry[str]) -> bool:
    stem, dot, suffix = entry.name.rpartition(".")
    if (
        entry.name.startswith(".")
        or entry.name in (PROJECT_FILE, MODULE_FILE, LOCK_FILE)
        or stem.endswith((VARIABLES_SUFFIX, SCENARIO_SUFFIX))
    ):
        return False
    suffix = (dot + suffix).lower()
    return suffix in _SUFFIXES or (suffix == _JSON and _is_json_manifest(entry))


def _is_json_manifest(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file() and _names_api(Path(entry.path))
    except OSError:
        return False


def _names_api(path: Path) -> bool:
    with path.open("rb") as file:
        return _API in file.read(_HEAD)


def _is_foreign(folder: os.DirEntry[str]) -> bool:
    """Returns whether the folder is hidden, a project of its own, or a module."""
    own = (Path(folder.path, name).is_file() for name in (PROJECT_FILE, MODULE_FILE))
    return folder.name.startswith(".") or any(own)


def _spelt(name: str) -> str:
    """Returns the name as printable text, whatever its bytes are."""
    return os.fsencode(name).decode("utf-8", "replace")

"""What completion offers of a project. It reads files of this machine alone, asks nobody, and takes no lock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from novita_infra.encoding.files import read_file
from novita_infra.kinds import by_name
from novita_infra.manifests.project.collected import Collected
from novita_infra.manifests.project.discovery import find, folder_for_messages
from novita_infra.manifests.project.environments import names_of
from novita_infra.manifests.project.files import Files
from novita_infra.manifests.project.project_file import settings_of
from novita_infra.manifests.validation.documents import PROJECT_FILE
from novita_infra.manifests.yaml.decoding import LARGEST
from novita_infra.manifests.yaml.parsing import read
from novita_infra.model.diagnostics import Problems
from novita_infra.operations.session import ProjectOptions, located
from novita_infra.state.opening import open_store

_MOST_READ: Final = 500_000
"""The bytes of manifests after which no more of them are read: a person waits for the answer."""
_FORBIDDEN: Final = ("$", "*")
"""Marks of a name that is computed."""


def known_environments(path: Path) -> list[str]:
    """The environments of the project at a path. Raises Problems and OSError."""
    file = folder_for_messages(path if path.is_dir() else path.parent) / PROJECT_FILE
    settings, _ = settings_of(
        read(read_file(file, most=LARGEST), PROJECT_FILE), Files(file.parent, Collected()).sources
    )
    return sorted(names_of(settings))


def known_addresses(where: ProjectOptions) -> list[str]:
    """The addresses that the state and the manifests hold: those of the one that can be read if the other cannot."""
    found: set[str] = set()
    for source in (_recorded, _declared):
        with suppress(Problems, OSError, ValueError):
            found.update(source(where))
    return sorted(found)


def _recorded(where: ProjectOptions) -> Iterator[str]:
    """The addresses in a state on this machine. An encrypted one is not opened: its key may have to be asked for."""
    place = located(where)
    options = place.state.options
    if options.get("backend", "local") == "local" and "encryption" not in options:
        yield from map(str, open_store(place.state, place.environment, project=place.name).load().records)


def _declared(where: ProjectOptions) -> Iterator[str]:
    """The addresses of the manifests as they are written, without the keys of `forEach`."""
    files = find(where.path)
    left = _MOST_READ
    for name in files.manifests:
        raw = read_file(files.root / name, most=LARGEST)
        if (left := left - len(raw)) < 0:
            return
        for document in read(raw, name).documents:
            data = document.data if isinstance(document.data, dict) else {}
            kind, metadata = by_name(str(data.get("kind"))), data.get("metadata")
            given = metadata.get("name") if isinstance(metadata, dict) else None
            if kind and isinstance(given, str) and not any(mark in given for mark in _FORBIDDEN):
                yield f"{kind.type}.{given}"

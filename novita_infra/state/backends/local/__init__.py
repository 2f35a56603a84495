"""State in local files: a JSON file for each environment, with a journal, a backup and a lock beside it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from novita_infra.state.backend import Backend, SettingError
from novita_infra.state.backends.local.files import UNSHARED, LocalFiles, LocalFolder
from novita_infra.state.settings import StateSettings

_FOLDER: Final = "state"
"""The folder if the project file names none."""
_URL: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://|[\w.-]+@[\w.-]+:")
"""The begin of a URL, or of the address of a git repository such as `git@host:team/state.git`."""
_BACKENDS: Final = {
    "s3": "{backend: s3, bucket: NAME}",
    "postgres": "{backend: postgres, url: {fromEnv: NAME}}",
    "postgresql": "{backend: postgres, url: {fromEnv: NAME}}",
    "http": "{backend: http, address: URL}",
    "https": "{backend: http, address: URL}, or for a repository {backend: git, remote: URL}",
    "git": "{backend: git, remote: URL}",
    "ssh": "{backend: git, remote: URL}",
    "": "{backend: git, remote: URL}",
}
"""The settings to write instead, by the scheme of a URL; the empty one is that of `git@host:`."""


def _open(settings: StateSettings) -> LocalFolder:
    path = settings.options.get("path")
    return LocalFolder(settings.root / (path if isinstance(path, str) and path else _FOLDER))


def _errors_of(options: Mapping[str, Any]) -> Iterable[SettingError]:
    path = options.get("path")
    if isinstance(path, str) and (url := _URL.match(path)):
        instead = _BACKENDS.get((url[1] or "").lower())
        hint = f"write state: {instead}" if instead else "name a folder, such as state"
        yield SettingError("path", f'is a folder of this machine, not the URL "{path}"', hint)


def _storages_at(path: Path) -> Sequence[LocalFiles]:
    if path.is_file():
        return [LocalFiles(path)]
    folder = LocalFolder(path)
    return [folder.storage(name) for name in folder.environments()]


BACKEND: Final = Backend(
    summary="A JSON file for each environment in a folder, with a journal beside it.",
    open=_open,
    settings={
        "path": {
            "type": "string",
            "minLength": 1,
            "default": _FOLDER,
            "description": "The folder of the state files, relative to the project.",
        }
    },
    errors_of=_errors_of,
    unshared_files=tuple(f"{_FOLDER}/{pattern}" for pattern in UNSHARED),
    storages_at=_storages_at,
)

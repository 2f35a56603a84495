"""The names of files from the top of their repository, as the pages of the repository show them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from novita_infra.manifests.project.discovery import folder_for_messages
from novita_infra.manifests.validation.documents import PROJECT_FILE
from novita_infra.model.addresses import Origin

_MARK: Final = ".git"
"""A folder; in a worktree or a submodule a file."""


class RepositoryPaths:
    """The files of one project. Without a repository around it, the current folder is the top."""

    def __init__(self, folder: Path) -> None:
        """The project is in the folder, or above it."""
        self._project = folder_for_messages(folder)
        inside = self._project.resolve()
        self._top = next((path for path in (inside, *inside.parents) if (path / _MARK).exists()), Path.cwd())
        self._known: dict[str, str] = {}

    @property
    def project_file(self) -> str:
        """The file of the project."""
        return self.path(PROJECT_FILE)

    def place(self, origin: Origin) -> Origin:
        """The place with its file as it is named from the top, or absolute for one outside of the repository."""
        return Origin(self.path(origin.file), origin.line, origin.column)

    def path(self, name: str) -> str:
        """The name from the top of a file that is named from the project, or else from the current folder."""
        if name not in self._known:
            inside = self._project / name
            path = inside if inside.exists() or name == PROJECT_FILE else Path(name)
            path = path.parent.resolve() / path.name
            self._known[name] = (path.relative_to(self._top) if path.is_relative_to(self._top) else path).as_posix()
        return self._known[name]

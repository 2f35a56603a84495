"""The checkouts of modules in the user's cache folder: one folder for each digest, whose files are verified by it."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from novita_infra.api.limits.shared_limits import cache_folder
from novita_infra.manifests.modules.git.fetching import fetch_commit, fetched_files
from novita_infra.manifests.modules.git.program import git_program
from novita_infra.manifests.modules.git.source import GitSource
from novita_infra.manifests.modules.git.trees import DIGEST, UnfitTree, files_in, tree_digest, write_tree
from novita_infra.manifests.modules.no_module import NoModule
from novita_infra.model.diagnostics import reason

_TEMPORARY: Final = ".fetch-"
_SWEPT: Final = 86_400.0
"""Seconds after which a folder of a run that was killed is removed."""


class Checkouts:
    """The checkouts of the user. Several processes may use them at once."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        found = cache_folder(environ)
        self._folder = found / "modules" if found else None

    def verified(self, digest: str) -> Path | None:
        """Returns the folder with the files of the digest; None where it is not in the cache, or was changed."""
        path = self._path(digest)
        with suppress(OSError):
            return path if tree_digest(files_in(path)) == digest else None
        return None

    def holds(self, digest: str) -> bool:
        """Returns whether there is a folder for the digest, whatever its files are."""
        return self._path(digest).exists()

    def fetch(self, source: GitSource, commit: str = "") -> tuple[str, str]:
        """Puts a folder of a repository into the cache, as it is at a commit, or at the ref now.

        Returns the commit and the digest. Raises NoModule.
        """
        folder = self._path("").parent
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _sweep(folder)
            with tempfile.TemporaryDirectory(prefix=_TEMPORARY, dir=folder) as temporary:
                git = git_program(self._environ, Path(temporary, "git"))
                found = fetch_commit(git, source, commit)
                files = fetched_files(git, source, found)
                digest = tree_digest(files)
                tree = Path(temporary, "tree")
                write_tree(tree, files)
                self._keep(tree, digest, old=Path(temporary, "old"))
        except UnfitTree as error:
            raise NoModule(f"{source.name} is refused: {error}", "look at what is in the repository") from None
        except OSError as error:
            raise NoModule(f"{source.name} cannot be put into the cache: {reason(error)}") from None
        return found, digest

    def _keep(self, tree: Path, digest: str, *, old: Path) -> None:
        """Moves the folder to its place, unless another process did so. One with other files is moved away."""
        if self.verified(digest):
            return
        path = self._path(digest)
        with suppress(FileNotFoundError):
            path.rename(old)
        try:
            tree.rename(path)
        except OSError:
            if not self.verified(digest):
                raise

    def _path(self, digest: str) -> Path:
        if self._folder is None:
            raise NoModule("there is no cache folder for modules from git", "set HOME, or NOVITA_INFRA_CACHE")
        return self._folder / (digest.removeprefix(DIGEST) or "none")


def _sweep(folder: Path) -> None:
    """Removes what runs left behind that were killed."""
    for path in folder.glob(f"{_TEMPORARY}*"):
        with suppress(OSError):
            if path.stat().st_mtime < time.time() - _SWEPT:
                shutil.rmtree(path, ignore_errors=True)

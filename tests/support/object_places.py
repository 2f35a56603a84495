"""Every implementation of Objects for the tests of the protocol, each on a real counterpart.

A place is opened as often as a test asks, each time as another process would. `BY_NAME` makes it from an empty folder.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Final, TypeAlias

from folder_objects import FolderObjects
from git_server import GitServer, bare_repository, git_server
from server_places import postgres_objects, s3_objects

from novita_infra.state.backends.git.git_objects import GitObjects
from novita_infra.state.objects.objects import Objects

Opens: TypeAlias = Callable[[], Objects]
"""Opens one place again."""

BRANCH: Final = "novita-infra-state"


@cache
def served_repositories() -> GitServer:
    """The git server of this process, which ends with it."""
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(git_server(Path(mkdtemp(prefix="novita-infra-tests-"))))


def _git_file(folder: Path) -> Opens:
    url = f"file://{bare_repository(folder / 'remote.git')}"
    return lambda: GitObjects(url, BRANCH, folder)


def _git_http(folder: Path) -> Opens:
    url = served_repositories().url(f"{folder.parent.name}-{folder.name}.git")
    return lambda: GitObjects(url, BRANCH, folder)


BY_NAME: Final[Mapping[str, Callable[[Path], Opens]]] = {
    "folder-at-once": lambda folder: lambda: FolderObjects(folder, atomic=True),
    "folder-in-order": lambda folder: lambda: FolderObjects(folder, atomic=False),
    "git-file": _git_file,
    "git-http": _git_http,
    "postgres": lambda folder: lambda: postgres_objects(folder),
    "s3-moto": lambda folder: lambda: s3_objects("moto", folder),
    "s3-seaweedfs": lambda folder: lambda: s3_objects("seaweedfs", folder),
}
AT_ONCE: Final = frozenset({"folder-at-once", "git-file", "git-http", "postgres"})
"""The places where a write makes all of its changes or none."""

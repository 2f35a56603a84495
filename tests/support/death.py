"""The end of a run inside the process, as SIGKILL would end it."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any


class Death:
    """Keeps the disk of the instant in which the run of a task dies, and cancels the task."""

    def __init__(self, state: Path) -> None:
        """`state` is the folder of the state."""
        self._state = state
        self._disk: dict[str, bytes] = {}
        self._run: asyncio.Task[Any] | None = None
        self.dead = False

    def awaits_this_task(self) -> None:
        """The run that dies is the current task."""
        self._run = asyncio.current_task()

    def strike(self) -> None:
        """The run is dead from now on. A second strike does nothing."""
        if self.dead:
            return
        self.dead = True
        self._disk = disk_of(self._state)
        assert self._run is not None
        self._run.cancel()

    def restore(self) -> None:
        """Puts the disk back to the instant of death, if the run died."""
        if not self.dead:
            return
        restore_disk(self._state, self._disk)


def disk_of(folder: Path) -> dict[str, bytes]:
    """The content of every file below the folder, by its path there; empty where there is no folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def restore_disk(folder: Path, disk: dict[str, bytes]) -> None:
    """Makes the folder hold these files and no others."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, data in disk.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

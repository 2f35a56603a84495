"""The end of a run inside the process, as SIGKILL would end it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
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
        with suppress(FileNotFoundError):  # there is no state yet
            self._disk = {path.name: path.read_bytes() for path in self._state.iterdir()}
        assert self._run is not None
        self._run.cancel()

    def restore(self) -> None:
        """Puts the disk back to the instant of death, if the run died."""
        if not self.dead:
            return
        with suppress(FileNotFoundError):
            for path in self._state.iterdir():
                path.unlink()
        for name, data in self._disk.items():
            (self._state / name).write_bytes(data)

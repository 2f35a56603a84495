"""The earlier states of one environment in a folder: each with the journal that makes the next state from it.

A state comes in as a second name of its file, so keeping it costs no copy, and a crash leaves an entry whole or absent.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from novita_infra.state.backend import Version
from novita_infra.state.backends.local.disk import Disk, replace_file
from novita_infra.state.private_files import refuse_link

_STATE: Final = ".json"
_JOURNAL: Final = ".journal"
_MOST: Final = 30
"""Entries that are kept."""
_FEW: Final = 5
"""Entries that are kept however large they are."""
_ROOM: Final = 100_000_000
"""The most bytes of all entries, beyond the first few."""


class Ring:
    """The folder `<environment>.history`: `1.json` and `1.journal` are the oldest entry."""

    def __init__(self, folder: Path, *, disk: Disk) -> None:
        self.folder = folder
        self._disk = disk

    def keep(self, state: Path, journal: Path) -> None:
        """Adds both files, the journal if there is one, unless the state file is the newest entry already.

        Raises OSError, and Problems if one of them is a link.
        """
        numbers = self._numbers()
        if numbers and self._path(numbers[0], _STATE).samefile(state):
            return
        self.folder.mkdir(mode=0o700, exist_ok=True)
        number = numbers[0] + 1 if numbers else 1
        # The state comes last: without it there is no entry.
        self._disk.remove(self._path(number, _JOURNAL))
        for file, ending in ((journal, _JOURNAL), (state, _STATE)):
            if file.exists():
                refuse_link(file)
                self._add(file, self._path(number, ending))
        self._thin([number, *numbers])

    def versions(self) -> tuple[Version, ...]:
        """The entries, the newest first. Raises OSError."""
        return tuple(Version(str(number), self._replaced_at(number)) for number in self._numbers())

    def read(self, version: Version) -> tuple[bytes | None, bytes | None]:
        """The state and the journal of an entry; None for a file that is gone. Raises OSError, and Problems."""
        paths = (self._path(int(version.id), ending) for ending in (_STATE, _JOURNAL))
        state, journal = (self._disk.read(path) for path in paths)
        return state, journal

    def _add(self, file: Path, entry: Path) -> None:
        try:
            self._disk.link(file, entry)
        except OSError:  # a file system without second names, or one that this file has too many of
            data = self._disk.read(file)
            if data is None:
                raise
            replace_file(entry, data, disk=self._disk)

    def _thin(self, numbers: list[int]) -> None:
        """Removes the oldest entries, as far as they are too many or too large."""
        room = _ROOM
        for place, number in enumerate(numbers):
            paths = [self._path(number, ending) for ending in (_STATE, _JOURNAL)]
            room -= sum(path.stat().st_size for path in paths if path.exists())
            if place >= _MOST or (place >= _FEW and room < 0):
                for path in paths:
                    self._disk.remove(path)

    def _numbers(self) -> list[int]:
        """The numbers of the entries, the newest first."""
        try:
            names = os.listdir(self.folder)  # noqa: PTH208 -- quick
        except FileNotFoundError:
            return []
        stems = (name.removesuffix(_STATE) for name in names if name.endswith(_STATE))
        return sorted((int(stem) for stem in stems if stem.isascii() and stem.isdecimal()), reverse=True)

    def _replaced_at(self, number: int) -> float | None:
        """When the run ended that replaced the state: the time of its journal."""
        for ending in (_JOURNAL, _STATE):
            try:
                return self._path(number, ending).stat().st_mtime
            except FileNotFoundError:
                continue
        return None

    def _path(self, number: int, ending: str) -> Path:
        return self.folder / f"{number}{ending}"

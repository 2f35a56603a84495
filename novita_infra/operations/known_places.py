"""The places of the states on this machine that record objects of one account: those of other projects, too.

A folder of the account in the user's cache holds a small file for each place, and the locks of creates. It holds no
state and no key. Without it, a run sees the states of its own project alone.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from novita_infra.encoding.files import read_file
from novita_infra.encoding.json_text import parse_json
from novita_infra.model.diagnostics import Problems
from novita_infra.operations.session import Session
from novita_infra.state.private_files import open_private
from novita_infra.state.settings import StateSettings

_END: Final = ".place"
_LONGEST: Final = 65_536
"""The most bytes of a file."""


class KnownPlaces:
    """The places of one account. The file of a place is read once: its name is the digest of its content."""

    def __init__(self, session: Session) -> None:
        settings = self._settings = session.project.state
        place = {"root": str(settings.root.resolve()), "options": dict(settings.options)}
        self._content = json.dumps(place, sort_keys=True, default=str).encode()
        self._own = f"{hashlib.sha256(self._content).hexdigest()[:16]}{_END}"
        self._read: dict[str, StateSettings] = {}
        self.folder = session.cache / f"account-{session.account}" if session.cache else None
        """The folder of the account in the cache; None where there is no cache."""

    def remember(self) -> None:
        """Writes where the project keeps its states, unless that is known. A read-only cache is no error."""
        if self.folder is None:
            return
        path = self.folder / self._own
        with suppress(OSError, Problems):
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if path.exists():
                return
            file = open_private(path, os.O_WRONLY | os.O_CREAT)
            try:
                os.write(file, self._content)
            finally:
                os.close(file)

    def others(self) -> dict[str, StateSettings]:
        """The other places that are known now, by the name of their file, sorted."""
        names: list[str] = []
        with suppress(OSError):
            names = os.listdir(self.folder) if self.folder else []  # noqa: PTH208 -- read at every create
        found = {}
        for name in sorted(name for name in names if name.endswith(_END) and name != self._own):
            with suppress(OSError, ValueError, KeyError, TypeError):
                found[name] = self._read.get(name) or self._place(name)
        return found

    def _place(self, name: str) -> StateSettings:
        place = parse_json(read_file(Path(self.folder or "", name), most=_LONGEST))
        self._read[name] = replace(self._settings, root=Path(place["root"]), options=dict(place["options"]))
        return self._read[name]

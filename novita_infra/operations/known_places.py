"""The places of the states on this machine that record objects of one account: those of other projects, too.

A folder of the account in the user's cache holds a small file for each place, and the locks of creates. It holds no
state and no key. Without it, a run sees the states of its own project alone.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from novita_infra.model.diagnostics import Problems
from novita_infra.operations.session import Session
from novita_infra.state.private_files import open_private
from novita_infra.state.settings import StateSettings

_END: Final = ".place"
_LONGEST: Final = 65_536
"""The bytes of a file that are read."""


def account_folder(session: Session) -> Path | None:
    """The folder of the account in the cache; None where there is no cache."""
    return session.cache / f"account-{session.account}" if session.cache else None


def remember_place(session: Session) -> None:
    """Writes where the project keeps its states, unless that is known. A cache that cannot be written is no error."""
    folder = account_folder(session)
    if folder is None:
        return
    content = _content(session.project.state)
    path = folder / f"{hashlib.sha256(content).hexdigest()[:16]}{_END}"
    with suppress(OSError, Problems):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if path.exists():
            return
        file = open_private(path, os.O_WRONLY | os.O_CREAT)
        try:
            os.write(file, content)
        finally:
            os.close(file)


def known_places(session: Session) -> Iterator[StateSettings]:
    """The other places that are known."""
    folder = account_folder(session)
    own = _content(session.project.state)
    for path in sorted(folder.glob(f"*{_END}")) if folder and folder.is_dir() else ():
        with suppress(OSError, ValueError, KeyError, TypeError):
            content = path.read_bytes()[:_LONGEST]
            if content != own:
                place = json.loads(content)
                yield StateSettings(Path(place["root"]), dict(place["options"]))


def _content(settings: StateSettings) -> bytes:
    place = {"root": str(settings.root.resolve()), "options": dict(settings.options)}
    return json.dumps(place, sort_keys=True, default=str).encode()

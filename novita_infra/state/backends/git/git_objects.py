"""The objects of a branch: each is a file of its newest commit, and the leases lie in a ref of their own."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from functools import cache, partial
from itertools import groupby
from pathlib import Path
from typing import Final

from novita_infra import __version__
from novita_infra.state.backends.git.ref import LIMIT, GitRef
from novita_infra.state.backends.git.remotes import find_remote
from novita_infra.state.backends.git.urls import NAME, without_login
from novita_infra.state.objects.layout import LOCKS, environment_of
from novita_infra.state.objects.objects import Object, ObjectChange
from novita_infra.state.process_identity import this_process

_WORDS: Final = {"head": "state", "states": "state", "journal": "journal"}
"""What a part of an environment is called in the message of a commit."""


class GitObjects:
    """Implements Objects on a branch of a remote. The version of an object is the id of its blob.

    The ref of the leases is no branch: it changes many times a minute, has no history, and starts no pipeline.
    """

    def __init__(self, remote: str, branch: str, root: Path, *, limit: float = LIMIT) -> None:
        """`limit` is the time of a call, in seconds."""
        self._named = remote
        self._branch_name = branch
        # Without a circle of references: the temporary folders go with these objects, and not at some later time.
        find = cache(partial(find_remote, remote, root))
        self._branch = GitRef(find, f"refs/heads/{branch}", keeps_history=True, limit=limit)
        self._locks = GitRef(find, f"refs/novita-infra/{branch}/{LOCKS}", keeps_history=False, limit=limit)

    def describe(self, key: str = "") -> str:
        ref = self._locks.ref if key == LOCKS else self._branch_name
        place = f"{without_login(self._named)}{'/' if NAME.fullmatch(self._named) else ' '}{ref}"
        return f"{place}:{key}" if key else place

    def read(self, key: str) -> Object | None:
        found = self._ref(key).read(lambda path: path == key)
        return Object(found[key][1], found[key][0]) if key in found else None

    def read_all(self, prefix: str) -> Mapping[str, Object]:
        found = {}
        for ref in self._refs(prefix):
            for path, (blob, data) in ref.read(lambda path: path.startswith(prefix)).items():
                found[path] = Object(data, blob)
        return dict(sorted(found.items()))

    def keys(self, prefix: str) -> Sequence[str]:
        return sorted(path for ref in self._refs(prefix) for path in ref.paths() if path.startswith(prefix))

    def write(self, changes: Sequence[ObjectChange]) -> None:
        for ref, group in groupby(changes, key=lambda change: self._ref(change.key)):
            part = list(group)
            ref.write(part, _message(part))

    def _ref(self, key: str) -> GitRef:
        return self._locks if key == LOCKS else self._branch

    def _refs(self, prefix: str) -> list[GitRef]:
        return [self._branch, self._locks] if LOCKS.startswith(prefix) else [self._branch]


def _message(changes: Sequence[ObjectChange]) -> str:
    """`dev: state, journal`, with the keys and the process below."""
    environments: dict[str, list[str]] = {}
    for change in changes:
        environment = environment_of(change.key)
        part = change.key.split("/")[1] if environment is not None else change.key
        words = environments.setdefault(environment or "", [])
        word = "history" if change.data is None else _WORDS.get(part, part)
        words += [] if word in words else [word]
    subject = "; ".join(f"{name}{': ' if name else ''}{', '.join(words)}" for name, words in environments.items())
    keys = "\n".join(f"{'-' if change.data is None else '+'} {change.key}" for change in changes)
    # The random part makes the commits of two writers differ: the push of an equal one would succeed for both.
    return f"{subject}\n\n{keys}\n\nnovita-infra {__version__}, {this_process()}, {secrets.token_hex(8)}\n"

"""Objects in a folder: a place for the tests of what all backends with objects share, also between processes."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, unquote

from novita_infra.state.objects.objects import ABSENT, Conflict, Object, ObjectChange


class FolderObjects:
    """Implements Objects. The version of an object is the digest of its content, as an ETag is."""

    def __init__(self, folder: Path, *, atomic: bool, before: Callable[[ObjectChange], None] = lambda _: None) -> None:
        """`atomic` makes all changes of a write or none. `before` is called before each change, and may raise."""
        self._folder = folder
        self._atomic = atomic
        self._before = before

    def describe(self, key: str = "") -> str:
        return f"objects:{self._folder}{'/' if key else ''}{key}"

    def read(self, key: str) -> Object | None:
        with self._locked():
            return self._read(key)

    def read_all(self, prefix: str) -> Mapping[str, Object]:
        found = {key: self.read(key) for key in self.keys(prefix)}
        return {key: item for key, item in found.items() if item is not None}

    def keys(self, prefix: str) -> Sequence[str]:
        with self._locked():
            names = (unquote(path.name) for path in self._folder.glob("*.object"))
            return sorted(key for name in names if (key := name.removesuffix(".object")).startswith(prefix))

    def snapshot(self) -> FolderObjects:
        return self

    def write(self, changes: Sequence[ObjectChange]) -> Sequence[str]:
        with self._locked():
            if self._atomic:
                for change in changes:
                    self._check(change)
            for change in changes:
                self._check(change)
                self._before(change)
                path = self._path(change.key)
                if change.data is None:
                    path.unlink(missing_ok=True)
                else:
                    new = path.with_suffix(".new")
                    new.write_bytes(change.data)
                    new.replace(path)
        return [ABSENT if change.data is None else _version_of(change.data) for change in changes]

    def _check(self, change: ObjectChange) -> None:
        if change.expected is not None:
            present = self._read(change.key)
            if (present.version if present else ABSENT) != change.expected:
                raise Conflict(change.key)

    def _read(self, key: str) -> Object | None:
        try:
            data = self._path(key).read_bytes()
        except FileNotFoundError:
            return None
        return Object(data, _version_of(data))

    def _path(self, key: str) -> Path:
        return self._folder / f"{quote(key, safe='')}.object"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._folder.mkdir(parents=True, exist_ok=True)
        file = os.open(self._folder / "guard", os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        finally:
            os.close(file)


def _version_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()

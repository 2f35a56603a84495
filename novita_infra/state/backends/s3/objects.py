"""The objects of a bucket, with conditional writes by `If-None-Match` and `If-Match`, over the package `obstore`."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError

from novita_infra.model.diagnostics import problem
from novita_infra.state.backends.s3.faults import error_code, meaning_of
from novita_infra.state.objects.objects import ABSENT, Conflict, Object, ObjectChange, OutOfReach

if TYPE_CHECKING:
    from obstore.store import S3Store

_DELETED: Final = b"deleted by novita-infra\n"
"""What a conditional delete writes: S3 has no delete that every server makes on a condition. It counts as no object."""
_PROBE: Final = "conditional-writes"
"""The key of an object that shows whether the server keeps the conditions of writes."""
_ATTEMPTS: Final = 10
"""How often an object is created where others create and delete it at the same time."""
_FAILURES: Final = (BaseError, OSError, ValueError)
"""What obstore raises; where no object is, FileNotFoundError."""


class S3Objects:
    """Implements Objects in a bucket, below a prefix.

    A bucket changes one object at a time, so a write makes its changes one after the other.
    """

    def __init__(self, store: S3Store, *, bucket: str, prefix: str) -> None:
        """The store knows endpoint, credentials and prefix; it tries nothing again by itself."""
        self._store = store
        self._bucket = bucket
        self._place = "/".join(filter(None, (f"s3://{bucket}", prefix)))
        self._probing = threading.Lock()
        self._conditional = False

    def describe(self, key: str = "") -> str:
        return f"{self._place}/{key}" if key else self._place

    def read(self, key: str) -> Object | None:
        found = self._stored(key)
        return None if found is None or found.data == _DELETED else found

    def read_all(self, prefix: str) -> Mapping[str, Object]:
        keys = self._listed(prefix)
        if not keys:
            return {}
        with ThreadPoolExecutor(min(8, len(keys))) as threads:
            objects = list(threads.map(self.read, keys))
        return {key: found for key, found in zip(keys, objects, strict=True) if found}

    def keys(self, prefix: str) -> Sequence[str]:
        return [key for key, size in self._listed(prefix).items() if size != len(_DELETED) or self.read(key)]

    def snapshot(self) -> S3Objects:
        return self

    def write(self, changes: Sequence[ObjectChange]) -> Sequence[str]:
        if any(change.expected is not None for change in changes):
            self._need_conditions()
        versions: list[str] = []
        for deletes, group in groupby(changes, lambda change: change.data is None and change.expected is None):
            if deletes:
                keys = [change.key for change in group]
                self._delete(keys)
                versions += [ABSENT] * len(keys)
            else:
                versions += map(self._change, group)
        return versions

    def _stored(self, key: str) -> Object | None:
        """What lies there, even if it counts as no object."""
        try:
            result = obstore.get(self._store, key)
            data, version = bytes(result.bytes()), result.meta["e_tag"]
        except FileNotFoundError as error:
            if error_code(error) == "NoSuchBucket":
                raise self._fault(error, key) from error
            return None
        except _FAILURES as error:
            raise self._fault(error, key) from error
        return Object(data, self._version(version, key))

    def _version(self, tag: str | None, key: str) -> str:
        if not tag:
            raise problem(f"{self.describe(key)}: the server gives no ETag", "use a server with conditional writes")
        return tag

    def _change(self, change: ObjectChange) -> str:
        """Makes one change; the new version."""
        if change.data is None and change.expected == ABSENT:
            if self.read(change.key):
                raise Conflict(change.key)
            return ABSENT
        data = _DELETED if change.data is None else change.data
        version = self._put(change.key, data, change.expected)
        if version is None:
            if change.expected != ABSENT:
                raise Conflict(change.key)
            version = self._put_over_deleted(change.key, data)
        return ABSENT if change.data is None else version

    def _delete(self, keys: list[str]) -> None:
        """Deletes the objects that exist, a thousand by one request."""
        try:
            obstore.delete(self._store, keys)
        except FileNotFoundError as error:
            if error_code(error) == "NoSuchBucket":
                raise self._fault(error, keys[0], writes=True) from error
        except _FAILURES as error:
            raise self._fault(error, keys[0], writes=True) from error

    def _put_over_deleted(self, key: str, data: bytes) -> str:
        """Creates an object where a deleted one may lie. Raises Conflict if there is another one."""
        for _ in range(_ATTEMPTS):
            remains = self._stored(key)
            if remains is not None and remains.data != _DELETED:
                raise Conflict(key)
            version = self._put(key, data, ABSENT if remains is None else remains.version)
            if version is not None:
                return version
        raise OutOfReach("other runs change it all the time")

    def _put(self, key: str, data: bytes, expected: str | None) -> str | None:
        """Writes the object; its new version. None where its present one is not as expected: nothing is written."""
        mode: Any = "overwrite" if expected is None else "create" if expected == ABSENT else {"e_tag": expected}
        try:
            result = obstore.put(self._store, key, data, mode=mode, use_multipart=False)
        except (AlreadyExistsError, PreconditionError, FileNotFoundError) as error:
            code = error_code(error)
            if code in {"NoSuchBucket", "ConditionalRequestConflict", "OperationAborted"}:
                raise self._fault(error, key, writes=True) from error
            return None
        except _FAILURES as error:
            raise self._fault(error, key, writes=True) from error
        return self._version(result["e_tag"], key)

    def _need_conditions(self) -> None:
        """Raises Problems if the server ignores the conditions of writes: two runs would overwrite each other."""
        with self._probing:
            if self._conditional:
                return
            stale = self._put(_PROBE, b"", '"00000000000000000000000000000000"')
            if stale or (self._put(_PROBE, b"", ABSENT) and self._put(_PROBE, b"", ABSENT)):
                raise problem(
                    f"{self._place}: the server ignores the conditions of writes (If-Match, If-None-Match), so two "
                    "runs could overwrite each other",
                    "use a newer version of the server, or another backend",
                )
            self._conditional = True

    def _listed(self, prefix: str) -> dict[str, int]:
        """The keys that begin with the prefix, sorted, with their sizes. The server gives pages of 1,000."""
        folder = prefix.rpartition("/")[0]  # obstore finds whole segments of keys only
        try:
            pages = obstore.list(self._store, folder or None, chunk_size=1000)
            found = {item["path"]: item["size"] for page in pages for item in page}
        except _FAILURES as error:
            raise self._fault(error, prefix) from error
        return {key: found[key] for key in sorted(found) if key.startswith(prefix) and key != _PROBE}

    def _fault(self, error: BaseException, key: str, *, writes: bool = False) -> Exception:
        return meaning_of(error, place=self.describe(key), bucket=self._bucket, writes=writes)

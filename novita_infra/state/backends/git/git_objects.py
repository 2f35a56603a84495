"""The objects of a branch: each is a file of its newest commit, and the leases lie in a ref of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from itertools import groupby
from pathlib import Path

from novita_infra.state.backends.git.messages import commit_message
from novita_infra.state.backends.git.ref import LIMIT, GitRef, blob_of
from novita_infra.state.backends.git.remotes import find_remote
from novita_infra.state.backends.git.urls import NAME, without_login
from novita_infra.state.objects.layout import LOCKS
from novita_infra.state.objects.objects import ABSENT, Object, ObjectChange


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
        return self._now(self._ref(key)).read(key)

    def read_all(self, prefix: str) -> Mapping[str, Object]:
        found = {key: item for ref in self._refs(prefix) for key, item in self._now(ref).read_all(prefix).items()}
        return dict(sorted(found.items()))

    def keys(self, prefix: str) -> Sequence[str]:
        return sorted(key for ref in self._refs(prefix) for key in self._now(ref).keys(prefix))

    def snapshot(self) -> GitSnapshot:
        return self._now(self._branch)

    def _now(self, ref: GitRef) -> GitSnapshot:
        return GitSnapshot(ref, self.describe)

    def write(self, changes: Sequence[ObjectChange]) -> Sequence[str]:
        for ref, group in groupby(changes, key=lambda change: self._ref(change.key)):
            part = list(group)
            ref.write(part, commit_message(part))
        return [ABSENT if change.data is None else blob_of(change.data) for change in changes]

    def _ref(self, key: str) -> GitRef:
        return self._locks if key == LOCKS else self._branch

    def _refs(self, prefix: str) -> list[GitRef]:
        return [self._branch, self._locks] if LOCKS.startswith(prefix) else [self._branch]


class GitSnapshot:
    """Implements ObjectReader on the newest commit of a ref: one fetch, however much is read."""

    def __init__(self, ref: GitRef, describe: Callable[[str], str]) -> None:
        self._ref = ref
        self._describe = describe
        self._files = ref.files()

    def describe(self, key: str = "") -> str:
        return self._describe(key)

    def read(self, key: str) -> Object | None:
        blob = self._files.get(key)
        return Object(self._ref.contents([blob])[0], blob) if blob else None

    def read_all(self, prefix: str) -> Mapping[str, Object]:
        keys = self.keys(prefix)
        blobs = [self._files[key] for key in keys]
        contents = zip(self._ref.contents(blobs), blobs, strict=True)
        return dict(zip(keys, (Object(data, blob) for data, blob in contents), strict=True))

    def keys(self, prefix: str) -> Sequence[str]:
        return sorted(key for key in self._files if key.startswith(prefix))

"""Bare git repositories with chosen commits, and the environment in which git reads none of the user's settings."""

from __future__ import annotations

import hashlib
import os
import subprocess
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

GIT_ENVIRON = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "ada",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "ada",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
    "GIT_AUTHOR_DATE": "2026-11-30T12:00:00Z",
    "GIT_COMMITTER_DATE": "2026-11-30T12:00:00Z",
}


@dataclass(frozen=True)
class BareRepository:
    """A bare repository in a folder."""

    path: Path

    @classmethod
    def made(cls, path: Path) -> BareRepository:
        """An empty one, as `git init --bare` makes it, without a process and without samples of hooks."""
        for part in ("objects", "refs"):
            (path / part).mkdir(parents=True, exist_ok=True)
        (path / "config").write_text("[core]\n\tbare = true\n[receive]\n\tautogc = false\n")
        (path / "HEAD").write_text("ref: refs/heads/main\n")
        return cls(path)

    @property
    def url(self) -> str:
        return f"file://{self.path}"

    def source(self, folder: str = "", ref: str = "") -> str:
        """The source of a module in it."""
        return f"git::{self.url}{f'//{folder}' if folder else ''}{f'?ref={ref}' if ref else ''}"

    def git(self, *words: str, given: bytes = b"") -> str:
        """What git prints."""
        ended = subprocess.run(
            ["git", *words], cwd=self.path, input=given, env=GIT_ENVIRON, check=True, capture_output=True
        )
        return ended.stdout.decode().strip()

    def blob(self, content: str | bytes) -> str:
        """The object of a content."""
        return self._object("blob", content if isinstance(content, bytes) else content.encode())

    def tree(self, entries: Mapping[str, tuple[str, str]]) -> str:
        """The object of a tree; each entry has its mode and its object. No name is too strange."""
        lines = {}
        for name, (mode, object_) in entries.items():
            key = f"{name}/" if mode == "040000" else name  # the order of git
            lines[key.encode()] = b"%b %b\0%b" % (mode.lstrip("0").encode(), name.encode(), bytes.fromhex(object_))
        return self._object("tree", b"".join(lines[key] for key in sorted(lines)))

    def _object(self, kind: str, content: bytes) -> str:
        """Writes an object without a process, as `git hash-object -w` does."""
        data = b"%b %d\0%b" % (kind.encode(), len(content), content)
        name = hashlib.sha1(data, usedforsecurity=False).hexdigest()
        file = self.path / "objects" / name[:2] / name[2:]
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(zlib.compress(data, 1))
        return name

    def files(self, files: Mapping[str, str | bytes]) -> str:
        """The object of a tree with these files in folders."""
        entries: dict[str, tuple[str, str]] = {}
        below: dict[str, dict[str, str | bytes]] = {}
        for name, content in files.items():
            first, _, rest = name.partition("/")
            if rest:
                below.setdefault(first, {})[rest] = content
            else:
                entries[first] = ("100644", self.blob(content))
        entries |= {name: ("040000", self.files(inner)) for name, inner in below.items()}
        return self.tree(entries)

    def commit(self, files: Mapping[str, str | bytes] | str, *, branch: str = "main", tag: str = "") -> str:
        """A commit without history of these files, or of a tree; the branch and the tag lead to it from now on."""
        tree = files if isinstance(files, str) else self.files(files)
        commit = self.git("commit-tree", tree, "-m", "a commit")
        self.git("update-ref", f"refs/heads/{branch}", commit)
        if tag:
            self.git("tag", "--force", "--annotate", "--message", tag, tag, commit)
        return commit

"""Bare git repositories with chosen commits, and the environment in which git reads none of the user's settings."""

from __future__ import annotations

import os
import subprocess
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
        path.mkdir(parents=True)
        repository = cls(path)
        repository.git("init", "--quiet", "--bare", "--initial-branch=main", ".")
        return repository

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
        data = content if isinstance(content, bytes) else content.encode()
        return self.git("hash-object", "-w", "--stdin", "--literally", given=data)

    def tree(self, entries: Mapping[str, tuple[str, str]]) -> str:
        """The object of a tree; each entry has its mode and its object. No name is too strange."""
        lines = [
            f"{mode} {'tree' if mode == '040000' else 'commit' if mode == '160000' else 'blob'} {object_}\t{name}\0"
            for name, (mode, object_) in entries.items()
        ]
        return self.git("mktree", "-z", "--missing", given="".join(lines).encode())

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

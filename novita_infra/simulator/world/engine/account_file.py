"""The account in an SQLite file: one row for each object, written before the answer is sent."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

FORMAT = 1
PATIENCE = 5.0
"""Seconds to wait for another process that has the account open."""
SYNCHRONOUS = "NORMAL"
"""How SQLite waits for the disk: the file survives a machine that fails, and may lose what was written last."""
_MOST_LINKS: Final = 40
"""Links that lead to links, as many as Linux follows."""


class AccountInUse(Exception):
    """Another process has this account open."""


class UnknownFormat(Exception):
    """The file is no account of this simulator, or one of a later version."""


class ForeignLink(Exception):
    """The path is a link that another user made in a folder that others may write."""


class AccountFile:
    """An open account file. When `write` returns, the data survives a killed process."""

    def __init__(self, path: Path, *, patience: float | None = None) -> None:
        """Raises AccountInUse, UnknownFormat, ForeignLink, and OSError where there is no room for it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        _refuse_foreign_link(path)
        if path.exists() and not path.is_file():
            raise UnknownFormat(f"{path} is no simulator account (it is no file)")
        # The file holds the requests of clients, passwords included.
        path.touch(mode=0o600)
        timeout = PATIENCE if patience is None else patience
        self._db = sqlite3.connect(path, timeout=timeout, isolation_level=None, check_same_thread=False)
        try:
            self._open()
        except sqlite3.OperationalError as error:
            self._db.close()
            if error.sqlite_errorcode & 0xFF not in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
                raise OSError(errno.EIO, str(error), str(path)) from error
            raise AccountInUse(f"{path} is in use by another process ({error})") from error
        except sqlite3.DatabaseError as error:
            self._db.close()
            raise UnknownFormat(f"{path} is no simulator account ({error})") from error
        except UnknownFormat:
            self._db.close()
            raise

    def _open(self) -> None:
        self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
        self._db.execute(f"PRAGMA synchronous={SYNCHRONOUS}")
        self._db.execute("PRAGMA journal_mode=WAL")
        (whole,) = self._db.execute("PRAGMA quick_check(1)").fetchone()
        if whole != "ok":
            raise UnknownFormat(f"{self._path} is damaged ({whole})")
        self._db.execute("BEGIN IMMEDIATE")
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version not in {0, FORMAT}:
            self._db.execute("ROLLBACK")
            raise UnknownFormat(f"{self._path} has format {version}; this version reads {FORMAT}")
        self._db.execute("CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS objects"
            " (seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, UNIQUE (kind, id))"
        )
        self._db.execute("CREATE TABLE IF NOT EXISTS contents (id TEXT PRIMARY KEY, body BLOB NOT NULL)")
        self._db.execute(f"PRAGMA user_version={FORMAT}")
        self._db.execute("COMMIT")

    def meta(self) -> dict[str, str]:
        return dict(self._db.execute("SELECT name, value FROM meta"))

    def objects(self) -> Iterator[tuple[str, str, str]]:
        """Table, id and JSON of every object, in the order of creation."""
        yield from self._db.execute("SELECT kind, id, body FROM objects ORDER BY seq")

    def content(self, key: str) -> bytes:
        """The bytes of a file; empty for an absent one."""
        row = self._db.execute("SELECT body FROM contents WHERE id = ?", (key,)).fetchone()
        return bytes(row[0]) if row else b""

    def write(
        self,
        rows: Iterable[tuple[str, str, str | None]],
        meta: Mapping[str, str],
        contents: Mapping[str, bytes | None],
    ) -> None:
        """Writes the changed rows and the bytes of files in one transaction; None removes.

        Raises OSError, such as on a full disk; then nothing is written.
        """
        try:
            self._write(list(rows), meta, contents)
        except sqlite3.OperationalError as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise OSError(errno.EIO, str(error), str(self._path)) from error

    def _write(
        self,
        rows: list[tuple[str, str, str | None]],
        meta: Mapping[str, str],
        contents: Mapping[str, bytes | None],
    ) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        self._db.executemany(
            "INSERT INTO objects (kind, id, body) VALUES (?, ?, ?)"
            " ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
            [row for row in rows if row[2] is not None],
        )
        self._db.executemany(
            "DELETE FROM objects WHERE kind = ? AND id = ?", [(kind, key) for kind, key, body in rows if body is None]
        )
        self._db.executemany(
            "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            list(meta.items()),
        )
        for key, content in contents.items():
            if content is None:
                self._db.execute("DELETE FROM contents WHERE id = ?", (key,))
            else:
                self._db.execute("INSERT OR REPLACE INTO contents (id, body) VALUES (?, ?)", (key, content))
        self._db.execute("COMMIT")

    def close(self) -> None:
        self._db.close()


def _refuse_foreign_link(path: Path) -> None:
    """Raises ForeignLink if the path, its folder or a link that one of them leads to is such a link."""
    for start in (path.parent, path):
        link = start
        for _ in range(_MOST_LINKS):
            if not link.is_symlink():
                break
            others_write = link.parent.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH)
            if others_write and link.lstat().st_uid not in {os.geteuid(), 0}:
                raise ForeignLink(
                    f"{link} is a link to {link.readlink()} that another user made in a folder that others may write"
                )
            link = link.parent / link.readlink()

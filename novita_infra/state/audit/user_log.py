"""The audit log of a user on this machine: the calls outside of any apply, such as `instance stop` or `keys create`.

A call is an entry before it is sent, and its answer another one, which names it. The chain shows a change in the
middle. No state names the last entry, so a cut at the end does not show.
"""

from __future__ import annotations

import fcntl
import itertools
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from novita_infra.api.noting.calls import UNKNOWN, CallNote, NotedPaths
from novita_infra.api.request import Request
from novita_infra.encoding.files import read_file
from novita_infra.model.clock import Clock
from novita_infra.state.audit.entries import (
    AuditCause,
    AuditedCall,
    AuditEntry,
    LogLine,
    chained,
    last_head,
    log_lines,
)
from novita_infra.state.locks.lock_holders import run_of_ci
from novita_infra.state.private_files import open_private, unreadable
from novita_infra.state.process_identity import this_command, this_process
from novita_infra.state.state import AuditHead

_TAIL: Final = 65_536
"""Bytes at the end of a log that hold its last entry."""


def user_log_path(environ: Mapping[str, str]) -> Path | None:
    """The file in the user's folder of states; None if there is no such folder."""
    own, home = environ.get("XDG_STATE_HOME", ""), environ.get("HOME", "")
    if Path(own).is_absolute():
        return Path(own) / "novita-infra" / "audit.log"
    return Path(home) / ".local" / "state" / "novita-infra" / "audit.log" if Path(home).is_absolute() else None


class UserLog:
    """Notes calls in a file, which several processes may use at once."""

    def __init__(
        self, path: Path | None, *, clock: Clock, environ: Mapping[str, str], redacted: Callable[[str], str]
    ) -> None:
        """The file is made with the first call; without a path, nothing is kept."""
        self._path = path
        self._clock = clock
        self._ci = run_of_ci(environ)
        self._paths = NotedPaths(redacted)
        self._ids = itertools.count(1)
        self._open: dict[int, AuditEntry] = {}
        """The entries of calls without an answer."""

    async def before(self, request: Request) -> CallNote:
        note = CallNote(next(self._ids))
        cause = AuditCause(command=this_command(), by=this_process(), run=self._ci)
        call = AuditedCall(method=request.method, path=self._paths.path(request), outcome=UNKNOWN)
        self._open[note.id] = self._add(AuditEntry(at=round(self._clock.now(), 3), cause=cause, call=call))
        return note

    def after(self, note: CallNote) -> None:
        begun, ended = self._open.pop(note.id), round(self._clock.now(), 3)
        call = replace(
            begun.call,
            attempts=note.attempts,
            status=note.status,
            request=note.request,
            outcome=note.outcome,
            ended=ended,
        )
        self._add(replace(begun, of=begun.number, call=call))

    def _add(self, entry: AuditEntry) -> AuditEntry:
        """Appends the entry durably; returns it with its number. Raises Problems for a link or a device in its place.

        A user without a folder that can be written is not kept from stopping a machine: the call is not noted then.
        """
        if self._path is None:
            return entry
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            file = open_private(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
                size = os.fstat(file).st_size
                tail = os.pread(file, _TAIL, max(0, size - _TAIL))
                head, line = chained(last_head(log_lines([("", tail)])), [entry])
                os.write(file, line if not tail or tail.endswith(b"\n") else b"\n" + line)
                os.fsync(file)
            finally:
                os.close(file)
        except OSError:
            return entry
        return replace(entry, number=head.count)


def read_user_lines(path: Path) -> tuple[list[LogLine], AuditHead]:
    """The lines of the file, and the last entry. Raises Problems."""
    try:
        lines = log_lines([(str(path), read_file(path))])
    except FileNotFoundError:
        lines = []
    except OSError as error:
        raise unreadable(path, error) from error
    return lines, last_head(lines)


def with_answers(entries: Iterable[AuditEntry]) -> list[AuditEntry]:
    """The calls in their order, each with its answer."""
    calls: dict[int, AuditEntry] = {}
    for entry in entries:
        if not entry.of:
            calls[entry.number] = entry
        elif entry.of in calls:
            calls[entry.of] = replace(entry, number=entry.of, of=0)
    return list(calls.values())

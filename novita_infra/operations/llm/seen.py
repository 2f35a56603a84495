"""The tasks whose events were taken, in a file: no event is taken twice, not even by the next listener.

A line is written before the work on an event begins, and one when it has ended: an event whose work was cut off is
known at the next start.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections import OrderedDict
from pathlib import Path
from typing import Any, Final, Self

from novita_infra.encoding.files import put_in_place, read_stream
from novita_infra.encoding.json_text import parse_foreign_json
from novita_infra.model.diagnostics import problem, reason

MOST_KEPT: Final = 20_000
"""Tasks that are remembered; the service sends an event again within minutes, if at all."""
_LONGEST: Final = 64 * 2**20
_BEGUN: Final = "begun"
_ENDED: Final = "ended"


class SeenTasks:
    """The tasks of one file, which no other listener uses meanwhile. A context manager."""

    def __init__(self, path: Path) -> None:
        """Raises Problems if the file cannot be used."""
        self._path = path
        self._states: OrderedDict[str, str] = OrderedDict()
        self._lines = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._read()
                self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
                self._compact()
            except BaseException:
                os.close(self._lock)
                raise
        except BlockingIOError:
            raise problem(f"another listener uses {path}", "name another file with --seen") from None
        except OSError as error:
            raise problem(f"{path} cannot be used: {reason(error)}", "name another file with --seen") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)
        os.close(self._lock)

    def __contains__(self, task: str) -> bool:
        return task in self._states

    def cut_off(self) -> list[str]:
        """The tasks whose work has begun and not ended."""
        return [task for task, state in self._states.items() if state == _BEGUN]

    def begin(self, task: str) -> None:
        """Notes that the work on a task begins; it is on disk when this returns. Raises Problems."""
        self._note(task, _BEGUN)

    def end(self, task: str) -> None:
        """Notes that the work on a task has ended. Raises Problems."""
        self._note(task, _ENDED)
        if self._lines > 4 * MOST_KEPT:
            self._compact()

    def _note(self, task: str, state: str) -> None:
        self._set(task, state)
        self._lines += 1
        try:
            os.write(self._file, _line(task, state))
            os.fsync(self._file)
        except OSError as error:
            raise problem(
                f"{self._path} cannot be written: {reason(error)}", "make room; then start it again"
            ) from None

    def _set(self, task: str, state: str) -> None:
        self._states[task] = state
        self._states.move_to_end(task)
        while len(self._states) > MOST_KEPT:
            oldest = next((name for name, known in self._states.items() if known == _ENDED), None)
            if oldest is None:
                return
            del self._states[oldest]

    def _read(self) -> None:
        """Reads the lines. One that is torn or strange is left out: what it said is asked of the service again."""
        try:
            with self._path.open("rb") as stream:
                data = read_stream(stream, self._path, most=_LONGEST)
        except FileNotFoundError:
            return
        for line in data.split(b"\n"):
            task, state = _entry(line)
            if task and state in {_BEGUN, _ENDED}:
                self._set(task, state)

    def _compact(self) -> None:
        """Replaces the file by one with a line for each task."""
        put_in_place(self._path, b"".join(_line(task, state) for task, state in self._states.items()))
        old, self._file = self._file, os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.close(old)
        self._lines = len(self._states)


def _line(task: str, state: str) -> bytes:
    return json.dumps({"task": task, "state": state}, separators=(",", ":")).encode() + b"\n"


def _entry(line: bytes) -> tuple[str, str]:
    try:
        data: Any = parse_foreign_json(line)
    except (ValueError, RecursionError):
        return "", ""
    if not isinstance(data, dict):
        return "", ""
    task, state = data.get("task"), data.get("state")
    return (task, state) if isinstance(task, str) and isinstance(state, str) else ("", "")

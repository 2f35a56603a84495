"""The write-ahead log of one run: appending to it durably, and folding it into a state.

The first line says which state it goes on from; every line after it is one change. A line is on disk before anybody is
told so, and the puts of many tasks share one fsync.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from novita_infra import __version__
from novita_infra.encoding import Json, Malformed, compact, decode_as, encode
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Problems, problem
from novita_infra.model.records import Record
from novita_infra.state.backends.disk import Disk, sync_folder
from novita_infra.state.file_format import check_version, read_json, unreadable
from novita_infra.state.state import KEPT, VERSION, Begun, State

_Waiter: TypeAlias = asyncio.Future[None]


class JournalFile:
    """A journal that is open for appending. It belongs to one event loop at a time; closing it needs none."""

    def __init__(self, path: Path, state: State, *, disk: Disk) -> None:
        """Begins the journal of a run that starts from the state, in the place of any older one. Raises OSError."""
        self._path = path
        self._disk = disk
        self._queue: deque[tuple[bytes, _Waiter]] = deque()
        self._busy = threading.Lock()
        self._flying: asyncio.AbstractEventLoop | None = None
        """The loop that will hear of the write under way."""
        self._broken: Problems | None = None
        header = {"version": VERSION, "program": __version__, "lineage": state.lineage, "serial": state.serial}
        self._file = disk.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
        try:
            disk.write(self._file, compact(header) + b"\n")
            disk.fsync(self._file)
            sync_folder(path.parent, disk=disk)
        except OSError:
            disk.close(self._file)
            raise

    async def put(self, record: Record, event: str) -> None:
        await self._append({"put": encode(record), "event": event})

    async def drop(self, address: Address, event: str) -> None:
        await self._append({"drop": str(address), "event": event})

    async def saw(self, kind: str, ids: tuple[str, ...]) -> None:
        await self._append({"saw": kind, "ids": list(ids)})

    async def begin(self, begun: Begun) -> None:
        await self._append({"begin": encode(begun)})

    def close(self) -> None:
        """Writes what a cancelled task left behind, waits for a write under way, and closes. Raises Problems."""
        already = self._broken
        batch = self._flush()
        self._disk.close(self._file)
        self._file = -1  # a late put fails, and never writes to a file that got the number since
        self._tell(batch)
        if self._broken and not already:
            raise self._broken

    async def _append(self, line: Json) -> None:
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        self._queue.append((compact(line) + b"\n", waiter))
        if self._flying is not loop:
            self._fly(loop)
        await waiter

    def _fly(self, loop: asyncio.AbstractEventLoop) -> None:
        """Starts one write of all that is queued. No task: a cancelled waiter can neither stop it nor be left by it."""
        self._flying = loop
        loop.run_in_executor(None, self._flush).add_done_callback(self._landed)

    def _landed(self, flight: asyncio.Future[list[_Waiter]]) -> None:
        self._flying = None
        self._tell(flight.result())
        if self._queue:
            self._fly(flight.get_loop())

    def _flush(self) -> list[_Waiter]:
        """Writes all that is queued with one fsync, in whatever thread; returns who waits for it."""
        with self._busy:
            batch = [self._queue.popleft() for _ in range(len(self._queue))]
            if batch and self._broken is None:
                try:
                    self._disk.write(self._file, b"".join(line for line, _ in batch))
                    self._disk.fsync(self._file)
                except OSError as error:
                    # What is on disk is not known any more, and a line after a torn one would damage the journal.
                    self._broken = unreadable(self._path, error)
            return [waiter for _, waiter in batch]

    def _tell(self, waiters: list[_Waiter]) -> None:
        for waiter in waiters:
            if waiter.done() or waiter.get_loop().is_closed():
                continue
            if self._broken:
                waiter.set_exception(self._broken)
            else:
                waiter.set_result(None)


def fold(state: State, data: bytes, path: Path) -> State:
    """The state with what the journal says; each line counts as a version of the state, so the serial goes up with it.

    A last line without its end was never told to anybody and is ignored, and so is a journal that an already saved
    state holds. Raises Problems on a damaged line and on a journal of another state.
    """
    lines = data.split(b"\n")[:-1]
    if not lines or not _goes_on_from(state, lines[0], path):
        return state
    records, seen, begun = dict(state.records), dict(state.seen), list(state.begun)
    for number, line in enumerate(lines[1:], start=2):
        content = read_json(line, path, hint=_HINT, line=number)
        try:
            _fold_line(content, records, seen, begun=begun)
        except Malformed as error:
            raise _damaged(path, number, f": {error}") from error
    serial = state.serial + len(lines) - 1
    return replace(state, serial=serial, records=records, seen=seen, begun=tuple(begun[-KEPT:]))


def _goes_on_from(state: State, line: bytes, path: Path) -> bool:
    match read_json(line, path, hint=_HINT):
        case {"version": int(version), "program": str(program), **rest}:
            check_version(version, program, path)
        case _:
            raise _damaged(path, 1)
    match rest:
        case {"lineage": state.lineage, "serial": int(serial)} if serial <= state.serial:
            return serial == state.serial
        case {"lineage": str(lineage), "serial": int(serial)}:
            raise problem(
                f"{path} goes on from version {serial} of the state {lineage}, and the state file beside it is version "
                f"{state.serial} of {state.lineage}",
                "put back the state file that belongs to it; or, if what it tells of is known to be gone, remove it",
            )
        case _:
            raise _damaged(path, 1)


def _fold_line(
    content: Json, records: dict[Address, Record], seen: dict[str, tuple[str, ...]], *, begun: list[Begun]
) -> None:
    match content:
        case {"put": data, "event": str()}:
            record = decode_as(Record, data)
            records[record.address] = record
        case {"drop": name, "event": str()}:
            records.pop(decode_as(Address, name), None)
        case {"saw": str(kind), "ids": ids}:
            seen[kind] = decode_as(tuple[str, ...], ids)
        case {"begin": data}:
            begun.append(decode_as(Begun, data))
        case _:
            raise Malformed("neither a put nor a drop")


_HINT = "the lines before it are good: keep a copy, cut the file there, then plan to see what differs"


def _damaged(path: Path, number: int, why: str = "") -> Problems:
    return problem(f"{path} is damaged in line {number}{why}", _HINT)

"""The journal of a run on any backend: a line is durable before its caller goes on, and many callers share a write."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeAlias

from novita_infra.encoding import Json
from novita_infra.model.addresses import Address
from novita_infra.model.records import Record
from novita_infra.model.values import Value
from novita_infra.state.backend import JournalWriter
from novita_infra.state.format.journal import drop_line, notes_line, put_line, roll_line, snapshot_line, use_plan_line
from novita_infra.state.state import State, UsedPlan

_Waiter: TypeAlias = asyncio.Future[None]


class JournalQueue:
    """Implements Journal on a writer. It belongs to one event loop at a time; closing it needs none."""

    def __init__(
        self, writer: JournalWriter, header: bytes = b"", *, confirmed: Callable[[int], None] = lambda _: None
    ) -> None:
        """`header` is what the journal holds already. `confirmed` gets the number of durable lines after each write."""
        self._writer = writer
        self._confirmed = confirmed
        self._content = hashlib.sha256(header)
        """The digest of the whole journal when all lines are written."""
        self._lines = 0
        self._durable = 0
        self._changes: dict[Address, Record | None] = {}
        self._queue: deque[tuple[bytes, _Waiter]] = deque()
        self.notes: list[Mapping[str, Value]] = []
        """All notes of the run on calls."""
        self._noted = 0
        """How many of them are on a line."""
        self._busy = threading.Lock()
        self._writing: asyncio.AbstractEventLoop | None = None
        """The loop that gets the result of the write in progress."""
        self._broken: Exception | None = None

    async def put(self, record: Record, event: str) -> None:
        self._changes[record.address] = record
        await self._append(put_line(record, event, self._new_notes()))

    async def drop(self, address: Address, event: str) -> None:
        self._changes[address] = None
        await self._append(drop_line(address, event, self._new_notes()))

    async def snapshot(self, name: str, ids: tuple[str, ...]) -> None:
        await self._append(snapshot_line(name, ids))

    async def roll(self, members: Mapping[Address, float | None]) -> None:
        await self._append(roll_line(members))

    async def use_plan(self, plan: UsedPlan) -> None:
        await self._append(use_plan_line(plan))

    def note(self, note: Mapping[str, Value]) -> None:
        self.notes.append(note)

    async def write_notes(self) -> None:
        if notes := self._new_notes():
            await self._append(notes_line(notes))

    def _new_notes(self) -> list[Json]:
        begin, self._noted = self._noted, len(self.notes)
        return [dict(note) for note in self.notes[begin:]]

    def is_whole(self, journal: bytes | None) -> bool:
        """Whether these are exactly the lines of this queue, and none is missing."""
        return journal is not None and hashlib.sha256(journal).digest() == self._content.digest()

    def records_after(self, state: State) -> State:
        """The state with the records and the serial that all lines give it."""
        records = {**state.records, **self._changes}
        left = {address: record for address, record in records.items() if record is not None}
        return replace(state, serial=state.serial + self._lines, records=left)

    def close(self) -> None:
        """Writes the lines of cancelled tasks, waits for a write in progress, and closes. Raises Problems."""
        already = self._broken
        batch = self._flush()
        self._writer.close()
        self._wake(batch)
        if self._broken and not already:
            raise self._broken

    async def _append(self, line: bytes) -> None:
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        self._queue.append((line, waiter))
        self._content.update(line)
        self._lines += 1
        if self._writing is not loop:
            self._start_write(loop)
        await waiter

    def _start_write(self, loop: asyncio.AbstractEventLoop) -> None:
        """Starts one write of the whole queue in a thread. It is no task: cancelling a waiter cannot stop it."""
        self._writing = loop
        loop.run_in_executor(None, self._flush).add_done_callback(self._written)

    def _written(self, write: asyncio.Future[list[_Waiter]]) -> None:
        self._writing = None
        self._wake(write.result())
        if self._queue:
            self._start_write(write.get_loop())

    def _flush(self) -> list[_Waiter]:
        """Writes the whole queue at once, in any thread; returns the futures that wait for it."""
        with self._busy:
            if self._queue:
                self._writer.pause()
            batch = [self._queue.popleft() for _ in range(len(self._queue))]
            if batch and self._broken is None:
                try:
                    self._writer.append(b"".join(line for line, _ in batch))
                except Exception as error:  # noqa: BLE001 - a waiter must learn of any error, or it waits for ever
                    # What is stored is not known any more; a line after a torn one would damage the journal.
                    self._broken = error
                else:
                    self._durable += len(batch)
                    self._confirmed(self._durable)
            return [waiter for _, waiter in batch]

    def _wake(self, waiters: list[_Waiter]) -> None:
        for waiter in waiters:
            if waiter.done() or waiter.get_loop().is_closed():
                continue
            if self._broken:
                waiter.set_exception(self._broken)
            else:
                waiter.set_result(None)

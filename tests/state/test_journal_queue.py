"""The queue of a journal on any writer: lines are written in groups, and every failure reaches every waiter."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from state_values import A, B

from novita_infra.model.records import Record
from novita_infra.state.format.journal import fold, header_line
from novita_infra.state.journal_queue import JournalQueue
from novita_infra.state.state import new_state


class Writer:
    """Keeps what is appended; fails from a chosen call on."""

    def __init__(self, *, fails_at: int = 99) -> None:
        self.appended: list[bytes] = []
        self.calls = 0
        self.closed = False
        self._fails_at = fails_at
        self.paused: Callable[[], None] = lambda: None

    def pause(self) -> None:
        self.paused()

    def append(self, lines: bytes) -> None:
        self.calls += 1
        if self.calls >= self._fails_at:
            raise ConnectionResetError("cut")
        self.appended.append(lines)

    def close(self) -> None:
        self.closed = True


def test_lines_of_the_same_moment_are_appended_together() -> None:
    writer = Writer()
    queue = JournalQueue(writer)

    async def run() -> None:
        await asyncio.gather(*(queue.put(Record(A, str(number)), "made") for number in range(50)))

    asyncio.run(run())
    queue.close()
    assert len(writer.appended) <= 2
    assert b"".join(writer.appended).count(b"\n") == 50
    assert writer.closed


def test_lines_that_come_in_the_pause_before_an_append_go_with_it() -> None:
    writer = Writer()
    queue = JournalQueue(writer)

    async def run() -> None:
        loop = asyncio.get_running_loop()
        late: list[asyncio.Task[None]] = []

        async def come() -> None:
            late.append(asyncio.create_task(queue.put(Record(B, "2"), "made")))
            await asyncio.sleep(0)

        def paused() -> None:
            if not late:
                asyncio.run_coroutine_threadsafe(come(), loop).result()

        writer.paused = paused
        await queue.put(Record(A, "1"), "made")
        await late[0]

    asyncio.run(run())
    queue.close()
    assert len(writer.appended) == 1


def test_an_error_of_any_class_reaches_every_waiter_and_nothing_is_appended_after_it() -> None:
    writer = Writer(fails_at=2)
    queue = JournalQueue(writer)

    async def run() -> list[object]:
        await queue.put(Record(A, "1"), "made")
        puts = (queue.put(Record(B, str(number)), "made") for number in range(5))
        ends = await asyncio.gather(*puts, return_exceptions=True)
        return [*ends, *await asyncio.gather(queue.drop(A, "gone"), return_exceptions=True)]

    assert [type(end) for end in asyncio.run(run())] == [ConnectionResetError] * 6
    assert (writer.calls, len(writer.appended)) == (2, 1)
    queue.close()


def test_an_error_at_the_end_is_raised() -> None:
    writer = Writer(fails_at=1)
    queue = JournalQueue(writer)

    async def cancelled() -> None:
        put = asyncio.create_task(queue.put(Record(A, "1"), "made"))
        await asyncio.sleep(0)
        put.cancel()
        await asyncio.gather(put, return_exceptions=True)

    queue._writing = loop = asyncio.new_event_loop()
    loop.run_until_complete(cancelled())
    with pytest.raises(ConnectionResetError):
        queue.close()
    assert writer.closed
    loop.close()


def test_a_journal_is_whole_with_every_line_of_the_queue_and_no_other() -> None:
    writer = Writer()
    queue = JournalQueue(writer, b"header\n")
    state = new_state("training", "dev")
    state = replace(state, serial=4, records={A: Record(A, "0")})

    async def run() -> None:
        await queue.put(Record(B, "1"), "made")
        await queue.put(Record(B, "2"), "made")
        await queue.drop(A, "gone")
        await queue.snapshot("vpc", ("v",))

    asyncio.run(run())
    journal = b"header\n" + b"".join(writer.appended)
    assert queue.is_whole(journal)
    assert not any(map(queue.is_whole, (None, b"", journal[:-1], journal + b"{}\n", journal.replace(b"2", b"3"))))
    after = queue.records_after(state)
    assert (after.serial, after.records) == (8, {B: Record(B, "2")})
    folded = fold(state, header_line(state) + b"".join(writer.appended), "x.journal")
    assert (folded.serial, folded.records) == (after.serial, after.records)
    queue.close()


def test_a_line_that_was_not_written_is_missing() -> None:
    writer = Writer(fails_at=2)
    queue = JournalQueue(writer)

    async def run() -> None:
        await queue.put(Record(A, "1"), "made")
        with pytest.raises(ConnectionResetError):
            await queue.put(Record(A, "2"), "made")

    asyncio.run(run())
    assert not queue.is_whole(b"".join(writer.appended))
    queue.close()

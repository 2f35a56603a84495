"""A log as it grows: the bytes in their order, each once, however often the connection ends.

The pages call a log an HTTP stream (`connectComponentLog`), and say no more. So each way is read: an answer that stays
open, and one that ends, which is asked for again. A server that knows Range sends only what is new; of one that sends
all again, what was seen is skipped.
"""

from __future__ import annotations

import enum
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Final

import httpx

from novita_infra.api.logs.source import LogSource, is_log
from novita_infra.model.clock import Clock
from novita_infra.model.concurrency import end_tasks, ended_within, start_task

IDLE: Final = 2.0
"""Seconds without a byte after which an open log counts as read up to now."""
PAUSE: Final = 2.0
"""Seconds between two requests of a log that is followed."""
LONGEST_PAUSE: Final = 30.0
"""The same after failures, each of which doubles it."""
_LIMITS: Final = httpx.Timeout(60.0, connect=10.0)
"""A silent connection may be dead: it is made again after a minute."""
_QUIET: Final = 3
"""Pauses of the idle time after which an answer has no more of what was seen."""
_KNOWN: Final = 256
"""Bytes before the place that was reached by which the log is known again."""
_SPAN: Final = re.compile(r"bytes (?P<start>[0-9]{1,18})-[0-9]{1,18}/(?:[0-9]{1,18}|\*)")
_LENGTH: Final = re.compile(r"bytes \*/(?P<length>[0-9]{1,18})")


class Sign(enum.Enum):
    """What happens between the bytes of a log."""

    CUT = "the first byte may be in the middle of a line"
    CAUGHT_UP = "all that was there when it was opened has come"
    RESTARTED = "the log begins again"
    INTERRUPTED = "the connection failed, and is made again"


class LogRefused(Exception):
    """The log cannot be read, with the reason. It never holds the address."""

    def __init__(self, text: str, *, status: int = 0) -> None:
        self.status = status
        """The status of the answer; 0 without one."""
        super().__init__(text)


class LogStream:
    """One log. It remembers where it is, so that it can go on at another address of the same log."""

    def __init__(self, source: LogSource, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._position = 0
        """The place in the log up to which it was seen."""
        self._seen = bytearray()
        """The last bytes before that place."""
        self._caught_up = False
        self.is_event_stream = False
        """Whether the last answer was a stream of events (server-sent events)."""

    async def read(self, address: str, *, end: int | None, follow: bool) -> AsyncGenerator[bytes | Sign, None]:
        """The bytes and signs; with `end`, at first only about so many bytes at the end of the log.

        Ends with the log, or with `follow` never. Raises LogRefused.
        """
        url = self._source.url(address)
        if url is None:
            raise LogRefused("its address leads into this network, or is none")
        failures = 0
        while True:
            item: bytes | Sign | None = None
            try:
                async with aclosing(self._once(url, end)) as items:
                    async for item in items:
                        failures = 0
                        yield item
                        if item is Sign.CAUGHT_UP and not follow:
                            return
            except (httpx.HTTPError, httpx.StreamError, OSError) as error:
                if not follow:
                    raise LogRefused(f"the connection failed: {type(error).__name__}") from error
                failures += 1
                if failures == 1:
                    yield Sign.INTERRUPTED
            if item is Sign.RESTARTED:
                self._position, self._seen, end = 0, bytearray(), None
                continue
            if not failures and not self._caught_up:
                self._caught_up = True
                yield Sign.CAUGHT_UP
            if not follow:
                return
            await self._clock.sleep(min(PAUSE * 2**failures, LONGEST_PAUSE))

    async def _once(self, url: httpx.URL, end: int | None) -> AsyncGenerator[bytes | Sign, None]:
        """What one answer adds; it ends with a restart."""
        span = f"bytes=-{end}" if end else ""
        if self._position:
            span = f"bytes={self._position - len(self._seen)}-"
        async with self._source.open(url, span=span, limits=_LIMITS) as answer:
            if answer is None:
                raise LogRefused("its host lies in this network")
            start = self._start(answer)
            if start is None:
                if self._has_restarted(answer):
                    yield Sign.RESTARTED
                return
            if not self._position:
                self._position = start
                if start:
                    yield Sign.CUT
            async with aclosing(self._new_bytes(answer, start)) as items:
                async for item in items:
                    yield item

    def _start(self, answer: httpx.Response) -> int | None:
        """The place of the first byte of the answer; None without a byte. Raises LogRefused."""
        if answer.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            return None
        if not is_log(answer):
            if answer.status_code in {httpx.codes.OK, httpx.codes.PARTIAL_CONTENT}:
                raise LogRefused("the answer is no text")
            raise LogRefused(f"the answer is HTTP {answer.status_code}", status=answer.status_code)
        self.is_event_stream = answer.headers.get("Content-Type", "").startswith("text/event-stream")
        match = _SPAN.fullmatch(answer.headers.get("Content-Range", ""))
        return int(match["start"]) if match and answer.status_code == httpx.codes.PARTIAL_CONTENT else 0

    def _has_restarted(self, answer: httpx.Response) -> bool:
        """Whether an answer without bytes shows a log that is shorter than what was seen."""
        match = _LENGTH.fullmatch(answer.headers.get("Content-Range", ""))
        return match is not None and int(match["length"]) < self._position

    async def _new_bytes(self, answer: httpx.Response, start: int) -> AsyncGenerator[bytes | Sign, None]:
        """The bytes behind the place that was reached; a restart where those before it are others."""
        known = bytes(self._seen)
        before = self._position - len(known)
        at, quiet, skipped = start, 0, bytearray()
        if start > before:  # the server sends something else than was asked for: nothing can be compared
            yield Sign.RESTARTED
            return
        async with aclosing(_pieces(answer)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Sign):
                    quiet += 1
                    if at < self._position and quiet == _QUIET:
                        break
                    if at >= self._position and not self._caught_up:
                        self._caught_up = True
                        yield piece
                    continue
                quiet = 0
                fresh = piece
                if at < self._position:
                    skipped += piece[max(0, before - at) :]
                    at += len(piece)
                    if at < self._position:
                        continue
                    if not skipped.startswith(known):
                        yield Sign.RESTARTED
                        return
                    fresh = bytes(skipped[len(known) :])
                if fresh:
                    at = self._position = self._position + len(fresh)
                    self._seen = (self._seen + fresh)[-_KNOWN:]
                    yield fresh
        if at < self._position:  # it ends before the place that was reached
            yield Sign.RESTARTED


async def _pieces(answer: httpx.Response) -> AsyncGenerator[bytes | Sign, None]:
    """The pieces of the body, and CAUGHT_UP whenever none came for a while."""
    if answer.is_stream_consumed:  # the simulator in this process gives an answer whole
        yield answer.content
        return
    body = answer.aiter_raw()
    while True:
        task = start_task(_next(body))
        try:
            while not await ended_within(task, IDLE):
                yield Sign.CAUGHT_UP
            piece = task.result()
        finally:
            await end_tasks(task)
        if piece is None:
            return
        yield piece


async def _next(body: AsyncIterator[bytes]) -> bytes | None:
    return await anext(body, None)

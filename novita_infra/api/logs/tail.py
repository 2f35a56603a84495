"""Reads the end of a log from the address in an answer. It explains a failure, and never fails itself."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

import httpx

from novita_infra.api.logs.lines import extract_lines
from novita_infra.api.logs.source import LogSource, is_log
from novita_infra.model.diagnostics import Problems

TAIL: Final = 65_536
"""Bytes at the end of a log that are used."""
LARGEST: Final = 4 * 1024 * 1024
"""Bytes that are read if the server sends more than the end; a longer log gives no lines."""
IDLE: Final = 2.0
"""Seconds without a byte after which an open log counts as read to its end."""
PATIENCE: Final = 5.0
"""Seconds for the whole read, including the wait for a free slot."""
AT_ONCE: Final = 8


class LogTails:
    """Reads the ends of logs. An unreadable log gives no lines."""

    def __init__(self, source: LogSource) -> None:
        self._source = source
        self._places = asyncio.Semaphore(AT_ONCE)

    async def last_lines(self, address: str, *, secrets: Iterable[str]) -> tuple[str, ...]:
        """The last lines of the log at an address or at a path of the API's host, without the secrets."""
        url = self._source.url(address)
        if url is None:
            return ()
        end = _End()
        # The bytes that came before the time was up or the connection broke are still the best available.
        with suppress(TimeoutError, httpx.HTTPError, httpx.StreamError, OSError, Problems):
            async with (
                asyncio.timeout(PATIENCE),
                self._places,
                self._source.open(url, span=f"bytes=-{TAIL}", limits=httpx.Timeout(IDLE)) as answer,
            ):
                await _read(answer, end)
        return end.lines(secrets)


async def _read(answer: httpx.Response | None, end: _End) -> None:
    if answer is None or not is_log(answer):
        return
    end.cut_off = answer.status_code == httpx.codes.PARTIAL_CONTENT and not answer.headers.get(
        "Content-Range", ""
    ).startswith("bytes 0-")
    if answer.is_stream_consumed:  # the simulator in this process gives an answer whole
        end.take(answer.content)
        return
    async for piece in answer.aiter_raw():
        if not end.take(piece):
            return


class _End:
    """The last bytes that have come so far."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._length = 0
        self.cut_off = False

    def take(self, piece: bytes) -> bool:
        """Adds the piece. Returns whether to read on; drops everything if the log is too long to reach its end."""
        self._length += len(piece)
        self._data += piece
        if self._length > LARGEST:
            self._data.clear()
            return False
        if len(self._data) > TAIL:
            del self._data[:-TAIL]
            self.cut_off = True
        return True

    def lines(self, secrets: Iterable[str]) -> tuple[str, ...]:
        return extract_lines(bytes(self._data), secrets=secrets, cut_off=self.cut_off)

"""A log as entries without secrets, as they come."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing

from novita_infra.api.logs.entries import LineSplitter, LogEntry, entries_in
from novita_infra.api.logs.stream import LogStream, Sign


class LogReader:
    """One log. It goes on where it was, also at another address of the same log."""

    def __init__(self, stream: LogStream, secrets: Collection[str]) -> None:
        self._stream = stream
        self._secrets = frozenset(secrets)

    async def read(self, address: str, *, end: int | None, follow: bool) -> AsyncGenerator[LogEntry | Sign, None]:
        """The entries, and the signs but CUT; see `LogStream.read`. Raises LogRefused."""
        splitter, cut = LineSplitter(), False
        async with aclosing(self._stream.read(address, end=end, follow=follow)) as items:
            async for item in items:
                match item:
                    case Sign.CUT:
                        cut = True
                        continue
                    case Sign.RESTARTED:
                        splitter, cut = LineSplitter(), False
                    case bytes():
                        lines = splitter.split(item)
                        if cut and lines:  # half a line may hold half a secret
                            lines, cut = lines[1:], False
                        for entry in self._entries(lines):
                            yield entry
                        continue
                if item is Sign.CAUGHT_UP and not follow and not cut:
                    for entry in self._entries(splitter.split(b"", final=True)):
                        yield entry
                yield item

    def _entries(self, lines: list[str]) -> list[LogEntry]:
        return [
            entry for line in lines for entry in entries_in(line, self._secrets, events=self._stream.is_event_stream)
        ]

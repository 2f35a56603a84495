"""A proxy on the loopback between a client and a server that cuts, refuses or holds connections as a test asks."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_PIECE = 1 << 14


@dataclass
class FaultProxy:
    """The proxy and what it does with the bytes. It may be changed at any time; new bytes meet the new faults."""

    host: str
    port: int
    """The server."""
    address: str = ""
    """Host and port of the proxy: `127.0.0.1:4711`."""
    refuses: bool = False
    """Whether new connections are closed at once."""
    cut_sent: int | None = None
    """Bytes from the client, of all connections together, after which they are cut; None for no cut."""
    cut_answered: int | None = None
    """The same for bytes from the server."""
    cuts: int = 0
    """The connections that were cut."""
    sent: int = 0
    answered: int = 0
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    def heal(self) -> None:
        """Lets everything pass from now on."""
        self.refuses, self.cut_sent, self.cut_answered = False, None, None

    def cut_after(self, *, sent: int | None = None, answered: int | None = None) -> None:
        """Cuts all connections after so many more bytes, and then each new one at its first byte, until it heals."""
        self.sent = self.answered = 0
        self.cut_sent, self.cut_answered = sent, answered

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Passes the bytes of one connection on, in both directions."""
        if self.refuses:
            writer.transport.abort()
            return
        there, to_server = await asyncio.open_connection(self.host, self.port)
        pair = (writer, to_server)
        self._writers.update(pair)
        try:
            await asyncio.gather(
                self._pass(reader, to_server, pair, up=True), self._pass(there, writer, pair, up=False)
            )
        finally:
            for end in pair:
                self._writers.discard(end)
                end.transport.abort()

    async def _pass(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        pair: tuple[asyncio.StreamWriter, ...],
        *,
        up: bool,
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(_PIECE):
                left = self._left(up=up)
                if left is not None and left < len(data):
                    writer.write(data[:left])
                    await writer.drain()
                    self.cuts += 1
                    for end in pair:
                        end.transport.abort()
                    return
                self.sent, self.answered = self.sent + len(data) * up, self.answered + len(data) * (not up)
                writer.write(data)
                await writer.drain()
            writer.write_eof()

    def _left(self, *, up: bool) -> int | None:
        """The bytes that may still pass in this direction; None for any number."""
        limit, passed = (self.cut_sent, self.sent) if up else (self.cut_answered, self.answered)
        return None if limit is None else max(0, limit - passed)


@contextmanager
def fault_proxy(host: str, port: int) -> Iterator[FaultProxy]:
    """The proxy before that server, while it runs: in a thread with an event loop of its own."""
    proxy = FaultProxy(host, port)
    loop = asyncio.new_event_loop()
    started, stop = threading.Event(), asyncio.Event()

    async def main() -> None:
        server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
        proxy.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        started.set()
        await stop.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
            with suppress(asyncio.CancelledError, OSError):
                await task

    thread = threading.Thread(target=lambda: loop.run_until_complete(main()), daemon=True)
    thread.start()
    started.wait()
    try:
        yield proxy
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()

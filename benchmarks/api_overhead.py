"""What the client costs: 1,000 GETs of 50 ms at 10 and at 50 in flight, against a tiny server in another process.

Run it as `python benchmarks/api_overhead.py`. The ratio is wall time to the ideal (1,000 x 50 ms / in flight); the rows
beside ours show the same work through one bare httpx client, whose pool is why ours keeps connections in lanes.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import sys
import time
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection

import httpx

from novita_infra.api.client import Client
from novita_infra.api.request import get
from novita_infra.model.clock import RealClock

CALLS = 1000
LATENCY = 0.05
BODY = b'{"instances":[],"total":0}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)


def serve(told: Connection) -> None:
    """Answers every request after LATENCY seconds, on a port that it tells first."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                await asyncio.sleep(LATENCY)
                writer.write(ANSWER)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def run() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        told.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


async def ours(url: str, in_flight: int) -> None:
    """All calls at once through our client, which holds them to `in_flight`."""
    jitter = random.Random()  # noqa: S311  # no secret hangs on it
    async with Client(url=url, key="sk_bench", clock=RealClock(), random=jitter, in_flight=in_flight) as client:
        await asyncio.gather(*(client.send(get("/gpu-instance/openapi/v1/gpu/instances")) for _ in range(CALLS)))


async def bare_httpx(url: str, in_flight: int) -> None:
    """The same through one httpx client."""
    limit = asyncio.Semaphore(in_flight)
    async with httpx.AsyncClient(base_url=url, limits=httpx.Limits(max_connections=in_flight)) as client:

        async def call() -> None:
            async with limit:
                (await client.get("/gpu-instance/openapi/v1/gpu/instances")).json()

        await asyncio.gather(*(call() for _ in range(CALLS)))


def measure(work: Callable[[str, int], Awaitable[None]], url: str, *, in_flight: int) -> str:
    """A row of the table."""

    async def timed() -> tuple[float, float]:
        wall, cpu = time.perf_counter(), time.process_time()
        await work(url, in_flight)
        return time.perf_counter() - wall, time.process_time() - cpu

    wall, cpu = asyncio.run(timed())
    ideal = CALLS * LATENCY / in_flight
    name = getattr(work, "__name__", "")
    return f"{name:<12} {in_flight:>9} {wall:>7.2f} {cpu:>7.2f} {ideal:>7.2f} {wall / ideal:>6.2f}\n"


def main() -> None:
    """Prints the table."""
    ours_end, their_end = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(their_end,), daemon=True)
    server.start()
    try:
        url = f"http://127.0.0.1:{ours_end.recv()}"
        sys.stdout.write("client       in flight    wall     cpu   ideal  ratio\n")
        for work in (ours, bare_httpx):
            for in_flight in (10, 50):
                sys.stdout.write(measure(work, url, in_flight=in_flight))
                sys.stdout.flush()
    finally:
        server.terminate()
        server.join()


if __name__ == "__main__":
    main()

"""Two processes, one key, a limit of 10 requests a second, 500 objects in all: how much of the limit is used?

Run it as `python benchmarks/governor.py` (about 3 minutes); in real time, over real sockets. One row for each way in
which a service may limit and tell it. `use` is the least time in which the limit lets 500 calls pass to the time taken
(its stock at the start counted); `refused` are the answers with 429, `failed` the calls that gave up. The last rows are
1,000 calls of 50 ms with no limit in the way: at 10 in flight, and with default settings, where the client finds the
number by itself; alone and beside another process. It stops with an error where a target is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import multiprocessing
import random
import subprocess
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from novita_infra.api.client import Client
from novita_infra.api.errors import ApiError
from novita_infra.api.request import post
from novita_infra.model.clock import RealClock

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
from limits import Bucket, Limit, Window  # the suite's own, so that both measure one thing

LATENCY = 0.05
RATE = 10
OBJECTS = 500
LEAST_USE = 0.85
LIMITS: dict[str, tuple[type[Any], dict[str, Any], str]] = {
    "bucket": (Bucket, {"rate": RATE, "stock": RATE}, ""),
    "bucket, exact wait told": (Bucket, {"rate": RATE, "stock": RATE}, "exact"),
    "bucket, whole seconds told": (Bucket, {"rate": RATE, "stock": RATE}, "whole"),
    "window": (Window, {"rate": RATE}, ""),
}


def serve(told: Connection, kind: str) -> None:
    """Answers after LATENCY seconds on a port that it tells first; then sends its counts when asked."""
    make, values, says = LIMITS.get(kind, (None, {}, ""))
    limit: Limit | None = make(**values) if make else None
    counts = {"took": 0, "refused": 0}

    def answer(writer: asyncio.StreamWriter) -> None:
        wait = limit.refuses(time.time()) if limit else 0.0
        counts["refused" if wait else "took"] += 1
        seconds = {"exact": f"{wait:.3f}", "whole": str(math.ceil(wait))}.get(says, "")
        retry = f"Retry-After: {seconds}\r\n" if wait and seconds else ""
        status, body = ("429 Too Many Requests", "{}") if wait else ("200 OK", '{"id":"i-1"}')
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{retry}Content-Length: {len(body)}\r\n\r\n"
        asyncio.get_running_loop().call_later(LATENCY, writer.write, (head + body).encode())

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
                answer(writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def tell() -> None:
        told.recv()
        told.send(counts)

    async def run() -> None:
        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        told.send(server.sockets[0].getsockname()[1])
        asyncio.get_running_loop().add_reader(told.fileno(), tell)
        await server.serve_forever()

    asyncio.run(run())


def work(url: str, folder: str, *, calls: int, in_flight: int | None) -> dict[str, float]:
    """So many creates at once through our client, in this process."""

    async def run() -> dict[str, float]:
        jitter = random.Random()  # noqa: S311  # no secret hangs on it
        shared = Path(folder) if folder else None
        begun, cpu = time.time(), time.process_time()
        async with Client(
            url=url, key="sk_bench", clock=RealClock(), random=jitter, in_flight=in_flight, shared=shared
        ) as client:
            ends = await asyncio.gather(
                *(client.send(post("/gpu/instance/create", {"name": f"n{at}"})) for at in range(calls)),
                return_exceptions=True,
            )
        failed = sum(isinstance(end, ApiError) for end in ends)
        assert all(isinstance(end, (dict, ApiError)) for end in ends), ends
        return {"begun": begun, "ended": time.time(), "cpu": time.process_time() - cpu, "failed": failed}

    return asyncio.run(run())


def measure(kind: str, *, processes: int, calls: int, in_flight: int | None, shared: bool = True) -> dict[str, float]:
    """Wall and processor seconds, refusals and failures of the calls shared out among so many processes."""
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs, kind), daemon=True)
    server.start()
    try:
        url = f"http://127.0.0.1:{ours.recv()}"
        with tempfile.TemporaryDirectory() as folder:
            each = ["--work", url, folder if shared else "", str(calls // processes), str(in_flight or "")]
            command = [sys.executable, __file__, *each]
            running = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(processes)]  # noqa: S603  # ourselves
            ends = [json.loads(process.communicate()[0]) for process in running]
        ours.send("counts")
        counts = ours.recv()
    finally:
        server.terminate()
        server.join()
    assert counts["took"] + sum(end["failed"] for end in ends) == calls
    wall = max(end["ended"] for end in ends) - min(end["begun"] for end in ends)
    totals = {name: sum(end[name] for end in ends) for name in ("cpu", "failed")}
    return {"wall": wall, "refused": counts["refused"], **totals}


def main() -> int:
    """Prints the tables; 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", nargs=4, help=argparse.SUPPRESS)
    parser.add_argument("--only", choices=[*LIMITS, "free"], help="one part only")
    asked = parser.parse_args()
    if asked.work:
        url, folder, calls, in_flight = asked.work
        print(json.dumps(work(url, folder, calls=int(calls), in_flight=int(in_flight) if in_flight else None)))
        return 0
    missed = False
    print(f"{'limit of 10/s, two processes':<34} {'wall':>7} {'cpu':>6} {'use':>6} {'refused':>8} {'failed':>7}")
    for kind, (_, values, _) in LIMITS.items() if asked.only != "free" else ():
        if asked.only in {None, kind}:
            row = measure(kind, processes=2, calls=OBJECTS, in_flight=None)
            use = (OBJECTS - values.get("stock", 0)) / RATE / row["wall"]
            missed |= use < LEAST_USE or row["failed"] > 0
            print(
                f"{kind:<34} {row['wall']:>7.2f} {row['cpu']:>6.2f} {use:>6.2f} {row['refused']:>8} {row['failed']:>7}"
            )
    if asked.only in {None, "free"}:
        print(f"{'no limit, 1,000 calls of 50 ms':<34} {'wall':>7} {'cpu':>6} {'target':>6}")
        for name, processes, in_flight, shared, target in (
            ("10 in flight", 1, 10, True, 1.15 * 5),
            ("default, alone", 1, None, False, 2.0),
            ("default, one process, shared", 1, None, True, 2.0),
            ("default, two processes, shared", 2, None, True, 2.0),
        ):
            row = measure("none", processes=processes, calls=1000, in_flight=in_flight, shared=shared)
            missed |= row["wall"] > target
            print(f"{name:<34} {row['wall']:>7.2f} {row['cpu']:>6.2f} {target:>6.2f}")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())

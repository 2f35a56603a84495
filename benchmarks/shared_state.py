"""What a shared state costs: a fleet of 3,000 applied with its state in files, in S3 and in PostgreSQL at 20 ms.

`make bench-state`. Between the command and the server of the state stands a line that takes 10 ms each way and counts
what is sent. The fleet is that of `apply.py`, three times as large, whose things take 1 to 30 s each to come up. A run
sends less than 3 MB, and takes less than 5 % longer than with files. Exits with 1 where that is not so.

The seconds mean something on a machine that does nothing else. The calls below each row do on any: those of the server
for 1,000 steps, and for how long a step waited for the state, by what it waited for. `python
benchmarks/shared_state.py s3` measures one row, without the files.
"""

from __future__ import annotations

import asyncio
import functools
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import apply as applying
import yaml
from server_places import postgres_settings, s3_settings
from servers import s3_environment

from novita_infra.applying.records import RunRecords
from novita_infra.applying.run import Run
from novita_infra.cli import collect_seldom
from novita_infra.model.concurrency import start_task, together
from novita_infra.state.objects.retrying import RetryingObjects, RetryingReader

THINGS: Final = 3000
WAY: Final = 0.01
"""Seconds that a message takes in one direction."""
MOST_MB: Final = 3.0
MOST: Final = 1.05
ASKED: Final = {"take": "a lock", "SharedCall": "states of others", "check": "the check of a lock"}
"""What a step asks the server of states, by the name of the function."""


class Tally:
    """The calls of a run on the server of its state, and the seconds for which its steps waited for them."""

    def __init__(self) -> None:
        self.calls: defaultdict[str, int] = defaultdict(int)
        self.waits: defaultdict[str, float] = defaultdict(float)

    def watch(self) -> None:
        """Counts from now on, in this process."""
        for owner, name in ((RetryingReader, "read"), (RetryingReader, "keys"), (RetryingObjects, "write")):
            self._replace(owner, name, self._counted)
        self._replace(Run, "from_states", lambda call, _: self._timed(call, lambda ask: ASKED[_name_of(ask)]))
        self._replace(RunRecords, "put", lambda call, _: self._timed(call, lambda _record, event: event))

    def __str__(self) -> str:
        calls = (f"{name} {count * 1000 / THINGS:.0f}" for name, count in sorted(self.calls.items()))
        waits = (f"{name} {seconds / THINGS:.3f}" for name, seconds in sorted(self.waits.items()))
        total = sum(self.waits.values()) / THINGS
        return f"  calls for 1,000 steps: {', '.join(calls)}\n  a step waited {total:.3f} s: {', '.join(waits)}"

    @staticmethod
    def _replace(owner: type, name: str, change: Callable[[Any, str], Any]) -> None:
        call = getattr(owner, name)
        setattr(owner, name, functools.wraps(call)(change(call, name)))

    def _counted(self, call: Callable[..., Any], name: str) -> Callable[..., Any]:
        def counted(place: Any, what: Any) -> Any:
            key = what if isinstance(what, str) else what[-1].key
            self.calls[f"{name} {key.split('/')[1] if '/' in key else key or 'all'}"] += 1
            return call(place, what)

        return counted

    def _timed(self, call: Callable[..., Any], sort: Callable[..., str]) -> Callable[..., Any]:
        async def timed(place: Any, *words: Any) -> Any:
            began = time.perf_counter()
            try:
                return await call(place, *words)
            finally:
                self.waits[sort(*words)] += time.perf_counter() - began

        return timed


def _name_of(ask: Any) -> str:
    """The name of the function that is called, of a part of one too; that of the class of any other callable."""
    ask = getattr(ask, "func", ask)
    return getattr(ask, "__name__", type(ask).__name__)


def line(host: str, port: int, told: Connection) -> None:
    """Hands connections on to the server, late; tells its port, and at the end the bytes that were sent."""
    sent = 0

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, up: bool) -> None:
        nonlocal sent
        loop, late = asyncio.get_running_loop(), asyncio.Queue[tuple[float, bytes]]()

        async def deliver() -> None:
            while True:
                due, data = await late.get()
                await asyncio.sleep(max(0.0, due - loop.time()))
                writer.write(data)
                if not data:
                    writer.close()
                    return

        task = start_task(deliver())
        while data := await reader.read(65536):
            sent += len(data) * up
            late.put_nowait((loop.time() + WAY, data))
        late.put_nowait((loop.time() + WAY, b""))
        await task

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.CancelledError):  # the end of the line ends all that it carries
            back, on = await asyncio.open_connection(host, port)
            await together(carry(reader, on, up=True), carry(back, writer, up=False))
        writer.close()

    async def run() -> None:
        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        told.send(server.sockets[0].getsockname()[1])
        over = asyncio.Event()
        asyncio.get_running_loop().add_reader(told.fileno(), over.set)
        await over.wait()
        told.send(sent)

    asyncio.run(run())


def fleet() -> list[applying.Node]:
    """Three fleets of `apply.py` side by side."""
    return [
        applying.Node(f"{name}{node.name}", node.seconds, tuple(f"{name}{need}" for need in node.needs))
        for name in "abc"
        for node in applying.fleet()
    ]


def through(address: str, settings: Mapping[str, Any], name: str) -> tuple[dict[str, Any], Connection]:
    """The settings with the address of a line to the server in place of that of the server, and the line."""
    ours, theirs = multiprocessing.Pipe()
    parts = urlsplit(address)
    multiprocessing.Process(target=line, args=(parts.hostname, parts.port, theirs), daemon=True).start()
    return {**settings, name: str(settings[name]).replace(f":{parts.port}", f":{ours.recv()}")}, ours


def measure(state: Mapping[str, Any] | None, told: Connection) -> None:
    """Applies the fleet, and tells the seconds and what the state cost."""
    collect_seldom()
    tally = Tally()
    tally.watch()
    ours, theirs = multiprocessing.Pipe()
    multiprocessing.Process(target=applying.serve, args=(theirs,), daemon=True).start()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        head = {"apiVersion": "novita-infra/v1", "kind": "Project", "metadata": {"name": "bench"}}
        text = yaml.safe_dump(head | ({"state": dict(state)} if state else {}))
        (folder / "novita-infra.yaml").write_text(text, encoding="ascii")
        manifests = (f"apiVersion: novita-infra/v1\n{item}" for item in applying.networks(fleet()))
        (folder / "all.yaml").write_text("---\n".join(manifests), encoding="ascii")
        environ = {
            **os.environ,
            "NOVITA_API_URL": f"http://127.0.0.1:{ours.recv()}",
            "NOVITA_API_KEY": "sk_bench",
            "NOVITA_INFRA_CACHE": str(folder / "cache"),
        }
        told.send((asyncio.run(applying.apply_in(folder, environ, None)), str(tally)))


def took(state: Mapping[str, Any] | None) -> tuple[float, str]:
    """The seconds of a run in a process of its own, and what its state cost."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=measure, args=(state, theirs))
    process.start()
    theirs.close()
    seconds, cost = ours.recv()
    process.join()
    return seconds, cost


def main(*names: str) -> int:
    """Prints the table, or these rows of it; 1 where a row is over."""
    os.environ.update(s3_environment())
    print(f"{'state':<12}{'seconds':>9}{'of files':>10}{'promised':>10}{'MB sent':>9}{'promised':>10}")
    files = 0.0
    if not names or "files" in names:
        files, cost = took(None)
        print(f"{'files':<12}{files:>9.1f}\n{cost}", flush=True)
    fine = True
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, f"bench-{random.randrange(10**6)}")  # noqa: S311 -- a name
        place.mkdir()
        for name, settings, key in (
            ("s3", {"backend": "s3", **s3_settings(place)}, "endpoint"),
            ("postgres", {"backend": "postgres", **postgres_settings(place)}, "url"),
        ):
            if names and name not in names:
                continue
            late, told = through(str(settings[key]), settings, key)
            seconds, cost = took(late)
            told.send(None)
            sent = told.recv() / 1e6
            is_fine = (not files or seconds <= MOST * files) and sent <= MOST_MB
            ratio = f"{seconds / files:.3f}" if files else ""
            print(
                f"{name:<12}{seconds:>9.1f}{ratio:>10}{MOST:>10.2f}{sent:>9.2f}{MOST_MB:>10.1f}"
                f"{'' if is_fine else '   over'}\n{cost}",
                flush=True,
            )
            fine = fine and is_fine
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

"""The simulator under load: a big account, many connections, and a kill in the middle.

`python benchmarks/simulator.py`. Every server runs as `sim serve --db FILE`, in a process of its own and over a socket.
"""

from __future__ import annotations

import asyncio
import itertools
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx

from novita_infra.simulator import HandClock, Limits, open_world, scenario_of

MACHINES: Final = 10_000
STARTS: Final = 3
PAGES: Final = 100
REQUESTS: Final = 10_000
CONNECTIONS: Final = 20
KILLED_AFTER: Final = 1_500
"""Answered writes before the kill."""
BAR_PAGE_MS: Final = 20.0
BAR_START_S: Final = 3.0
BAR_GROWTH_MB: Final = 4.0
"""For a world that is as large at the end as at the beginning."""
V1: Final = "/gpu-instance/openapi/v1"
HEADERS: Final = {"Authorization": "Bearer sk_benchmark"}
MACHINE: Final = {
    "name": "worker-$n",
    "kind": "gpu",
    "productId": "3090.16c92g",
    "gpuNum": 1,
    "rootfsSize": 60,
    "imageUrl": "docker.io/team/train:1",
    "clusterId": "us-dallas-nas-2",
    "ports": "80/http,22/tcp",
    "envs": [{"key": "RANK", "value": "$n"}],
}
TEMPLATE: Final = {"type": "instance", "channel": "private", "image": "docker.io/team/train:1", "rootfsSize": 60}


def main() -> int:
    """Prints each figure with its bar; 1 where one is missed."""
    met = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "account.db"
        fill(file)
        met.append(told(f"start with {MACHINES} machines", start(file), BAR_START_S, "s"))
        with served(file) as (process, client):
            met.append(told("page of 100 machines", page(client), BAR_PAGE_MS, "ms"))
            met.append(told(f"growth over {REQUESTS} requests", growth(process, client), BAR_GROWTH_MB, "MB"))
        met.append(told("answered, then lost by a kill -9", float(lost(Path(folder) / "killed.db")), 0.0, "writes"))
    return int(not all(met))


def told(what: str, figure: float, bar: float, unit: str) -> bool:
    """Prints a figure and says whether it is within its bar."""
    print(f"{what:<36} {figure:8.2f} {unit:<7} (bar: {bar:g})", flush=True)
    return figure <= bar


def fill(file: Path) -> None:
    """An account with so many running machines."""
    event = {"do": "call", "operation": "instances.create", "times": MACHINES, "body": MACHINE}
    scenario = scenario_of({"name": "big", "says": "A big account.", "events": [event]})
    clock = HandClock(time.time() - 1000)
    world = open_world(file, now=clock, limits=Limits(stock_scale=MACHINES / 400), scenario=scenario)
    clock.advance(900)
    world.advance()
    assert sum(machine.status == "running" for machine in world.instances) == MACHINES
    world.close()


@contextmanager
def served(file: Path) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    """The server and a client of it."""
    words = [sys.executable, "-m", "novita_infra", "sim", "serve", "--db", str(file)]
    pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen(words, stdout=pipe, stderr=nowhere, text=True) as process:  # noqa: S603 -- our own command
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        try:
            with httpx.Client(base_url=url + V1, headers=HEADERS, timeout=60) as client:
                yield process, client
        finally:
            process.terminate()


def start(file: Path) -> float:
    """Seconds from the command to its first answer, the least of a few: others on this machine are not its fault."""
    times = []
    for _ in range(STARTS):
        begun = time.perf_counter()
        with served(file) as (_process, client):
            assert client.get("/clusters").status_code == 200
            times.append(time.perf_counter() - begun)
    return min(times)


def page(client: httpx.Client) -> float:
    """Milliseconds for a page of 100: that of the quickest fifth of pages from all over the list."""
    times = []
    for number in range(PAGES):
        query = {"pageSize": 100, "pageNum": number * 97 % (MACHINES // 100)}
        begun = time.perf_counter()
        answer = client.get("/gpu/instances", params=query)
        times.append((time.perf_counter() - begun) * 1000)
        assert len(answer.json()["instances"]) == 100
    return statistics.quantiles(times, n=5)[0]


def growth(process: subprocess.Popen[str], client: httpx.Client) -> float:
    """MB by which the server's memory grows over the requests, once it has seen some."""
    first = client.get("/gpu/instances", params={"pageSize": 1}).json()["instances"][0]["id"]
    url = str(client.base_url)
    asyncio.run(mixed(url, first, REQUESTS // 5))
    before = memory(process.pid)
    begun = time.perf_counter()
    asyncio.run(mixed(url, first, REQUESTS))
    seconds = time.perf_counter() - begun
    after = memory(process.pid)
    print(f"{REQUESTS} requests over {CONNECTIONS} connections: {REQUESTS / seconds:.0f} a second, {after:.0f} MB held")
    return after - before


async def mixed(url: str, machine: str, requests: int) -> None:
    """So many requests of all sorts; everything that is made is deleted again."""
    left = iter(range(requests))

    async def person(client: httpx.AsyncClient, who: int) -> None:
        for sort, _ in zip(itertools.cycle(SORTS), left, strict=False):
            await sort(client, who, machine)

    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    async with httpx.AsyncClient(base_url=url, headers=HEADERS, limits=limits, timeout=60) as client:
        await asyncio.gather(*(person(client, who) for who in range(CONNECTIONS)))
        for kept in (await client.get("/templates", params={"channel": "private", "pageSize": 1000})).json()[
            "template"
        ]:
            await client.post("/template/delete", json={"templateId": kept["Id"]})


async def _reads(client: httpx.AsyncClient, who: int, machine: str) -> None:
    path = ("/clusters", "/products", f"/gpu/instance?instanceId={machine}", "/gpu/instances?pageSize=20", "/networks")
    assert (await client.get(path[who % len(path)])).status_code == 200


async def _writes(client: httpx.AsyncClient, who: int, _machine: str) -> None:
    body = {"template": {**TEMPLATE, "name": f"template-{who}"}}
    made = (await client.post("/template/create", json=body)).json()["templateId"]
    assert (await client.post("/template/delete", json={"templateId": made})).status_code == 200


async def _edits(client: httpx.AsyncClient, who: int, machine: str) -> None:
    body = {"instanceId": machine, "ports": [{"port": 8000 + who, "type": "http"}]}
    assert (await client.post("/gpu/instance/edit", json=body)).status_code == 200


async def _mistakes(client: httpx.AsyncClient, who: int, _machine: str) -> None:
    answer = await client.post(("/gpu/instance/create", "/no/such/path")[who % 2], content=b'{"name": ')
    assert answer.status_code in {400, 404}


SORTS: Final[tuple[Callable[..., Any], ...]] = (_reads, _writes, _reads, _edits, _reads, _mistakes)


def memory(pid: int) -> float:
    """MB that a process holds in memory (Linux)."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(text.partition("VmRSS:")[2].split()[0]) / 1024


def lost(file: Path) -> int:
    """How many answered writes are not in the file after a kill -9 in the middle of many."""
    with served(file) as (process, client):
        made, deleted = asyncio.run(until_killed(str(client.base_url), process))
    world = open_world(file, now=time.time)
    there = {storage.id for storage in world.storages}
    world.close()
    return len(made - deleted - there) + len(deleted & there)


async def until_killed(url: str, process: subprocess.Popen[str]) -> tuple[set[str], set[str]]:
    """The ids of storages whose creation, and of those whose deletion, was answered before the kill."""
    made: set[str] = set()
    asked: set[str] = set()
    deleted: set[str] = set()

    async def person(client: httpx.AsyncClient) -> None:
        body = {"clusterId": "us-dallas-nas-2", "storageName": "data", "storageSize": 10}
        for number in itertools.count():
            made.add(key := (await client.post("/networkstorage/create", json=body)).json())
            if number % 3 == 0:
                asked.add(key)
                await client.post("/networkstorage/delete", json={"storageId": key})
                deleted.add(key)
            if len(made) >= KILLED_AFTER:
                process.kill()

    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    async with httpx.AsyncClient(base_url=url, headers=HEADERS, limits=limits, timeout=60) as client:
        results = await asyncio.gather(*(person(client) for _ in range(CONNECTIONS)), return_exceptions=True)
    assert all(isinstance(result, httpx.TransportError) for result in results), results
    assert len(made) >= KILLED_AFTER
    return made - (asked - deleted), deleted


if __name__ == "__main__":
    sys.exit(main())

"""The simulator over a socket: several clients at once, and lost connections."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from novita_infra.simulator import Fault, HandClock, Position, Trouble, World, open_world, scaled
from novita_infra.simulator.http.app import build_app
from novita_infra.simulator.http.serving import serve_app

V1 = "/gpu-instance/openapi/v1"
WISH = {"clusterId": "us-ca-nas-2", "storageName": "d", "storageSize": 10}


class Announced(io.StringIO):
    """The output of the server; sets an event when the address is written."""

    def __init__(self) -> None:
        super().__init__()
        self.there = asyncio.Event()

    def flush(self) -> None:
        self.there.set()


@asynccontextmanager
async def served(world: World) -> AsyncIterator[httpx.AsyncClient]:
    out = Announced()
    server = asyncio.create_task(serve_app(build_app(world), world, port=0, out=out))
    await out.there.wait()
    address = out.getvalue().strip()
    async with httpx.AsyncClient(base_url=address, headers={"Authorization": "Bearer sk_x"}) as client:
        while True:
            try:
                await client.get("/_sim/state")
                break
            except httpx.ConnectError:
                await asyncio.sleep(0)
        yield client
    server.cancel()
    with pytest.raises(asyncio.CancelledError):
        await server


def test_the_server_refuses_foreign_hosts_and_writes_of_other_sites() -> None:
    async def run() -> list[int]:
        async with served(open_world(None, now=HandClock())) as client:
            answers = [
                await client.post("/_sim/advance", json={"seconds": 1}, headers=headers)
                for headers in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}, {})
            ]
            return [answer.status_code for answer in answers]

    assert asyncio.run(run()) == [421, 403, 200]


def test_the_server_answers_many_clients_at_once() -> None:
    async def run() -> int:
        world = open_world(None, now=HandClock())
        async with served(world) as client:
            answers = await asyncio.gather(*(client.post(f"{V1}/networkstorage/create", json=WISH) for _ in range(50)))
            assert {answer.status_code for answer in answers} == {200}
            return len({answer.json() for answer in answers})

    assert asyncio.run(run()) == 50


@pytest.mark.parametrize(("position", "made"), [(Position.BEFORE, 0), (Position.AFTER, 1)])
def test_the_server_closes_the_connection_for_a_lost_answer(position: Position, made: int) -> None:
    async def run() -> None:
        world = open_world(None, now=HandClock())
        world.faults.add(Fault(kind=Trouble.LOST, operation="storages.create", position=position))
        async with served(world) as client:
            with pytest.raises(httpx.TransportError):
                await client.post(f"{V1}/networkstorage/create", json=WISH)
            state = (await client.get("/_sim/state")).json()
            assert len(state["objects"]["storages"]) == made
            assert (await client.post(f"{V1}/networkstorage/create", json=WISH)).status_code == 200

    asyncio.run(run())


def test_the_server_truncates_an_answer() -> None:
    async def run() -> None:
        world = open_world(None, now=HandClock())
        world.faults.add(Fault(kind=Trouble.TRUNCATED, operation="clusters.list"))
        async with served(world) as client:
            with pytest.raises(httpx.TransportError):
                await client.get(f"{V1}/clusters")
            assert (await client.get(f"{V1}/clusters")).status_code == 200

    asyncio.run(run())


def test_a_scaled_clock_runs_faster_from_the_present() -> None:
    clock = HandClock(100.0)
    fast = scaled(clock, 60)
    assert fast() == 100.0
    clock.advance(2)
    assert fast() == 220.0

"""Clients of the API from a program."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from novita_infra import ApiError, AsyncClient, Client, NotFound, NovitaInfraError, Problems, Refused, Unauthorized
from novita_infra.testing.pytest_plugin import NovitaSim

STORAGES = "/gpu-instance/openapi/v1/networkstorages/list"
CREATE = "/gpu-instance/openapi/v1/networkstorage/create"
TEMPLATE = "/gpu-instance/openapi/v1/template"


def test_any_call_and_every_item_of_a_list(folder: Path) -> None:
    with Client(folder, simulated=True) as client:
        for number in range(3):
            client.post(CREATE, {"clusterId": "us-ca-nas-2", "storageName": f"s{number}", "storageSize": 10})
        assert [item["storageName"] for item in client.items(STORAGES, {"pageSize": 1})] == ["s0", "s1", "s2"]
        assert client.get("/v3/user/balance") == client.call("get", "/v3/user/balance")
        assert len(client.items("/gpus/v2/regions", {"limit": 1})) > 3
        made = client.post("/gpus/v2/networks", {"region_id": "us-ca-nas-2", "name": "net"})
        assert client.put(f"/gpus/v2/networks/{made['id']}", {"name": "other"}) == {}
        assert client.delete(f"/gpus/v2/networks/{made['id']}") == {}


def test_errors_have_types(folder: Path, novita_sim: NovitaSim) -> None:
    with Client(folder, simulated=True) as client:
        with pytest.raises(NotFound) as absent:
            client.get("/gpus/v2/instances/0123456789abcdef")
        assert absent.value.status == 404
        with pytest.raises(Refused):
            client.post(CREATE, {})
    with Client(url=novita_sim.url, key="no-key") as client, pytest.raises(Unauthorized):
        client.get("/v3/user/balance")
    with pytest.raises(Problems, match="no API key"), Client(folder):
        pass
    assert issubclass(ApiError, NovitaInfraError)
    assert issubclass(Problems, NovitaInfraError)


def test_several_threads_use_one_client(folder: Path) -> None:
    client = Client(folder, simulated=True)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: client.get("/v3/user/balance"), range(20)))
    assert all(answer == answers[0] for answer in answers)
    client.close()
    client.close()
    with Client(folder, simulated=True) as other:  # the account is free again
        assert other.get("/v3/user/balance")
    assert client.get("/v3/user/balance")
    client.close()


def test_a_simulated_account_is_used_by_one_program_at_a_time(folder: Path) -> None:
    with (
        Client(folder, simulated=True),
        pytest.raises(Problems, match=r"is in use.* at once can use `novita-infra sim serve --db "),
        Client(folder, simulated=True),
    ):
        pass


def test_asynchronous_code_has_the_same_calls(folder: Path) -> None:
    async def work() -> None:
        async with AsyncClient(folder, simulated=True) as client:
            await client.post(CREATE, {"clusterId": "us-ca-nas-2", "storageName": "s", "storageSize": 10})
            assert len(await client.items(STORAGES)) == 1
            made = await client.post("/gpus/v2/networks", {"region_id": "us-ca-nas-2", "name": "net"})
            assert await client.put(f"/gpus/v2/networks/{made['id']}", {"name": "other"}) == {}
            assert await client.delete(f"/gpus/v2/networks/{made['id']}") == {}
        with pytest.raises(RuntimeError, match="is not open"):
            await client.get("/v3/user/balance")

    asyncio.run(work())

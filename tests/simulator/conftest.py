"""A client of a simulated world for tests: inside the process, with a clock that tests move."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from novita_infra.simulator import HandClock, Timings, World, open_world
from novita_infra.simulator.http.app import build_app
from novita_infra.simulator.http.control import world_state

V1 = "/gpu-instance/openapi/v1"
CLIENT_HEADERS = {"Authorization": "Bearer sk_test", "Accept": "*/*", "User-Agent": "test"}


class Cloud:
    """A client of one world. A path without a leading `/` is below the v1 base."""

    def __init__(self, world: World, clock: HandClock) -> None:
        self.world = world
        self.clock = clock
        self.app = build_app(world)
        self._loop = asyncio.new_event_loop()

    def close(self) -> None:
        self.world.close()
        self._loop.close()

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        url = "http://sim" + (path if path.startswith("/") else f"{V1}/{path}")
        headers = CLIENT_HEADERS | options.pop("headers", {})
        return self.answer(httpx.Request(method, url, headers=headers, **options))

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Sends a request to the application, without the cost of a loop and of a client for each."""

        async def once() -> httpx.Response:
            answer = await httpx.ASGITransport(self.app).handle_async_request(request)
            await answer.aread()
            answer.request = request
            return answer

        return self._loop.run_until_complete(once())

    def get(self, path: str, **query: Any) -> Any:
        answer = self.send("GET", path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any) -> Any:
        """The JSON of a successful answer, None for an empty body."""
        answer = self.send("POST", path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json() if answer.content else None

    def refused(self, method: str, path: str, **options: Any) -> tuple[int, str]:
        """Status and reason of a refusal. The envelope is checked too."""
        answer = self.send(method, path, **options)
        body = answer.json()
        assert set(body) == {"code", "reason", "message", "metadata"}
        assert body["code"] == answer.status_code >= 400
        assert isinstance(body["message"], str)
        assert body["message"]
        return answer.status_code, body["reason"]

    def refuses(self, path: str, body: Any) -> str:
        """The reason of a refused write."""
        status, reason = self.refused("POST", path, json=body)
        assert status == 400
        return reason

    def refused_field(self, path: str, body: Any) -> str:
        """The field that a VALIDATOR_PARAM refusal names."""
        answer = self.send("POST", path, json=body)
        body = answer.json()
        assert (answer.status_code, body["reason"]) == (400, "VALIDATOR_PARAM"), answer.text
        assert body["metadata"]["field"] in body["message"]
        return str(body["metadata"]["field"])

    def pass_(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def objects(self, kind: str) -> list[dict[str, Any]]:
        return list(world_state(self.world)["objects"][kind])

    def machine(self, **fields: Any) -> str:
        """Creates a machine with the given fields over defaults; returns its id."""
        return str(self.post("gpu/instance/create", machine(**fields))["id"])

    def running(self, **fields: Any) -> str:
        key = self.machine(**fields)
        self.pass_(200)
        assert self.status(key) == "running"
        return key

    def status(self, key: str) -> str:
        """The status of a machine; `gone` if it is not found."""
        answer = self.send("GET", "gpu/instance", params={"instanceId": key})
        return str(answer.json()["status"]) if answer.status_code == 200 else "gone"

    def instance(self, key: str) -> Any:
        return self.get("gpu/instance", instanceId=key)

    def storage(self, *, cluster: str = "us-ca-nas-2", size: int = 50, name: str = "data") -> str:
        return str(self.post("networkstorage/create", {"clusterId": cluster, "storageName": name, "storageSize": size}))

    def network(self, *, cluster: str = "us-ca-nas-2", name: str = "net") -> str:
        """Creates a network and waits until it is ready; returns its id."""
        self.post("network/create", {"clusterId": cluster, "name": name})
        self.pass_(5)
        return str(self.get("networks", name=name)["networks"][-1]["Id"])

    def auth(self, name: str = "hub") -> str:
        self.post("repository/auth/save", {"name": name, "username": "u", "password": "p"})
        return str(self.get("repository/auths")["data"][-1]["id"])

    def prewarm(self, **fields: Any) -> str:
        task = {"imageUrl": "docker.io/team/train:1", "clusterId": "us-ca-nas-2"} | fields
        return str(self.post("image/prewarm", task)["id"])

    def endpoint(self, **fields: Any) -> str:
        return str(self.post("endpoint/create", {"endpoint": endpoint(**fields)})["id"])


def machine(**fields: Any) -> dict[str, Any]:
    plain = {
        "name": "m",
        "productId": "4090.16c62g",
        "gpuNum": 1,
        "rootfsSize": 60,
        "imageUrl": "docker.io/team/train:1",
        "kind": "gpu",
        "clusterId": "us-ca-nas-2",
    }
    return plain | fields


def endpoint(**fields: Any) -> dict[str, Any]:
    plain = {
        "name": "api",
        "rootfsSize": 100,
        "workerConfig": {
            "minNum": 1,
            "maxNum": 3,
            "freeTimeout": 60,
            "maxConcurrent": 4,
            "gpuNum": 1,
            "requestTimeout": 600,
        },
        "ports": [{"port": 8000}],
        "policy": {"type": "queue", "value": 30},
        "image": {"image": "docker.io/team/serve:1", "authId": "", "command": ""},
        "products": [{"id": "SL-serverless-1"}],
        "volumeMounts": [],
        "envs": [],
        "healthy": {"path": "/health"},
    }
    return plain | fields


MakeCloud = Callable[..., Cloud]


@pytest.fixture
def make_cloud() -> Iterator[MakeCloud]:
    """Makes clouds with the given settings, and closes them at the end. The durations are those of no profile."""
    made: list[Cloud] = []

    def make(path: Path | None = None, **settings: Any) -> Cloud:
        clock = HandClock()
        made.append(Cloud(open_world(path, now=clock, **{"timings": Timings(), **settings}), clock))
        return made[-1]

    yield make
    for cloud in made:
        cloud.close()


@pytest.fixture
def cloud(make_cloud: MakeCloud) -> Cloud:
    return make_cloud()


@pytest.fixture
def a_machine() -> Callable[..., dict[str, Any]]:
    """The body of a create request with the given fields over defaults."""
    return machine


@pytest.fixture
def an_endpoint() -> Callable[..., dict[str, Any]]:
    """The `endpoint` of a create request with the given fields over defaults."""
    return endpoint

"""Any bytes over the socket get the documented refusal: never a 500, and the server remains up."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from novita_infra.simulator import PROFILES, HandClock, World, open_world
from novita_infra.simulator.http.app import build_app
from novita_infra.simulator.http.control import world_state
from novita_infra.simulator.http.serving import serve_app
from novita_infra.simulator.operations import Operation
from novita_infra.simulator.routes.registry import OPERATIONS

V1 = "/gpu-instance/openapi/v1"
KEY = b"Authorization: Bearer sk_hard\r\n"


# --- in the process -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"])
def test_the_app_refuses_an_unknown_method(cloud: Any, method: str) -> None:
    for path in ("clusters", "gpu/instance/create", "endpoint"):
        answer = cloud.send(method, path)
        assert (answer.status_code, answer.text) == (405, "405 method not allowed")
        assert answer.headers["allow"]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_route_of_the_app_refuses_other_methods(cloud: Any, operation: Operation) -> None:
    path = operation.path.replace("{", "").replace("}", "")
    methods = {one.method for one in OPERATIONS if one.path == operation.path}
    for method in {"PUT", "PATCH", "DELETE", "POST"} - methods:
        assert cloud.send(method, path, json={}).status_code in {404, 405}


@pytest.mark.parametrize(
    "path",
    [
        "clusters/",
        "/clusters",
        f"/{V1}/clusters",
        f"{V1}//clusters",
        f"{V1}/Clusters",
        f"{V1}/clusters%2F",
        f"{V1}/clusters%00",
        f"{V1}/../../etc/passwd",
        f"{V1}/%2e%2e/%2e%2e/etc/passwd",
        f"{V1}/gpu/instance/create/",
        f"{V1}/" + "x" * 5000,
        f"{V1}/%ff%fe",
        f"{V1}/" + "%F0%9F%94%A5",
        "/_sim",
        "/_sim/nothing",
    ],
)
def test_a_path_with_small_errors_is_a_missing_route(cloud: Any, path: str) -> None:
    answer = cloud.send("GET", path)
    assert (answer.status_code, answer.text) == (404, "404 page not found")


BODIES = {
    "a byte order mark": b'\xef\xbb\xbf{"instanceId": "x"}',
    "utf-16": '{"instanceId": "x"}'.encode("utf-16"),
    "utf-32": '{"instanceId": "x"}'.encode("utf-32-le"),
    "latin-1": '{"instanceId": "é"}'.encode("latin-1"),
    "gzip": gzip.compress(b'{"instanceId": "x"}', mtime=0),
    "a form": b"instanceId=x",
    "xml": b"<instanceId>x</instanceId>",
    "two documents": b'{"instanceId": "x"}{"instanceId": "y"}',
    "a comment": b'{"instanceId": "x" /* id */}',
    "a trailing comma": b'{"instanceId": "x",}',
    "single quotes": b"{'instanceId': 'x'}",
    "an infinite number": b'{"instanceId": Infinity}',
    "a broken escape": b'{"instanceId": "\\uD8"}',
    "a control character": b'{"instanceId": "\x01"}',
    "deep nesting": b'{"instanceId": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "a number of many digits": b'{"instanceId": ' + b"1" * 100_000 + b"}",
    "half a document": b'{"instanceId": "x',
}


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_body_that_is_not_utf8_json_is_refused(make_cloud: Any, profile: str, body: bytes) -> None:
    cloud = make_cloud(quirks=PROFILES[profile])
    status, reason = cloud.refused("POST", "gpu/instance/delete", content=body)
    assert (status, reason) == (400, cloud.world.quirks.undecodable_reason)


@pytest.mark.parametrize(
    "value",
    [None, True, 5, 5.5, 1e308, -1, 2**70, [], ["x"], {}, {"id": "x"}, "", "x" * 300, "\ud800", "\x00", "💥"],
    ids=repr,
)
def test_an_id_of_another_type_or_of_no_object_is_refused(cloud: Any, value: Any) -> None:
    body = json.dumps({"instanceId": value}).encode()
    status, reason = cloud.refused("POST", "gpu/instance/delete", content=body)
    assert (status, reason) in {(400, "VALIDATOR_PARAM"), (404, "RESOURCE_NOT_FOUND")}


def test_the_last_of_two_equal_names_in_a_body_counts(cloud: Any) -> None:
    key = cloud.machine()
    body = f'{{"instanceId": "none", "instanceId": "{key}"}}'.encode()
    assert cloud.send("POST", "gpu/instance/delete", content=body).status_code == 200


def test_the_profile_decides_whether_unknown_fields_are_refused(make_cloud: Any, a_machine: Any) -> None:
    changes = a_machine(billingMode="onDemand", gizmo={"a": [1]})
    for profile, status in (("live", 200), ("documented", 200), ("strict", 400)):
        cloud = make_cloud(quirks=PROFILES[profile])
        assert cloud.send("POST", "gpu/instance/create", json=changes).status_code == status
        assert cloud.send("GET", "clusters", params={"gizmo": "1"}).status_code == status


ODD_TEXTS = ["\x00", "\u202e", "💥" * 50, "a\nb", '"\\', "' OR 1=1 --", "%s%n", "../..", "{{7*7}}"]


@pytest.mark.parametrize("text", ODD_TEXTS, ids=ascii)
def test_unusual_texts_are_returned_unchanged(make_cloud: Any, tmp_path: Any, text: str) -> None:
    cloud = make_cloud(tmp_path / "world.db")
    body = {"template": {"name": text, "image": "docker.io/a/b:1", "rootfsSize": 10, "readme": text}}
    made = cloud.send("POST", "template/create", content=json.dumps(body).encode())
    assert made.status_code == 200, made.text
    cloud.world.close()
    again = make_cloud(tmp_path / "world.db")
    template = again.send("GET", "template", params={"templateId": made.json()["templateId"]})
    assert template.json()["template"]["name"] == text


def test_half_of_a_surrogate_pair_is_kept_as_u_fffd(make_cloud: Any) -> None:
    """UTF-8 has no form of it. Programs in Go, as the service is by its errors, read JSON so."""
    cloud = make_cloud()
    texts = rb'"name": "a\ud800", "readme": "\udfff\ud83d\ude80"'
    body = b'{"template": {"image": "docker.io/a/b:1", "rootfsSize": 10, ' + texts + b"}}"
    made = cloud.send("POST", "template/create", content=body)
    template = cloud.send("GET", "template", params={"templateId": made.json()["templateId"]}).json()["template"]
    assert (template["name"], template["readme"]) == ("a\ufffd", "\ufffd\U0001f680")


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=64), st.sampled_from(OPERATIONS))
def test_a_query_of_any_bytes_gets_no_500(cloud: Any, query: bytes, operation: Operation) -> None:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": operation.method,
        "scheme": "http",
        "path": operation.path,
        "raw_path": operation.path.encode(),
        "query_string": query,
        "headers": [(b"authorization", b"Bearer sk_x"), (b"\xff\xfe", b"\xff")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "root_path": "",
    }
    asyncio.run(cloud.app(scope, receive, send))
    assert sent[0]["status"] < 500


# --- over a socket --------------------------------------------------------------------------------------------------

Ask = Callable[[bytes], Awaitable[bytes]]


class _Announced(io.StringIO):
    """The output of the server; sets an event when the address is written."""

    def __init__(self) -> None:
        super().__init__()
        self.there = asyncio.Event()

    def flush(self) -> None:
        self.there.set()


@asynccontextmanager
async def served(world: World) -> AsyncIterator[int]:
    """Serves a world over a socket; yields the port."""
    out = _Announced()
    server = asyncio.create_task(serve_app(build_app(world), world, port=0, out=out))
    await out.there.wait()
    port = int(out.getvalue().strip().rsplit(":", 1)[1])
    yield port
    server.cancel()
    with pytest.raises(asyncio.CancelledError):
        await server


async def raw(port: int, sent: bytes, *, hang_up: bool = False) -> bytes:
    """Sends bytes and returns the answer, up to its end or until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(sent)
        if hang_up:
            await writer.drain()
            return b""
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            (int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")), 0
        )
        return head + await reader.readexactly(length)
    finally:
        writer.close()


def ask_all(*requests: bytes) -> list[bytes]:
    """The answers of a new server, which must still serve afterwards."""

    async def run() -> list[bytes]:
        async with served(open_world(None, now=HandClock())) as port:
            answers = [await raw(port, request) for request in requests]
            well = await raw(port, f"GET {V1}/clusters HTTP/1.1\r\nHost: localhost\r\n".encode() + KEY + b"\r\n")
            assert well.startswith(b"HTTP/1.1 200")
            return answers

    return asyncio.run(run())


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


MALFORMED = [
    b"nonsense\r\n\r\n",
    b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: many\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nBig: " + b"a" * 100_000 + b"\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
]


def test_bytes_that_are_no_http_are_refused_and_the_server_remains_up() -> None:
    assert {status(answer) for answer in ask_all(*MALFORMED)} <= {400, 404, 431}


def test_headers_of_any_bytes_get_an_answer() -> None:
    lines = [
        b"Authorization: Bearer sk_\xff\xfe",
        b"Authorization: " + b"\xe2\x98\x83",
        b"X: \x80\x81",
        b"Cookie: ;;;==;",
    ]
    requests = [
        b"GET " + V1.encode() + b"/clusters HTTP/1.1\r\nHost: localhost\r\n" + line + b"\r\n\r\n" for line in lines
    ]
    assert {status(answer) for answer in ask_all(*requests)} <= {200, 400, 401}


def test_a_huge_body_is_refused_before_its_end() -> None:
    head = (
        f"POST {V1}/gpu/instance/delete HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n".encode()
        + KEY
        + b"\r\n"
    )
    (answer,) = ask_all(head + b" " * 2_200_000)
    assert status(answer) == 400
    assert b'"reason":"REQUEST"' in answer


def test_a_body_in_many_chunks_is_one_body() -> None:
    head = (
        f"POST {V1}/networkstorage/create HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n".encode() + KEY
    )
    body = json.dumps({"clusterId": "us-ca-nas-2", "storageName": "d", "storageSize": 10}).encode()
    chunks = b"".join(b"1\r\n" + bytes([byte]) + b"\r\n" for byte in body)
    (answer,) = ask_all(head + b"\r\n" + chunks + b"0\r\n\r\n")
    assert status(answer) == 200


def test_clients_that_disconnect_early_leave_the_world_consistent() -> None:
    body = json.dumps({"clusterId": "us-ca-nas-2", "storageName": "d", "storageSize": 10}).encode()
    head = (
        f"POST {V1}/networkstorage/create HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n".encode() + KEY
    )

    async def run() -> None:
        world = open_world(None, now=HandClock())
        async with served(world) as port:
            for length in (0, 10, len(head)):
                await raw(port, head[:length], hang_up=True)
            await raw(port, head + b"\r\n" + body[:-5], hang_up=True)
            assert status(await raw(port, head + b"\r\n" + body)) == 200
            assert len(world_state(world)["objects"]["storages"]) == 1

    asyncio.run(run())


def test_many_simultaneous_connections_are_answered() -> None:
    """Good, bad and silent connections at the same time."""
    good = f"GET {V1}/gpu/instances HTTP/1.1\r\nHost: localhost\r\n".encode() + KEY + b"\r\n"
    bad = (
        f"POST {V1}/gpu/instance/create HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n".encode() + KEY + b"\r\n{"
    )
    lost = b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n"

    async def run() -> list[int]:
        async with served(open_world(None, now=HandClock())) as port:
            silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(50)]
            answers = await asyncio.gather(*(raw(port, request) for request in (good, bad, lost) * 60))
            for _, writer in silent:
                writer.close()
            return [status(answer) for answer in answers]

    assert asyncio.run(run()) == [200, 400, 404] * 60

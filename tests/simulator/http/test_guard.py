"""Requests that web pages can send to the simulator are refused; programs on this machine are served."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from starlette.responses import PlainTextResponse

from novita_infra.simulator.http.guard import guarded_app


def _status(method: str, headers: dict[str, str], hosts: tuple[str, ...] = ()) -> int:
    async def ask() -> int:
        transport = httpx.ASGITransport(app=guarded_app(PlainTextResponse("served"), hosts))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8081") as client:
            return (await client.request(method, "/_sim/advance", headers=headers)).status_code

    return asyncio.run(ask())


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1:8081",
        "localhost",
        "LOCALHOST:8081",
        "localhost.:80",
        "[::1]",
        "[::1]:8081",
        "a.localhost",
    ],
)
def test_names_of_this_machine_are_served(host: str) -> None:
    assert _status("POST", {"Host": host}) == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8081", "127.0.0.1.evil.example", "localhost.evil.example", "evil@127.0.0.1", "",
     ":80", "[::1].evil.example", "127.0.0.1:80:80", "192.168.1.5", "evillocalhost", "127.0.0.1 evil.example"],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_foreign_host_name_is_refused(method: str, host: str) -> None:
    assert _status(method, {"Host": host}) == 421


def test_a_host_name_that_an_option_adds_is_served() -> None:
    assert _status("POST", {"Host": "sim.example:8081"}, ("Sim.Example", "10.0.0.5:80")) == 200
    assert _status("POST", {"Host": "10.0.0.5"}, ("sim.example", "10.0.0.5:80")) == 200
    assert _status("POST", {"Host": "other.example"}, ("sim.example",)) == 421


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:3000"},
        {"Origin": "http://127.0.0.1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "", "Origin": "http://127.0.0.1:8081"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:8081"},
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_write_of_another_site_is_refused(method: str, headers: dict[str, str]) -> None:
    assert _status(method, headers) == 403
    assert _status("GET", headers) == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://127.0.0.1:8081"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1:8081"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_a_write_of_a_program_or_of_an_own_page_is_served(headers: dict[str, str]) -> None:
    assert _status("POST", headers) == 200

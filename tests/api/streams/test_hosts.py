"""Hosts of logs: which spellings and addresses lie inside, and that the very address that was checked is used."""

from __future__ import annotations

import asyncio
import ipaddress
from contextlib import suppress

import httpx
import pytest
from virtual import VirtualClock

from novita_infra.api.limits.governor import Governor
from novita_infra.api.logs.source import LogSource
from novita_infra.api.logs.tail import LogTails
from novita_infra.api.streams.addresses import AddressSource
from novita_infra.api.streams.hosts import is_public, may_be_public, public_addresses, resolve_host
from novita_infra.api.transport.client_pools import ClientPools

INSIDE = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",  # noqa: S104 -- no socket is bound to it
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "100.100.100.200",
    "192.0.0.192",
    "168.63.129.16",
    "198.18.0.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "192.0.2.1",
    "::1",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "2001:db8::1",
    "100::1",
    "64:ff9b:1::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:a9fe:a9fe",
    "::127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "2001:0:102:304::80ff:fffe",
]
OUTSIDE = ["1.1.1.1", "8.8.8.8", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"]
SPELLED_INSIDE = [
    "2130706433",
    "0x7f000001",
    "017700000001",
    "0x7f.1",
    "127.1",
    "0177.0.0.1",
    "0x7f.0x0.0x0.0x1",
    "127.0.0.1.",
    "0",
    "0xa9fea9fe",
    "2852039166",
    "169.254.43518",
    "0251.0376.0251.0376",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "localhost",
    "localhost.",
    "LOCALHOST.",
    "printer",
    "a.localhost",
    "a.localhost.",
    "x.Internal",
    "metadata.google.internal.",
    "nas.local",
    "router.lan",
    "gw.home.arpa",
    "localhost.localdomain",
    ".",
    "..",
]


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))
    assert not may_be_public(address)


@pytest.mark.parametrize("address", OUTSIDE)
def test_an_address_outside_is_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))
    assert may_be_public(address)


@pytest.mark.parametrize("host", SPELLED_INSIDE, ids=lambda host: host.replace("0x", "hex "))
def test_other_spellings_of_hosts_inside_are_not_public(host: str) -> None:
    assert not may_be_public(host)


@pytest.mark.parametrize("host", ["log.example.com", "log.example.com.", "134744072", "0x08.8.8.8"])
def test_names_and_spelled_addresses_outside_may_be_public(host: str) -> None:
    assert may_be_public(host)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "2130706433", "0x7f.1"])
def test_the_lookup_of_a_spelling_of_this_machine_gives_no_public_address(host: str) -> None:
    with suppress(OSError):  # a system without that spelling, or without IPv6
        assert asyncio.run(public_addresses(host, 80, resolve_host)) == []


class Network:
    """A made-up name server and the requests that were sent. Connections to `dead` addresses fail."""

    def __init__(self, names: dict[str, list[list[str]]], dead: tuple[str, ...] = ()) -> None:
        self.names, self.dead = names, dead
        self.sent: list[httpx.Request] = []

    async def resolve(self, host: str, _port: int) -> list[str]:
        answers = self.names.get(host, [])
        if not answers:
            raise OSError("no such name")
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        if request.url.host in self.dead:
            raise httpx.ConnectError("refused")
        return httpx.Response(200, stream=httpx.ByteStream(b"ready\n"))

    def read(self, address: str) -> tuple[str, ...]:
        clock = VirtualClock()

        async def story() -> tuple[str, ...]:
            pools = ClientPools(timeout=httpx.Timeout(1), transport=httpx.MockTransport(self))
            headers = httpx.Headers({"User-Agent": "test", "Authorization": "Bearer key"})
            governor = Governor(clock=clock)
            source = AddressSource(
                pools, api="https://api.novita.ai", headers=headers, governor=governor, resolve=self.resolve
            )
            logs = LogTails(LogSource(source))
            return await logs.last_lines(address, secrets=())

        return clock.run(story())


def test_the_connection_goes_to_the_checked_address_and_the_name_is_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    _no_proxy(monkeypatch)
    network = Network({"log.example.com": [["8.8.8.8"], ["127.0.0.1"]]})  # the second lookup would lead inside
    assert network.read("https://log.example.com:8443/x?token=a") == ("ready",)
    (request,) = network.sent
    assert str(request.url) == "https://8.8.8.8:8443/x?token=a"
    assert request.headers["Host"] == "log.example.com:8443"
    assert request.headers["Connection"] == "close"
    assert request.extensions["sni_hostname"] == "log.example.com"
    assert "Authorization" not in request.headers


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["10.0.0.1"], ["169.254.169.254"], ["::1"], ["::ffff:127.0.0.1"], ["8.8.8.8", "127.0.0.1"], []],
)
def test_a_name_with_an_address_inside_is_not_read(addresses: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    _no_proxy(monkeypatch)
    network = Network({"log.example.com": [addresses]})
    assert network.read("https://log.example.com/x") == ()
    assert network.sent == []


def test_the_next_address_is_tried_if_there_is_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    _no_proxy(monkeypatch)
    network = Network({"log.example.com": [["2606:4700::1111", "8.8.8.8"]]}, dead=("2606:4700::1111",))
    assert network.read("http://log.example.com/x") == ("ready",)
    assert [request.url.host for request in network.sent] == ["2606:4700::1111", "8.8.8.8"]


@pytest.mark.parametrize(
    ("names", "hosts"),
    [
        ({"log.example.com": [["8.8.8.8"]]}, ["log.example.com"]),
        ({}, ["log.example.com"]),  # a name that only the proxy knows
        ({"log.example.com": [["10.0.0.1"]]}, []),
    ],
)
def test_a_proxy_gets_the_name_of_a_log(
    names: dict[str, list[list[str]]], hosts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _no_proxy(monkeypatch)
    monkeypatch.setenv("https_proxy", "http://proxy.example.com:3128")
    network = Network(names)
    network.read("https://log.example.com/x")
    assert [request.url.host for request in network.sent] == hosts


def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)

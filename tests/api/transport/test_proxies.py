"""Web proxies of the environment: which hosts they serve, and what is said of those that cannot be used."""

from __future__ import annotations

import asyncio
import builtins
from random import Random
from typing import Any

import httpx
import pytest

from novita_infra.api.client import Client
from novita_infra.api.errors import Unreachable
from novita_infra.api.request import get
from novita_infra.api.retries import RetryPolicy
from novita_infra.api.transport.proxies import ProxiedTransport, Proxy, proxy_to
from novita_infra.model.clock import RealClock
from novita_infra.model.diagnostics import Problems

PROXY = "http://proxy.example.com:3128"


def _client(url: str) -> Client:
    patience = RetryPolicy(attempts=2, first_wait=0)
    return Client(url=url, key="sk_key", clock=RealClock(), random=Random(1), patience=patience)


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "REQUEST_METHOD"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    ("no_proxy", "direct", "proxied"),
    [
        ("", "", "api.novita.ai 127.0.0.1"),
        ("  ", "", "api.novita.ai"),
        ("*", "api.novita.ai 127.0.0.1 [::1]", ""),
        ("localhost,127.0.0.1,[::1]", "127.0.0.1 [::1] localhost LOCALHOST", "api.novita.ai 127.0.0.2 [::2]"),
        ("localhost 127.0.0.1 ::1", "127.0.0.1 [::1]", "api.novita.ai"),
        (".novita.ai", "api.novita.ai novita.ai", "notnovita.ai novita.ai.example.com"),
        ("novita.ai.", "api.novita.ai NOVITA.AI", "anovita.ai"),
        ("*.novita.ai", "api.novita.ai", "api.novita.com"),
        ("127.*,10.1.*", "127.0.0.1 127.9.9.9 10.1.2.3", "10.2.2.3 api.novita.ai"),
        ("10.0.0.0/8,,", "10.255.0.1", "11.0.0.1 api.novita.ai"),
        ("192.168.1.7/16", "192.168.9.9", "192.169.0.1"),
        ("fe80::/10, 2001:db8::/32", "[fe80::1] [2001:db8::5]", "[2001:db9::1] 10.0.0.1"),
        ("fe80::1%eth0", "[fe80::1]", "[fe80::2]"),
        ("127.0.0.1:8081,[::1]:8081,novita.ai:443", "127.0.0.1:8081 [::1]:8081 api.novita.ai", "127.0.0.1:80 [::1]:1"),
        ("https://api.novita.ai", "api.novita.ai", "novita.ai"),
        ("10.0.0.0/99,[,],[::1,:,%,<local>,/,1.2.3", "", "api.novita.ai 10.0.0.1 1.2.3.4"),
    ],
)
def test_no_proxy_is_read_in_all_its_forms(
    no_proxy: str, direct: str, proxied: str, environ: pytest.MonkeyPatch
) -> None:
    environ.setenv("HTTPS_PROXY", PROXY)
    environ.setenv("NO_PROXY", no_proxy)
    for host in direct.split():
        assert proxy_to(httpx.URL(f"https://{host}/")) is None, host
    for host in proxied.split():
        assert proxy_to(httpx.URL(f"https://{host}/")) == Proxy("HTTPS_PROXY", PROXY), host
        assert proxy_to(httpx.URL(f"http://{host}/")) is None


@pytest.mark.parametrize(
    ("variables", "chosen"),
    [
        ({"HTTPS_PROXY": PROXY}, "HTTPS_PROXY"),
        ({"https_proxy": PROXY, "HTTPS_PROXY": "http://other"}, "https_proxy"),
        ({"Https_Proxy": PROXY}, "Https_Proxy"),
        ({"ALL_PROXY": PROXY}, "ALL_PROXY"),
        ({"all_proxy": PROXY, "HTTP_PROXY": "http://other"}, "all_proxy"),
        ({"ALL_PROXY": "socks4://other", "HTTPS_PROXY": f"  {PROXY}\n"}, "HTTPS_PROXY"),
        ({"HTTPS_PROXY": "  ", "ALL_PROXY": PROXY}, "ALL_PROXY"),
        ({"HTTPS_PROXY": "proxy.example.com:3128"}, "HTTPS_PROXY"),
        ({"HTTPS_PROXY": PROXY, "https_proxy": ""}, ""),
        ({"ftp_proxy": "ftp://x", "HTTP_PROXY": "http://x:99999", "NO_PROXY": ""}, ""),
    ],
)
def test_the_variable_of_a_proxy_is_known(variables: dict[str, str], chosen: str, environ: pytest.MonkeyPatch) -> None:
    for name, value in variables.items():
        environ.setenv(name, value)
    assert proxy_to(httpx.URL("https://api.novita.ai")) == (Proxy(chosen, PROXY) if chosen else None)


@pytest.mark.parametrize("name", ["ALL_PROXY", "HTTPS_PROXY", "https_proxy"])
@pytest.mark.parametrize(
    ("address", "message"),
    [
        (
            "socks4://u:secretpw@127.0.0.1:9",
            "names a proxy by socks4://, which is none of http, https, socks5, socks5h",
        ),
        ("ftp://u:secretpw@127.0.0.1:9", "names a proxy by ftp://"),
        ("u:secretpw://127.0.0.1:9", "names a proxy by another scheme"),
        ("http://u:secretpw@127.0.0.1:99999", "names the port 99999, and a port is 1 to 65535"),
        ("http://u:secretpw@127.0.0.1:0", "names the port 0"),
        ("http://u:secretpw@127.0.0.1:port", "does not hold the address of a proxy"),
        ("http://u:secretpw@127.0.0.1:-1", "names the port -1"),
        ("http://u:secretpw@[::1", "does not hold the address of a proxy"),
        ("http://u:secretpw#@127.0.0.1:9", "does not hold the address of a proxy"),
        ("http://u:secretpw/x@127.0.0.1:9", "does not hold the address of a proxy"),
        ("http://u:secretpw@proxy:9/?secretpw", "does not hold the address of a proxy"),
        ("http://u:secretpw@pro xy:9", "does not hold the address of a proxy"),
        ("http://u:secretpw@pro\udce9xy:9", "does not hold the address of a proxy"),
        ("http://", "does not hold the address of a proxy"),
        ("direct", ""),
    ],
)
def test_a_proxy_that_cannot_be_used_is_named_by_its_variable_without_its_password(
    name: str, address: str, message: str, environ: pytest.MonkeyPatch
) -> None:
    environ.setenv(name, address)
    if not message:
        assert proxy_to(httpx.URL("https://api.novita.ai")) is not None
        return
    with pytest.raises(Problems) as caught:
        _client("https://api.novita.ai")
    assert str(caught.value).startswith(f"{name} {message}")
    assert f"; set {name} to an address such as" in str(caught.value)
    assert "secretpw" not in str(caught.value)
    environ.setenv("NO_PROXY", "127.*")
    _client("https://127.0.0.1")


def test_a_socks_proxy_needs_its_package(environ: pytest.MonkeyPatch) -> None:
    imported = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name == "socksio":
            raise ImportError
        return imported(name, *rest, **named)

    environ.setattr(builtins, "__import__", without)
    for scheme in ("socks5", "SOCKS5h"):
        environ.setenv("ALL_PROXY", f"{scheme}://127.0.0.1:9")
        with pytest.raises(Problems, match=r"ALL_PROXY names a SOCKS proxy.*pip install 'novita-infra\[socks\]'"):
            proxy_to(httpx.URL("https://api.novita.ai"))


def test_a_socks_proxy_carries_the_calls_by_name(environ: pytest.MonkeyPatch) -> None:
    pytest.importorskip("socksio")
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(3)  # version 5, one method: no password
        writer.write(b"\x05\x00")
        head = await reader.readexactly(5)  # connect to a name of so many bytes
        asked.append(head[:4] + await reader.readexactly(head[4] + 2))
        writer.write(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}")
        writer.close()

    async def story() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            environ.setenv("ALL_PROXY", f"socks5h://127.0.0.1:{server.sockets[0].getsockname()[1]}")
            async with _client("http://api.example.com") as client:
                assert await client.send(get("/things")) == {}

    asyncio.run(story())
    assert asked == [b"\x05\x01\x00\x03api.example.com\x00\x50"]


def test_a_host_whose_address_is_given_is_proxied_by_its_name(environ: pytest.MonkeyPatch) -> None:
    environ.setenv("ALL_PROXY", PROXY)
    environ.setenv("NO_PROXY", "log.example.com")
    transport: Any = ProxiedTransport(httpx.Limits())
    transport._by_proxy = {
        None: httpx.MockTransport(lambda _: httpx.Response(200)),
        Proxy("ALL_PROXY", PROXY): httpx.MockTransport(lambda _: httpx.Response(407)),
    }

    def status(url: str, **extensions: str) -> int:
        answer = asyncio.run(transport.handle_async_request(httpx.Request("GET", url, extensions=extensions)))
        return int(answer.status_code)

    assert status("https://8.8.8.8/", sni_hostname="log.example.com") == 200
    assert status("https://8.8.8.8/", sni_hostname="other.example.com") == 407
    assert status("http://log.example.com/") == 200


@pytest.mark.parametrize(
    ("error", "message", "attempts"),
    [
        (httpx.ConnectError("All connection attempts failed"), "127.0.0.1:9: All connection attempts failed", 2),
        (httpx.ConnectTimeout(""), "127.0.0.1:9: no answer in time", 2),
        (httpx.ProxyError("502 Bad Gateway"), "127.0.0.1:9: 502 Bad Gateway", 2),
        (httpx.ProxyError("Proxy Server could not connect: Host unreachable."), "could not connect", 2),
        (httpx.ProxyError("407 Proxy Authentication Required"), "127.0.0.1:9: 407 Proxy Authentication Required", 1),
        (httpx.ProxyError("Invalid username/password"), "127.0.0.1:9: Invalid username/password", 1),
    ],
)
def test_a_connection_that_the_proxy_refuses_is_not_tried_again(
    error: httpx.HTTPError, message: str, attempts: int, environ: pytest.MonkeyPatch
) -> None:
    environ.setenv("HTTPS_PROXY", "http://user:secretpw%21@127.0.0.1:9")
    tried = 0

    def fail(_: httpx.Request) -> httpx.Response:
        nonlocal tried
        tried += 1
        raise error

    environ.setattr(ProxiedTransport, "_open", lambda *_: httpx.MockTransport(fail))

    async def call() -> None:
        async with _client("https://api.novita.ai") as client:
            await client.send(get("/things"))

    with pytest.raises(Unreachable) as caught:
        asyncio.run(call())
    assert message in str(caught.value)
    assert caught.value.advice.startswith("check HTTPS_PROXY")
    assert ("NAME:PASSWORD@127.0.0.1:9" in caught.value.advice) == (attempts == 1)
    assert "secretpw" not in f"{caught.value}{caught.value.advice}"
    assert tried == attempts


def test_a_password_with_escapes_reaches_the_proxy_as_meant(environ: pytest.MonkeyPatch) -> None:
    environ.setenv("HTTPS_PROXY", "http://me:a%40b%21%@127.0.0.1:9")
    proxy = proxy_to(httpx.URL("https://api.novita.ai"))
    assert proxy is not None
    assert (proxy.place, httpx.Proxy(proxy.address).raw_auth) == ("127.0.0.1:9", (b"me", b"a@b!%"))

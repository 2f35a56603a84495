"""Web proxies of the environment: which hosts they serve, and what is said of those that cannot be used."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

import httpx
import pytest

from novita_infra.api.transport.proxies import ProxiedTransport, is_proxied, is_proxied_to
from novita_infra.model.diagnostics import Problems

PROXY = "http://proxy.example.com:3128"


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


def _transport() -> Any:
    return ProxiedTransport(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), httpx.Limits())


@pytest.mark.parametrize(
    ("no_proxy", "host", "proxied"),
    [
        ("", "api.novita.ai", True),
        ("localhost,127.0.0.1,[::1]", "api.novita.ai", True),
        ("localhost,127.0.0.1,[::1]", "127.0.0.1", False),
        ("localhost,127.0.0.1,[::1]", "::1", False),
        ("localhost, 127.0.0.1, ::1", "[::1]", False),
        (".novita.ai", "api.novita.ai", False),
        ("novita.ai", "api.novita.ai", False),
        ("*", "api.novita.ai", False),
        ("10.0.0.0/8,[fe80::1]:80,,", "api.novita.ai", True),
    ],
)
def test_no_proxy_is_read_in_all_its_forms(
    no_proxy: str, host: str, proxied: bool, environ: pytest.MonkeyPatch
) -> None:
    environ.setenv("HTTPS_PROXY", PROXY)
    environ.setenv("NO_PROXY", no_proxy)
    assert is_proxied()
    assert is_proxied_to("https", host) is proxied
    assert not is_proxied_to("http", host)
    _transport()


def test_a_host_whose_address_is_given_is_proxied_by_its_name(environ: pytest.MonkeyPatch) -> None:
    environ.setenv("ALL_PROXY", PROXY)
    environ.setenv("NO_PROXY", "log.example.com")
    transport = _transport()
    transport._direct = httpx.MockTransport(lambda _: httpx.Response(200))
    transport._through = dict.fromkeys(("http", "https"), httpx.MockTransport(lambda _: httpx.Response(407)))

    def status(url: str, **extensions: str) -> int:
        answer = asyncio.run(transport.handle_async_request(httpx.Request("GET", url, extensions=extensions)))
        return int(answer.status_code)

    assert status("https://8.8.8.8/", sni_hostname="log.example.com") == 200
    assert status("https://8.8.8.8/", sni_hostname="other.example.com") == 407
    assert status("http://log.example.com/") == 200


@pytest.mark.parametrize("name", ["ALL_PROXY", "HTTPS_PROXY", "http_proxy"])
@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("socks5://u:secretpw@127.0.0.1:9", "SOCKS proxy"),
        ("http://u:secretpw@[::1", "an address that is none"),
        ("ftp://u:secretpw@127.0.0.1:9", "an address that is none"),
        ("http://u:secretpw@127.0.0.1:port", "an address that is none"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_a_problem_without_its_password(
    name: str, address: str, message: str, environ: pytest.MonkeyPatch
) -> None:
    environ.setenv(name, address)
    with pytest.raises(Problems, match=message) as caught:
        _transport()
    assert "secretpw" not in str(caught.value)

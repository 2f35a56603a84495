"""One GET to another server: bounded, without redirects, and every failure is a message."""

from __future__ import annotations

import asyncio
import socket
import ssl
from pathlib import Path

import pytest
import trustme
from vault_server import vault_server

from novita_infra.api.transport.single_get import Unreached, get_once

PROXIES = ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*PROXIES, "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)


def got(url: str, *, authorities: str = "", most: int = 1 << 20) -> tuple[int, bytes]:
    return asyncio.run(get_once(url, {"X-Vault-Token": "t"}, authorities=authorities, most=most, subject="the vault"))


def failed(url: str, *, authorities: str = "", most: int = 1 << 20) -> str:
    with pytest.raises(Unreached) as caught:
        got(url, authorities=authorities, most=most)
    return f"{caught.value}; {caught.value.advice}".removesuffix("; ")


def test_a_single_get_sends_its_headers_once_and_follows_no_redirect() -> None:
    with vault_server(status=307, body=b"elsewhere") as server:
        assert got(f"{server.address}/v1/a") == (307, b"elsewhere")
        assert [(path, headers["X-Vault-Token"]) for path, headers in server.asked] == [("/v1/a", "t")]


def test_a_large_answer_of_a_single_get_is_not_kept() -> None:
    with vault_server(status=200, body=b"x" * (1 << 21)) as server:
        host = server.address.removeprefix("http://")
        assert failed(f"{server.address}/v1/a") == f"the answer of the vault at {host} is larger than 1 MB"


def test_a_single_get_to_nobody_names_the_host() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        words = failed(f"http://127.0.0.1:{port}/v1/a")
    assert words.startswith(f"the vault at 127.0.0.1:{port} cannot be reached: ")


def test_a_single_get_through_a_bad_proxy_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "ftp://proxy:1")
    assert failed("http://vault.example/v1/a").startswith("http_proxy names a proxy by ftp://")


def test_a_single_get_trusts_the_authority_that_is_named_and_no_other(tmp_path: Path) -> None:
    authority, file = trustme.CA(), tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(file)
    certificates = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(certificates)
    with vault_server(status=200, body=b"{}", certificates=certificates) as server:
        assert got(server.address, authorities=str(file)) == (200, b"{}")
        words = failed(server.address)
        assert "is of an authority that is not trusted" in words
        assert words.endswith("name its authority with BAO_CACERT or VAULT_CACERT")


def test_a_file_of_authorities_that_is_none_is_named(tmp_path: Path) -> None:
    assert failed("https://vault.example", authorities=str(tmp_path / "no")).startswith("the certificates in ")
    (tmp_path / "empty").write_text("", encoding="utf-8")
    assert failed("https://vault.example", authorities=str(tmp_path / "empty")).startswith("the certificates in ")
    assert failed("https://vault.example", authorities="\udcff\0").startswith("the certificates in ")

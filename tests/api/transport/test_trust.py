"""Certificates: variables that name none, and what a failed handshake means."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
import trustme

from novita_infra.api.client import Client
from novita_infra.api.errors import Unreachable
from novita_infra.api.request import get
from novita_infra.api.transport.trust import Failure, tls_context, tls_failure
from novita_infra.model.clock import RealClock
from novita_infra.model.diagnostics import Problems

VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSLKEYLOGFILE", "https_proxy")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def _failure(server: ssl.SSLContext | None, host: str = "api.example.com") -> Failure | None:
    """What a handshake in memory says; without a server's context, the server answers in plain text."""
    outgoing, incoming = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = tls_context().wrap_bio(incoming, outgoing, server_hostname=host)
    theirs = server.wrap_bio(outgoing, incoming, server_side=True) if server else None
    if theirs is None:
        incoming.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    for _ in range(4):
        for side in (ours, theirs):
            try:
                if side:
                    side.do_handshake()
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError as error:
                return tls_failure(error, host)
    return None


def _server(
    authority: trustme.CA,
    name: str = "api.example.com",
    *,
    not_before: datetime | None = None,
    not_after: datetime | None = None,
) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, not_before=not_before, not_after=not_after).configure_cert(context)
    return context


def test_a_failed_handshake_says_what_is_wrong_and_what_to_set(
    authority: trustme.CA, environ: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    unknown = _failure(_server(authority))
    assert unknown is not None
    assert unknown.summary.startswith("the certificate of api.example.com is of an authority that is not trusted (")
    assert unknown.advice.endswith("set SSL_CERT_FILE to a file with the certificate of its authority")
    environ.setenv("REQUESTS_CA_BUNDLE", "/etc/ca.pem")
    unknown = _failure(_server(authority))
    assert unknown is not None
    assert unknown.advice.endswith("export SSL_CERT_FILE=$REQUESTS_CA_BUNDLE")
    ca = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca))
    environ.setenv("SSL_CERT_FILE", str(ca))
    assert _failure(_server(authority)) is None
    other = _failure(_server(trustme.CA()))
    assert other is not None
    assert other.advice == f"add the certificate of the authority to SSL_CERT_FILE ({ca})"
    name = _failure(_server(authority), "api.example.org")
    assert name is not None
    assert name.summary == "the certificate is not for api.example.org"
    address = _failure(_server(authority), "127.0.0.1")
    assert address is not None
    assert address.summary == "the certificate is not for 127.0.0.1"
    old = _failure(
        _server(authority, not_before=datetime(2020, 1, 1, tzinfo=UTC), not_after=datetime(2021, 1, 1, tzinfo=UTC))
    )
    assert old is not None
    assert old.summary == "the certificate of api.example.com has expired"
    future = _failure(
        _server(authority, not_before=datetime(2091, 1, 1, tzinfo=UTC), not_after=datetime(2092, 1, 1, tzinfo=UTC))
    )
    assert future is not None
    assert (future.summary, future.advice) == (
        "the certificate of api.example.com is not valid yet",
        "check the clock of this machine",
    )
    plain = _failure(None)
    assert plain is not None
    assert plain.summary == "api.example.com does not speak TLS as expected (wrong version number)"


def test_a_lost_connection_is_no_failure_of_tls() -> None:
    for error in (ssl.SSLEOFError(8, "EOF"), ssl.SSLZeroReturnError(6, "closed"), OSError("refused"), None):
        assert tls_failure(error, "x") is None


@pytest.mark.parametrize(
    ("variable", "content", "message"),
    [
        ("SSL_CERT_FILE", None, "No such file or directory"),
        ("SSL_CERT_FILE", "", "it holds no certificate in the form PEM"),
        ("SSL_CERT_FILE", "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n", "it holds no certificate"),
        ("SSL_CERT_FILE", "/", "Is a directory"),
        ("SSL_CERT_DIR", None, "No such file or directory"),
        ("SSL_CERT_DIR", "x", "Not a directory"),
        ("SSL_CERT_DIR", "/", "there is no certificate under the name that OpenSSL looks for; openssl rehash"),
        ("SSLKEYLOGFILE", None, ""),
    ],
)
def test_a_variable_that_names_no_certificates_is_reported_before_the_first_call(
    variable: str, content: str | None, message: str, environ: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "authorities"
    if variable == "SSLKEYLOGFILE":
        path = path / "keys"
        message = "cannot be written: No such file or directory; unset SSLKEYLOGFILE"
    elif content == "/":
        path.mkdir()
    elif content is not None:
        path.write_text(content)
    environ.setenv(variable, str(path))
    with pytest.raises(Problems) as caught:
        asyncio.run(_call("https://127.0.0.1:9"))
    assert str(caught.value).startswith(f"{variable} ({path}) ")
    assert message in str(caught.value)


def test_an_untrusted_certificate_is_met_once(authority: trustme.CA, environ: pytest.MonkeyPatch) -> None:
    met: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if b"CONNECT" in await reader.readuntil(b"\r\n\r\n"):
            met.append(1)
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            await writer.start_tls(_server(authority, "127.0.0.1"))

    async def story() -> None:
        direct = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=_server(authority, "127.0.0.1"))
        proxy = await asyncio.start_server(serve, "127.0.0.1", 0)
        for server in (direct, proxy):
            port = server.sockets[0].getsockname()[1]
            if server is proxy:
                environ.setenv("https_proxy", f"http://127.0.0.1:{port}")
                environ.setenv("no_proxy", "x")
            with pytest.raises(Unreachable, match=r"of 127.0.0.1 is of an authority that is not trusted") as caught:
                await _call(f"https://127.0.0.1:{port}")
            assert (caught.value.attempts, caught.value.repeats) == (1, False)
            assert "SSL_CERT_FILE" in caught.value.advice
            server.close()

    asyncio.run(story())
    assert met == [1]


async def _call(url: str) -> None:
    async with Client(url=url, key="sk_key", clock=RealClock(), random=Random(1)) as client:
        await client.send(get("/things"))

"""Requests to the server of a state, with its credentials, sent again where that is safe."""

from __future__ import annotations

import base64
import hashlib
import re
import time
import weakref
from collections.abc import Callable
from functools import cached_property
from typing import Final, TypeVar

import httpx

from novita_infra import __version__
from novita_infra.api.redaction import redact
from novita_infra.api.transport.blocking import BlockingTransport
from novita_infra.api.transport.trust import tls_failure
from novita_infra.model.diagnostics import Problems, problem
from novita_infra.model.frozen import dataclass

_TIMEOUT: Final = httpx.Timeout(30.0, connect=10.0)
_LONGEST_WAIT: Final = 30.0
_LARGEST: Final = 512 << 20
"""Bytes of an answer that are read at most."""
_MOST_WORDS: Final = 200
_PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_T = TypeVar("_T")


class ServerSilent(Exception):
    """Why a request has no answer, without secrets."""

    def __init__(self, summary: str, *, was_sent: bool) -> None:
        super().__init__(summary)
        self.was_sent = was_sent
        """Whether the server may have carried it out."""


@dataclass(frozen=True, slots=True)
class Access:
    """How the server is reached."""

    username: str = ""
    password: str = ""
    token: str = ""
    checks_certificates: bool = True
    retries: int = 4

    def secrets(self) -> frozenset[str]:
        """What no message may show."""
        return frozenset(text for text in (self.password, self.token, self.login if self.password else "") if text)

    @property
    def login(self) -> str:
        """Name and password as they are sent."""
        return base64.b64encode(f"{self.username}:{self.password}".encode()).decode()


@dataclass(frozen=True, slots=True)
class ServerReply:
    """The answer to a request."""

    status: int
    body: bytes

    @property
    def is_done(self) -> bool:
        """Whether the server did what was asked."""
        return 200 <= self.status < 300


class HttpClient:
    """Sends requests. Its methods may be called from any thread."""

    def __init__(self, access: Access, *, sleep: Callable[[float], None] = time.sleep) -> None:
        """`sleep` is for tests."""
        self._access = access
        self._sleep = sleep

    def send(self, method: str, address: str, body: bytes | None = None) -> ServerReply:
        """The answer to a request that may be carried out twice. Raises Problems where there is none."""
        return self.until_answered(lambda _: self.send_once(method, address, body), address)

    def until_answered(self, call: Callable[[bool], _T], address: str) -> _T:
        """What the call gives, which is made again after ServerSilent. Raises Problems after the last attempt.

        The call gets whether an earlier attempt may have been carried out.
        """
        doubtful = False
        for attempt in range(self._access.retries + 1):
            if attempt:
                self._sleep(min(_LONGEST_WAIT, 2.0 ** (attempt - 1)))
            try:
                return call(doubtful)
            except ServerSilent as error:
                last, doubtful = error, doubtful or error.was_sent
        raise problem(
            f"{shown(address)} cannot be reached: {last}",
            "look at the network and at the server; then run the command again: it goes on where it stopped",
        )

    def send_once(self, method: str, address: str, body: bytes | None = None) -> ServerReply:
        """The answer to a request that is sent once. Raises ServerSilent, or Problems where no second try helps."""
        url = httpx.URL(address)
        host = f"{url.host}:{url.port}" if url.port else url.host
        headers = {} if body is None else {"Content-Type": "application/json", "Content-MD5": _md5(body)}
        try:
            with self._http.stream(method, url, headers=headers, content=body) as response:
                answer = ServerReply(response.status_code, _read(response, address))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            if failure := tls_failure(error, host):
                raise problem(failure.summary, failure.advice.replace("NOVITA_API_URL", "state.address")) from None
            raise ServerSilent(_words(error), was_sent=False) from None
        except httpx.HTTPError as error:
            raise ServerSilent(_words(error), was_sent=not isinstance(error, httpx.PoolTimeout)) from None
        if answer.status in _PASSING:
            summary = f"it answered {answer.status}{self._said(answer)}"
            raise ServerSilent(summary, was_sent=answer.status >= 500)
        return answer

    def refusal(self, answer: ServerReply, address: str, *, hint: str = "") -> Problems:
        """The problem of an answer that is neither what was asked for nor a lock of another run."""
        place = shown(address)
        if answer.status in {401, 403}:
            how = "username and password, or bearerToken, under state: in novita-infra.yaml"
            return problem(f"{place} refuses access ({answer.status}){self._said(answer)}", f"check {how}")
        if 300 <= answer.status < 400:
            return problem(f"{place} sends elsewhere ({answer.status})", "write the address that it sends to")
        return problem(
            f"{place} answers {answer.status}{self._said(answer)}", hint or "check the addresses under state:"
        )

    def _said(self, answer: ServerReply) -> str:
        """The begin of what the server says, in words, without secrets; empty where it says nothing."""
        text = re.sub(r"<[^<>]*>|\s+", " ", answer.body[:4096].decode("utf-8", "replace"))
        words = redact(" ".join(text.split()), self._access.secrets())[:_MOST_WORDS]
        return f": {words}" if words else ""

    @cached_property
    def _http(self) -> httpx.Client:
        access = self._access
        headers = {"User-Agent": f"novita-infra/{__version__}", "Accept-Encoding": "identity"}
        if access.token:
            headers["Authorization"] = f"Bearer {access.token}"
        elif access.username or access.password:
            headers["Authorization"] = f"Basic {access.login}"
        transport = BlockingTransport(checks_certificates=access.checks_certificates)
        weakref.finalize(self, transport.close)
        return httpx.Client(transport=transport, timeout=_TIMEOUT, headers=headers)


def shown(address: str) -> str:
    """The address for a message, without a login and without parameters, which may be secret."""
    return re.sub(r"://[^/@]*@", "://", address).partition("?")[0]


def _read(response: httpx.Response, address: str) -> bytes:
    """The body. Raises Problems for one that is too large or has another checksum."""
    body = bytearray()
    for piece in response.iter_bytes():
        body += piece
        if len(body) > _LARGEST:
            raise problem(f"the answer of {shown(address)} is larger than {_LARGEST >> 20} MB", "check state.address")
    expected = response.headers.get("Content-MD5", "")
    if response.is_success and expected and expected != _md5(bytes(body)):
        raise ServerSilent("its answer does not match its checksum (Content-MD5)", was_sent=True)
    return bytes(body)


def _md5(data: bytes) -> str:
    """The checksum that the protocol knows."""
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def _words(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "it does not answer in time"
    return str(error) or type(error).__name__


def with_parameter(address: str, name: str, value: str) -> str:
    """The address with one more parameter."""
    return str(httpx.URL(address).copy_merge_params({name: value}))

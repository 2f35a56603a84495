"""One call of a whole address: a chat that answers in pieces, an endpoint, a file behind a link.

Nothing is sent again, and redirects are not followed. The key goes to the API's own host alone, and only where it is
asked for; a foreign host is called over TLS.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager
from dataclasses import field
from typing import Any, Final

import httpx

from novita_infra.api.awaited import AwaitedCalls
from novita_infra.api.call_log import CallLog
from novita_infra.api.error_mapping import refusal
from novita_infra.api.errors import Refused, Unanswered, Unreachable
from novita_infra.api.redaction import redact
from novita_infra.api.request import Request
from novita_infra.api.responses import Response
from novita_infra.api.streams.addresses import AddressSource
from novita_infra.api.transport.proxies import ProxyFailure
from novita_infra.api.transport.trust import tls_failure
from novita_infra.model.frozen import dataclass

MOST: Final = 16 * 2**20
"""Bytes of an answer that is read whole."""
_MOST_TOLD: Final = 65_536
"""Bytes of a refusal that are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressedCall:
    """A call of an address."""

    address: str
    """A whole address, or a path of the API."""
    method: str = "GET"
    body: Mapping[str, Any] | None = field(default=None, repr=False)
    keyed: bool = False
    """Whether the key is sent, where the host is the API's own."""
    token: str = field(default="", repr=False)
    """What a program behind the address asks for as its key; it is never that of the account."""
    accept: str = "application/json"
    silence: float = 60.0
    """The most seconds without a byte of the answer."""


class OpenAnswer:
    """An answer whose body is not yet read."""

    def __init__(self, answer: httpx.Response) -> None:
        self._answer = answer
        self.status = answer.status_code
        self.headers: Mapping[str, str] = answer.headers

    @property
    def media(self) -> str:
        """The type of the content, such as `text/event-stream`; empty where it is not said."""
        return str(self._answer.headers.get("Content-Type", "")).partition(";")[0].strip().lower()

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """The bytes as they come. Inside of `AddressedCalls.open` a failure is an ApiError."""
        if self._answer.is_stream_consumed:  # the simulator in this process gives an answer whole
            yield self._answer.content
            return
        async for piece in self._answer.aiter_raw():
            yield piece

    async def whole(self, most: int) -> bytes:
        """The body. Raises ValueError if it has more than `most` bytes, and what `pieces` raises."""
        body = bytearray()
        async with aclosing(self.pieces()) as pieces:
            async for piece in pieces:
                body += piece
                if len(body) > most:
                    raise ValueError("too large")
        return bytes(body)


class AddressedCalls:
    """Calls of addresses for one account."""

    def __init__(
        self,
        source: AddressSource,
        *,
        log: CallLog,
        awaited: AwaitedCalls,
        hidden: Callable[[], Iterable[str]],
        now: Callable[[], float],
    ) -> None:
        """`hidden` gives the secrets that no message shows; `now` Unix seconds."""
        self._source = source
        self._log = log
        self._awaited = awaited
        self._hidden = hidden
        self._now = now

    @asynccontextmanager
    async def open(self, call: AddressedCall) -> AsyncIterator[OpenAnswer]:
        """The answer, if it is a 2xx; its body is read inside. Raises a subclass of ApiError."""
        request = _named(call)
        async with self._any(call, request) as answer:
            if not 200 <= answer.status < 300:
                try:
                    body = await answer.whole(_MOST_TOLD)
                except ValueError:
                    body = b""
                refused = Response(answer.status, answer.headers, body)
                error = refusal(request, refused, now=self._now(), hidden={*self._hidden(), call.token} - {""})
                self._log.failed(error, refused, attempt=1)
                raise error
            yield answer

    async def fetch(self, call: AddressedCall, *, within: float, most: int = MOST) -> Response:
        """The whole answer, whatever its status, within these seconds. Raises Unreachable, Unanswered and Refused."""
        request = _named(call)
        try:
            async with asyncio.timeout(within), self._any(call, request) as answer:
                return Response(answer.status, answer.headers, await answer.whole(most))
        except ValueError:
            text = f"the answer is larger than {most >> 20} MiB"
            raise Unanswered(request, text=text, repeats=False) from None
        except TimeoutError:
            raise Unanswered(request, text=f"no answer within {within:g} s") from None

    @asynccontextmanager
    async def _any(self, call: AddressedCall, request: Request) -> AsyncIterator[OpenAnswer]:
        """The answer, whatever its status. Raises Refused for an address that may not be called."""
        url = self._source.url(call.address)
        if url is None or not self._source.is_guarded(url):
            raise Refused(request, text="only an address with https outside of this network is called")
        headers = {"Accept": call.accept}
        content = b""
        if call.body is not None:
            headers["Content-Type"] = "application/json"
            content = json.dumps(dict(call.body), ensure_ascii=False, separators=(",", ":")).encode()
        if call.token:
            headers["Authorization"] = f"Bearer {call.token}"
        limits = httpx.Timeout(call.silence, connect=10.0)
        opening = self._source.open(
            url, limits=limits, headers=headers, method=call.method, content=content, keyed=call.keyed
        )
        began = self._now()
        async with AsyncExitStack() as stack:
            stack.enter_context(self._failures(request, url))
            with self._awaited.call(request):
                answer = await stack.enter_async_context(opening)
            if answer is None:
                raise Refused(request, text="the host of the address lies in this network")
            opened = OpenAnswer(answer)
            if 200 <= opened.status < 300:
                came = Response(opened.status, opened.headers)
                self._log.answered(request, came, attempt=1, took=self._now() - began)
            yield opened

    @contextmanager
    def _failures(self, request: Request, url: httpx.URL) -> Iterator[None]:
        """Turns the errors of HTTP into those of a call."""
        try:
            yield
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
            failure = error.failure if isinstance(error, ProxyFailure) else tls_failure(error, url.host)
            unreachable = Unreachable(request, text=failure.summary if failure else self._text(error, "no connection"))
            unreachable.advice = failure.advice if failure else ""
            self._log.failed(unreachable, None, attempt=1)
            raise unreachable from None
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            unanswered = Unanswered(request, text=self._text(error, "no answer"))
            self._log.failed(unanswered, None, attempt=1)
            raise unanswered from None

    def _text(self, error: Exception, otherwise: str) -> str:
        if isinstance(error, httpx.TimeoutException):
            return f"{otherwise} in time"
        return f"{otherwise}: {redact(str(error), self._hidden()) or type(error).__name__}"


def _named(call: AddressedCall) -> Request:
    """The call as messages name it: without a query, which may hold the signature of a link."""
    return Request(call.method, call.address.partition("?")[0], body=call.body)

"""The one way to the API: a request in, JSON data or an ApiError out. It knows no kind and never shows the key.

`retries` decides what is sent again; `responses` and `error_mapping` decide what an answer means.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from functools import partial
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, BinaryIO, Final, Self, TypeAlias

import httpx

from novita_infra import __version__
from novita_infra.api import paging
from novita_infra.api.awaited import AwaitedCall, AwaitedCalls
from novita_infra.api.call_log import Answered, CallLog
from novita_infra.api.error_mapping import refusal
from novita_infra.api.errors import AGAIN, ApiError, Refused, Throttled, Unanswered, Unreachable
from novita_infra.api.known_secrets import KnownSecrets, SecretSource
from novita_infra.api.limits.governor import Governor
from novita_infra.api.limits.kept_answers import NOT_KEPT, KeptAnswers
from novita_infra.api.limits.shared_limits import open_limits
from novita_infra.api.logs.reader import LogReader
from novita_infra.api.logs.source import LogSource
from novita_infra.api.logs.stream import LogStream
from novita_infra.api.logs.tail import LogTails
from novita_infra.api.noting.calls import CallNotes, noted
from novita_infra.api.request import API_URL, GATEWAY_URL, Pages, Request, WalkedItems
from novita_infra.api.responses import Response, content
from novita_infra.api.retries import RetryPolicy, repeat
from novita_infra.api.streams.addresses import AddressSource
from novita_infra.api.streams.calls import AddressedCalls
from novita_infra.api.streams.hosts import resolve_host
from novita_infra.api.transfers.form import FileForm, FormStream, Moved
from novita_infra.api.transfers.sink import Sink
from novita_infra.api.transport.bodies import TooLarge, encoded
from novita_infra.api.transport.client_pools import ClientPools
from novita_infra.api.transport.connections import Connections
from novita_infra.api.transport.proxies import ProxyFailure, proxy_to
from novita_infra.api.transport.settings import checked_key, checked_url, parsed_url
from novita_infra.api.transport.trust import tls_failure
from novita_infra.model.clock import Clock

_SILENT_ADVICE: Final = f"check the network, the proxy settings and NOVITA_API_URL; then {AGAIN}"
Way: TypeAlias = Callable[[httpx.Request], Awaitable[httpx.Response]]
Exchange: TypeAlias = Callable[[Request, httpx.Request], Awaitable[Response]]
_NOT_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


class Client:
    """A client for one account; an async context manager.

    `in_flight` is the most calls at once; without it the client finds the number by itself. `shared` is the folder in
    which the processes of this machine share the limits of an account. `transport` replaces the network, for a service
    in the same process; retries, limits and errors are the same.
    Raises Problems if no request can be made with this key or address, or through the proxy of the environment.
    """

    def __init__(
        self,
        *,
        url: str,
        key: str,
        clock: Clock,
        random: Random,
        transport: httpx.AsyncBaseTransport | None = None,
        in_flight: int | None = None,
        patience: RetryPolicy | None = None,
        shared: Path | None = None,
    ) -> None:
        self._url = checked_url(url)
        self._key = checked_key(key)
        self._secrets = KnownSecrets(self._key)
        self._log = CallLog(self._secrets)
        self._clock = clock
        self.random = random
        """The source of jitter, also for callers that wait between two calls."""
        self._patience = patience or RetryPolicy()
        store = open_limits(shared, url=self._url, key=self._key, now=clock.now()) if shared else None
        self._governor = Governor(clock=clock, most=in_flight, store=store)
        self.awaited = AwaitedCalls(clock.now, quiet_until=lambda: self._governor.quiet_until)
        """The calls under way."""
        self.kept = KeptAnswers()
        """Answers that were read for a lookup, for the next reader of the same list."""
        self.notes: CallNotes | None = None
        """Where the calls are noted that may change something; None where they are not."""
        self.dated: tuple[str, float] | None = None
        """The `Date` header of the last answer, and our time then, in Unix seconds; None without one."""
        timeout = httpx.Timeout(self._patience.read, connect=self._patience.connect)
        self._extensions = {"timeout": timeout.as_dict()}
        self._headers = httpx.Headers(
            {
                "Authorization": f"Bearer {self._key}",
                "Content-Type": "application/json",
                "Accept": "application/json",
                "Accept-Encoding": "gzip, deflate",
                "User-Agent": f"novita-infra/{__version__}",
            }
        )
        self._pools = ClientPools(timeout=timeout, transport=transport)
        self._direct = None if transport or proxy_to(httpx.URL(self._url)) else Connections()
        resolve = None if transport else resolve_host
        source = AddressSource(
            self._pools, api=self._url, headers=self._headers, governor=self._governor, resolve=resolve
        )
        self.addressed = AddressedCalls(
            source, log=self._log, awaited=self.awaited, hidden=self._secrets.all, now=clock.now
        )
        """Calls of whole addresses, and answers that are read as they come."""
        self._logs = LogSource(source)
        self._tails = LogTails(self._logs)

    def __repr__(self) -> str:
        return f"Client({self._url})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connections."""
        self._governor.close()
        await self._pools.close()
        if self._direct:
            await self._direct.aclose()

    async def send(self, request: Request) -> Any:
        """The answer: JSON data, a str for plain text, None for an empty body.

        Raises a subclass of ApiError. A request that is not repeatable is sent again only if the service says that it
        did nothing (429), or if there was no connection.
        """
        if (kept := self.kept.take(request)) is not NOT_KEPT:
            return kept
        url = self._address(request)
        body = encoded(request)
        # Written here, because httpx takes a tenth of the whole call to find out which headers are missing.
        has_length = body or request.method in {"POST", "PUT", "PATCH"}
        length = [(b"Content-Length", str(len(body)).encode())] if has_length else []
        headers = [(b"Host", url.netloc), *self._headers.raw, *length]

        def made() -> httpx.Request:
            return httpx.Request(
                request.method, url, headers=headers, stream=httpx.ByteStream(body), extensions=self._extensions
            )

        # Directly to the transport: an httpx client around it adds half of the time of the whole call.
        direct = self._direct if not request.gateway else None
        way = direct.handle_async_request if direct else self._pools.send
        with self.awaited.call(request) as call:
            answer = await self._repeated(call, made, way, self._patience)
        self.kept.add(request, answer)
        return answer

    async def upload(self, request: Request, form: FileForm, moved: Moved) -> Any:
        """The answer to a request whose body is a file. Each attempt begins at its first byte.

        `moved` gets the bytes that have gone. Raises ApiError, and Problems if the file cannot be read or has changed.
        """
        url = self._address(request)
        with self.awaited.call(request) as call:

            def made() -> httpx.Request:
                body = FormStream(form, call.moving("sent", form.bytes, moved))
                return self._with_headers(request, url, body.headers, body)

            return await self._repeated(call, made, self._pools.send, self._patience.of_transfer())

    async def download(self, request: Request, file: BinaryIO, moved: Moved, *, size: int = 0) -> int:
        """Writes what the request reads into an empty file, and returns its bytes. An attempt goes on with the last.

        `moved` gets the bytes that have come; `size` is how many there should be, 0 if that is not known. Raises
        ApiError, and Problems if the file cannot be written.
        """
        url = self._address(request)
        with self.awaited.call(request) as call:
            sink = Sink(file, call.moving("received", size, moved))

            def made() -> httpx.Request:
                return self._with_headers(request, url, sink.headers)

            way = partial(sink.receive, self._pools)
            await self._repeated(call, made, way, self._patience.of_transfer())
        return sink.position

    async def walk(self, pages: Pages) -> WalkedItems:
        """Every item of a list once, whether the service counts pages from 0 or from 1; see `paging.walk`."""
        return await paging.walk(pages, self.send)

    def is_own(self, masked: str) -> bool:
        """Whether a key that is shown as `sk_abc***` may be the key of this client."""
        head, _, rest = masked.partition("*")
        tail = rest.strip("*")
        return bool(head or tail) and self._key.startswith(head) and self._key.endswith(tail)

    def hide(self, source: SecretSource) -> None:
        """Keeps the secrets of the source, too, out of every text of the API from now on."""
        self._secrets.add(source)

    def redacted(self, text: str) -> str:
        """A text of the API from inside of an answer, on one line and without any secret."""
        return self._secrets.redacted(text)

    def secrets_in_values(self, texts: Collection[str]) -> Mapping[str, str]:
        """The texts of values that hold a secret, each with itself without it."""
        return self._secrets.in_values(texts)

    async def last_log_lines(self, address: str, *, secrets: Iterable[str]) -> tuple[str, ...]:
        """The last lines of the log at the address, without any secret; none if it cannot be read within seconds.

        `secrets` are those that only the object is known to have.
        """
        return await self._tails.last_lines(address, secrets=self._secrets.all().union(secrets))

    def log_reader(self, *, secrets: Iterable[str]) -> LogReader:
        """A reader of one log, whose entries hold none of the secrets."""
        return LogReader(LogStream(self._logs, self._clock), self._secrets.all().union(secrets))

    def _with_headers(
        self, request: Request, url: httpx.URL, changes: Mapping[str, str], body: FormStream | None = None
    ) -> httpx.Request:
        headers = httpx.Headers([(b"Host", url.netloc), *self._headers.raw])
        headers.update(changes)
        return httpx.Request(request.method, url, headers=headers, stream=body, extensions=self._extensions)

    async def _repeated(
        self, call: AwaitedCall, made: Callable[[], httpx.Request], way: Way, patience: RetryPolicy
    ) -> Any:
        """The answer to a call of which `made` makes the HTTP request of each attempt, and `way` carries it."""
        attempt = 0

        async def once() -> Any:
            nonlocal attempt
            attempt += 1
            call.until = None
            try:
                with self._log.traced(call.request, attempt=attempt) as answered:
                    exchange = partial(self._exchange, way, patience, answered)
                    return await self._once(call, made(), exchange, attempt=attempt)
            except ApiError as error:
                call.error = error
                raise

        def repeats(wait: float) -> None:
            call.until = self._clock.now() + wait
            self._log.repeats(call.request, attempt=attempt, wait=wait)

        async with noted(self.notes, call.request) as call.note:
            return await repeat(
                once, call.request, clock=self._clock, random=self.random, patience=patience, repeats=repeats
            )

    async def _once(self, call: AwaitedCall, sent: httpx.Request, exchange: Exchange, *, attempt: int) -> Any:
        request, asked, call.queued = call.request, self._clock.now(), True
        async with self._governor.slot() as slot:
            began, answer, call.queued = self._clock.now(), None, False
            if began > asked:
                self._log.queued(request, began - asked)
            try:
                answer = await exchange(request, sent)
                if not 200 <= answer.status < 300:
                    raise refusal(request, answer, now=self._clock.now(), hidden=self._secrets.all())
                self._governor.answered()
                data = content(request, answer)
            except ApiError as error:
                error.took = self._clock.now() - began
                if call.note:
                    call.note.failed(error, self._log.id_of(answer))
                self._log.failed(error, answer, attempt=attempt)
                match error:
                    case Throttled():
                        self._governor.throttled(slot, wait=error.wait)
                    case Refused():
                        self._governor.answered()
                raise
            if call.note:
                call.note.answered(answer.status, self._log.id_of(answer))
            self._log.answered(request, answer, attempt=attempt, took=self._clock.now() - began)
            return data

    async def _exchange(
        self, way: Way, patience: RetryPolicy, answered: Answered, request: Request, sent: httpx.Request
    ) -> Response:
        """One HTTP exchange; redirects are not followed. The class of an error says how far the exchange got."""
        try:
            async with asyncio.timeout(patience.deadline):
                response = await way(sent)
        except _NOT_SENT as error:
            failure = error.failure if isinstance(error, ProxyFailure) else tls_failure(error, sent.url.host)
            if failure is None:
                raise Unreachable(request, text=self._text_of(error, "no connection")) from error
            unreachable = Unreachable(request, text=failure.summary, repeats=failure.repeats)
            unreachable.advice = failure.advice
            raise unreachable from error
        except TooLarge as error:
            raise Unanswered(request, text=str(error), repeats=False) from error
        # TLS raises OSError while it reads; TimeoutError is one.
        except (httpx.HTTPError, OSError) as error:
            unanswered = Unanswered(request, text=self._text_of(error, "no answer"))
            if _is_timeout(error):
                unanswered.advice = _SILENT_ADVICE
            raise unanswered from error
        if date := response.headers.get("date"):
            self.dated = date, self._clock.now()
        answer = Response(response.status_code, response.headers, response.content)
        answered(answer)
        return answer

    def _address(self, request: Request) -> httpx.URL:
        """The address of the request. Raises Refused instead of leaving the configured host."""
        if not request.path.startswith("/") or not request.method.isalpha():
            raise Refused(request, text="a call is a method and a path that begins with a slash")
        try:
            return parsed_url(self._base(request) + request.path, str(httpx.QueryParams(dict(request.query))))
        except (httpx.InvalidURL, ValueError, TypeError) as error:
            raise Refused(
                request, text=f"the address cannot be written: {self._secrets.redacted(str(error))}"
            ) from None

    def _base(self, request: Request) -> str:
        """Scheme and host. Where the API is not Novita's own, such as the simulator, it has the gateway, too."""
        return GATEWAY_URL if request.gateway and self._url == API_URL else self._url

    def _text_of(self, error: Exception, otherwise: str) -> str:
        if _is_timeout(error):
            return f"{otherwise} in time"
        return f"{otherwise}: {self._secrets.redacted(str(error)) or type(error).__name__}"


def _is_timeout(error: Exception) -> bool:
    return isinstance(error, (httpx.TimeoutException, TimeoutError))

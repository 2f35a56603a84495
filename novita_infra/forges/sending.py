"""Requests to the API of a forge: paged, bounded, and sent again where that is safe."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any, Final, TypeVar

import httpx
import tenacity

from novita_infra import __version__
from novita_infra.api.json_values import text_of
from novita_infra.api.redaction import redact
from novita_infra.api.transport.blocking import BlockingTransport
from novita_infra.api.transport.trust import tls_failure
from novita_infra.encoding.json_text import parse_foreign_json
from novita_infra.forges.forge import ForgeRefusal, PostUnanswered
from novita_infra.model.diagnostics import Diagnostic, Problems, problem
from novita_infra.model.frozen import dataclass

_TIMEOUT: Final = httpx.Timeout(30.0, connect=10.0)
_ATTEMPTS: Final = 6
_LONGEST_WAIT: Final = 120.0
"""Seconds; a forge that asks for a longer pause ends the command."""
_MOST_PAGES: Final = 100
_LARGEST: Final = 64 << 20
"""Bytes of an answer that are read at most."""
_MOST_WORDS: Final = 300
_T = TypeVar("_T")
_PASSING: Final = frozenset({408, 425, 500, 502, 503, 504})


class _Passing(Exception):
    """A fault that may pass. `wait` is what the forge asks for, in seconds."""

    def __init__(self, why: str, *, wait: float = 0.0, was_sent: bool = False) -> None:
        super().__init__(why)
        self.wait = wait
        self.was_sent = was_sent
        """Whether the forge may have carried the request out."""


@dataclass(frozen=True, slots=True)
class ForgeAccess:
    """Where the API of a forge is, and how it knows this job."""

    subject: str
    """The forge, for messages."""
    address: str
    """Without a slash at its end."""
    headers: Mapping[str, str]
    token: str
    variable: str
    """Where the token came from."""


class ForgeClient:
    """Sends requests to one forge."""

    def __init__(self, access: ForgeAccess, *, sleep: Callable[[float], None] = time.sleep) -> None:
        """`sleep` is for tests."""
        self._access = access
        self._sleep = sleep

    def get(self, path: str, **parameters: str | int) -> Mapping[str, Any]:
        """The JSON object at a path. Raises ForgeRefusal, or Problems where there is no answer."""
        answer = self._answer("GET", path, parameters=parameters)
        found = self._json(answer)
        if not isinstance(found, dict):
            raise problem(f"{self._access.subject} answers {answer.url.path} with something that is no object")
        return found

    def pages(self, path: str, key: str = "", **parameters: str | int) -> Iterator[Mapping[str, Any]]:
        """The items of a list, of all its pages. `key` is where a page has them; empty for a page that is a list."""
        answer = self._answer("GET", path, parameters={"per_page": 100, **parameters})
        for _ in range(_MOST_PAGES):
            page = self._json(answer)
            items = page.get(key) if key and isinstance(page, dict) else page
            for item in items if isinstance(items, list) else []:
                if isinstance(item, dict):
                    yield item
            following = answer.links.get("next", {}).get("url")
            if not following:
                return
            answer = self._answer("GET", self._own(following))

    def send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Carries out a change, and returns the JSON of the answer.

        One that creates something is sent once: raises PostUnanswered where it may have been carried out.
        """
        return self._json(self._answer(method, path, body=body))

    def fetch(self, path: str, *, most: int = _LARGEST) -> bytes:
        """The bytes at a path, also where the forge sends to its store of files. That one never sees the token."""
        answer = self._answer("GET", path, most=most)
        if answer.is_redirect:
            target = httpx.URL(self._access.address).join(answer.headers.get("location", ""))
            if target.scheme != httpx.URL(self._access.address).scheme:
                raise problem(f"{self._access.subject} sends to an address that is not {self._access.address[:5]}")
            answer = self._answer("GET", str(target), known=False, most=most)
        return answer.content

    def _own(self, address: str) -> str:
        """The path of a next page. Raises Problems for one on another server, which would get the token."""
        here, there = httpx.URL(self._access.address), httpx.URL(address)
        if (there.scheme, there.host, there.port) != (here.scheme, here.host, here.port):
            raise problem(f"{self._access.subject} sends to another server for the next page: {there.host}")
        return address

    def _answer(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        parameters: Mapping[str, str | int] | None = None,
        known: bool = True,
        most: int = _LARGEST,
    ) -> httpx.Response:
        creates = method == "POST"
        url = path if "://" in path else f"{self._access.address}{path}"

        def attempt() -> httpx.Response:
            try:
                return self._once(method, url, body=body, parameters=parameters, known=known, most=most)
            except _Passing as fault:
                if creates and fault.was_sent:
                    raise PostUnanswered(str(fault)) from None
                raise

        again = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_Passing),
            wait=_pause,
            stop=tenacity.stop_after_attempt(_ATTEMPTS),
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return again(attempt)
        except _Passing as fault:
            raise problem(
                f"{self._access.subject} at {httpx.URL(url).host} cannot be reached: {fault}", "run the job again"
            ) from None

    def _once(
        self,
        method: str,
        url: str,
        *,
        body: Mapping[str, Any] | None,
        parameters: Mapping[str, str | int] | None,
        known: bool,
        most: int,
    ) -> httpx.Response:
        headers = self._access.headers if known else {}
        place = httpx.URL(url)
        try:
            with self._http.stream(method, place, headers=headers, json=body, params=parameters or None) as answer:
                answer._content = self._read(answer, most)  # noqa: SLF001 -- a bounded answer.read()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            if failure := tls_failure(error, place.host):
                raise problem(failure.summary) from None
            raise _Passing(self._words(str(error) or type(error).__name__)) from None
        except httpx.HTTPError as error:
            raise _Passing(self._words(str(error) or type(error).__name__), was_sent=True) from None
        status, said = answer.status_code, self._said(answer)
        if status == 429 or (status == 403 and _is_limited(answer)):
            raise self._limited(answer, said)
        if status in _PASSING:
            raise _Passing(f"it answered {status}{said}", was_sent=status != 429)
        if status >= 400:
            raise self._refusal(method, place.path, status, said)
        return answer

    def _read(self, answer: httpx.Response, most: int) -> bytes:
        body = bytearray()
        for piece in answer.iter_bytes():
            body += piece
            if len(body) > most:
                raise problem(f"an answer of {self._access.subject} is larger than {most >> 20} MB")
        return bytes(body)

    def _limited(self, answer: httpx.Response, said: str) -> _Passing | Problems:
        wait = _wait_of(answer)
        if wait <= _LONGEST_WAIT:
            return _Passing(f"it limits requests{said}", wait=wait)
        minutes = round(wait / 60)
        return problem(
            f"{self._access.subject} takes no more requests of this token for {minutes} minutes{said}",
            "run the job again then",
        )

    def _refusal(self, method: str, path: str, status: int, said: str) -> ForgeRefusal:
        subject, variable = self._access.subject, self._access.variable
        hint = ""
        if status == 401:
            hint = f"check the token in {variable}"
        elif status in {403, 404}:
            hint = f"the token in {variable} may lack a permission for this: see the pipelines that `ci init` writes"
        refusal = ForgeRefusal([Diagnostic(f"{subject} refuses {method} {path} ({status}){said}", hint)])
        refusal.status = status
        return refusal

    def _said(self, answer: httpx.Response) -> str:
        """The words of an error, with the details that GitHub and GitLab add."""
        if answer.status_code < 400:
            return ""
        try:
            data = parse_foreign_json(answer.content)
        except (ValueError, RecursionError):
            data = None
        texts = [data.get("message") or data.get("error"), data.get("errors")] if isinstance(data, dict) else []
        words = ": ".join(str(text) for text in texts if text)
        return f": {self._words(words)}" if words else ""

    def _words(self, text: str) -> str:
        return redact(text, {self._access.token})[:_MOST_WORDS]

    def _json(self, answer: httpx.Response) -> Any:
        if not answer.content:
            return None
        try:
            return parse_foreign_json(answer.content)
        except (ValueError, RecursionError):
            subject = self._access.subject
            raise problem(f"{subject} answers {answer.url.path} with something that is no JSON") from None

    @cached_property
    def _http(self) -> httpx.Client:
        headers = {"User-Agent": f"novita-infra/{__version__}"}
        transport = BlockingTransport()
        weakref.finalize(self, transport.close)
        return httpx.Client(transport=transport, timeout=_TIMEOUT, headers=headers)


def _pause(state: tenacity.RetryCallState) -> float:
    """The pause that the forge asks for, or one that doubles from a second."""
    fault = state.outcome.exception() if state.outcome else None
    asked = fault.wait if isinstance(fault, _Passing) else 0.0
    return asked or min(_LONGEST_WAIT, 2.0 ** (state.attempt_number - 1))


def _is_limited(answer: httpx.Response) -> bool:
    """Whether a 403 is GitHub's word for too many requests, and not for a missing permission."""
    if answer.headers.get("x-ratelimit-remaining") == "0" or "retry-after" in answer.headers:
        return True
    return b"secondary rate limit" in answer.content.lower()


def _wait_of(answer: httpx.Response) -> float:
    """The seconds until the forge takes requests again, by its own clock; 60 where it does not say."""
    headers = answer.headers
    after = headers.get("retry-after", "")
    if after.isdecimal():
        return float(after)
    reset = headers.get("x-ratelimit-reset") or headers.get("ratelimit-reset") or ""
    if not reset.isdecimal():
        return 60.0
    try:
        now = parsedate_to_datetime(headers["date"]).timestamp()
    except (KeyError, ValueError):
        return 60.0
    return max(1.0, float(reset) - now)


def where_there(ask: Callable[[], _T]) -> _T | None:
    """What is asked for; None where the forge has no such thing, or shows it to nobody with this token."""
    try:
        return ask()
    except ForgeRefusal as refusal:
        if refusal.status == 404:
            return None
        raise


def text_below(value: Any, *names: str) -> str:
    """The text or number at a path of names in an answer; empty where there is none."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return text_of(value)

"""The client log: one line for each call of the API, each wait and each failure, under the logger `novita_infra`.

A line holds the method, the path and the query, never a body or a header; the API key and the secrets of the request
are redacted as in error messages. Without a handler on the logger nothing is formatted.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeAlias
from urllib.parse import urlencode

from novita_infra.api.credentials import secrets_in
from novita_infra.api.errors import ApiError
from novita_infra.api.known_secrets import KnownSecrets
from novita_infra.api.request import Request
from novita_infra.api.responses import Response
from novita_infra.api.traces.tracing import is_traced, span

LOGGER: Final = logging.getLogger("novita_infra")
LOGGER.addHandler(logging.NullHandler())
_IDS: Final = ("x-request-id", "x-trace-id", "request-id", "cf-ray")
"""Headers of an answer that name the call for the support of the service, best first."""
_LONGEST_ID: Final = 80
Answered: TypeAlias = Callable[[Response], None]
"""Takes the answer of an attempt."""


def _ignored(_: Response) -> None:
    """Takes the answer where nothing is traced."""


class CallLog:
    """Writes the calls of one client. Levels: debug for reads and waits for a free place, info for writes, warning for
    failures and repeated calls.
    """

    def __init__(self, secrets: KnownSecrets) -> None:
        """`secrets` never show: the API key, and what the client knows besides."""
        self._secrets = secrets

    def answered(self, request: Request, answer: Response, *, attempt: int, took: float) -> None:
        """A call that succeeded after `took` seconds; `attempt` counts from 1."""
        level = logging.DEBUG if request.method == "GET" else logging.INFO
        if LOGGER.isEnabledFor(level):
            facts = self._facts(answer, attempt=attempt, took=took)
            LOGGER.log(level, "%s %s", self._call(request), f"{answer.status}{facts}")

    def failed(self, error: ApiError, answer: Response | None, *, attempt: int) -> None:
        """A call that failed; `answer` is None if none came."""
        if LOGGER.isEnabledFor(logging.WARNING):
            status = str(answer.status) if answer else type(error).__name__.lower()
            facts = self._facts(answer, attempt=attempt, took=error.took)
            reason = self._hidden(error.message, error.request)
            LOGGER.warning("%s %s: %s", self._call(error.request), f"{status}{facts}", reason)

    def repeats(self, request: Request, *, attempt: int, wait: float) -> None:
        """A call that is sent again after `wait` seconds; `attempt` is the one that failed."""
        if LOGGER.isEnabledFor(logging.WARNING):
            LOGGER.warning("%s: attempt %d follows in %.2f s", self._call(request), attempt + 1, wait)

    def queued(self, request: Request, seconds: float) -> None:
        """A call that waited for a place among the calls in flight, or for the rate limit."""
        if LOGGER.isEnabledFor(logging.DEBUG):
            LOGGER.debug("%s: waited %.2f s for its turn", self._call(request), seconds)

    @contextmanager
    def traced(self, request: Request, *, attempt: int) -> Iterator[Answered]:
        """A span of one attempt. The function that it gives is to be called with the answer."""
        if not is_traced():
            yield _ignored
            return
        with span(request.method, attempt=attempt) as call:
            call.note("http.request.method", request.method)
            call.note("url.path", self._hidden(request.path, request))

            def answered(answer: Response) -> None:
                call.note("http.response.status_code", answer.status)
                if id := self.id_of(answer):
                    call.note("request_id", id)

            yield answered

    def _call(self, request: Request) -> str:
        query = f"?{urlencode(dict(request.query))}" if request.query else ""
        return self._hidden(f"{request.method} {request.path}{query}", request)

    def id_of(self, answer: Response | None) -> str:
        """The id by which the support of the service finds the call; empty where the answer has none."""
        headers = answer.headers if answer else {}
        id = next((headers[name] for name in _IDS if headers.get(name)), "")
        return self._secrets.redacted(id)[:_LONGEST_ID]

    def _facts(self, answer: Response | None, *, attempt: int, took: float) -> str:
        facts = f" in {took:.2f} s, attempt {attempt}"
        id = self.id_of(answer)
        return f"{facts}, request id {id}" if id else facts

    def _hidden(self, text: Any, request: Request) -> str:
        return self._secrets.redacted(str(text), *secrets_in(request.body))

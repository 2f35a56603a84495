"""Notes on the calls of a client that may change something: before a call is sent, and when its answer has come.

A call that is sent again, because the service refused it for a moment or its connection broke, remains one call with
more attempts. Reads are not noted. Neither is what only asks a model, which goes to whole addresses.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final, Protocol
from urllib.parse import urlencode

from novita_infra.api.credentials import secrets_in
from novita_infra.api.errors import ApiError, Refused, Throttled, Unreachable
from novita_infra.api.redaction import redact
from novita_infra.api.request import Request

_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
DONE: Final = "done"
REFUSED: Final = "refused"
NOT_SENT: Final = "not sent"
UNKNOWN: Final = "unknown"
"""The process was killed before the answer came, or the answer was lost."""


class CallNote:
    """One call, and what is known of it."""

    __slots__ = ("attempts", "id", "outcome", "request", "status")

    def __init__(self, id: int) -> None:
        self.id = id
        """Its number among the calls that are noted together."""
        self.attempts = 0
        """How often it may have reached the service."""
        self.status = 0
        """The HTTP status of the last answer; 0 without one."""
        self.request = ""
        """The id that the service gave the last attempt."""
        self.outcome = UNKNOWN

    def answered(self, status: int, request: str) -> None:
        """Notes an attempt that succeeded."""
        self.attempts += 1
        self.status, self.request, self.outcome = status, request, DONE

    def failed(self, error: ApiError, request: str) -> None:
        """Notes an attempt that failed. One that did not leave is none, and says nothing of those before it."""
        if isinstance(error, Unreachable):
            self.outcome = self.outcome if self.attempts else NOT_SENT
            return
        self.attempts += 1
        self.status, self.request = error.status, request
        self.outcome = REFUSED if isinstance(error, (Refused, Throttled)) else UNKNOWN


class CallNotes(Protocol):
    """Keeps the notes of a client."""

    def announce(self, request: Request) -> None:
        """Notes the call with the next record, which is to be put on disk before the call is sent."""
        ...

    async def before(self, request: Request) -> CallNote:
        """The note on a call; returns when it is on disk that the call will be sent. Raises Problems."""
        ...

    def after(self, note: CallNote) -> None:
        """Keeps what is known of the call now that its last attempt is over. Raises Problems."""
        ...


def may_change(request: Request) -> bool:
    """Whether the call is not only a read."""
    return request.method.upper() not in _READS


@asynccontextmanager
async def noted(notes: CallNotes | None, request: Request) -> AsyncIterator[CallNote | None]:
    """The note on the call that the body makes; None where it is not noted."""
    if notes is None or not may_change(request):
        yield None
        return
    note = await notes.before(request)
    try:
        yield note
    finally:
        notes.after(note)


class NotedPaths:
    """The paths of calls as they are noted: with the query, without secrets. Most calls go to few paths."""

    def __init__(self, redacted: Callable[[str], str]) -> None:
        self._redacted = redacted
        self._known: dict[str, str] = {}

    def path(self, request: Request) -> str:
        """The path of the request."""
        text = f"{request.path}?{urlencode(dict(request.query))}" if request.query else request.path
        if (path := self._known.get(text)) is None:
            path = self._known[text] = self._redacted(text)
        secrets = [secret for secret in secrets_in(request.body) if secret in path]
        return redact(path, secrets) if secrets else path

"""Notes on the calls of a run, in its journal: on disk before a call is sent, with the resource and the step it is for.

The call of a step is announced before its intent is recorded, and rides on the line of that. Its answer rides on the
next line of the run, whichever that is. So most calls cost no write of their own.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from novita_infra.api.noting.calls import NOT_SENT, CallNote, NotedPaths
from novita_infra.api.request import Request
from novita_infra.planning.plan.steps import Step
from novita_infra.state.store import Journal


class _Cause:
    """The step for which the calls of a task are."""

    def __init__(self, step: Step) -> None:
        self.step = step
        self.announced: dict[tuple[str, str], CallNote] = {}
        """By method and path, the calls whose intent is on disk, or will be with the record."""


_cause: ContextVar[_Cause | None] = ContextVar("cause", default=None)


@contextmanager
def calls_of(step: Step) -> Iterator[None]:
    """The calls of the body are for the step."""
    token = _cause.set(_Cause(step))
    try:
        yield
    finally:
        _cause.reset(token)


class NotedCalls:
    """Implements CallNotes on the journal of a run."""

    def __init__(self, journal: Journal, *, now: Callable[[], float], redacted: Callable[[str], str]) -> None:
        """`now` returns Unix seconds; `redacted` keeps secrets out of a path."""
        self._journal = journal
        self._now = now
        self._paths = NotedPaths(redacted)
        self._ids = itertools.count(1)
        self._unsent: set[CallNote] = set()
        """What is announced, and not sent yet."""

    def announce(self, request: Request) -> None:
        """Notes a call of the present step with the next line of a record, which is to be written before it is sent."""
        if (cause := _cause.get()) is not None:
            path = self._paths.path(request)
            note = cause.announced[request.method, path] = self._new(request, path)
            self._unsent.add(note)

    async def before(self, request: Request) -> CallNote:
        cause, path = _cause.get(), self._paths.path(request)
        note = cause.announced.get((request.method, path)) if cause is not None else None
        if note is None:
            note = self._new(request, path)
            await self._journal.write_notes()
        self._unsent.discard(note)
        return note

    def after(self, note: CallNote) -> None:
        facts = {"attempts": note.attempts, "status": note.status, "request": note.request}
        known = {name: fact for name, fact in facts.items() if fact}
        ended = round(self._now(), 3)
        self._journal.note({"call": note.id, "outcome": note.outcome, "ended": ended, **known})

    def close(self) -> None:
        """Notes that what was announced and not sent will not be."""
        for note in self._unsent:
            self._journal.note({"call": note.id, "outcome": NOT_SENT})

    def _new(self, request: Request, path: str) -> CallNote:
        cause, note = _cause.get(), CallNote(next(self._ids))
        why = {"address": str(cause.step.address), "step": cause.step.call_name} if cause is not None else {}
        at = round(self._now(), 3)
        self._journal.note({"call": note.id, "at": at, "method": request.method, "path": path, **why})
        return note

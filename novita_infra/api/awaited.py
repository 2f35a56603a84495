"""The calls and the programs under way, and what each waits for: its turn, an answer, the next attempt, its end.

A command that is silent for long shows it, so that a person knows why nothing happens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Final

from novita_infra.api.errors import ApiError
from novita_infra.api.noting.calls import CallNote
from novita_infra.api.request import Request
from novita_infra.model.durations import in_words

_SHORT: Final = 10.0
"""Seconds below which a call without an answer says nothing: most calls take less than one."""


@dataclass(slots=True, eq=False)
class AwaitedCall:
    """One call under way."""

    request: Request
    since: float
    queued: bool = False
    """Whether it waits for its turn."""
    error: ApiError | None = None
    """The error of the last attempt."""
    until: float | None = None
    """When the next attempt begins; None during an attempt."""
    note: CallNote | None = None
    """What is kept of it for the audit log; None for a read."""
    moved: str = ""
    """How far the transfer of a file is; empty for other calls."""

    def moving(self, verb: str, size: int, moved: Callable[[int], object]) -> Callable[[int], None]:
        """Notes how far a transfer is, and passes it on; `size` is 0 if it is not known."""

        def note(amount: int) -> None:
            whole = f" of {size / 1e6:.1f}" if size else ""
            self.moved = f"{amount / 1e6:.1f}{whole} MB {verb}"
            moved(amount)

        return note


class AwaitedCalls:
    """The calls of one client. `now` gives Unix seconds; `quiet_until` the time before which no call may go out."""

    def __init__(self, now: Callable[[], float], *, quiet_until: Callable[[], float]) -> None:
        self._now = now
        self._quiet_until = quiet_until
        self._calls: dict[int, AwaitedCall] = {}
        self._programs: list[tuple[str, float]] = []
        """What runs beside the calls, each with its begin, in the order of their begins."""
        self._waits: list[tuple[str, float]] = []
        """What is waited for between the calls, likewise."""
        self._ended = 0
        self._failed: ApiError | None = None
        """The error of the last call that ended; None if it succeeded."""

    @contextmanager
    def call(self, request: Request) -> Iterator[AwaitedCall]:
        """The call while it is under way."""
        call = AwaitedCall(request, self._now())
        self._calls[id(call)] = call
        try:
            yield call
            self._failed = None
        except ApiError as error:
            self._failed = error
            raise
        finally:
            del self._calls[id(call)]
            self._ended += 1

    def program(self, name: str) -> AbstractContextManager[None]:
        """A program while it runs, such as `the policy prices`."""
        return self._among(self._programs, name)

    def wait(self, name: str) -> AbstractContextManager[None]:
        """A wait of many calls with pauses between them, such as for `the end of task 5f8e`."""
        return self._among(self._waits, name)

    @contextmanager
    def _among(self, others: list[tuple[str, float]], name: str) -> Iterator[None]:
        begun = (name, self._now())
        others.append(begun)
        try:
            yield
        finally:
            others.remove(begun)

    def reason(self) -> str:
        """What is waited for now, on one line: the call that fails or waits the longest, or the program that runs the
        longest; empty if there is none.
        """
        now = self._now()
        if self._programs:
            name, since = self._programs[0]
            more = len(self._programs) - 1
            others = f"; {more} other programs run" if more > 1 else "; 1 other program runs" if more else ""
            return f"{name} runs for {in_words(now - since)}{others}"
        waiting = [call for call in self._calls.values() if call.error or now - call.since >= _SHORT]
        if not waiting and self._waits:
            name, since = self._waits[0]
            others = f"; and for {len(self._waits) - 1} more" if self._waits[1:] else ""
            return f"{name}, for {in_words(now - since)} so far{others}"
        if not waiting:
            return str(self._failed) if self._failed else ""
        first = min(waiting, key=lambda call: (call.error is None, call.since))
        more = len(waiting) - 1
        others = f"; {more} more calls wait" if more > 1 else "; 1 more call waits" if more else ""
        return f"{self._reason_of(first, now)}{others}"

    def failing_since(self) -> float | None:
        """When the first call under way began that fails and is tried again, in Unix seconds; None without one."""
        return min((call.since for call in self._calls.values() if call.error), default=None)

    def progress(self) -> str:
        """How many calls are answered, while others are under way; empty while none is."""
        return f"{self._ended} calls of the API answered so far" if self._calls else ""

    def _reason_of(self, call: AwaitedCall, now: float) -> str:
        name = f"{call.request.method} {call.request.path}"
        pause = max(self._quiet_until() - now, 0.0)
        asked = f"; the service asked for a pause, {in_words(pause)} are left" if pause >= 1 else ""
        if call.error is None:
            waits = f"waits for its turn{asked}" if call.queued else f"no answer for {in_words(now - call.since)}"
            return f"{name}: {call.moved if call.moved and not call.queued else waits}"
        if call.until is None:
            return f"{call.error}; tried again now{asked if call.queued else ''}"
        wanted = f", as the service asked ({in_words(call.error.wait)})" if call.error.wait else ""
        return f"{call.error}; tried again in {in_words(max(call.until - now, 0.0))}{wanted}"

"""Signs of life: a command that has shown nothing for most of a minute says what it waits for, on its own clock."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final, Protocol

from novita_infra.model.clock import Clock
from novita_infra.model.concurrency import end_tasks, start_task

SILENCE: Final = 50.0
"""Seconds after which a sign of life is due, so that a person sees one at least once a minute."""
_TROUBLE: Final = 0.1
"""The part of them after which a call that fails and is tried again is reported, once."""


class Awaited(Protocol):
    """What a command waits for."""

    def reason(self) -> str:
        """What is waited for now, on one line; empty if there is nothing to say."""
        ...

    def progress(self) -> str:
        """How far it is; empty while nothing is under way."""
        ...

    def failing_since(self) -> float | None:
        """When the first call began that fails and is tried again, in Unix seconds; None while there is none."""
        ...


class Heartbeat:
    """The signs of life of a command. `report` shows a line; `silence` is in seconds of the clock."""

    def __init__(
        self, clock: Clock, awaited: Awaited, report: Callable[[str], None], *, silence: float = SILENCE
    ) -> None:
        self.clock, self.awaited, self.silence = clock, awaited, silence
        self._report = report
        self._last = clock.now()
        self._told = False
        """Whether the present trouble was reported."""

    def heard(self) -> None:
        """To be called when something was shown."""
        self._last = self.clock.now()

    @asynccontextmanager
    async def while_reading(self) -> AsyncIterator[None]:
        """Reports what is awaited whenever nothing was shown for `silence` seconds, and a call that fails earlier."""

        def speak() -> None:
            self.heard()
            self._told = self.awaited.failing_since() is not None
            if text := self.awaited.reason() or self.awaited.progress():
                self._report(f"Still waiting: {text}")

        async with self.beating(self._due, speak, longest=self.silence * _TROUBLE / 2):
            yield

    def _due(self) -> float:
        """When the next sign is due."""
        failing = self.awaited.failing_since()
        self._told = self._told and failing is not None
        usual = self._last + self.silence
        return usual if failing is None or self._told else min(usual, failing + self.silence * _TROUBLE)

    @asynccontextmanager
    async def beating(
        self, due: Callable[[], float], speak: Callable[[], None], *, longest: float = math.inf
    ) -> AsyncIterator[None]:
        """Calls `speak`, which must move the time of `due` on, whenever that time is reached.

        A time that comes nearer meanwhile is noticed after `longest` seconds.
        """

        async def beat() -> None:
            while True:
                if (left := due() - self.clock.now()) > 0:
                    await self.clock.sleep(min(left, longest))
                else:
                    speak()

        task = start_task(beat())
        try:
            yield
        finally:
            await end_tasks(task)

"""Signs of life: a command that has shown nothing for most of a minute says what it waits for, on its own clock."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final, Protocol

from novita_infra.model.clock import Clock
from novita_infra.model.concurrency import end_tasks, start_task

SILENCE: Final = 50.0
"""Seconds after which a sign of life is due, so that a person sees one at least once a minute."""


class Awaited(Protocol):
    """What a command waits for."""

    def reason(self) -> str:
        """What is waited for now, on one line; empty if there is nothing to say."""
        ...

    def progress(self) -> str:
        """How far it is; empty while nothing is under way."""
        ...


class Heartbeat:
    """The signs of life of a command. `report` shows a line; `silence` is in seconds of the clock."""

    def __init__(
        self, clock: Clock, awaited: Awaited, report: Callable[[str], None], *, silence: float = SILENCE
    ) -> None:
        self.clock, self.awaited, self.silence = clock, awaited, silence
        self._report = report
        self._last = clock.now()

    def heard(self) -> None:
        """To be called when something was shown."""
        self._last = self.clock.now()

    @asynccontextmanager
    async def while_reading(self) -> AsyncIterator[None]:
        """Reports what is awaited whenever nothing was shown for `silence` seconds."""

        def speak() -> None:
            self.heard()
            if text := self.awaited.reason() or self.awaited.progress():
                self._report(f"Still waiting: {text}")

        async with self.beating(lambda: self._last + self.silence, speak):
            yield

    @asynccontextmanager
    async def beating(self, due: Callable[[], float], speak: Callable[[], None]) -> AsyncIterator[None]:
        """Calls `speak`, which must move the time of `due` on, whenever that time is reached."""

        async def beat() -> None:
            while True:
                if (left := due() - self.clock.now()) > 0:
                    await self.clock.sleep(left)
                else:
                    speak()

        task = start_task(beat())
        try:
            yield
        finally:
            await end_tasks(task)

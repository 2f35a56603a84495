"""How many calls may be in flight: a limit that halves when the service throttles and grows back as it answers.

It knows nothing of HTTP. It counts calls of one client; it does not shape their rate.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from novita_infra.timing import Clock


@dataclass(frozen=True, slots=True)
class Turn:
    """The right to have one call in flight."""

    round: int
    """How often the limit had been halved when the turn began."""


class Governor:
    """Additive increase, multiplicative decrease, between 1 and `most` calls in flight; turns are given in order."""

    def __init__(self, *, clock: Clock, most: int) -> None:
        if most < 1:
            raise ValueError("at least one call must be allowed in flight")
        self._clock = clock
        self._most = most
        self._limit = float(most)
        self._in_flight = 0
        self._round = 0
        self._quiet_until = 0.0
        self._queue: deque[asyncio.Future[None]] = deque()

    @property
    def limit(self) -> int:
        """The calls that may be in flight now."""
        return int(self._limit)

    @property
    def in_flight(self) -> int:
        """The turns that are taken, those that wait out a hold-off included."""
        return self._in_flight

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[Turn]:
        """Waits for a free place, then for the end of a hold-off; the place is free again on leaving."""
        await self._take()
        try:
            while (left := self._quiet_until - self._clock.now()) > 0:
                await self._clock.sleep(left)
            yield Turn(self._round)
        finally:
            self._leave()

    def throttled(self, turn: Turn, *, wait: float) -> None:
        """The service refused the call of this turn for being one too many, and asked to wait so many seconds.

        Calls that were under way together are refused together, so only the first of them halves the limit.
        """
        self._quiet_until = max(self._quiet_until, self._clock.now() + wait)
        if turn.round == self._round:
            self._round += 1
            self._limit = max(1.0, self._limit / 2)

    def answered(self) -> None:
        """The service took a call: one more may be in flight after as many of them as now are."""
        self._limit = min(float(self._most), self._limit + 1 / self._limit)
        self._admit()

    async def _take(self) -> None:
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(place)
        self._admit()
        try:
            await place
        except asyncio.CancelledError:
            if not place.cancelled():  # the place was given in the same moment
                self._leave()
            raise

    def _leave(self) -> None:
        self._in_flight -= 1
        self._admit()

    def _admit(self) -> None:
        while self._queue and self._in_flight < self.limit:
            place = self._queue.popleft()
            if not place.cancelled():
                self._in_flight += 1
                place.set_result(None)

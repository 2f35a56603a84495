"""Who may call when: calls in flight and calls per second of one account, shared with the other processes that use it.

It knows nothing of HTTP, and not how the limits are found (`pacing`) or kept (`sharing`). It never waits under a lock.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, TypeVar

from novita_infra.api.limits.rate import CEILING
from novita_infra.api.limits.shared_board import Board, BoardStore, OwnBoard, new_member
from novita_infra.model.clock import Clock

_T = TypeVar("_T")

_POLL: Final = 0.005
"""Seconds between two looks at a board on which other processes hold what this one waits for,"""
_LONGEST_POLL: Final = 0.02
"""and to what they grow while nothing changes."""
_MOST_BUSY: Final = 100
"""How often in a row the board may be locked by others before this process goes its own way."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The right to have one call in flight."""

    round: float
    """How often the rate had been lowered when the call went out."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A place in flight, taken."""

    start: float
    """When the call may go out."""


@dataclass(frozen=True, slots=True)
class _Later:
    """No place now; to be asked for again when a call of this process ends, or after the seconds if there are any."""

    seconds: float | None


class Governor:
    """Gives turns in order. `most` is the most calls of this process in flight; without it, as many as do good."""

    def __init__(self, *, clock: Clock, most: int | None = None, shelf: BoardStore | None = None) -> None:
        if most is not None and most < 1:
            raise ValueError("at least one call must be allowed in flight")
        self._clock = clock
        self._most = most or CEILING
        self._shelf = shelf or OwnBoard()
        self._member = new_member()
        self._door = asyncio.Lock()
        self._freed = asyncio.Event()
        self._is_asking = False
        self._in_flight = 0
        self._taken = 0
        """Calls that the service took and that the board does not know of yet."""
        self._refused: list[tuple[float, float]] = []
        """Throttlings that it does not know of yet: the round of the call and the seconds to wait."""
        self._round, self._quiet_until = 0.0, 0.0
        """As the board last had them."""
        self._busy = 0

    @property
    def in_flight(self) -> int:
        """The turns of this process that are taken, one that waits for its time to go out included."""
        return self._in_flight

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[Turn]:
        """Waits for a free place and for the time to go out; the place is free again on leaving."""
        async with self._door:
            start = await self._place()
            try:
                await self._come_up(start)
            except BaseException:
                self._leave()
                raise
            turn = Turn(self._round)
        try:
            yield turn
        finally:
            self._leave()

    def answered(self) -> None:
        """The service took a call; to be told before its turn ends."""
        self._taken += 1

    def throttled(self, turn: Turn, *, wait: float) -> None:
        """The service refused the call of this turn for being one too many, and asked to wait so many seconds."""
        self._refused.append((turn.round, wait))
        self._publish()

    def close(self) -> None:
        """Leaves the board to the others."""

        def leave(board: Board, _: float) -> None:
            board.members.remove(self._member)

        self._at_board(leave)
        self._go_alone()  # a late look at the board finds one

    # --- one turn ---

    async def _place(self) -> float:
        """Takes a place in flight and returns the time from which it may be used."""
        self._is_asking, pause = True, _POLL
        try:
            while True:
                self._freed.clear()
                if self._in_flight >= self._most:  # whatever the board says; it hears of us when a call ends
                    await self._freed.wait()
                match self._at_board(self._ask) or _Later(_POLL):
                    case _Place(start):
                        self._in_flight += 1
                        return start
                    case _Later(None):
                        await self._freed.wait()
                    case _Later(float(seconds)):
                        await self._freed_within(max(seconds, pause))
                        pause = min(2 * pause, _LONGEST_POLL)
        finally:
            self._is_asking = False

    def _ask(self, board: Board, now: float) -> _Place | _Later:
        """A place, if there is one. Changes the board alone, so that asking twice does no harm."""
        self._member.waiting = 0
        if self._quiet_until > now:
            return _Later(self._quiet_until - now)
        me, others = self._member, [member for member in board.members if member is not self._member]
        total = self._in_flight + sum(member.in_flight for member in others)
        is_behind = any(member.asks(now) and member.claim < me.claim for member in others)
        if is_behind or total >= int(board.pace.window):
            me.waiting = 1
            return _Later(_POLL if others else None)
        me.in_flight, me.given = self._in_flight + 1, now
        return _Place(board.pace.reserve(now))

    async def _freed_within(self, seconds: float) -> None:
        """Returns when a call of this process ends, at the latest after the seconds."""
        racing = {asyncio.ensure_future(self._freed.wait()), asyncio.ensure_future(self._clock.sleep(seconds))}
        try:
            await asyncio.wait(racing, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in racing:
                task.cancel()

    async def _come_up(self, start: float) -> None:
        while (left := max(start, self._quiet_until) - self._clock.now()) > 0:
            await self._clock.sleep(left)
            self._publish()  # which tells us, too, whether a quiet time has begun meanwhile

    def _leave(self) -> None:
        self._in_flight -= 1
        if self._is_asking:
            self._freed.set()  # who asks brings the board up to date
        else:
            self._publish()

    # --- the board ---

    def _publish(self) -> None:
        """Brings the board up to date; a little later where others have it just now."""
        if self._at_board(lambda _board, _now: True) is None:
            asyncio.get_running_loop().call_later(_POLL, self._publish)

    def _at_board(self, use: Callable[[Board, float], _T]) -> _T | None:
        """What `use` returns for the board as it is now; None where other processes have it at this moment.

        A board that cannot be read or written any more, or that is never free, is left for one of our own.
        """
        now = self._clock.now()
        try:
            with self._shelf.open(now) as board:
                if board is not None:
                    self._busy = 0
                    self._bring_up_to_date(board, now)
                    return use(board, now)
        except OSError:
            self._go_alone()
            return self._at_board(use)
        self._busy += 1
        if self._busy > _MOST_BUSY:
            self._go_alone()
        return None

    def _bring_up_to_date(self, board: Board, now: float) -> None:
        board.members = [member for member in board.members if member.mark != self._member.mark]
        total = self._in_flight + sum(member.in_flight for member in board.members)
        board.members.append(self._member)
        self._member.heard, self._member.in_flight = now, self._in_flight
        if self._taken:
            board.pace.answered(now, calls=self._taken, in_flight=total, most=max(CEILING, self._most))
        for round_, wait in self._refused:
            board.pace.throttled(now, round=round_, wait=wait)
        self._taken, self._refused = 0, []
        self._round, self._quiet_until = board.pace.round, board.pace.quiet_until

    def _go_alone(self) -> None:
        self._shelf.close()
        self._shelf, self._busy = OwnBoard(), 0

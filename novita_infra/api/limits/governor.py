"""Limits the calls in flight and the calls per second of one account, together with other processes that use it.

It knows nothing of HTTP. `rate` finds the limits and `shared_limits` keeps them. It never waits under a lock.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final, TypeVar

from novita_infra.api.limits.rate import CEILING
from novita_infra.api.limits.shared_limits import AccountLimits, LimitsStore, OwnLimits, new_entry
from novita_infra.model.clock import Clock
from novita_infra.model.concurrency import racing
from novita_infra.model.frozen import dataclass

_T = TypeVar("_T")

_POLL: Final = 0.005
"""Seconds between two readings of the limits while other processes hold the slots that this one waits for,"""
_LONGEST_POLL: Final = 0.02
"""and their maximum, to which they grow while nothing changes."""
_MOST_BUSY: Final = 100
"""How often in a row the limits may be locked by others before this process uses limits of its own."""


@dataclass(frozen=True, slots=True)
class CallSlot:
    """The right to have one call in flight."""

    round: float
    """How often the rate had been lowered when the call went out."""


@dataclass(frozen=True, slots=True)
class _Granted:
    """A slot that was taken."""

    start: float
    """When the call may go out."""


@dataclass(frozen=True, slots=True)
class _Later:
    """No slot now; try again when a call of this process ends, or after the seconds if there are any."""

    seconds: float | None


class Governor:
    """Gives slots in order. `most` is the most calls of this process in flight; without it, as many as are useful."""

    def __init__(self, *, clock: Clock, most: int | None = None, store: LimitsStore | None = None) -> None:
        if most is not None and most < 1:
            raise ValueError("at least one call must be allowed in flight")
        self._clock = clock
        self._most = most or CEILING
        self._store = store or OwnLimits()
        self._entry = new_entry()
        self._queue = asyncio.Lock()
        self._freed = asyncio.Event()
        self._is_waiting = False
        self._in_flight = 0
        self._answered = 0
        """Answered calls that the shared limits do not count yet."""
        self._refused: list[tuple[float, float]] = []
        """Throttled calls that they do not count yet: the round of the call and the seconds to wait."""
        self._round, self._quiet_until = 0.0, 0.0
        """As last read from the limits."""
        self._busy = 0

    @property
    def in_flight(self) -> int:
        """The slots that this process has taken, including one that waits until its call may go out."""
        return self._in_flight

    @property
    def quiet_until(self) -> float:
        """The time before which the service asked for no call, in Unix seconds; 0 if it never did."""
        return self._quiet_until

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[CallSlot]:
        """Waits for a free slot and until the call may go out; the slot is free again at the end of the block."""
        async with self._queue:
            start = await self._take_slot()
            try:
                await self._wait_until(start)
            except BaseException:
                self._release()
                raise
            slot = CallSlot(self._round)
        try:
            yield slot
        finally:
            self._release()

    def answered(self) -> None:
        """Counts a call that the service accepted; to be called before its slot ends."""
        self._answered += 1

    def throttled(self, slot: CallSlot, *, wait: float) -> None:
        """Counts a call that the service throttled; it asked to wait `wait` seconds."""
        self._refused.append((slot.round, wait))
        self._publish()

    def close(self) -> None:
        """Removes this process from the shared limits."""

        def leave(limits: AccountLimits, _: float) -> None:
            limits.processes.remove(self._entry)

        self._with_limits(leave)
        self._use_own_limits()  # a late reader gets these

    # --- one slot ---

    async def _take_slot(self) -> float:
        """Takes a slot and returns the time from which its call may go out."""
        self._is_waiting, pause = True, _POLL
        try:
            while True:
                self._freed.clear()
                if self._in_flight >= self._most:  # whatever the limits say; they are updated when a call ends
                    await self._freed.wait()
                match self._with_limits(self._request_slot) or _Later(_POLL):
                    case _Granted(start):
                        self._in_flight += 1
                        return start
                    case _Later(None):
                        await self._freed.wait()
                    case _Later(float(seconds)):
                        await self._freed_within(max(seconds, pause))
                        pause = min(2 * pause, _LONGEST_POLL)
        finally:
            self._is_waiting = False

    def _request_slot(self, limits: AccountLimits, now: float) -> _Granted | _Later:
        """A slot, if one is free. Changes only the limits, so that asking twice does no harm."""
        self._entry.waiting = 0
        if self._quiet_until > now:
            return _Later(self._quiet_until - now)
        me, others = self._entry, [entry for entry in limits.processes if entry is not self._entry]
        total = self._in_flight + sum(entry.in_flight for entry in others)
        is_behind = any(entry.is_waiting(now) and entry.priority < me.priority for entry in others)
        if is_behind or total >= int(limits.pace.window):
            me.waiting = 1
            return _Later(_POLL if others else None)
        me.in_flight, me.granted_at = self._in_flight + 1, now
        return _Granted(limits.pace.reserve(now))

    async def _freed_within(self, seconds: float) -> None:
        """Returns when a call of this process ends, at the latest after the seconds."""
        async with racing(self._freed.wait(), self._clock.sleep(seconds)):
            pass

    async def _wait_until(self, start: float) -> None:
        while (left := max(start, self._quiet_until) - self._clock.now()) > 0:
            await self._clock.sleep(left)
            self._publish()  # reads, too, whether the service has asked for a pause meanwhile

    def _release(self) -> None:
        self._in_flight -= 1
        if self._is_waiting:
            self._freed.set()  # the waiting coroutine updates the limits
        else:
            self._publish()

    # --- the shared limits ---

    def _publish(self) -> None:
        """Updates the limits; a little later if another process has them locked now."""
        if self._with_limits(lambda _limits, _now: True) is None:
            asyncio.get_running_loop().call_later(_POLL, self._publish)

    def _with_limits(self, use: Callable[[AccountLimits, float], _T]) -> _T | None:
        """The result of `use` on the current limits; None if another process has them locked at this moment.

        Limits that cannot be read or written any more, or that are never free, are replaced by limits of our own.
        """
        now = self._clock.now()
        try:
            with self._store.open(now) as limits:
                if limits is not None:
                    self._busy = 0
                    self._update(limits, now)
                    return use(limits, now)
        except OSError:
            self._use_own_limits()
            return self._with_limits(use)
        self._busy += 1
        if self._busy > _MOST_BUSY:
            self._use_own_limits()
        return None

    def _update(self, limits: AccountLimits, now: float) -> None:
        limits.processes = [entry for entry in limits.processes if entry.nonce != self._entry.nonce]
        total = self._in_flight + sum(entry.in_flight for entry in limits.processes)
        limits.processes.append(self._entry)
        self._entry.updated_at, self._entry.in_flight = now, self._in_flight
        if self._answered:
            limits.pace.answered(now, calls=self._answered, in_flight=total, most=max(CEILING, self._most))
        for round_, wait in self._refused:
            limits.pace.throttled(now, round=round_, wait=wait)
        self._answered, self._refused = 0, []
        self._round, self._quiet_until = limits.pace.round, limits.pace.quiet_until

    def _use_own_limits(self) -> None:
        self._store.close()
        self._store, self._busy = OwnLimits(), 0

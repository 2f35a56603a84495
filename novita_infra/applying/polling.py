"""Polls objects that are waited for: one poll of a kind serves all waits for its objects."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from novita_infra.api.errors import ApiError, Throttled, Unanswered, Unreachable
from novita_infra.api.protocol import ApiClient
from novita_infra.kinds.kind import Kind
from novita_infra.model.clock import Clock
from novita_infra.model.concurrency import end_tasks, racing, start_task, together
from novita_infra.model.resources import Live
from novita_infra.refresh.objects import Lives, read_all, read_one

SHORTEST_PAUSE: Final = 0.2
"""Seconds between two reads of an object at the beginning of its wait."""
LONGEST_PAUSE: Final = 5.0
SHARE: Final = 0.04
"""In between, a pause is this share of the wait so far, which bounds how late a change is noticed."""
TOGETHER: Final = 0.1
"""Seconds by which a read may come early, so that one read serves waits that are due at almost the same time."""
FEW: Final = 3
"""Up to so many objects are read one by one; more are read with the list."""

Look: TypeAlias = Callable[[Live | None], bool]
"""Takes the object as read (None if absent); returns whether the wait is over."""


@dataclass(slots=True)
class _Waiter:
    """One wait for one object."""

    id: str
    look: Look
    over: asyncio.Future[None]
    since: float
    due: float
    """When the object is read next, in seconds of the clock."""
    deleted: bool
    missed: int = 0
    """How many reads in a row have missed the object."""


class Poller:
    """The waits for the objects of one kind."""

    def __init__(self, kind: Kind, *, client: ApiClient, clock: Clock) -> None:
        self._kind = kind
        self._client = client
        self._clock = clock
        self._waiters: list[_Waiter] = []
        self._polling: asyncio.Task[None] | None = None
        self._sooner = asyncio.Event()
        """Set when a wait begins, which may be due before the others."""

    async def until(self, id: str, look: Look, *, deleted: bool = False) -> None:
        """Returns when `look` returns True; raises what it raises. Two reads in a row must miss an absent object.

        An answer without a list counts as such a read only for an object that was `deleted` by a call.
        """
        now = self._clock.now()
        waiter = _Waiter(id, look, asyncio.get_running_loop().create_future(), now, now + SHORTEST_PAUSE, deleted)
        self._waiters.append(waiter)
        self._sooner.set()
        if self._polling is None or self._polling.done():
            self._polling = start_task(self._poll())
        try:
            await waiter.over
        finally:
            self._waiters.remove(waiter)

    async def close(self) -> None:
        """Ends the polling."""
        if self._polling is not None:
            await end_tasks(self._polling)

    async def _poll(self) -> None:
        while self._waiters:
            await self._until_due()
            now = self._clock.now()
            due = [waiter for waiter in self._waiters if waiter.due <= now + TOGETHER]
            try:
                lives = await self._read({waiter.id for waiter in due})
            except (Throttled, Unanswered, Unreachable):
                pass  # A poll that fails says nothing about any object; the timeout of each wait bounds this.
            except ApiError as error:
                self._fail(due, error)
            else:
                for waiter in due:
                    if waiter.id in lives or lives.is_certain or waiter.deleted:
                        self._look(waiter, lives.get(waiter.id))
            now = self._clock.now()
            for waiter in due:
                waiter.due = now + min(max(SHARE * (now - waiter.since), SHORTEST_PAUSE), LONGEST_PAUSE)

    async def _until_due(self) -> None:
        """Sleeps until a wait is due; a new wait may be due sooner."""
        while self._waiters:
            left = min(waiter.due for waiter in self._waiters) - self._clock.now()
            if left <= 0:
                return
            self._sooner.clear()
            async with racing(self._clock.sleep(left), self._sooner.wait()):
                pass

    async def _read(self, ids: set[str]) -> Lives:
        lives = Lives()
        if self._kind.api.read.get is None or len(ids) > FEW:
            lives = await read_all(self._client, self._kind)
            if self._kind.api.read.get is None:
                return lives
            ids = {id for id in ids if id not in lives}
        got = await together(*(read_one(self._client, self._kind, id) for id in sorted(ids)))
        return Lives({**lives, **{live.id: live for live in got if live is not None}})

    def _look(self, waiter: _Waiter, live: Live | None) -> None:
        waiter.missed = 0 if live else waiter.missed + 1
        if waiter.over.done() or waiter.missed == 1:
            return
        try:
            if waiter.look(live):
                waiter.over.set_result(None)
        except Exception as error:  # noqa: BLE001 -- what `look` raises belongs to the step that waits
            waiter.over.set_exception(error)

    def _fail(self, waiters: list[_Waiter], error: ApiError) -> None:
        for waiter in waiters:
            if not waiter.over.done():
                waiter.over.set_exception(error)

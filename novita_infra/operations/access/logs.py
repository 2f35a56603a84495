"""The log of a machine or of a worker, as it was and as it grows."""

from __future__ import annotations

import shlex
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Final

from novita_infra.api.logs.entries import LogEntry
from novita_infra.api.logs.reader import LogReader
from novita_infra.api.logs.stream import LogRefused, Sign
from novita_infra.applying.failure_logs import sensitive_values
from novita_infra.kinds import MACHINE_KINDS
from novita_infra.model.diagnostics import nearest, problem
from novita_infra.model.frozen import dataclass
from novita_infra.model.resources import Live
from novita_infra.operations.account.targets import ObjectTarget, target_of
from novita_infra.operations.account.view import AccountView
from novita_infra.refresh.objects import read_one

_LINE: Final = 1024
"""Bytes that are read at the end of a log for each line that is asked for."""
_MOST_HELD: Final = 10_000
"""Entries that are held until one with a time comes."""
_SIGNS: Final[Mapping[Sign, str]] = {
    Sign.RESTARTED: "The log begins again.",
    Sign.INTERRUPTED: "The connection failed, and is made again.",
}
_MOVED: Final = frozenset({401, 403, 404, 410})
"""Statuses of an address that is no more: its token has expired, or its object is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogQuery:
    """What is asked of a log."""

    worker: str = ""
    """The id of a worker; empty for the whole object."""
    system: bool = False
    """The log of the platform instead of that of the program."""
    since: float | None = None
    """The time of the first entry, in Unix seconds."""
    last: int | None = None
    """The number of entries at the end of what is there; None for all."""
    follow: bool = False


async def read_log(view: AccountView, word: str, query: LogQuery) -> AsyncGenerator[LogEntry, None]:
    """The entries of the log of the one object that the word means. Reports what happens to it.

    Raises Problems where there is none or it cannot be read, and ApiError.
    """
    target = await target_of(view, word, MACHINE_KINDS)
    live = await _current(view, target)
    address = _address(target, live, query)
    reader = view.client.log_reader(secrets=frozenset(sensitive_values(target.kind, live)))
    async with (
        aclosing(_lasting(view, target, query, reader, address)) as entries,
        aclosing(_chosen(entries, query, view)) as chosen,
    ):
        async for entry in chosen:
            yield entry


async def _chosen(
    entries: AsyncGenerator[LogEntry | Sign, None], query: LogQuery, view: AccountView
) -> AsyncGenerator[LogEntry, None]:
    """The entries that the query asks for: the last of those that were there, then all that come."""
    choice = EntryChoice(query)
    async for item in entries:
        match item:
            case LogEntry():
                chosen = choice.take(item)
            case Sign.CAUGHT_UP:
                chosen = choice.caught_up()
                if choice.lacks_times:
                    view.report("The entries of this log hold no time, so --since leaves none of them out.")
            case _:
                view.report(_SIGNS[item])
                continue
        for entry in chosen:
            yield entry


class EntryChoice:
    """The entries of a log that a query asks for. One without a time is as old as the one before it."""

    def __init__(self, query: LogQuery) -> None:
        self._since = query.since
        self._last = query.last
        self._held: deque[LogEntry] = deque(maxlen=_MOST_HELD if query.last is None else query.last)
        self._there = True
        """Whether the entries were there before the log was opened."""
        self._passes: bool | None = None if query.since is not None else True
        """Whether the last entry with a time is young enough; None before one."""

    @property
    def lacks_times(self) -> bool:
        """Whether no entry so far has a time, and one is needed."""
        return self._passes is None

    def take(self, entry: LogEntry) -> list[LogEntry]:
        """The entries to show now."""
        if self._since is not None and entry.at is not None:
            if self._passes is None and entry.at < self._since:
                self._held.clear()
            self._passes = entry.at >= self._since
        if self._passes is False:
            return []
        if self._there and (self._last is not None or self._passes is None):
            self._held.append(entry)
            return []
        return [*self._flushed(), entry]

    def caught_up(self) -> list[LogEntry]:
        """The entries to show when all that was there has come."""
        self._there = False
        return self._flushed()

    def _flushed(self) -> list[LogEntry]:
        held = list(self._held)
        self._held.clear()
        return held


async def _lasting(
    view: AccountView, target: ObjectTarget, query: LogQuery, reader: LogReader, address: str
) -> AsyncGenerator[LogEntry | Sign, None]:
    """The entries at the address, and at a later one of the same log. Ends when the object is gone."""
    end = None if query.last is None else max(query.last, 1) * _LINE
    refused = ""
    while True:
        try:
            async with aclosing(reader.read(address, end=end, follow=query.follow)) as items:
                async for item in items:
                    yield item
            return
        except LogRefused as error:
            live = await read_one(view.client, target.kind, target.live.id) if error.status in _MOVED else None
            moved = _address(target, live, query) if live is not None else ""
            if moved and moved not in {address, refused}:
                refused = address
                address = moved
                continue
            if query.follow and error.status in _MOVED and live is None:
                view.report(f"{target.title} does not exist any more")
                return
            raise problem(f"the log of {target.title} cannot be read: {error}") from error


async def _current(view: AccountView, target: ObjectTarget) -> Live:
    """The object as a get shows it: lists do not have the addresses of logs."""
    live = await read_one(view.client, target.kind, target.live.id)
    if live is None:
        raise problem(f"{target.title} does not exist any more", "novita-infra plan shows what apply would do about it")
    return live


def _address(target: ObjectTarget, live: Live, query: LogQuery) -> str:
    """The address of the log in question. Raises Problems."""
    title, words = target.title, shlex.quote(target.title)
    if query.worker:
        workers: Mapping[str, str] = {worker.id: worker.log for worker in live.workers}
        if query.worker not in workers:
            hint = nearest(query.worker, list(workers)) or "it has none now"
            raise problem(f"{title} has no worker {query.worker}", hint)
        address = workers[query.worker]
    else:
        address = live.logs.system if query.system else live.logs.program
    if address:
        return address
    if query.system:
        raise problem(f"the API shows no log of the platform for {title}", f"its own log: novita-infra logs {words}")
    if live.logs.system:
        raise problem(
            f"the API shows no log of the program of {title} yet",
            f"that of the platform: novita-infra logs {words} --system",
        )
    raise problem(f"the API shows no log of {title}: its status is {live.status or 'not known'}")

"""Sweep: ends the objects of the account that are past the deadline in their owner marks. It needs no state.

An object without a mark, or whose mark holds no deadline, is never touched. Only kinds with rules of time are listed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from novita_infra.api.errors import ApiError, NotFound
from novita_infra.api.protocol import ApiClient
from novita_infra.kinds import KINDS
from novita_infra.kinds.call import Target
from novita_infra.kinds.kind import Kind
from novita_infra.kinds.machine import TimeRules
from novita_infra.model.concurrency import together
from novita_infra.model.frozen import dataclass
from novita_infra.model.identity import moments_of
from novita_infra.model.resources import PRESENT, Live, Phase
from novita_infra.operations.account.beyond_v1 import V2Search, lists_of_types, mark_of_v2, objects_of_v2
from novita_infra.operations.account.view import AccountView
from novita_infra.planning.overdue import OverdueObject, SweepOutcome
from novita_infra.refresh.objects import read_all, read_one

_RULES: Final[Mapping[str, TimeRules]] = {
    kind.type: kind.machine.times for kind in KINDS.values() if kind.machine and kind.machine.times
}
"""By type: the rules of time of the kinds whose objects may have a deadline."""
_SWEPT: Final = tuple(KINDS[name] for name in _RULES)


@dataclass(frozen=True, slots=True)
class Overdue:
    """The objects past their deadlines, as far as the account can be listed."""

    items: tuple[OverdueObject, ...]
    """The longest overdue first."""
    unlisted: tuple[str, ...] = ()
    """The types of which the API answered without a list: nobody knows what there is."""
    unread: tuple[str, ...] = ()
    """The ids of objects whose list entry has no place for a mark, and that could not be read by themselves."""
    beyond: V2Search = V2Search()
    """The objects past the deadline that only v2 lists: nothing here can end them."""


async def find_overdue(view: AccountView) -> Overdue:
    """The objects past the deadline in their marks. Changes nothing. Raises ApiError if nothing can be listed."""
    lists, in_v2 = await together(
        together(*(read_all(view.client, kind) for kind in _SWEPT)),
        objects_of_v2(view.client, lists_of_types(_RULES)),
    )
    found: list[OverdueObject] = []
    unread: list[str] = []
    for kind, lives in zip(_SWEPT, lists, strict=True):
        unmarked = [live for live in lives.values() if live.phase in PRESENT and not _shows_mark(kind, live)]
        read = await together(*(_read(view.client, kind, live.id) for live in unmarked))
        unread += [live.id for live, one in zip(unmarked, read, strict=True) if one is None]
        known = [live for live in lives.values() if _shows_mark(kind, live)]
        found += _overdue(kind, (*known, *(live for live in read if live is not None)), now=view.clock.now())
    unlisted = tuple(kind.type for kind, lives in zip(_SWEPT, lists, strict=True) if not lives.is_certain)
    beyond = in_v2.without({kind.type: lives for kind, lives in zip(_SWEPT, lists, strict=True)})
    late = tuple(item for item in beyond.items if 0 < moments_of(mark_of_v2(item)).deadline <= view.clock.now())
    found.sort(key=lambda item: (item.deadline, item.live.id))
    return Overdue(tuple(found), unlisted, tuple(unread), replace(beyond, items=late))


async def end_overdue(view: AccountView, items: Sequence[OverdueObject], *, stops: bool) -> list[OverdueObject]:
    """Deletes the objects, or stops them, all at once; each with its outcome. It does not wait until they are gone."""
    return await together(*(_end(view, item, stops=stops) for item in items))


def _shows_mark(kind: Kind, live: Live) -> bool:
    return bool(live.mark) or _RULES[kind.type].shows_mark(live)


def _overdue(kind: Kind, lives: Iterable[Live], *, now: float) -> Iterable[OverdueObject]:
    for live in lives:
        deadline = moments_of(live.mark).deadline
        if live.phase in PRESENT and 0 < deadline <= now:
            yield OverdueObject(kind, live, deadline)


async def _read(client: ApiClient, kind: Kind, id: str) -> Live | None:
    """The object by itself; None where it cannot be read. One that is gone has no deadline."""
    try:
        return await read_one(client, kind, id) or Live(id, "", Phase.GONE, "", {})
    except ApiError:
        return None


async def _end(view: AccountView, item: OverdueObject, *, stops: bool) -> OverdueObject:
    """Ends one object after another look at it: a list may lag, and may show an object under the id of another."""
    try:
        live = await read_one(view.client, item.kind, item.live.id)
        if live is None or live.phase not in PRESENT:
            return replace(item, outcome=SweepOutcome.GONE)
        again = next(iter(_overdue(item.kind, (live,), now=view.clock.now())), None)
        if again is None:
            return replace(item, outcome=SweepOutcome.KEPT, reason="its mark has no deadline that has passed")
        if stops:
            return await _stop(view.client, again)
        refusal = item.kind.api.deletion_refusal
        if refusal is not None and (why := refusal(live)):
            return replace(again, outcome=SweepOutcome.KEPT, reason=why.partition("; ")[0])
        await view.client.send(item.kind.api.delete.request(Target(live.id, {}, live)))
        return replace(again, outcome=SweepOutcome.DELETED)
    except NotFound:
        return replace(item, outcome=SweepOutcome.GONE)
    except ApiError as error:
        return replace(item, outcome=SweepOutcome.FAILED, reason=str(error))


async def _stop(client: ApiClient, item: OverdueObject) -> OverdueObject:
    if item.live.phase is Phase.STOPPED:
        return replace(item, outcome=SweepOutcome.KEPT, reason="it is stopped already")
    call = item.kind.call(_RULES[item.kind.type].stop)
    await client.send(call.request(Target(item.live.id, {}, item.live)))
    return replace(item, outcome=SweepOutcome.STOPPED)

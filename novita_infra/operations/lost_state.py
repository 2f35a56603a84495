"""Looks in the account for objects of this project that its state does not record, because an earlier one is lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress

from novita_infra.api.errors import ApiError
from novita_infra.api.protocol import ApiClient
from novita_infra.kinds import KINDS
from novita_infra.model.clock import Clock
from novita_infra.model.concurrency import together
from novita_infra.model.identity import Identity
from novita_infra.model.resources import Declared, Live
from novita_infra.planning.checks.lost_state import claimed_objects, lost_objects_text
from novita_infra.planning.orphans import Orphan
from novita_infra.planning.priced import dearest_first
from novita_infra.refresh.catalogue import read_price_list
from novita_infra.refresh.objects import read_lists, still_listed
from novita_infra.state.store import StateLost

MARKED = tuple(kind.type for kind in KINDS.values() if kind.api.mark_place)
"""The types whose objects carry owner marks."""


async def lists_of(client: ApiClient, types: Iterable[str]) -> dict[str, tuple[Live, ...]]:
    """By type, every live object. Raises ApiError."""
    return await read_lists(client, [KINDS[prefix] for prefix in sorted(set(types))])


async def own_objects(
    client: ApiClient,
    clock: Clock,
    identity: Identity,
    lists: Mapping[str, tuple[Live, ...]],
    *,
    declared: tuple[Declared, ...],
) -> tuple[Orphan, ...]:
    """The objects of the lists that carry the owner mark of the project and exist, with prices, the dearest first.

    Makes no call where there are none. Raises ApiError.
    """
    by_type: dict[str, tuple[Live, ...]] = {}
    for prefix, live in claimed_objects(lists, identity, declared):
        by_type[prefix] = (*by_type.get(prefix, ()), live)
    if not by_type:
        return ()
    # A list may show an object that was deleted a moment ago.
    checks = (still_listed(client, KINDS[prefix], lives, clock=clock) for prefix, lives in by_type.items())
    existing = dict(zip(by_type, await together(*checks), strict=True))
    prices = await read_price_list(client, (KINDS[prefix] for prefix in existing))
    orphans = []
    for prefix, lives in existing.items():
        costs = KINDS[prefix].market.costs
        orphans += [Orphan(prefix, live, costs=costs(live.values, prices) if costs else ()) for live in lives]
    return tuple(dearest_first(orphans))


async def with_lost_objects(
    error: StateLost, client: ApiClient, clock: Clock, identity: Identity, *, declared: tuple[Declared, ...]
) -> StateLost:
    """The error with the objects of the lost state, as far as their marks show them."""
    (diagnostic,) = error.diagnostics
    objects: tuple[Orphan, ...] = ()
    with suppress(ApiError):  # the state is lost in any case
        lists = await lists_of(client, MARKED)
        objects = await own_objects(client, clock, identity, lists, declared=declared)
    found = lost_objects_text(objects) if objects else "no object in the account carries its owner mark"
    return StateLost(f"{diagnostic.summary}; {found}", diagnostic.hint)

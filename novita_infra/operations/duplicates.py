"""What is there already of what a plan would create: listed, compared with all books of the project, checked again."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from novita_infra.model.resources import Live
from novita_infra.operations.ownership import recorded_ids
from novita_infra.operations.session import Session
from novita_infra.planning.checks.duplicates import Duplicate, find_duplicates, kinds_to_list, only
from novita_infra.planning.inputs import PlanInputs
from novita_infra.planning.plan.plan import Plan
from novita_infra.refresh.objects import read_lists, still_listed


async def read_duplicates(session: Session, inputs: PlanInputs, plan: Plan) -> tuple[Duplicate, ...]:
    """What the plan would buy a second time, and no books of the project know.

    A kind is listed only where something of it is created and it was not listed yet. Raises ApiError, and Problems
    where books of another environment cannot be read.
    """
    kinds = (inputs.kinds[prefix] for prefix in sorted(kinds_to_list(inputs, plan)))
    lists = await read_lists(session.client, kinds)
    world = replace(inputs.world, unrecorded={**inputs.world.unrecorded, **lists})
    found = tuple(find_duplicates(replace(inputs, world=world), plan))
    if not found:
        return ()
    # The books after the lists: what another run makes meanwhile is in its journal before it is in the account.
    known = recorded_ids(session)
    found = only(found, lambda stray, live: (stray.address.type, live.id) not in known)
    there = await _staying(session, inputs, found)
    return only(found, lambda stray, live: not stray.marked or live.id in there)


async def _staying(session: Session, inputs: PlanInputs, found: tuple[Duplicate, ...]) -> frozenset[str]:
    """The ids of those that are there in truth, of what stops the plan: the others are only told of."""
    by_kind: dict[str, tuple[Live, ...]] = {}
    for stray in found:
        if stray.marked:
            by_kind[stray.address.type] = (*by_kind.get(stray.address.type, ()), *stray.lives)
    checks = (
        still_listed(session.client, inputs.kinds[prefix], lives, clock=session.clock)
        for prefix, lives in by_kind.items()
    )
    return frozenset(live.id for lives in await asyncio.gather(*checks) for live in lives)

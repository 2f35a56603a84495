"""Duplicates: unrecorded live objects that a plan would create a second time."""

from __future__ import annotations

from dataclasses import replace

from novita_infra.model.concurrency import together
from novita_infra.model.resources import Live
from novita_infra.operations.ownership import StatesOfOthers, recorded_ids
from novita_infra.operations.session import Session
from novita_infra.planning.checks.duplicates import Duplicate, find_duplicates, kinds_to_list, only
from novita_infra.planning.inputs import PlanInputs
from novita_infra.planning.plan.plan import Plan
from novita_infra.refresh.objects import read_lists, still_listed


async def read_duplicates(session: Session, inputs: PlanInputs, plan: Plan) -> tuple[Duplicate, ...]:
    """The live objects that the plan would create again and that no state of the project records.

    Lists a kind only if the plan creates an object of it and it is not listed yet. Raises ApiError, and Problems if
    the state of another environment cannot be read.
    """
    kinds = (inputs.kinds[prefix] for prefix in sorted(kinds_to_list(inputs, plan)))
    lists = await read_lists(session.client, kinds)
    world = replace(inputs.world, unrecorded={**inputs.world.unrecorded, **lists})
    duplicates = tuple(find_duplicates(replace(inputs, world=world), plan))
    if not duplicates:
        return ()
    # The states are read after the lists: another run records an object in its journal before it creates it.
    recorded = recorded_ids(session)
    duplicates = only(duplicates, lambda item, live: (item.address.type, live.id) not in recorded)
    duplicates = _without_those_of_others(session, inputs, duplicates)
    gone = session.state.gone

    def is_doubtful(item: Duplicate, live: Live) -> bool:
        """Whether a list may still show the object although it is deleted."""
        return item.marked or live.id in gone.get(item.address.type, ())

    existing = await _existing_ids(session, inputs, only(duplicates, is_doubtful))
    return only(duplicates, lambda item, live: not is_doubtful(item, live) or live.id in existing)


def _without_those_of_others(
    session: Session, inputs: PlanInputs, duplicates: tuple[Duplicate, ...]
) -> tuple[Duplicate, ...]:
    """The duplicates without the unmarked objects that creates of other environments made whose answer is lost.

    Where there are more objects than such creates, somebody else made one, and all of them remain.
    """
    if not any(item.alike for item in duplicates):
        return duplicates
    others = StatesOfOthers(session).read()

    def made_by_others(item: Duplicate) -> bool:
        kind = inputs.kinds[item.address.type]
        lives = [live for live in item.lives if live.id not in others.ids(kind.type)]
        makers = [{create.pending.operation for create in others.makers(kind, live)} for live in lives]
        return item.alike and all(makers) and len(set().union(*makers)) >= len(lives)

    return tuple(item for item in duplicates if not made_by_others(item))


async def _existing_ids(session: Session, inputs: PlanInputs, duplicates: tuple[Duplicate, ...]) -> frozenset[str]:
    """The ids of the duplicates that exist."""
    by_kind: dict[str, tuple[Live, ...]] = {}
    for item in duplicates:
        by_kind[item.address.type] = (*by_kind.get(item.address.type, ()), *item.lives)
    checks = (
        still_listed(session.client, inputs.kinds[prefix], lives, clock=session.clock)
        for prefix, lives in by_kind.items()
    )
    return frozenset(live.id for lives in await together(*checks) for live in lives)

"""Planning and applying: what is declared, on record and live put together, and the plan carried out."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from novita_infra.kinds import KINDS
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Problems
from novita_infra.operations.account_check import check_owner
from novita_infra.operations.redaction import _discreet
from novita_infra.operations.session import Session, check_account
from novita_infra.planning.inputs import Seen
from novita_infra.planning.options import Asked
from novita_infra.planning.plan.plan import OnFailure, Plan
from novita_infra.state.state import State


async def make_plan(session: Session, asked: Asked = Asked()) -> Plan:
    """What apply would do. Reads the cloud, changes nothing. Raises Problems and ApiError."""
    from novita_infra.operations.preflight import preflighted  # noqa: PLC0415 -- not every command plans

    return await preflighted(session, await see(session, asked))


async def see(session: Session, asked: Asked) -> Seen:
    """Everything that a plan is made from, as it is now. Raises Problems and ApiError."""
    from novita_infra.operations.refresh import read_at_once, refreshed  # noqa: PLC0415
    from novita_infra.refresh.catalogue import read_prices  # noqa: PLC0415 -- not every command plans
    from novita_infra.refresh.references import with_live_templates  # noqa: PLC0415 -- not every command plans

    project, state, now = session.project, session.state, session.clock.now()
    check_account(session)
    await check_owner(session)
    check_named(asked, [item.address for item in project.declared], state)
    declared = project.declared
    catalogues = {part for item in declared for part in KINDS[item.address.kind].catalogues if not asked.destroys}
    prices = {part for address in state.records for part in KINDS[address.kind].prices} - catalogues
    observed, priced, declared = await asyncio.gather(
        read_at_once(session, asked, catalogues),
        read_prices(session.client, sorted(prices)),
        with_live_templates(session.client, declared=() if asked.destroys else declared, kinds=KINDS),
    )
    declared = project.declared if asked.destroys else declared  # what they protect is not deleted
    seen = Seen(
        project=project.name,
        environment=project.environment,
        declared=declared,
        found=observed.found,
        unknown=observed.unknown,
        kinds=KINDS,
        catalogue=observed.catalogue.filled_from(priced),
        key=state.key,
        lineage=state.lineage,
        serial=state.serial,
        outputs=project.outputs,
        outputs_before=state.outputs,
        groups={name: OnFailure(word) for name, word in project.groups.items()},
        scope=project.scope,
        asked=asked,
        rules=project.rules,
        now=now,
    )
    return _discreet(await refreshed(session, seen))


def check_named(asked: Asked, declared: Collection[Address], state: State) -> None:
    """Raises Problems where the command line names what is not there."""
    from novita_infra.planning.targeting import misnamed  # noqa: PLC0415 -- not every command plans

    told = misnamed(asked, declared=declared, on_record=state.records)
    if told:
        raise Problems(told)

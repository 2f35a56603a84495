"""Planning and applying: what is declared, on record and live put together, and the plan carried out."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING, Final

from novita_infra.api.hiding import hide
from novita_infra.diagnostics import Problems, problem
from novita_infra.kinds import KINDS
from novita_infra.kinds.marking import owner
from novita_infra.manifests.project import Project
from novita_infra.planning.asking import Asked
from novita_infra.planning.plan import OnFailure, Plan
from novita_infra.planning.seen import Seen
from novita_infra.resources import Address, Secret, Spec, Value, leaves
from novita_infra.state.book import Begun, State
from novita_infra.state.lock import this_process
from novita_infra.timing import moment
from novita_infra.workflows.owning import check_owner
from novita_infra.workflows.policies import check_judged
from novita_infra.workflows.session import Session, check_account

if TYPE_CHECKING:
    from novita_infra.applying.events import Listener, Result

MOST_CALLS: Final = 64
"""Calls at a time where nobody says; the client finds out how many of them do good."""
PREPARED: Final = 2
"""Steps under way for each call in flight: one writes its intent to disk while the call of another is on its way."""
_NO_CALLS: Final = frozenset({"adopt", "wait", "forget", "record"})
"""Steps that only wait for what moves already, or only keep books."""


async def make_plan(session: Session, asked: Asked = Asked()) -> Plan:
    """What apply would do. Reads the cloud, changes nothing. Raises Problems and ApiError."""
    from novita_infra.workflows.preflight import preflighted  # noqa: PLC0415 -- not every command plans

    return await preflighted(session, await see(session, asked))


async def see(session: Session, asked: Asked) -> Seen:
    """Everything that a plan is made from, as it is now. Raises Problems and ApiError."""
    from novita_infra.observing import read_prices, with_live_templates  # noqa: PLC0415 -- not every command plans
    from novita_infra.workflows.refreshing import read_at_once, refreshed  # noqa: PLC0415

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


async def apply_plan(
    session: Session,
    plan: Plan,
    *,
    parallelism: int | None = None,
    emit: Listener,
    stop: asyncio.Event,
    seal: str = "",
) -> Result:
    """Does the plan and saves the books, whatever happens. Needs the lock (`locked`).

    `seal` is that of the file which the plan was saved in: the books remember it from the first moment on. Raises
    Problems where the plan has some, and where the books moved since it was made.
    """
    from novita_infra.applying.books import Books  # noqa: PLC0415 -- not every command applies
    from novita_infra.applying.desk import Desk  # noqa: PLC0415
    from novita_infra.applying.walking import walk  # noqa: PLC0415

    state = session.state
    if plan.problems:
        raise Problems(plan.problems, code=plan.code)
    check_judged(session, plan)
    check_basis(plan, state, seal=seal)
    result, outputs = None, None
    with session.store.journal(state) as journal:
        books = Books(state, journal, now=session.clock.now)
        desk = Desk(
            kinds=KINDS,
            client=session.client,
            books=books,
            clock=session.clock,
            emit=emit,
            stop=stop,
            calls=asyncio.Semaphore(PREPARED * (parallelism or MOST_CALLS)),
            operation=lambda: str(uuid.uuid4()),
            mark=partial(_mark, session.project),
            secrets=cache(partial(_secrets, session.project, plan)),
        )
        try:
            if seal:
                await books.begin(Begun(seal, session.clock.now(), this_process()))
            result, outputs = await walk(plan, desk)
        finally:
            # What a run knows is saved however it ends; a crash here leaves the journal, which says the same.
            session.state = session.store.save(
                books.closed(
                    cloud=session.cloud,
                    project=session.project.name,
                    environment=session.project.environment,
                    outputs=None if plan.partial else outputs,
                    carried_out=seal if result is not None and result.succeeded else "",
                    took=_took(result),
                )
            )
    return result


def check_basis(plan: Plan, state: State, *, seal: str = "") -> None:
    """Raises Problems where the books are not those that the plan was made from, and where it was begun already."""
    begun = next((item for item in state.begun if item.seal == seal), None)
    if begun is not None:
        when = moment(begun.since)
        if begun.done:
            raise problem(f"this plan was applied at {when} by {begun.by}, and a plan is used once", "make a new plan")
        raise problem(
            f"this plan was begun at {when} by {begun.by}, and did not come to its end",
            "make a new plan: it goes on from there",
        )
    if plan.basis.lineage != state.lineage and state.records:
        none = plan.basis.serial == 0
        why = "there were no books when the plan was made, and now there are" if none else "its books are not these"
        raise problem(f"the plan cannot be applied any more: {why}", "make a new plan")
    if plan.basis.serial != state.serial:
        raise problem(
            f"the books moved since the plan was made: from version {plan.basis.serial} to {state.serial}",
            "make a new plan",
        )


def _took(result: Result | None) -> Mapping[str, list[float]]:
    """The seconds that each call of a kind took, for the estimates of later plans."""
    took: dict[str, list[float]] = {}
    for end in result.ends if result else ():
        if end.outcome.value == "done" and end.step.call not in _NO_CALLS:
            took.setdefault(f"{end.step.address.kind}.{end.step.call}", []).append(round(end.elapsed, 1))
    return took


def _discreet(seen: Seen) -> Seen:
    """The same without secrets in what the service says of why something failed."""
    troubled = {address: item.live for address, item in seen.found.items() if item.live and item.live.trouble}
    if not troubled:
        return seen
    secrets = _secrets_in(item.spec for item in seen.declared)
    told = {
        address: replace(seen.found[address], live=replace(live, trouble=hide(live.trouble, secrets)))
        for address, live in troubled.items()
    }
    return replace(seen, found={**seen.found, **told})


def _secrets(project: Project, plan: Plan) -> frozenset[str]:
    """Every secret that the project declares or the plan sends, in clear: to be taken out of what is shown."""
    return _secrets_in((*(item.spec for item in project.declared), *(step.spec for step in plan.steps)))


def _secrets_in(specs: Iterable[Spec]) -> frozenset[str]:
    return frozenset(text for spec in specs for leaf in leaves(dict(spec)) for text in _secret_texts(leaf))


def _secret_texts(leaf: Value) -> Iterator[str]:
    """The secret, and what it was joined from: a program may tell a password without the address that it stands in."""
    if isinstance(leaf, Secret):
        yield leaf.value
        for part in leaf.parts:
            yield from _secret_texts(part)


def _mark(project: Project, address: Address, operation: str) -> str:
    """The owner mark: who made the object, for a person, and by which operation, for certain."""
    if not project.owner_marks:
        return ""
    return f"{owner(project.name, project.environment, address)}/{operation}"


def check_named(asked: Asked, declared: Collection[Address], state: State) -> None:
    """Raises Problems where the command line names what is not there."""
    from novita_infra.planning.choosing import misnamed  # noqa: PLC0415 -- not every command plans

    told = misnamed(asked, declared=declared, on_record=state.records)
    if told:
        raise Problems(told)

"""Planning and applying: what is declared, on record and live put together, and the plan carried out."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from novita_infra.diagnostics import Problems, nearest, problem
from novita_infra.kinds import KINDS
from novita_infra.manifests.project import Project
from novita_infra.planning.asking import Asked
from novita_infra.planning.plan import OnFailure, Plan
from novita_infra.resources import Address, Secret, Value, leaves
from novita_infra.state.book import State
from novita_infra.workflows.session import Session, check_account

if TYPE_CHECKING:
    from novita_infra.applying.events import Listener, Result

MOST_CALLS: Final = 64
"""Calls at a time where nobody says; the client finds out how many of them do good."""
PREPARED: Final = 2
"""Steps under way for each call in flight: one writes its intent to disk while the call of another is on its way."""
_SPACE: Final = re.compile(r"[^\w.-]+")


async def make_plan(session: Session, asked: Asked = Asked()) -> Plan:
    """What apply would do. Reads the cloud, changes nothing. Raises Problems and ApiError."""
    from novita_infra.observing import observe, with_live_templates  # noqa: PLC0415 -- not every command plans
    from novita_infra.planning import planner  # noqa: PLC0415

    project, state = session.project, session.state
    check_account(session)
    _check_targets(asked.targets, project, state)
    declared = project.declared
    catalogues = {part for item in declared for part in KINDS[item.address.kind].catalogues if not asked.destroys}
    observed, declared = await asyncio.gather(
        observe(
            session.client,
            kinds=KINDS,
            records=state.records,
            seen=state.seen,
            clock=session.clock,
            catalogues=catalogues,
        ),
        with_live_templates(session.client, declared=() if asked.destroys else declared, kinds=KINDS),
    )
    declared = project.declared if asked.destroys else declared  # what they protect is not deleted
    return planner.make_plan(
        planner.Seen(
            project=project.name,
            environment=project.environment,
            declared=declared,
            found=observed.found,
            kinds=KINDS,
            catalogue=observed.catalogue,
            key=state.key,
            lineage=state.lineage,
            serial=state.serial,
            outputs=project.outputs,
            outputs_before=state.outputs,
            groups={name: OnFailure(word) for name, word in project.groups.items()},
            scope=project.scope,
            asked=asked,
            rules=project.rules,
            now=session.clock.now(),
        )
    )


async def apply_plan(
    session: Session, plan: Plan, *, parallelism: int | None = None, emit: Listener, stop: asyncio.Event
) -> Result:
    """Does the plan and saves the books, whatever happens. Needs the lock (`locked`).

    Raises Problems where the plan has some, and where the books moved since it was made.
    """
    from novita_infra.applying.books import Books  # noqa: PLC0415 -- not every command applies
    from novita_infra.applying.desk import Desk  # noqa: PLC0415
    from novita_infra.applying.walking import walk  # noqa: PLC0415

    state = session.state
    if plan.problems:
        raise Problems(plan.problems, code=plan.code)
    check_basis(plan, state)
    outputs = None
    with session.store.journal(state) as journal:
        books = Books(state, journal)
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
            secrets=partial(_secrets, session.project, plan),
        )
        try:
            result, outputs = await walk(plan, desk)
        finally:
            # What a run knows is saved however it ends; a crash here leaves the journal, which says the same.
            session.state = session.store.save(
                books.closed(
                    cloud=session.cloud,
                    project=session.project.name,
                    environment=session.project.environment,
                    outputs=None if plan.partial else outputs,
                )
            )
    return result


def check_basis(plan: Plan, state: State) -> None:
    """Raises Problems where the books are not those that the plan was made from."""
    if plan.basis.lineage != state.lineage and state.records:
        none = plan.basis.serial == 0
        why = "there were no books when the plan was made, and now there are" if none else "its books are not these"
        raise problem(f"the plan cannot be applied any more: {why}", "make a new plan")
    if plan.basis.serial != state.serial:
        raise problem(
            f"the books moved since the plan was made: from version {plan.basis.serial} to {state.serial}",
            "make a new plan",
        )


def _secrets(project: Project, plan: Plan) -> frozenset[str]:
    """Every secret that the project declares or the plan sends, in clear: to be taken out of what is shown."""
    specs = (*(item.spec for item in project.declared), *(step.spec for step in plan.steps))
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
    return "/".join((_SPACE.sub("-", project.name), project.environment, str(address).replace('"', ""), operation))


def _check_targets(targets: tuple[Address, ...], project: Project, state: State) -> None:
    known = {item.address for item in project.declared} | set(state.records)
    for target in targets:
        if target not in known and not any(replace(item, key="") == target for item in known):
            raise problem(f"there is no resource {target}", nearest(str(target), [str(item) for item in sorted(known)]))

"""Starts, stops, restarts, moves and renews machines, outside of a plan. Nothing is written into a state.

The locks of the environments that they belong to are held meanwhile: no apply changes them at the same time.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

from novita_infra.applying.events import Event, Listener, Result
from novita_infra.applying.records import RunRecords
from novita_infra.applying.run import Run, step_slots
from novita_infra.applying.walk import walk_steps
from novita_infra.applying.walk_input import WalkInput
from novita_infra.kinds import KINDS
from novita_infra.kinds.kind import Kind
from novita_infra.model.addresses import Address
from novita_infra.model.clock import Clock
from novita_infra.model.concurrency import end_tasks, racing, start_task
from novita_infra.model.diagnostics import EXIT_ERROR, EXIT_REFUSED, Diagnostic, Problems
from novita_infra.model.frozen import dataclass
from novita_infra.model.records import Record
from novita_infra.operations.account.targets import ObjectTarget, targets_of
from novita_infra.operations.account.view import AccountView
from novita_infra.operations.heartbeat import RunHeartbeat
from novita_infra.operations.machines.action_jobs import (
    ends_of_jobs,
    jobs_known,
    report_jobs,
    waits_for_job,
    with_their_jobs,
)
from novita_infra.operations.machines.ownership import owning_environment, why_taken
from novita_infra.operations.machines.saved_names import check_name, with_replaced_images
from novita_infra.planning.machine_actions import NOTHING_MORE, ActionOnMachine, AskedAction, action_on
from novita_infra.planning.options import LABEL, is_pattern
from novita_infra.planning.plan.changes import Action, Change
from novita_infra.planning.plan.steps import Step, StepKind, StepLimits, Update
from novita_infra.refresh.catalogue import read_price_list
from novita_infra.state.locks.locking import locked
from novita_infra.state.null_journal import NullJournal
from novita_infra.state.opening import open_backend
from novita_infra.state.state import new_state


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionOptions:
    """How an action is performed."""

    waits: bool = True
    """Whether each machine is waited for until it is in its final phase."""
    timeout: float
    """Seconds after which what is not done by then is left to itself."""
    lock_timeout: float = 0.0
    """Seconds to wait for the lock of another run."""
    steal: bool = False
    """Whether machines of other projects are meant, too."""


async def choose_actions(
    view: AccountView,
    name: str,
    words: Sequence[str],
    asked: AskedAction = NOTHING_MORE,
    *,
    steal: bool = False,
) -> list[ActionOnMachine]:
    """The action of this name on each machine that the words mean. Raises Problems with all that forbids it.

    One whose job is under way, or ended well a short while ago, has that job, which is not begun a second time.
    """
    kinds = [kind for kind in KINDS.values() if kind.machine and name in kind.machine.actions]
    check_name((kind.machine.actions[name] for kind in kinds if kind.machine), asked.saved_as)
    targets = await targets_of(view, words, kinds)
    for title in _others_that_run(view, words, kinds):
        view.report(
            f"Left out: {title} is no {' or '.join(kind.type for kind in kinds)}; novita-infra ps shows what runs"
        )
    buys = any(kind.machine and kind.machine.actions[name].buys for kind in kinds)
    prices = await read_price_list(view.client, [item.kind for item in targets] if buys else ())
    actions = [
        action_on(
            item.kind,
            item.live,
            item.title,
            item.recorded.record if item.recorded else None,
            name=name,
            asked=asked,
            prices=prices,
        )
        for item in targets
    ]
    actions = await with_replaced_images(view, await with_their_jobs(view, actions, again=asked.again), asked)
    refusals = [diagnostic for item in actions for diagnostic in _refusals(item)]
    foreign = [] if steal else [diagnostic for item in targets for diagnostic in _foreign(view, item)]
    if refusals or foreign:
        raise Problems([*refusals, *foreign], code=EXIT_ERROR if refusals else EXIT_REFUSED)
    return actions


def _others_that_run(view: AccountView, words: Sequence[str], kinds: Sequence[Kind]) -> list[str]:
    """What the patterns and labels mean beside the machines of these kinds, and may run on."""
    types = {kind.type for kind in KINDS.values() if kind.machine} - {kind.type for kind in kinds}
    found = {
        view.recorded.address_of(item.address.type, item.id)
        for word in words
        if is_pattern(word) or word.startswith(LABEL)
        for item in view.recorded.selected(word)
        if item.address.type in types
    }
    return sorted(found)


def _refusals(item: ActionOnMachine) -> Iterable[Diagnostic]:
    if item.refusal:
        yield Diagnostic(f"{item.title} cannot be {item.action.done}: {item.refusal}")


def _foreign(view: AccountView, item: ObjectTarget) -> Iterable[Diagnostic]:
    if why := why_taken(view, item.kind.type, item.live):
        hint = "it may be in use there; go to the folder of that project, or, to insist, add --steal"
        yield Diagnostic(f"{item.title} {why}", hint)


@asynccontextmanager
async def states_locked(
    view: AccountView, environments: Iterable[str], operation: str, *, max_wait: float
) -> AsyncIterator[None]:
    """Holds the locks of the states of these environments. Raises Problems that name the holder of one."""
    async with AsyncExitStack() as stack:
        for environment in sorted({*environments}):
            assert view.place is not None  # noqa: S101 -- it has the states
            store = open_backend(view.place.state).store(environment, project=view.place.name)
            await stack.enter_async_context(locked(store, operation, max_wait=max_wait, report=view.report))
        yield


async def perform_actions(
    view: AccountView,
    name: str,
    actions: Sequence[ActionOnMachine],
    options: ActionOptions,
    *,
    emit: Listener,
    stop: asyncio.Event,
) -> Result:
    """Makes the calls, and waits for their ends. Raises Problems if another run holds the lock of a state."""
    addressed = _addressed(actions)
    records = {at: _record_of(at, item) for at, item in addressed.items()}
    steps = tuple(
        Step(
            f"{at}/{name}",
            at,
            Update(item.action.call.name) if item.job is None else StepKind.WAIT,
            id=item.live.id,
            spec=item.spec,
            says=item.action.call.summary,
            limits=StepLimits(),
        )
        for at, item in addressed.items()
    )
    heartbeat = RunHeartbeat(view.heartbeat, emit)
    over = asyncio.Event()

    def listen(event: Event) -> None:
        step = getattr(event, "step", None)
        if not (options.waits and step is not None and waits_for_job(addressed[step.address], event)):
            heartbeat.listen(event)

    run = Run(
        kinds={item.kind.type: _acting(item, waits=options.waits) for item in actions},
        client=view.client,
        records=RunRecords(replace(new_state("", ""), records=records), NullJournal(), now=view.clock.now),
        clock=view.clock,
        emit=listen,
        stop=over,
        slots=step_slots(None),
        operation=lambda: "",
        mark=lambda _address, _operation: "",
        foreign=lambda at, live: "" if options.steal else why_taken(view, at.type, live),
    )
    environments = {owning_environment(view, item.kind.type, item.live) for item in actions} - {""}
    async with states_locked(view, environments, f"instance {name}", max_wait=options.lock_timeout):
        ending = start_task(_end(over, stop, view.clock, options.timeout))
        try:
            async with heartbeat.beating():
                known = await jobs_known(view, addressed.values())
                walked = await walk_steps(WalkInput(steps=steps), run)
                ends = walked.ends
                if options.waits:
                    ends = await ends_of_jobs(view, addressed, ends, known, over, emit=heartbeat.listen)
                else:
                    await report_jobs(view, (addressed[end.step.address] for end in ends if not end.reason), known)
        finally:
            await end_tasks(ending)
    changes = tuple(Change(step.address, Action.UPDATE, id=step.id) for step in steps)
    return Result(ends, changes, title=name.capitalize(), interrupted=stop.is_set(), awaited=options.waits)


def _addressed(actions: Sequence[ActionOnMachine]) -> dict[Address, ActionOnMachine]:
    """By address; by one that is made from the id, where no state records it or several environments have it."""
    count = Counter(item.record.address for item in actions if item.record)
    return {
        item.record.address
        if item.record and count[item.record.address] == 1
        else Address(item.kind.type, item.live.id): item
        for item in actions
    }


def _record_of(at: Address, item: ActionOnMachine) -> Record:
    """What the run knows of the machine. A call that an apply has not finished is the matter of the next apply."""
    return replace(item.record, address=at, pending=None) if item.record else Record(at, item.live.id)


def _acting(item: ActionOnMachine, *, waits: bool) -> Kind:
    """The kind with the call of the action in the place of those of a plan."""
    call = item.action.call if waits else replace(item.action.call, final_phases=frozenset())
    return replace(item.kind, api=replace(item.kind.api, updates=(call,)))


async def _end(over: asyncio.Event, stop: asyncio.Event, clock: Clock, seconds: float) -> None:
    """Ends the run when it is asked to stop, or when its time is over."""
    async with racing(stop.wait(), clock.sleep(seconds)):
        over.set()

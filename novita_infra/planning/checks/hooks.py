"""The hooks of a resource that a plan runs. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from novita_infra.model.addresses import Address
from novita_infra.model.lifecycle import Hook, HookEvent
from novita_infra.model.resources import STABLE, Declared, Phase
from novita_infra.planning.changes.decisions import Decision
from novita_infra.planning.plan.changes import Action
from novita_infra.planning.plan.steps import Step


def due_hooks(decision: Decision, wanted: Declared) -> tuple[Hook, ...]:
    """The hooks that the steps of the resource run when it is created, or ready: of what happens now, and those of an
    earlier run that did not succeed.
    """
    if not wanted.lifecycle.hooks:
        return ()
    record = decision.case.record
    events = {HookEvent.ON_CREATE, HookEvent.ON_READY} if decision.makes else set()
    if record is not None and not decision.makes:
        events |= {HookEvent(event) for event in record.hooks_due}
    if _starts(decision):
        events.add(HookEvent.ON_READY)
    return tuple(hook for hook in wanted.lifecycle.hooks if hook.event in events)


def with_hooks(making: tuple[Step, ...], due: tuple[Hook, ...]) -> tuple[Step, ...]:
    """The steps that make or change a resource with the due hooks: those of the create in the first one, which makes
    or waits for the object, and the others in the last one.
    """
    parts = [tuple(hook for hook in due if (hook.event is HookEvent.ON_CREATE) is early) for early in (True, False)]
    making = (_with_more(making[0], parts[0]), *making[1:])
    return (*making[:-1], _with_more(making[-1], parts[1]))


def _with_more(step: Step, hooks: tuple[Hook, ...]) -> Step:
    return replace(step, conditions=replace(step.conditions, hooks=(*step.conditions.hooks, *hooks)))


def with_due_hooks(
    decisions: Mapping[Address, Decision], declared: Mapping[Address, Declared]
) -> dict[Address, Decision]:
    """The decisions, in which an unchanged resource with a hook that has not succeeded is waited for."""
    changed = dict(decisions)
    for address, wanted in declared.items():
        decision = decisions[address]
        live = decision.case.live
        if decision.action is not Action.NONE or live is None or live.phase not in STABLE:
            continue
        if due := due_hooks(decision, wanted):
            job = decision.case.kind.api.job is not None  # one that is over is not fetched again
            why = f"a hook has not succeeded yet: {', '.join(map(str, due))}"
            changed[address] = replace(decision, action=Action.RESUME, waits=not job, records=job, why=why)
    return changed


def _starts(decision: Decision) -> bool:
    """Whether a call of the decision makes a stopped object ready, and no later one stops it again."""
    starts = False
    for name, _ in decision.calls:
        call = decision.case.kind.call(name)
        starts = call.final_phases != {Phase.STOPPED} and (starts or call.allowed_phases == {Phase.STOPPED})
    return starts

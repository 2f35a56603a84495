"""The safety of a plan as text: targeting, conditions, allowed losses and policies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import first_of
from novita_infra.planning.plan.plan import Plan
from novita_infra.planning.plan.steps import Step
from novita_infra.planning.plan.verdicts import Judgement
from novita_infra.views.content.lines import Line, Tone, line
from novita_infra.views.content.plan import policy_outcome

_MOST_HOOKED: Final = 3
"""The resources of a hook that are named."""
_MOST_MEMBERS: Final = 8
"""The most members of a rollout that are listed."""


def detour_lines(calls: tuple[Step, ...]) -> Iterator[Line]:
    """The calls that no field requires, and their effect; nothing without such calls."""
    if calls:
        text = "it is stopped: started first for this, charged as running meanwhile, and stopped again afterwards"
        yield line((f"      # {text}", Tone.CHANGE))


def rollout_lines(plan: Plan) -> Iterator[Line]:
    """The pace of each rollout, and its turns where they are fixed."""
    for rollout in plan.rollouts:
        yield line((f"Rollout of {rollout.name}: ", Tone.STRONG), str(rollout))
        order = rollout.order if rollout.in_order else ()
        for title, members in (
            ("down already, and brought up first", rollout.down),
            ("down, and left alone", rollout.left_down),
            ("in turn", order),
        ):
            if members:
                yield line(f"      {title}: ", (first_of(members, _MOST_MEMBERS), Tone.FAINT))
    if plan.rollouts:
        yield line()


def targeting_lines(plan: Plan) -> Iterator[Line]:
    """Included and left out resources with the reason, conditions, and data that may be lost."""
    for title, items in (("Done as well:", plan.selection.along), ("Left out:", plan.selection.left_out)):
        if items:
            yield line((title, Tone.STRONG))
            for item in items:
                yield line(f"      {item.address}", (f"  # {item.why}", Tone.FAINT))
            yield line()
    for step in plan.steps:
        parts = [
            f"{len(found)} {when}"
            for found, when in ((step.conditions.requires, "before it"), (step.conditions.ensures, "after"))
            if found
        ]
        if parts:
            yield line(f"Conditions of {step.address}, asked on the way: {', '.join(parts)} ({step.call_name})")
        if step.conditions.check:
            yield line(f"{step.address} is checked after the apply: {step.conditions.check}")
    if hooks := _hooks_in_words(plan):
        yield line(f"Hooks: {hooks}")
    if hooks or any(step.conditions or step.conditions.check for step in plan.steps):
        yield line()
    if plan.selection.data_loss and any(not loss.when for change in plan.changes for loss in change.loses):
        yield line(("Data may be lost of: ", Tone.BAD), ", ".join(plan.selection.data_loss))
        yield line()


def _hooks_in_words(plan: Plan) -> str:
    """The hooks that run in the steps, each with its resources: `onReady register.sh (instance.worker)`."""
    found: dict[str, dict[Address, None]] = {}
    for step in plan.steps:
        for hook in step.conditions.hooks:
            found.setdefault(str(hook), {})[step.address] = None
    return "; ".join(f"{hook} ({first_of([*map(str, addresses)], _MOST_HOOKED)})" for hook, addresses in found.items())


_TONES = {"passed": Tone.GOOD, "warned": Tone.CHANGE, "denied": Tone.BAD}


def policy_lines(judgements: Iterable[Judgement]) -> Iterator[Line]:
    """The outcomes in one line; denials and warnings are diagnostics of the plan. Nothing without policies."""
    outcomes = [(judgement.policy.name, policy_outcome(judgement)) for judgement in judgements]
    if outcomes:
        parts: list[tuple[str, Tone | None]] = []
        for name, outcome in outcomes:
            parts += [(", " if parts else " ", None), (f"{name} {outcome}", _TONES[outcome])]
        yield line("Policies:", *parts, ".")

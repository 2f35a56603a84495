"""What guards a plan: what comes along, what is left out, what vanishes and may, and what must hold on the way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from novita_infra.planning.plan.plan import Plan
from novita_infra.planning.plan.steps import Step
from novita_infra.planning.plan.verdicts import Judgement
from novita_infra.views.content.lines import Line, Tone, line
from novita_infra.views.content.plan import policy_outcome

Json: TypeAlias = dict[str, Any]


def detour_lines(calls: tuple[Step, ...]) -> Iterator[Line]:
    """The calls that no field asks for, and what they cost; nothing where there are none."""
    if calls:
        told = "it is stopped: started first for this, charged as running meanwhile, and stopped again afterwards"
        yield line((f"      # {told}", Tone.CHANGE))


def targeting_lines(plan: Plan) -> Iterator[Line]:
    """What comes along and what is left out, each with the reason, and what may be lost."""
    for title, items in (("Done as well:", plan.selection.along), ("Left out:", plan.selection.left_out)):
        if items:
            yield line((title, Tone.STRONG))
            for item in items:
                yield line(f"      {item.address}", (f"  # {item.why}", Tone.FAINT))
            yield line()
    for step in plan.steps:
        told = [
            f"{len(found)} {when}"
            for found, when in ((step.conditions.requires, "before it"), (step.conditions.ensures, "after"))
            if found
        ]
        if told:
            yield line(f"Conditions of {step.address}, asked on the way: {', '.join(told)} ({step.call_name})")
    if any(step.conditions for step in plan.steps):
        yield line()
    if plan.selection.data_loss and any(not loss.when for change in plan.changes for loss in change.loses):
        yield line(("Data may be lost of: ", Tone.BAD), ", ".join(plan.selection.data_loss))
        yield line()


_TONES = {"passed": Tone.GOOD, "warned": Tone.CHANGE, "denied": Tone.BAD}


def policy_lines(judgements: Iterable[Judgement]) -> Iterator[Line]:
    """One line for all of them; what they deny and warn of is told beside the plan. Nothing where there are none."""
    parts = [(judgement.policy.name, policy_outcome(judgement)) for judgement in judgements]
    if parts:
        told: list[tuple[str, Tone | None]] = []
        for name, outcome in parts:
            told += [(", " if told else " ", None), (f"{name} {outcome}", _TONES[outcome])]
        yield line("Policies:", *told, ".")

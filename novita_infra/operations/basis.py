"""Checks that a plan can still be applied to the state."""

from __future__ import annotations

from novita_infra.model.clock import moment
from novita_infra.model.diagnostics import problem
from novita_infra.planning.plan.plan import Plan
from novita_infra.state.state import State


def check_basis(plan: Plan, state: State) -> None:
    """Raises Problems if the state is not the one that the plan was made from; names who changed it, if known."""
    if plan.basis.lineage != state.lineage and state.records:
        none = plan.basis.serial == 0
        why = "there was no state when the plan was made, and now there is one" if none else "it is of another state"
        raise problem(f"the plan cannot be applied any more: {why}", "make a new plan")
    if plan.basis.serial != state.serial:
        who = f"; {changed_by(state)}" if state.last_run else ""
        raise problem(
            f"the state has changed since the plan was made: from version {plan.basis.serial} to {state.serial}{who}",
            "make a new plan",
        )


def changed_by(state: State) -> str:
    """Who changed the state last, in words; empty if that is not known."""
    last = state.last_run
    return f"the last change was `{last.operation}` of {last.by} at {moment(last.since)}" if last else ""

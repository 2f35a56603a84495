"""Checks that a plan can still be applied to the state."""

from __future__ import annotations

from novita_infra.model.clock import moment
from novita_infra.model.diagnostics import problem
from novita_infra.planning.plan.plan import Plan
from novita_infra.state.state import State


def check_basis(plan: Plan, state: State, *, seal: str = "") -> None:
    """Raises Problems if the state is not the one that the plan was made from, or a run has begun to apply the plan.

    `seal` is the seal of the file that holds the plan; empty for a plan that is not saved.
    """
    used = next((item for item in state.used_plans if item.seal == seal), None)
    if used is not None:
        when = moment(used.since)
        if used.done:
            raise problem(f"this plan was applied at {when} by {used.by}, and a plan is used once", "make a new plan")
        raise problem(
            f"this plan was begun at {when} by {used.by}, and did not come to its end",
            "make a new plan: it goes on from there",
        )
    if plan.basis.lineage != state.lineage and state.records:
        none = plan.basis.serial == 0
        why = "there was no state when the plan was made, and now there is one" if none else "it is of another state"
        raise problem(f"the plan cannot be applied any more: {why}", "make a new plan")
    if plan.basis.serial != state.serial:
        raise problem(
            f"the state has changed since the plan was made: from version {plan.basis.serial} to {state.serial}",
            "make a new plan",
        )

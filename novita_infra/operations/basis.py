"""Checks that a plan can still be applied to the state."""

from __future__ import annotations

from novita_infra.model.diagnostics import problem
from novita_infra.planning.plan.plan import Plan
from novita_infra.state.state import State

_AGAIN = "make a new plan, and apply that: novita-infra plan --out FILE"


def check_basis(plan: Plan, state: State, *, place: str) -> None:
    """Raises Problems if the state at the place is not the one that the plan was made from.

    They name who changed it since, or that the state is older than the plan: a copy that is behind.
    """
    if plan.basis.lineage != state.lineage and state.records:
        none = plan.basis.serial == 0
        why = "there was no state when the plan was made, and now there is one" if none else "it is of another state"
        raise problem(f"the plan cannot be applied any more: {why}", _AGAIN)
    if plan.basis.serial > state.serial:
        raise problem(
            f"{place} is behind: the plan was made from version {plan.basis.serial}, and this is version "
            f"{state.serial}{_who(state)}",
            "get the newer state with its journal, such as by git pull, and apply the plan again",
        )
    if plan.basis.serial < state.serial:
        raise problem(
            f"the state has changed since the plan was made: from version {plan.basis.serial} to {state.serial}"
            f"{_who(state)}",
            _AGAIN,
        )


def changed_by(state: State) -> str:
    """Who changed the state last, in words; empty if that is not known."""
    return f"the last change was {state.last_run}" if state.last_run else ""


def _who(state: State) -> str:
    return f"; {changed_by(state)}" if state.last_run else ""

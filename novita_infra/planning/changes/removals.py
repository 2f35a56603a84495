"""The decision on a resource that shall not exist, or whose record alone is removed. Pure."""

from __future__ import annotations

from dataclasses import replace

from novita_infra.model.resources import PRESENT, Phase
from novita_infra.planning.changes.case import Case
from novita_infra.planning.changes.decisions import Decision, DriftResponse, ambiguous, losses_of
from novita_infra.planning.plan.changes import Action


def decide_forgotten(case: Case, *, why: str) -> Decision:
    """The decision on a recorded resource whose object remains, and that the state shall not record any more."""
    existing = case.existing
    lives = (case.live, *existing.candidates, *existing.replaced)
    remains = dict.fromkeys(live.id for live in lives if live and live.phase in PRESENT)
    also = f"{' and '.join(remains)} remains" if remains else "the object is already gone"
    return Decision(Action.FORGET, case, why=f"{why}; {also}")


def decide_undeclared(case: Case, *, why: str = "no longer declared") -> Decision:
    """The decision on a recorded resource that shall not exist."""
    record, live, kind = case.record, case.live, case.kind
    if record is not None and not record.id:
        candidates = case.existing.candidates
        if len(candidates) > 1:
            return Decision(Action.REFUSED, case, refusals=(ambiguous(record.address, candidates),))
        live = candidates[0] if candidates else None
        case = case.with_existing(replace(case.existing, live=live))
        made = "an earlier create whose answer was lost made it" if live else ""
        why = "; ".join(filter(None, (why, made)))
    if live is None or live.phase is Phase.GONE:
        action = Action.DELETE if case.existing.replaced_ids else Action.FORGET
        return Decision(action, case, why="; ".join(filter(None, (why, "the object is already gone"))))
    if kind.is_over(live):
        return decide_forgotten(case, why="; ".join(filter(None, (why, kind.api.delete.summary.partition(": ")[2]))))
    refusal = kind.api.deletion_refusal(live) if kind.api.deletion_refusal else ""
    if refusal:
        return Decision(Action.REFUSED, case, refusals=(refusal,), why=why)
    return Decision(Action.DELETE, case, why=why, loses=losses_of(case, (kind.api.delete,), {}))


def decide_over(case: Case, *, why: str) -> Decision:
    """The decision on a declared resource whose time has ended: its object is deleted, and none is created again.

    The record remains: it says that there was one.
    """
    live = case.live
    if live is None or live.phase is Phase.GONE:
        return Decision(Action.NONE, case, case.spec, why=why, response=DriftResponse(stays_deleted=True))
    return decide_undeclared(case, why=why)

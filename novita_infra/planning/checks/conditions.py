"""Preconditions and postconditions: values that must fit a schema before and after the steps of a resource.

Pure. A condition that is not known when the plan is made is checked again when its step is due.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final

from novita_infra.model.addresses import Address
from novita_infra.model.computing.compute import resolve
from novita_infra.model.diagnostics import EXIT_REFUSED, Diagnostic
from novita_infra.model.lifecycle import Check, Condition
from novita_infra.model.resources import Declared, Phase
from novita_infra.model.values import Ref, Value, is_known
from novita_infra.planning.changes.decisions import Decision, settled
from novita_infra.planning.plan.changes import Action
from novita_infra.planning.plan.findings import Finding

BROKEN: Final = "a precondition does not hold: "
"""The beginning of the message of a precondition that does not hold."""

_UNCHECKED: Final = "it has not passed its check since it was changed, or since the check was"


def holds(condition: Condition, value: Value) -> bool:
    """Whether a known value fits the schema of the condition."""
    import jsonschema_rs  # noqa: PLC0415 -- few plans have conditions

    return bool(jsonschema_rs.is_valid(condition.schema, value))


def watched(
    decisions: Mapping[Address, Decision],
    declared: Mapping[Address, Declared],
    known: Callable[[Ref], Value],
) -> dict[Address, Decision]:
    """The decisions, in which an unchanged resource whose postcondition does not hold is waited for."""
    changed = dict(decisions)
    as_it_stays = settled(known, decisions)
    for address, wanted in declared.items():
        if not wanted.lifecycle.postconditions or decisions[address].action is not Action.NONE:
            continue
        broken, _ = _judged(wanted.lifecycle.postconditions, as_it_stays)
        if broken:
            why = f"a postcondition does not hold: {broken[0]}"
            changed[address] = replace(decisions[address], action=Action.RESUME, waits=True, why=why)
    return changed


def unchecked(
    decisions: Mapping[Address, Decision], declared: Mapping[Address, Declared], *, all_of_them: bool
) -> dict[Address, Decision]:
    """The decisions, in which an unchanged resource that has not passed its check is waited for.

    `all_of_them` says that the records show no check as passed because all shall be made.
    """
    changed = dict(decisions)
    for address, wanted in declared.items():
        decision = decisions[address]
        live = decision.case.live
        is_up = decision.action is Action.NONE and live is not None and live.phase is Phase.READY
        if is_up and due_check(decision, wanted) is not None:
            why = "all checks are asked for" if all_of_them else _UNCHECKED
            job = decision.case.kind.api.job is not None  # one that is over is not fetched again
            changed[address] = replace(decision, action=Action.RESUME, waits=not job, records=job, why=why)
    return changed


def due_check(decision: Decision, wanted: Declared) -> Check | None:
    """The check that the last step of the resource makes; None where the object has passed it and nothing changes."""
    record = decision.case.record
    if record is None or decision.makes or decision.calls or decision.action is Action.ADOPT:
        return wanted.check
    return wanted.check if wanted.check and record.checked != wanted.check.digest else None


def demanded(
    decisions: Mapping[Address, Decision],
    declared: Mapping[Address, Declared],
    known: Callable[[Ref], Value],
) -> tuple[dict[Address, Decision], list[Finding]]:
    """The decisions with the preconditions that are not known yet, and the findings on those that do not hold."""

    def lasting(ref: Ref) -> Value:
        """A value that is still the same when the step is due; one that another step changes is not known yet."""
        other = decisions.get(ref.address)
        moves = other is not None and other.action is not Action.NONE
        return ref if moves and ref.attribute != "id" else known(ref)

    changed, findings = dict(decisions), []
    for address, wanted in declared.items():
        conditions = wanted.lifecycle.preconditions
        if not conditions or address not in decisions or decisions[address].action is Action.NONE:
            continue
        broken, open_ones = _judged(conditions, lasting)
        changed[address] = replace(decisions[address], requires=open_ones)
        findings += [Finding(Diagnostic(f"{BROKEN}{item}", address=str(address)), EXIT_REFUSED) for item in broken]
    return changed, findings


def _judged(
    conditions: Iterable[Condition], known: Callable[[Ref], Value]
) -> tuple[list[Condition], tuple[Condition, ...]]:
    """The conditions that do not hold, and those that are not known yet."""
    values = [(item, resolve(item.value, known, lambda computation, _: computation)) for item in conditions]
    broken = [item for item, value in values if is_known(value) and not holds(item, value)]
    return broken, tuple(item for item, value in values if not is_known(value))

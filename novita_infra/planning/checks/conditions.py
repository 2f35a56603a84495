"""What a manifest demands before and after the steps of a resource: values looked at, and the schema they must fit.

Pure. What cannot be known when a plan is made is asked again when the step is due.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import EXIT_REFUSED, Diagnostic
from novita_infra.model.lifecycle import Condition
from novita_infra.model.resources import Declared
from novita_infra.model.values import Ref, Value, is_known, resolve
from novita_infra.planning.changes.decisions import Decision, settled
from novita_infra.planning.plan.changes import Action
from novita_infra.planning.plan.findings import Finding


def holds(condition: Condition, value: Value) -> bool:
    """Whether the value, which is known, fits the condition's schema."""
    import jsonschema_rs  # noqa: PLC0415 -- few plans have conditions

    return bool(jsonschema_rs.is_valid(condition.schema, value))


def watched(
    decisions: Mapping[Address, Decision],
    declared: Mapping[Address, Declared],
    known: Callable[[Ref], Value],
) -> dict[Address, Decision]:
    """The decisions, in which what would stay as it is although a postcondition does not hold is looked at again."""
    changed = dict(decisions)
    as_it_stays = settled(known, decisions)
    for address, wanted in declared.items():
        if not wanted.lifecycle.postconditions or decisions[address].action is not Action.NONE:
            continue
        broken, _ = _judged(wanted.lifecycle.postconditions, as_it_stays)
        if broken:
            why = f"a postcondition does not hold: {broken[0].message}"
            changed[address] = replace(decisions[address], action=Action.RESUME, waits=True, why=why)
    return changed


def demanded(
    decisions: Mapping[Address, Decision],
    declared: Mapping[Address, Declared],
    known: Callable[[Ref], Value],
) -> tuple[dict[Address, Decision], list[Finding]]:
    """The decisions with the preconditions that are not known yet, and those that are known not to hold."""

    def lasting(ref: Ref) -> Value:
        """What will still be so when the step is due: what another step changes is not known yet."""
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
        findings += [
            Finding(Diagnostic(f"a precondition does not hold: {item.message}", address=str(address)), EXIT_REFUSED)
            for item in broken
        ]
    return changed, findings


def _judged(
    conditions: Iterable[Condition], known: Callable[[Ref], Value]
) -> tuple[list[Condition], tuple[Condition, ...]]:
    """Those that do not hold, and those of which nothing can be said yet."""
    values = [(item, resolve(item.value, known)) for item in conditions]
    broken = [item for item, value in values if is_known(value) and not holds(item, value)]
    return broken, tuple(item for item, value in values if not is_known(value))

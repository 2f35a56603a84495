"""Objects that must run while another one is created, such as the machine whose disk is saved. Pure.

The service refuses the create otherwise, and an apply would try it for hours.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping

from novita_infra.kinds.kind import Kind
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import EXIT_REFUSED, Diagnostic
from novita_infra.model.frozen import dataclass
from novita_infra.model.resources import Declared, Live, Phase
from novita_infra.model.values import Ref, Value
from novita_infra.planning.changes.decisions import Decision
from novita_infra.planning.inputs import PlanInputs
from novita_infra.planning.plan.changes import Action
from novita_infra.planning.plan.findings import Finding

_START = "start"
"""The action that a command performs on a machine that does not run."""


@dataclass(frozen=True, slots=True)
class _Fault:
    """Why an object does not run when it is needed, and what to do."""

    why: str
    hint: str
    excluded: Address | None = None
    """What is left out of a first run, which the hint asks for."""


def not_running(
    inputs: PlanInputs,
    active: Mapping[Address, Decision],
    decisions: Mapping[Address, Decision],
    declared: Mapping[Address, Declared],
) -> Iterator[Finding]:
    """The findings on objects that a create needs running, and that the plan does not start."""
    for address, decision in active.items():
        name = decision.case.kind.api.create.needs_running
        if not (name and decision.makes and address in declared):
            continue
        item, kind = declared[address], inputs.kinds[decision.case.kind.field(name).refers]
        fault = _fault(inputs, kind, address, item.spec.get(name), active, decisions)
        if fault is not None:
            summary = f"{name}: {fault.why}, and it must run while this is created"
            place = item.places.get(name, item.origin)
            option = f"--exclude {shlex.quote(str(fault.excluded))}" if fault.excluded else ""
            found = Diagnostic(summary, fault.hint, origin=place, address=str(address), option=option)
            yield Finding(found, EXIT_REFUSED)


def _fault(
    inputs: PlanInputs,
    kind: Kind,
    asking: Address,
    value: Value,
    active: Mapping[Address, Decision],
    decisions: Mapping[Address, Decision],
) -> _Fault | None:
    if isinstance(value, Ref):
        used = decisions.get(value.address)
        planned = value.address in active
        return _fault_of_declared(value.address, used, asking, planned=planned) if used else None
    if not isinstance(value, str):
        return None
    recorded = (item.live for item in inputs.world.existing.values() if item.live)
    lives = [live for live in (*recorded, *inputs.world.unrecorded.get(kind.type, ())) if live.id == value]
    return _fault_of_live(kind, value, value, lives[0] if lives else None)


def _fault_of_declared(address: Address, used: Decision, asking: Address, *, planned: bool) -> _Fault | None:
    """The fault of an object that the manifests declare; one that the plan makes, starts or waits for has none.

    One that failed has nothing that could be saved, so another one in its place is like a first one.
    """
    kind, name = used.case.kind, str(address)
    if planned and used.makes:
        record, word = used.case.record, shlex.quote(name)
        failed = used.case.live is not None and used.case.live.phase is Phase.FAILED
        if record is None or not record.id or failed:
            return _asked_to_stop(kind, name) if kind.is_stopped(used.spec) else None
        if used.action is Action.REPLACE:
            why = f"{name} is replaced by this plan, and the new one has done nothing yet"
            return _Fault(why, f"run it with --exclude {word} first, and replace it afterwards", address)
        why = f"{name} ({record.id}) is gone, and the one that this plan creates has done nothing yet"
        until = f"leave this out with --exclude {shlex.quote(str(asking))} until the new one has done its work"
        return _Fault(why, until, asking)
    if kind.is_stopped(used.spec):
        return _asked_to_stop(kind, name)
    starts = any(kind.call(call).allowed_phases == {Phase.STOPPED} for call, _ in used.calls) if planned else False
    return None if starts else _fault_of_live(kind, name, shlex.quote(name), used.case.live)


def _asked_to_stop(kind: Kind, name: str) -> _Fault:
    sets = kind.machine.actions[_START].sets if kind.machine and _START in kind.machine.actions else {}
    wanted = ", ".join(f"{field}: {value}" for field, value in sets.items())
    return _Fault(f"the manifest of {name} stops it", f"set {wanted} there")


def _fault_of_live(kind: Kind, name: str, word: str, live: Live | None) -> _Fault | None:
    if live is None or live.phase in {Phase.GONE, Phase.LEAVING}:
        return _Fault(f"{name} is gone", "name another one: novita-infra ps shows what runs")
    if live.phase is Phase.FAILED:
        why = f"{name} has failed ({live.trouble or live.status})"
        return _Fault(why, f"look at it with `novita-infra logs {word}`, and mend it first")
    if live.phase is Phase.STOPPED:
        return _Fault(f"{name} is {live.status}", f"start it first: `novita-infra {kind.type} start {word}`")
    return None

"""The plan: what is declared, on record and live goes in, changes and ordered steps come out. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from graphlib import TopologicalSorter

from novita_infra.diagnostics import EXIT_REFUSED, Diagnostic, Severity
from novita_infra.encoding import canonical, digest, fingerprint
from novita_infra.kinds.catalogue import Catalogue
from novita_infra.kinds.kind import Fault, Kind, Local, Platform
from novita_infra.planning.asking import Asked, meant
from novita_infra.planning.comparing import masked, written
from novita_infra.planning.deciding import Decision, decide, decide_undeclared, with_protection
from novita_infra.planning.findings import Finding, code_of
from novita_infra.planning.guarding import protected
from novita_infra.planning.plan import Action, Basis, Change, OnFailure, Plan
from novita_infra.planning.scheduling import schedule
from novita_infra.resources import Address, Declared, Digest, Found, Record, Ref, Secret, Value, resolve
from novita_infra.rules import Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Everything that a plan is made from."""

    project: str
    environment: str
    declared: tuple[Declared, ...]
    found: Mapping[Address, Found]
    """By address, for every record."""
    kinds: Mapping[str, Kind]
    catalogue: Catalogue = Catalogue()
    key: str
    """The hex key of the digests that stand for secrets."""
    lineage: str
    serial: int
    outputs: Mapping[str, Value] = field(default_factory=dict)
    outputs_before: Mapping[str, Value] = field(default_factory=dict)
    groups: Mapping[str, OnFailure] = field(default_factory=dict)
    scope: str = ""
    """A manifest file: records of other files are left alone. Empty for the whole project."""
    asked: Asked = Asked()
    rules: Rules = Rules()
    now: float = 0.0
    """Unix seconds; the planner itself looks at no clock."""


def make_plan(seen: Seen) -> Plan:
    """The plan. Never raises on what it sees: a change that cannot be had is a problem of the plan."""
    declared = {} if seen.asked.destroys else {item.address: item for item in seen.declared}
    decisions, problems = _decide_all(seen, declared)
    chosen = _chosen(seen, declared, decisions)
    active = {address: decision for address, decision in decisions.items() if address in chosen}
    findings = [
        *problems,
        *(
            Finding(Diagnostic(refusal, address=str(address)))
            for address, decision in active.items()
            for refusal in decision.refusals
        ),
        *protected(active, {item.address: item for item in seen.declared}),
        *_emptied(seen),
    ]
    ordered = schedule(active, declared, seen.kinds)
    changes = tuple(
        _change(
            seen,
            declared,
            address,
            decisions[address],
            active=address in active,
            create_first=address in ordered.create_first,
        )
        for address in sorted(decisions)
    )
    outputs = {} if seen.asked.destroys else _outputs(seen, declared, active)
    return Plan(
        project=seen.project,
        environment=seen.environment,
        changes=changes,
        steps=ordered.steps,
        basis=_basis(seen, declared, active),
        destroys=seen.asked.destroys,
        groups=seen.groups,
        partial=bool(seen.asked.targets or seen.scope),
        outputs=outputs,
        outputs_wanted={} if seen.asked.destroys else dict(seen.outputs),
        outputs_before=seen.outputs_before,
        outputs_changed=_changed(outputs, seen),
        problems=tuple(finding.diagnostic for finding in findings),
        code=code_of(findings),
        notes=tuple(_notes(seen, active)),
        bookkeeping=tuple(_bookkeeping(seen, declared, active)),
    )


def _decide_all(seen: Seen, declared: Mapping[Address, Declared]) -> tuple[dict[Address, Decision], list[Finding]]:
    decisions: dict[Address, Decision] = {}
    problems: list[Finding] = []
    known = _knowing(seen, decisions, declared)
    for address in _by_needs(declared.values()):
        wanted = declared[address]
        kind = seen.kinds[address.kind]
        found = seen.found.get(address, Found())
        spec = {name: resolve(value, known) for name, value in wanted.spec.items()}
        spec, faults = _choose(kind, spec, seen.catalogue, found)
        problems += [Finding(_told(wanted, fault)) for fault in faults]
        decision = decide(kind, wanted, found, spec=spec, key=seen.key)
        decisions[address] = with_protection(decision, protect=wanted.lifecycle.protect)
    for address, found in seen.found.items():
        in_scope = not seen.scope or (found.record is not None and found.record.source == seen.scope)
        if address not in declared and in_scope:
            why = "" if seen.asked.destroys else "no longer declared"
            decisions[address] = decide_undeclared(seen.kinds[address.kind], found, why=why)
    return decisions, problems


def _knowing(
    seen: Seen, decisions: Mapping[Address, Decision], declared: Mapping[Address, Declared]
) -> Callable[[Ref], Value]:
    """What is known of a reference: nothing of a resource that is to be made anew."""

    def known(ref: Ref) -> Value:
        decision = decisions.get(ref.address)
        if decision is not None and decision.makes:
            return ref
        found = decision.found if decision else seen.found.get(ref.address, Found())
        record, live = found.record, found.live
        if live is None and (record is None or ref.address in declared):
            return ref
        if ref.attribute == "id":
            return live.id if live else (record.id if record else ref)
        outputs = {**(record.outputs if record else {}), **(live.outputs if live else {})}
        return outputs.get(ref.attribute, ref)

    return known


def _by_needs(declared: Iterable[Declared]) -> Iterable[Address]:
    items = {item.address: item for item in declared}
    graph = {address: [need for need in items[address].needs if need in items] for address in sorted(items)}
    return TopologicalSorter(graph).static_order()


def _choose(
    kind: Kind, spec: dict[str, Value], catalogue: Catalogue, found: Found
) -> tuple[dict[str, Value], tuple[Fault, ...]]:
    if kind.choose is None:
        return spec, ()
    chosen, faults = kind.choose(spec, catalogue, found.live)
    return dict(chosen), faults


def _told(wanted: Declared, fault: Fault) -> Diagnostic:
    place = wanted.places.get(str(fault.path[0]), wanted.origin) if fault.path else wanted.origin
    return Diagnostic(fault.summary, fault.hint, origin=place, address=str(wanted.address))


def _chosen(seen: Seen, declared: Mapping[Address, Declared], decisions: Mapping[Address, Decision]) -> set[Address]:
    if not seen.asked.targets:
        return set(decisions)
    needs = {
        address: {
            *(declared[address].needs if address in declared else ()),
            *(decision.found.record.needs if decision.found.record else ()),
        }
        for address, decision in decisions.items()
    }
    chosen: set[Address] = set()
    waiting = [address for address in decisions if meant(address, seen.asked.targets)]
    while waiting:
        address = waiting.pop()
        if address in chosen:
            continue
        chosen.add(address)
        if decisions[address].action not in {Action.DELETE, Action.FORGET}:
            waiting += [need for need in needs[address] if need in decisions]
        if not decisions[address].keeps:
            # What stands on an object that goes cannot stay as it is.
            waiting += [other for other in decisions if address in needs[other]]
    return chosen


def _emptied(seen: Seen) -> list[Finding]:
    """Manifests that have vanished look as if everything were to go; who means that can say so."""
    if seen.asked.destroys or seen.declared or not seen.found:
        return []
    return [
        Finding(
            Diagnostic(
                f"the manifests declare nothing, and {len(seen.found)} resources are on record: they would all be "
                "deleted",
                "if that is wanted: novita-infra destroy",
            ),
            EXIT_REFUSED,
        )
    ]


def _notes(seen: Seen, active: Mapping[Address, Decision]) -> list[Diagnostic]:
    """What is no longer declared and stays as it is, because the service has no default that it could go back to."""
    told = []
    for address, decision in sorted(active.items()):
        record = decision.found.record
        if record is None or not decision.keeps or decision.action is Action.ADOPT:
            continue
        fields = seen.kinds[address.kind].by_name
        left = [
            name
            for name in record.spec
            if name not in decision.spec
            and name in fields
            and isinstance(fields[name].absent, Platform)
            and not isinstance(fields[name].change, Local)
        ]
        if left:
            summary = f"no longer declared, and left as it is: {', '.join(left)}"
            told.append(Diagnostic(summary, address=str(address), severity=Severity.WARNING))
    return told


def _change(
    seen: Seen,
    declared: Mapping[Address, Declared],
    address: Address,
    decision: Decision,
    *,
    active: bool,
    create_first: bool,
) -> Change:
    found = decision.found
    needs = declared[address].needs if address in declared else found.record.needs if found.record else ()
    id = found.live.id if found.live else (found.record.id if found.record and not decision.makes else "")
    kind = seen.kinds[address.kind]
    before = {**(found.record.spec if found.record else {}), **(found.live.values if found.live else {})}
    recorded = found.record.spec if found.record else {}
    shown = {
        name: masked(
            value, recorded=recorded.get(name), wanted=decision.spec.get(name), field=kind.field(name), key=seen.key
        )
        for name, value in before.items()
        if name in kind.by_name
    }
    if not active:
        return Change(address, Action.NONE, id=id, before=shown, after=shown, needs=needs)
    action, why = decision.action, decision.why
    if action is Action.NONE and found.leftovers:
        action, why = Action.RESUME, f"what it replaced is still there: {', '.join(found.leftovers)}"
    return Change(
        address,
        action,
        id=id,
        fields=decision.fields,
        why=why,
        loses=decision.loses,
        before=shown if found.live or found.record else {},
        after={**shown, **decision.spec} if decision.keeps else decision.spec,
        needs=needs,
        create_first=create_first,
    )


def _basis(seen: Seen, declared: Mapping[Address, Declared], active: Mapping[Address, Decision]) -> Basis:
    touched = {
        str(address): _keyed([live.id, live.phase.value, dict(live.values)], seen.key)
        for address, decision in active.items()
        if (live := decision.found.live) is not None
    }
    config = [[str(item.address), digest(dict(item.spec), seen.key)] for _, item in sorted(declared.items())]
    return Basis(lineage=seen.lineage, serial=seen.serial, config=fingerprint(config), live=touched)


def _keyed(value: Value, key: str) -> str:
    """A digest that tells nothing of the secrets that a live object shows in clear."""
    hidden = digest(Secret(canonical(digest(value, key)).decode(), ""), key)
    return hidden.hex if isinstance(hidden, Digest) else ""


def _outputs(seen: Seen, declared: Mapping[Address, Declared], active: Mapping[Address, Decision]) -> dict[str, Value]:
    """The outputs as far as they are known. What a resource that stays as it is does not have is None."""
    known = _knowing(seen, active, declared)

    def told(ref: Ref) -> Value:
        value = known(ref)
        decision = active.get(ref.address)
        settled = decision is not None and decision.action is Action.NONE
        return None if isinstance(value, Ref) and settled else value

    return {name: resolve(value, told) for name, value in seen.outputs.items()}


def _changed(outputs: Mapping[str, Value], seen: Seen) -> tuple[str, ...]:
    if seen.asked.targets or seen.scope:
        return ()
    names = sorted({*outputs, *seen.outputs_before})
    missing = object()
    return tuple(
        name for name in names if digest(outputs.get(name, missing), seen.key) != seen.outputs_before.get(name, missing)
    )


def _bookkeeping(
    seen: Seen, declared: Mapping[Address, Declared], active: Mapping[Address, Decision]
) -> Iterable[Record]:
    """Records that are to be brought up to date without any call: what is declared beside the spec, and outputs."""
    for address, decision in sorted(active.items()):
        record, live, wanted = decision.found.record, decision.found.live, declared.get(address)
        if record is None:
            continue
        stays = decision.action in {Action.NONE, Action.RESUME}
        if live is None or wanted is None or not record.id or not stays:
            # What it replaced may be gone, and what is replaced may be what an unanswered create made.
            fresh = replace(record, retired=decision.found.leftovers)
            if decision.action is not Action.ADOPT and fresh != seen.found[address].record:
                yield fresh
            continue
        fresh = replace(
            record,
            spec=written(decision.spec, seen.key),
            outputs={**record.outputs, **live.outputs},
            needs=wanted.needs,
            source=wanted.origin.file,
            retired=decision.found.leftovers,
        )
        if fresh != record:
            yield fresh

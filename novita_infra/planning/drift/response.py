"""Decides what is done about drift: `onDrift` and `ignoreChanges` keep live values in place of the declared ones. Pure.

Nothing here detects drift, and no later part of the planner needs to know of it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import field, replace
from typing import Final
from urllib.parse import unquote

from novita_infra.kinds.field import Comparison, Default
from novita_infra.kinds.kind import NAME
from novita_infra.model.addresses import Address
from novita_infra.model.frozen import dataclass
from novita_infra.model.lifecycle import Cause, OnDrift
from novita_infra.model.records import Record
from novita_infra.model.resources import Declared, Existing, Live, Phase
from novita_infra.model.rules import Rules
from novita_infra.model.values import Spec, Value, is_known
from novita_infra.planning.changes.case import Case
from novita_infra.planning.changes.decisions import Decision, DriftResponse, decide
from novita_infra.planning.changes.equality import without_known_secrets
from novita_infra.planning.drift.detection import ResourceDrift, answer_to, as_it_is, in_force, overlaid
from novita_infra.planning.plan.changes import Action, Adopted


def decide_with_drift(
    case: Case, detected: ResourceDrift, *, rules: Rules, now: float, former: Collection[str] = ()
) -> Decision:
    """The decision on a declared resource, in which drift may be left as it is. `now` is in Unix seconds.

    `former` are the addresses that the resource had before `state mv`.
    """
    left = [item for item in detected.drift if item.on_drift is not OnDrift.HEAL]
    if any(item.gone for item in left):
        return Decision(Action.NONE, case, case.spec, response=DriftResponse(detected.drift, stays_deleted=True))
    event = detected.event
    tolerates = event is not None and (event.temporary or any(item.cause is event.cause for item in left))
    kept = _kept(case, detected, rules=rules, now=now, former=former)
    decision = decide(case, compared=kept.spec, tolerates=tolerates)
    if decision.makes:
        return replace(_because_it_is_gone(decision, detected), response=DriftResponse(detected.drift))
    if not (detected.drift or kept.adopted or kept.no_longer_adopted or kept.ignored):
        return decision
    response = DriftResponse(detected.drift, adopted=kept.adopted, adopted_for=kept.adopted_for, ignored=kept.ignored)
    return replace(_because_no_longer_adopted(decision, kept.no_longer_adopted), response=response)


def still_adopted(decision: Decision, declared: Declared, rules: Rules) -> Iterator[Adopted]:
    """The fields that keep another value than the manifest declares."""
    response = decision.response
    for name, value in response.adopted.items() if decision.keeps else ():
        cause = response.adopted_for.get(name, Cause.EDITED)
        _, place = answer_to(cause, declared, rules)
        yield Adopted(name, value, decision.spec.get(name), cause, place)


def is_asked(decision: Decision) -> bool:
    """Whether the manifest asks for what is decided; False where only drift does."""
    case, spec = decision.case, decision.spec
    record = case.record
    if decision.action is Action.NONE:
        return False
    if decision.action is Action.DELETE:
        return True
    if record is None or not record.id or decision.records or decision.forced or case.existing.candidates:
        return True
    # What waits for another object says nothing new by itself; that object's own change does.
    waiting = {name for name, value in spec.items() if not is_known(value)}
    changed = {change.name for change in decision.fields} - waiting
    recorded = case.with_existing(Existing(replace(record, pending=None)))
    return any(item.name in changed for item, _, _ in recorded.differences(spec))


def is_acknowledged(decision: Decision) -> bool:
    """Whether there is drift that ends when it is reported: the object itself shows nothing of it."""
    answers = {OnDrift.HEAL, OnDrift.ADOPT}
    return any(item.cause is Cause.MIGRATION and item.on_drift in answers for item in decision.response.drift)


def with_adopted(record: Record, decision: Decision) -> Record:
    """The record with the adopted values of the decision, and without those that are adopted no longer."""
    response = decision.response
    if not response.adopted and not record.adopted:
        return record
    values = {name: decision.spec[name] for name in response.adopted if name in decision.spec}
    spec = {**record.spec, **decision.case.written(values)}
    return replace(record, spec=spec, adopted=response.adopted, adopted_for=response.adopted_for)


def refresh_only(decisions: Mapping[Address, Decision]) -> dict[Address, Decision]:
    """The decisions of a plan that only brings the state up to date: records of deleted objects are forgotten."""
    refreshed = {}
    for address, decision in decisions.items():
        record, live = decision.case.record, decision.case.live
        if record is None:
            continue
        over = decision.response.stays_deleted and decision.case.due is not None
        absent = live is None or live.phase is Phase.GONE
        gone = record.id and absent and not over and not decision.existing.replaced_ids
        action, why = (Action.FORGET, f"{record.id} is gone") if gone else (Action.NONE, "")
        response = DriftResponse(decision.response.drift)
        refreshed[address] = Decision(action, decision.case, record.spec, why=why, response=response)
    return refreshed


def refreshed_records(decisions: Mapping[Address, Decision]) -> Iterable[Record]:
    """The records that differ from their live objects, brought up to date."""
    for _, decision in sorted(decisions.items()):
        case = decision.case
        record, live = case.record, case.live
        if record is None or live is None or not record.id or record.pending is not None:
            continue
        fresh = replace(
            record,
            spec={**record.spec, **as_it_is(case, live)},
            outputs=case.kind.merged_outputs(record.outputs, live),
            retired=case.existing.replaced_ids,
            adopted={},
            adopted_for={},
        )
        if fresh != record:
            yield fresh


@dataclass(frozen=True, slots=True)
class _Kept:
    """The spec that is compared with the live object, and which live values it keeps."""

    spec: Spec
    adopted: Mapping[str, Value] = field(default_factory=dict)
    """By field whose live value is wanted, what the manifest declares."""
    adopted_for: Mapping[str, Cause] = field(default_factory=dict)
    """By such a field, the cause of the drift, where that is not an edit."""
    no_longer_adopted: tuple[str, ...] = ()
    """The fields that were adopted and get the declared value back, because `onDrift` does not adopt any more."""
    ignored: Spec = field(default_factory=dict)
    """The recorded values of fields whose live values are left as they are."""


def _kept(case: Case, detected: ResourceDrift, *, rules: Rules, now: float, former: Collection[str]) -> _Kept:
    """The spec of the case, with live values in place of the declared ones where these are kept."""
    record, live, declared = case.record, case.live, case.declared
    rules_in_force = in_force(declared, now=now)
    if record is None or live is None or not record.id:
        return _Kept(case.spec)
    spec, ignored, recorded = dict(case.spec), {}, case.recorded_spec
    if _keeps_name(case, former):
        spec[NAME] = recorded[NAME]
    if not (detected.drift or rules_in_force or record.adopted):
        return _Kept(spec)
    before = _adopted_before(case, record, live)
    causes = {name: record.adopted_for.get(name, Cause.EDITED) for name in before}
    over = tuple(name for name in before if answer_to(causes[name], declared, rules)[0] is OnDrift.HEAL)
    adopted = {name: value for name, value in before.items() if name not in over}
    spec |= {name: recorded[name] for name in adopted}
    for item in detected.drift:
        if item.on_drift is OnDrift.HEAL:
            continue
        for change in item.fields:
            name, wanted = change.name, spec.get(change.name)
            if wanted is None or not case.agree(case.kind.field(name), wanted=wanted, found=recorded[name]):
                continue  # the manifest asks for something new
            if item.on_drift is OnDrift.ADOPT:
                adopted[name], causes[name] = case.written(case.spec)[name], item.cause
            else:
                ignored[name] = recorded[name]
            spec[name] = change.after
    for rule in rules_in_force:
        spec = _with_ignored(case, spec, live, path=rule.path)
    adopted_for = {name: causes[name] for name in adopted if causes[name] is not Cause.EDITED}
    return _Kept(spec, adopted, adopted_for, over, ignored)


def _keeps_name(case: Case, former: Collection[str]) -> bool:
    """Whether a moved object, which cannot be renamed, has the name that its former address gave it.

    It keeps this name where the manifest gives it that of its address, as it does by default.
    """
    name, declared = case.recorded_spec.get(NAME), case.declared
    if declared is None or NAME not in case.kind.by_name or case.kind.can_rename:
        return False
    names = {_object_name(address) for address in former if "/" not in address}
    return name in names and case.spec.get(NAME) == declared.address.object_name


_KEY: Final = re.compile(r'\["?([^"\[\]]*)"?\]')


def _object_name(address: str) -> str:
    """The default name of the object of an address as an owner mark spells it, without quotes."""
    quoted = _KEY.sub(lambda match: f'["{unquote(match[1])}"]', address)
    try:
        return Address.parse(quoted).object_name
    except ValueError:  # of a key that no address can have
        return ""


def _with_ignored(case: Case, spec: dict[str, Value], live: Live, *, path: tuple[str, ...]) -> dict[str, Value]:
    """The spec with the live value at the path of a rule of `ignoreChanges`; credentials in it are Digests.

    A map that is no longer declared is reset, except for this part of it.
    """
    (name, *inner), recorded = path, case.recorded_spec
    field_of = case.kind.field(name)
    declared = spec.get(name)
    if declared is None and name not in recorded:
        return spec
    base = declared
    if declared is None and inner:
        if not isinstance(field_of.absent, Default):
            return spec
        base = field_of.absent.value
    value = live.values.get(name, recorded.get(name))
    shown = case.masked(field_of, value, recorded=recorded.get(name), wanted=declared)
    value = overlaid(base, without_known_secrets(shown, frozenset(), key=case.key), tuple(inner))
    others = {other: item for other, item in spec.items() if other != name}
    return others if value is None else {**others, name: value}


def _adopted_before(case: Case, record: Record, live: Live) -> dict[str, Value]:
    """By field, the recorded adoptions that still hold: the manifest declares what it declared then.

    A field whose live value agrees with the manifest again is adopted no longer.
    """
    spec = case.spec
    return {
        name: then
        for name, then in record.adopted.items()
        if name in record.spec
        and name in spec
        and is_known(spec[name])
        and _declares_the_same(case, name, then)
        and not case.agree(case.kind.field(name), wanted=spec[name], found=live.values.get(name, record.spec[name]))
    }


def _declares_the_same(case: Case, name: str, then: Value) -> bool:
    """Whether the manifest declares the field as it did when its live value was adopted."""
    item = case.kind.field(name)
    same = case.written(case.spec).get(name) == then
    return same or (item.compared is Comparison.AS_SET and case.agree(item, wanted=case.spec[name], found=then))


def _because_it_is_gone(decision: Decision, detected: ResourceDrift) -> Decision:
    """The decision, with the platform event that removed the object as its reason."""
    gone = next((item for item in detected.drift if item.gone and item.cause is not Cause.DELETED), None)
    if gone is None or not decision.makes:
        return decision
    return replace(decision, why=f"{gone.id} is gone: {gone.says}" if decision.case.live is None else gone.says)


def _because_no_longer_adopted(decision: Decision, fields: tuple[str, ...]) -> Decision:
    """The decision, with the end of an adoption as its reason."""
    back = [item.name for item in decision.fields if item.name in fields]
    if not back or decision.why:
        return decision
    return replace(decision, why=f"onDrift adopts no longer what was changed outside: {', '.join(back)}")

"""What becomes of drift: the manifests are eased, so that what is to stay as it is makes no difference there. Pure.

Nothing here says what drift is; no later part of the planner needs to know of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from novita_infra.kinds.kind import Kind
from novita_infra.model.addresses import Address
from novita_infra.model.lifecycle import Cause, Ignored, OnDrift
from novita_infra.model.records import Record
from novita_infra.model.resources import Declared, Existing, Live, Phase
from novita_infra.model.rules import Rules
from novita_infra.model.values import Spec, Value, is_known
from novita_infra.planning.changes.decisions import Decision, decide, differences, recorded_spec
from novita_infra.planning.changes.equality import agree, masked, written
from novita_infra.planning.drift.detection import ResourceDrift, answer_to, as_it_is, in_force, overlaid
from novita_infra.planning.plan.changes import Action, Adopted, Drift


def decide_with_drift(
    kind: Kind,
    wanted: Declared,
    found: Existing,
    *,
    spec: Spec,
    strayed: ResourceDrift,
    rules: Rules,
    key: str,
    now: float,
) -> Decision:
    """What happens to a declared resource, where what was changed outside may be left as it is."""
    ignored = in_force(wanted, now=now)
    easing = _eased(kind, wanted, found, spec=spec, drift=strayed.drift, rules=rules, ignored=ignored, key=key)
    decision = _because_it_is_gone(decide(kind, wanted, found, spec=easing.spec, key=key), strayed)
    left = [item for item in strayed.drift if item.on_drift is not OnDrift.HEAL]
    if any(item.gone for item in left):
        return Decision(Action.NONE, found, spec, left=True)
    mishap = strayed.mishap
    stays = mishap is not None and (mishap.temporary or any(item.cause is mishap.cause for item in left))
    if stays and found.live is not None and decision.action in {Action.REPLACE, Action.RESUME}:
        # As if nothing had befallen it: only what the manifest asks for is left.
        sound = replace(found, live=replace(found.live, phase=Phase.READY))
        other = decide(kind, wanted, sound, spec=easing.spec, key=key)
        if other.action is Action.NONE:
            decision = replace(other, found=found)
    decision = _with_what_is_over(decision, easing.over)
    if easing.spec is spec:
        return decision
    if decision.makes:
        # A new object is as the manifest has it; nothing of the old one is carried over.
        made = decide(kind, wanted, found, spec=spec, key=key)
        return made if made.makes else replace(decision, spec=spec)
    return replace(decision, declared=spec, adopted=easing.adopted, adopted_for=easing.adopted_for, kept=easing.kept)


def still_adopted(decision: Decision, wanted: Declared, rules: Rules) -> Iterator[Adopted]:
    """The fields that stay other than the manifest has them."""
    for name, declared in decision.adopted.items() if decision.keeps else ():
        cause = decision.adopted_for.get(name, Cause.EDITED)
        _, place = answer_to(cause, wanted, rules)
        yield Adopted(name, declared, decision.spec.get(name), cause, place)


def is_asked(kind: Kind, decision: Decision, *, key: str) -> bool:
    """Whether the manifest asks for what is decided, or only what was changed outside does."""
    record, spec = decision.found.record, decision.spec
    if decision.action is Action.NONE:
        return False
    if record is None or not record.id or decision.records or decision.forced or decision.found.candidates:
        return True
    # What waits for another object says nothing new by itself; that object's own change does.
    waiting = {name for name, value in spec.items() if not is_known(value)}
    changed = {change.name for change in decision.fields} - waiting
    recorded = Existing(replace(record, pending=None))
    return any(item.name in changed for item, _, _ in differences(kind, spec, recorded, key=key))


def is_acknowledged(decision: Decision) -> bool:
    """Whether there is drift that is over once it was told: the object itself shows nothing of it."""
    told = {OnDrift.HEAL, OnDrift.ADOPT}
    return any(item.cause is Cause.MIGRATION and item.on_drift in told for item in decision.drift)


def brought_up(record: Record, decision: Decision, *, key: str) -> Record:
    """The record with what was adopted, and without what is not any more."""
    if not decision.adopted and not record.adopted:
        return record
    values = {name: decision.spec[name] for name in decision.adopted if name in decision.spec}
    spec = {**record.spec, **written(values, key)}
    return replace(record, spec=spec, adopted=decision.adopted, adopted_for=decision.adopted_for)


def following(decisions: Mapping[Address, Decision]) -> dict[Address, Decision]:
    """The decisions where the books only follow what is live: nothing is done but to forget what is gone."""
    told = {}
    for address, decision in decisions.items():
        record, live = decision.found.record, decision.found.live
        if record is None:
            continue
        gone = record.id and (live is None or live.phase is Phase.GONE) and not decision.found.replaced_ids
        action, why = (Action.FORGET, f"{record.id} is gone") if gone else (Action.NONE, "")
        told[address] = Decision(action, decision.found, record.spec, why=why, drift=decision.drift)
    return told


def followed(kinds: Mapping[str, Kind], decisions: Mapping[Address, Decision], *, key: str) -> Iterable[Record]:
    """The records of what is live and other than the books have it, brought up to date."""
    for address, decision in sorted(decisions.items()):
        record, live = decision.found.record, decision.found.live
        if record is None or live is None or not record.id or record.pending is not None:
            continue
        spec = {**record.spec, **as_it_is(kinds[address.type], decision.found, live, key=key)}
        outputs = kinds[address.type].merged_outputs(record.outputs, live)
        fresh = replace(
            record, spec=spec, outputs=outputs, retired=decision.found.replaced_ids, adopted={}, adopted_for={}
        )
        if fresh != record:
            yield fresh


@dataclass(frozen=True, slots=True)
class _Easing:
    spec: Spec
    """What is compared."""
    adopted: Mapping[str, Value] = field(default_factory=dict)
    """By field that is wanted as it is, what the manifest declares of it."""
    adopted_for: Mapping[str, Cause] = field(default_factory=dict)
    """Why it was other than it was left, where nobody edited it."""
    over: tuple[str, ...] = ()
    """The fields that were adopted and go back, for that is said no longer."""
    kept: Spec = field(default_factory=dict)
    """What the books go on to hold of fields that are left as they are."""


def _eased(
    kind: Kind,
    declared: Declared,
    found: Existing,
    *,
    spec: Spec,
    drift: Iterable[Drift],
    rules: Rules,
    ignored: Iterable[Ignored],
    key: str,
) -> _Easing:
    """The spec with what is live in the place of what is to be left as it is."""
    record, live = found.record, found.live
    drift, ignored = tuple(drift), tuple(ignored)
    if record is None or live is None or not record.id or not (drift or ignored or record.adopted):
        return _Easing(spec)
    eased, kept = dict(spec), {}
    recorded = recorded_spec(kind, found)
    before = _adopted_before(kind, record, live, spec=spec, key=key)
    causes = {name: record.adopted_for.get(name, Cause.EDITED) for name in before}
    over = tuple(name for name in before if answer_to(causes[name], declared, rules)[0] is OnDrift.HEAL)
    adopted = {name: value for name, value in before.items() if name not in over}
    eased |= {name: recorded[name] for name in adopted}
    for item in drift:
        if item.on_drift is OnDrift.HEAL:
            continue
        for change in item.fields:
            name, wanted = change.name, eased.get(change.name)
            if wanted is None or not agree(kind.field(name), wanted=wanted, found=recorded[name], key=key):
                continue  # the manifest asks for something new
            if item.on_drift is OnDrift.ADOPT:
                adopted[name], causes[name] = written(spec, key)[name], item.cause
            else:
                kept[name] = recorded[name]
            eased[name] = change.after
    for rule in ignored:
        name = rule.path[0]
        if eased.get(name) is None and (rule.path[1:] or name not in recorded):
            continue
        is_now = live.values.get(name, recorded.get(name))
        shown = masked(is_now, recorded=recorded.get(name), wanted=eased.get(name), field=kind.field(name), key=key)
        value = overlaid(eased.get(name), shown, rule.path[1:])
        eased = {other: item for other, item in eased.items() if other != name}
        eased |= {} if value is None else {name: value}
    adopted_for = {name: causes[name] for name in adopted if causes[name] is not Cause.EDITED}
    return _Easing(eased, adopted, adopted_for, over, kept)


def _adopted_before(kind: Kind, record: Record, live: Live, *, spec: Spec, key: str) -> dict[str, Value]:
    """What the books have as adopted and the manifest still declares as it did then, by field.

    Not what somebody has put back: that is as the manifest has it.
    """
    return {
        name: then
        for name, then in record.adopted.items()
        if name in record.spec
        and name in spec
        and is_known(spec[name])
        and written(spec, key).get(name) == then
        and not agree(kind.field(name), wanted=spec[name], found=live.values.get(name, record.spec[name]), key=key)
    }


def _because_it_is_gone(decision: Decision, strayed: ResourceDrift) -> Decision:
    """The decision, told what became of an object that nobody deleted."""
    gone = next((item for item in strayed.drift if item.gone and item.cause is not Cause.DELETED), None)
    if gone is None or not decision.makes:
        return decision
    return replace(decision, why=f"{gone.id} is gone: {gone.says}" if decision.found.live is None else gone.says)


def _with_what_is_over(decision: Decision, over: tuple[str, ...]) -> Decision:
    """The decision, told why it puts back what was adopted."""
    back = [item.name for item in decision.fields if item.name in over]
    if not back or decision.why:
        return decision
    return replace(decision, why=f"onDrift adopts no longer what was changed outside: {', '.join(back)}")

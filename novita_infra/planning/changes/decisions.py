"""What happens to one resource, and why: from what is declared, on record and live to a decision. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from novita_infra.kinds.call import Call, Target
from novita_infra.kinds.field import By, Default, Field, Local, Refusal, Replaces
from novita_infra.kinds.kind import Kind
from novita_infra.model.addresses import Address
from novita_infra.model.clock import moment
from novita_infra.model.lifecycle import Cause, Condition
from novita_infra.model.records import PendingCall, Record
from novita_infra.model.resources import STABLE, Declared, Existing, Live, Loss, Phase
from novita_infra.model.values import Ref, Spec, Value
from novita_infra.planning.changes.calls import Calls, Judged, calls_after_create, calls_on, grows, judged_means
from novita_infra.planning.changes.equality import agree, masked, unchanged
from novita_infra.planning.plan.changes import REFUSED, Action, Drift, FieldChange, Forced, Retired

_WITH_THE_NEW: Final = "comes with the new object"
"""The means of what could be changed in place, where something else forces a replacement."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What happens to one resource, before it is put in order with the others."""

    action: Action
    found: Existing
    spec: Spec = field(default_factory=dict)
    """What the object shall have: the declared fields, references worked in as far as they are known."""
    fields: tuple[FieldChange, ...] = ()
    calls: Calls = ()
    """The calls on the object that is (for a create: those that follow it), each with the fields that it changes."""
    waits: bool = False
    """A call of an earlier run is waited for first."""
    records: bool = False
    """Something that only the books hold changes."""
    why: str = ""
    loses: tuple[Loss, ...] = ()
    retires: tuple[Retired, ...] = ()
    forced: Forced | None = None
    """Who asks for a replacement, where neither its manifest nor its object does."""
    due: str = ""
    """The words for that in the books, until it is done."""
    requires: tuple[Condition, ...] = ()
    """What must hold right before the first step, as far as it is not known yet."""
    refusals: tuple[str, ...] = ()
    declared: Spec | None = None
    """What a new object would have, where the one that is may stay other than that."""
    adopted: Mapping[str, Value] = field(default_factory=dict)
    """Of fields that are wanted as somebody else made them, what the manifest declares."""
    adopted_for: Mapping[str, Cause] = field(default_factory=dict)
    """Why they were other than they were left, where nobody edited them."""
    kept: Spec = field(default_factory=dict)
    """What the books go on to hold of fields that are left as somebody else made them."""
    left: bool = False
    """The object is gone, and that is left so."""
    drift: tuple[Drift, ...] = ()
    """What was changed outside."""

    @property
    def unready(self) -> bool:
        """Whether nobody can have used the resource yet."""
        live = self.found.live
        return self.action is Action.CREATE or (live is not None and live.id in self.found.unused_ids)

    @property
    def makes(self) -> bool:
        """Whether a new object comes into being."""
        return self.action in {Action.CREATE, Action.REPLACE}

    @property
    def keeps(self) -> bool:
        """Whether the object that is stays."""
        return self.action in {Action.NONE, Action.UPDATE, Action.ADOPT, Action.RESUME}


def decide(kind: Kind, declared: Declared, found: Existing, *, spec: Spec, key: str) -> Decision:
    """What happens to a declared resource. `spec` is the declared one with references worked in."""
    record, live = found.record, found.live
    if record is not None and not record.id:
        return _decide_unanswered(kind, declared, found, spec=spec, key=key)
    if record is None or live is None:
        why = _why_gone(record) if record else ""
        return _creation(kind, spec, found, key=key, why=why)
    if live.phase in {Phase.LEAVING, Phase.GONE}:
        why = "the object is being deleted outside of novita-infra"
        return replace(_creation(kind, spec, found, key=key, why=why), action=Action.REPLACE)
    decision = _decide_living(kind, spec, found, live=live, key=key)
    if live.phase is not Phase.FAILED or decision.action is Action.REFUSED:
        return decision
    never_ready = found.never_ready
    mendable = all(Phase.FAILED in kind.call(name).allowed_phases for name, _ in decision.calls)
    if decision.action is Action.UPDATE and mendable and not never_ready:
        return decision  # What the manifest changes may be what mends it, and its data is kept.
    why = "; ".join(filter(None, (f"it failed: {live.trouble or live.status}", kind.remedy(live))))
    return _replacement(kind, spec, found, key=key, why=why, fields=decision.fields)


def with_protection(decision: Decision, *, protect: bool) -> Decision:
    """The decision with a change of the protection that the books keep, which needs no call.

    What is protected and failed could not be let go of if its replacement came with it: that is for the next run.
    """
    record, live = decision.found.record, decision.found.live
    if record is None or record.protect == protect:
        return decision
    change = FieldChange("lifecycle.protect", record.protect, protect, "kept in the state; no call is made")
    failed = live is not None and live.phase is Phase.FAILED and not any(item.replaces for item in decision.fields)
    if decision.action is Action.REPLACE and record.protect and failed:
        why = f"{decision.why}; the next run makes it anew, when it is no longer protected"
        return Decision(Action.UPDATE, decision.found, decision.spec, fields=(change,), records=True, why=why)
    if not decision.keeps:
        return decision
    action = Action.UPDATE if decision.action is Action.NONE else decision.action
    return replace(decision, action=action, fields=(*decision.fields, change), records=True)


def anew(kind: Kind, decision: Decision, *, key: str, why: str, forced: Forced, due: str) -> Decision:
    """The decision to make an object anew that could stay; one that does not stay, or is refused, is left as it is."""
    if not decision.keeps:
        return decision
    spec = decision.spec if decision.declared is None else decision.declared
    fields = decision.fields
    if decision.declared is not None:
        # What was left as it is does not outlive its object.
        judged = judged_means(kind, differences(kind, spec, decision.found, key=key))
        fields = _field_changes(kind, decision.found, judged, key=key)
    made = _replacement(kind, spec, decision.found, key=key, why=why, fields=fields)
    return replace(made, drift=decision.drift, forced=forced, due=due)


def decide_undeclared(kind: Kind, found: Existing, *, why: str = "no longer declared") -> Decision:
    """What happens to a resource that is on record and shall not be."""
    live = found.live
    if found.record is not None and not found.record.id:
        if len(found.candidates) > 1:
            told = ambiguous(found.record.address, found.candidates)
            return Decision(Action.REFUSED, found, refusals=(told,))
        live = found.candidates[0] if found.candidates else None
        found = replace(found, live=live)
        made = "an earlier create whose answer was lost made it" if live else ""
        why = "; ".join(filter(None, (why, made)))
    if live is None or live.phase is Phase.GONE:
        gone = Action.DELETE if found.replaced_ids else Action.FORGET
        return Decision(gone, found, why="; ".join(filter(None, (why, "the object is already gone"))))
    refusal = kind.api.deletion_refusal(live) if kind.api.deletion_refusal else ""
    if refusal:
        return Decision(Action.REFUSED, found, refusals=(refusal,), why=why)
    return Decision(Action.DELETE, found, why=why, loses=_losses((kind.api.delete,), {}, found))


def differences(kind: Kind, spec: Spec, found: Existing, *, key: str) -> list[tuple[Field, Value, Value]]:
    """The fields that differ, each with its value before and after.

    A field that is not declared counts only where the record says that it was, and the kind gives it a default. What a
    call was to change whose end is not known was declared too.
    """
    record = recorded_spec(kind, found)
    pending = found.record.pending if found.record and found.record.id else None
    sent = pending.sent if pending else {}
    values = found.live.values if found.live else {}
    unlike = []
    for item in kind.fields:
        if isinstance(item.change, Local):
            continue
        before = values[item.name] if item.name in values else record.get(item.name)
        after = spec.get(item.name)
        if after is None:
            if (item.name not in record and item.name not in sent) or not isinstance(item.absent, Default):
                continue
            after = item.absent.value
        if not agree(item, wanted=after, found=before, key=key):
            unlike.append((item, before, after))
    return unlike


def recorded_spec(kind: Kind, found: Existing) -> Spec:
    """What was last sent, with the fields of an unanswered call that provably took effect (a renewal moved the end)."""
    record, live = found.record, found.live
    if record is None:
        return {}
    if record.pending is None or live is None or not kind.took_effect(record, live):
        return record.spec
    return {**record.spec, **record.pending.sent}


def settled(known: Callable[[Ref], Value], decisions: Mapping[Address, Decision]) -> Callable[[Ref], Value]:
    """The same, but that what an object which stays as it is does not have is None: no step will bring it."""

    def told(ref: Ref) -> Value:
        value, decision = known(ref), decisions.get(ref.address)
        stays = decision is not None and decision.action is Action.NONE
        return None if isinstance(value, Ref) and stays else value

    return told


def ambiguous(address: Address, candidates: Iterable[Live]) -> str:
    """What is told where several objects could each be what a create made: none is taken, and nothing is made."""
    ids = " and ".join(live.id for live in candidates)
    return (
        f"a create got no usable answer, and {ids} could each be what it made; look at them, take the right one in "
        f"with `novita-infra import {shlex.quote(str(address))} ID`, and then delete the other, if it is nobody's"
    )


def _decide_unanswered(kind: Kind, declared: Declared, found: Existing, *, spec: Spec, key: str) -> Decision:
    match found.candidates:
        case ():
            unanswered = found.record is not None and found.record.pending is not None
            why = "an earlier create left nothing behind" if unanswered else ""
            return _creation(kind, spec, found, key=key, why=why)
        case (live,):
            sent = found.record.pending.sent if found.record and found.record.pending else {}
            record = replace(found.record, id=live.id, spec=sent, pending=None) if found.record else None
            adopted = decide(kind, declared, replace(found, record=record, live=live), spec=spec, key=key)
            why = f"an earlier create of {declared.address} whose answer was lost made {live.id}"
            if not adopted.keeps:
                return replace(adopted, why="; ".join(filter(None, (why, adopted.why))))
            return replace(adopted, action=Action.ADOPT, waits=True, why=why)
        case _:
            told = ambiguous(declared.address, found.candidates)
            return Decision(Action.REFUSED, found, spec, refusals=(told,))


def _why_gone(record: Record) -> str:
    if record.pending and record.pending.call == "delete":
        return "an earlier run deleted the object"
    return f"{record.id} is gone: deleted outside of novita-infra"


def _creation(kind: Kind, spec: Spec, found: Existing, *, key: str, why: str) -> Decision:
    fields = tuple(
        FieldChange(item.name, None, spec[item.name], "")
        for item in kind.fields
        if spec.get(item.name) is not None and not isinstance(item.change, Local)
    )
    return Decision(Action.CREATE, found, spec, fields=fields, calls=calls_after_create(kind, spec, key=key), why=why)


def _replacement(
    kind: Kind, spec: Spec, found: Existing, *, key: str, why: str, fields: tuple[FieldChange, ...] = ()
) -> Decision:
    live = found.live
    # No call is made on the old object: what it would have taken to change a field in place is not what happens.
    fields = tuple(item if item.replaces else replace(item, means=_WITH_THE_NEW) for item in fields)
    refusal = kind.api.deletion_refusal(live) if kind.api.deletion_refusal and live else ""
    if refusal:
        return Decision(Action.REFUSED, found, spec, fields=fields, why=why, refusals=(refusal,))
    made = _creation(kind, spec, found, key=key, why=why)
    return replace(made, action=Action.REPLACE, fields=fields, loses=_losses((kind.api.delete,), {}, found))


def _decide_living(kind: Kind, spec: Spec, found: Existing, *, live: Live, key: str) -> Decision:
    unlike = differences(kind, spec, found, key=key)
    judged = judged_means(kind, unlike)
    fields = _field_changes(kind, found, judged, key=key)
    refused = [(item, means.why) for item, _, _, means in judged if isinstance(means, Refusal)]
    replaces = any(isinstance(means, Replaces) for _, _, _, means in judged)
    # A new object may begin smaller than the old one is.
    refusals = tuple(f"{item.name}: {why}" for item, why in refused if not (replaces and grows(item)))
    if refusals:
        return Decision(Action.REFUSED, found, spec, fields=fields, refusals=refusals)
    if replaces:
        return _replacement(kind, spec, found, key=key, why="", fields=fields)
    calls = calls_on(kind, ((item, means) for item, _, _, means in judged), live=live)
    if not calls:
        return _settling(spec, found, live=live)
    # A call without fields only brings the object into a phase and back again.
    loses = _losses((kind.call(name) for name, changed in calls if changed), spec, found)
    # A call waits by itself until the object is in a phase in which the service takes it. What is still changing, and
    # is waited for by none of the calls, is waited for before them.
    waits = live.phase is Phase.CHANGING and not any(kind.call(name).final_phases for name, _ in calls)
    return Decision(Action.UPDATE, found, spec, fields=fields, calls=calls, waits=waits, loses=loses)


def _losses(calls: Iterable[Call], spec: Spec, found: Existing) -> tuple[Loss, ...]:
    """The data that the calls cost the object. What was never ready holds none that anybody wrote."""
    live = found.live
    if live is None or live.id in found.unused_ids:
        return ()
    target = Target(live.id, spec, live, found.record.spec if found.record else {})
    return tuple(loss for call in calls if call.losses is not None for loss in call.losses(target))


def with_retired(kind: Kind, decision: Decision) -> Decision:
    """The decision with what it costs that old objects go: their data was not asked about in this run."""
    found = decision.found
    if not found.replaced or decision.action is Action.REFUSED:
        return decision
    retired = []
    for live in found.replaced:
        loses = () if live.id in found.unused_ids else _losses((kind.api.delete,), {}, Existing(live=live))
        retired.append(Retired(live.id, live.status, loses))
    return replace(decision, retires=tuple(retired))


def _settling(spec: Spec, found: Existing, *, live: Live) -> Decision:
    """Nothing is to be changed; what an earlier run began may still be under way."""
    pending = found.record.pending if found.record and found.record.id else None
    if pending is None and live.phase in STABLE:
        return Decision(Action.NONE, found, spec)
    why = f"{_in_words(pending)}; it is {live.status}" if pending else f"it is {live.status}"
    return Decision(Action.RESUME, found, spec, waits=True, why=why)


def _in_words(pending: PendingCall) -> str:
    """What is under way, since when, and how the last run that waited for it ended, as far as the books tell."""
    ended = f"; the last run ended so: {pending.ended}" if pending.ended else ""
    return f"{pending.call} is under way since {moment(pending.since)}{ended}"


def _field_changes(kind: Kind, found: Existing, judged: Iterable[Judged], *, key: str) -> tuple[FieldChange, ...]:
    return tuple(_field_change(kind, found, item, before, after, means, key) for item, before, after, means in judged)


def _field_change(
    kind: Kind, found: Existing, item: Field, before: Value, after: Value, means: By | Replaces | Refusal, key: str
) -> FieldChange:
    recorded = found.record.spec.get(item.name) if found.record else None
    before = masked(before, recorded=recorded, wanted=after, field=item, key=key)
    after = unchanged(after, before=before, key=key)
    match means:
        case By(call=call):
            return FieldChange(item.name, before, after, kind.call(call).summary)
        case Replaces(why=why):
            return FieldChange(item.name, before, after, f"forces replacement: {why}", replaces=True)
        case Refusal(why=why):
            return FieldChange(item.name, before, after, f"{REFUSED}{why}")

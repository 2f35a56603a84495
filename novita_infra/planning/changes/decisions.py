"""The decision on one resource: what happens to it and why, from what is declared, recorded and live. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, replace
from typing import Final

from novita_infra.kinds.call import Call, Target
from novita_infra.kinds.field import By, Local, Refusal, Replaces
from novita_infra.model.addresses import Address
from novita_infra.model.clock import moment
from novita_infra.model.frozen import dataclass
from novita_infra.model.lifecycle import Cause, Condition, Lifecycle
from novita_infra.model.records import PendingCall, Record
from novita_infra.model.resources import PRESENT, STABLE, Existing, Live, Loss, Phase
from novita_infra.model.values import Ref, Spec, Value
from novita_infra.planning.changes.calls import Calls, Judged, calls_after_create, calls_on, grows, judged_means
from novita_infra.planning.changes.case import Case
from novita_infra.planning.changes.equality import unchanged
from novita_infra.planning.plan.changes import Action, Drift, FieldChange, Forced, Means, MeansKind, Retired

_MAKING: Final = frozenset({Action.CREATE, Action.REPLACE})
_KEEPING: Final = frozenset({Action.NONE, Action.UPDATE, Action.ADOPT, Action.RESUME})
_WITH_THE_NEW: Final = Means(words="comes with the new object")
"""The means of a field that could be changed in place, where something else forces a replacement."""
_IN_THE_STATE: Final = Means(words="kept in the state; no call is made")


@dataclass(frozen=True, slots=True)
class DriftResponse:
    """The drift of one resource, and the live values that are kept."""

    drift: tuple[Drift, ...] = ()
    """Every drift that was detected, ignored drift included."""
    stays_deleted: bool = False
    """The object is gone, and is not created again."""
    adopted: Mapping[str, Value] = field(default_factory=dict)
    """By field whose live value is wanted (`onDrift: adopt`), what the manifest declares."""
    adopted_for: Mapping[str, Cause] = field(default_factory=dict)
    """By such a field, the cause of the drift, where that is not an edit."""
    ignored: Spec = field(default_factory=dict)
    """The recorded values of fields whose live values are left as they are: they remain in the record."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The decision on one resource, before the steps are ordered."""

    action: Action
    case: Case
    spec: Spec = field(default_factory=dict)
    """What the object shall have: the spec of the case, but for live values that `onDrift` or `ignoreChanges` keep."""
    fields: tuple[FieldChange, ...] = ()
    calls: Calls = ()
    """The calls on the live object (for a create: those that follow it), each with the fields that it changes."""
    waits: bool = False
    """A call of an earlier run is waited for first."""
    records: bool = False
    """Something changes that only the state holds."""
    why: str = ""
    loses: tuple[Loss, ...] = ()
    retires: tuple[Retired, ...] = ()
    forced: Forced | None = None
    """What asks for a replacement, where neither the manifest nor the object does."""
    due: str = ""
    """The words for that in the state, until the replacement is done."""
    requires: tuple[Condition, ...] = ()
    """What must hold right before the first step, as far as it is not known yet."""
    refusals: tuple[str, ...] = ()
    response: DriftResponse = DriftResponse()

    @property
    def existing(self) -> Existing:
        """The record and the live object."""
        return self.case.existing

    @property
    def unready(self) -> bool:
        """Whether the resource cannot have been used yet."""
        live = self.case.live
        return self.action is Action.CREATE or (live is not None and live.id in self.existing.unused_ids)

    @property
    def makes(self) -> bool:
        """Whether a new object is created."""
        return self.action in _MAKING

    @property
    def keeps(self) -> bool:
        """Whether the live object is kept."""
        return self.action in _KEEPING


def decide(case: Case, *, compared: Spec | None = None, tolerates: bool = False) -> Decision:
    """The decision on a declared resource.

    `compared` is the spec that the live object is compared with, where that is another one than the spec of the case:
    `onDrift` and `ignoreChanges` keep live values. A new object gets the spec of the case all the same. `tolerates`
    says that a platform event explains why the object is not ready, and that this alone changes nothing.
    """
    record, live = case.record, case.live
    if record is not None and not record.id:
        return _decide_unanswered(case, record)
    if record is None or live is None:
        return _creation(case, why=_why_gone(record) if record else "")
    job, deleting = case.kind.api.job is not None, record.pending is not None and record.pending.call == "delete"
    if live.phase not in PRESENT and (deleting or not job):
        why = "the object is being deleted outside of novita-infra"
        return replace(_creation(case, why=why), action=Action.REPLACE)
    decision = _decide_living(case, live, compared=case.spec if compared is None else compared, tolerates=tolerates)
    if live.phase is not Phase.FAILED or decision.action is Action.REFUSED:
        return decision
    if job or (tolerates and decision.action is Action.NONE):
        return decision  # A job that failed is not run again by itself: that may cost as much again.
    mendable = all(Phase.FAILED in case.kind.call(name).allowed_phases for name, _ in decision.calls)
    if decision.action is Action.UPDATE and mendable and not case.existing.never_ready:
        return decision  # What the manifest changes may be what mends it, and its data is kept.
    why = "; ".join(filter(None, (f"it failed: {live.trouble or live.status}", case.kind.remedy(live))))
    return _replacement(case, why=why)


def with_recorded(decision: Decision, lifecycle: Lifecycle, *, labels: Mapping[str, str]) -> Decision:
    """The decision with a change of the recorded protection, hooks before a delete, and labels, which need no call.

    A protected object that failed keeps its protection for this run if its replacement came together with the lifting
    of the protection: the replacement is for the next run.
    """
    record, live = decision.case.record, decision.case.live
    if record is None:
        return decision
    changes = []
    protect, delete_hooks = lifecycle.protect, lifecycle.has_delete_hooks
    if record.delete_hooks != delete_hooks:
        changes.append(FieldChange("lifecycle.hooks.onDelete", record.delete_hooks, delete_hooks, _IN_THE_STATE))
    if record.protect != protect:
        changes.append(FieldChange("lifecycle.protect", record.protect, protect, _IN_THE_STATE))
    if live is not None and record.labels != labels:
        changes.append(FieldChange("metadata.labels", dict(record.labels) or None, dict(labels) or None, _IN_THE_STATE))
    failed = live is not None and live.phase is Phase.FAILED and not any(item.replaces for item in decision.fields)
    if decision.action is Action.REPLACE and record.protect and not protect and failed:
        why = f"{decision.why}; the next run replaces it, when it is no longer protected"
        return Decision(Action.UPDATE, decision.case, decision.spec, fields=tuple(changes), records=True, why=why)
    if not changes or not decision.keeps:
        return decision
    action = Action.UPDATE if decision.action is Action.NONE else decision.action
    return replace(decision, action=action, fields=(*decision.fields, *changes), records=True)


def with_replacement(decision: Decision, *, why: str, forced: Forced, due: str) -> Decision:
    """The decision to replace an object that could be kept. An object that is not kept anyway is decided on already.

    Live values that are kept on the old object are not carried over to the new one. What is the one part of something
    cannot be replaced by another one.
    """
    if not decision.keeps:
        return decision
    if decision.case.kind.api.part_of:
        refusal = f"{why}, but there is no other {decision.case.kind.name} to replace it with: change its spec instead"
        return replace(decision, action=Action.REFUSED, refusals=(refusal,))
    made = _replacement(decision.case, why=why)
    return replace(made, response=DriftResponse(decision.response.drift), forced=forced, due=due)


def settled(known: Callable[[Ref], Value], decisions: Mapping[Address, Decision]) -> Callable[[Ref], Value]:
    """The same lookup, in which an attribute that an unchanged object does not have is None: no step will bring it."""

    def known_or_none(ref: Ref) -> Value:
        value, decision = known(ref), decisions.get(ref.address)
        unchanged = decision is not None and decision.action is Action.NONE
        return None if isinstance(value, Ref) and unchanged else value

    return known_or_none


def ambiguous(address: Address, candidates: Iterable[Live]) -> str:
    """The message where several objects could each be what a create made: none is adopted, and none is created."""
    ids = " and ".join(live.id for live in candidates)
    return (
        f"a create got no usable answer, and {ids} could each be what it made; look at them, import the right one "
        f"with `novita-infra import {shlex.quote(str(address))} ID`, and then delete the other one if nothing needs it "
        "(a state that this run cannot see, on another machine or of another project, may record it)"
    )


def _decide_unanswered(case: Case, record: Record) -> Decision:
    """The decision on a resource whose create got no answer."""
    candidates = case.existing.candidates
    match candidates:
        case ():
            return _creation(case, why="an earlier create left nothing behind" if record.pending else "")
        case (live,):
            sent = record.pending.sent if record.pending else {}
            known = replace(record, id=live.id, spec=sent, pending=None)
            decision = decide(case.with_existing(replace(case.existing, record=known, live=live)))
            why = f"an earlier create of {record.address} whose answer was lost made {live.id}"
            if not decision.keeps:
                return replace(decision, why="; ".join(filter(None, (why, decision.why))))
            return replace(decision, action=Action.ADOPT, waits=True, why=why)
        case _:
            return Decision(Action.REFUSED, case, case.spec, refusals=(ambiguous(record.address, candidates),))


def _why_gone(record: Record) -> str:
    if record.pending and record.pending.call == "delete":
        return "an earlier run deleted the object"
    return f"{record.id} is gone: deleted outside of novita-infra"


def _creation(case: Case, *, why: str) -> Decision:
    spec = case.spec
    fields = tuple(
        FieldChange(item.name, None, spec[item.name])
        for item in case.kind.fields
        if spec.get(item.name) is not None and not isinstance(item.change, Local)
    )
    return Decision(Action.CREATE, case, spec, fields=fields, calls=calls_after_create(case), why=why)


def _replacement(case: Case, *, why: str) -> Decision:
    live, kind = case.live, case.kind
    fields = _field_changes(case, judged_means(kind, case.differences()))
    # No call is made on the old object: what it would have taken to change a field in place is not what happens.
    fields = tuple(item if item.replaces else replace(item, means=_WITH_THE_NEW) for item in fields)
    refusal = kind.api.deletion_refusal(live) if kind.api.deletion_refusal and live else ""
    if refusal:
        return Decision(Action.REFUSED, case, case.spec, fields=fields, why=why, refusals=(refusal,))
    loses = (*losses_of(case, (kind.api.delete,), {}), *losses_of(case, (kind.api.create,), case.spec))
    return replace(_creation(case, why=why), action=Action.REPLACE, fields=fields, loses=loses)


def _decide_living(case: Case, live: Live, *, compared: Spec, tolerates: bool) -> Decision:
    """The decision on an object that exists, by the fields in which it differs."""
    kind = case.kind
    judged = judged_means(kind, case.differences(compared))
    refused = [(item, means.why) for item, _, _, means in judged if isinstance(means, Refusal)]
    replaces = any(isinstance(means, Replaces) for _, _, _, means in judged)
    # A new object may begin smaller than the old one is.
    refusals = tuple(f"{item.name}: {why}" for item, why in refused if not (replaces and grows(item)))
    if refusals:
        return Decision(Action.REFUSED, case, compared, fields=_field_changes(case, judged), refusals=refusals)
    if replaces:
        return _replacement(case, why=case.file.difference if case.file else "")
    calls = calls_on(kind, judged, live=live)
    if not calls:
        return _settling(case, live, compared=compared, tolerates=tolerates)
    # A call without fields only brings the object into a phase and back again.
    loses = losses_of(case, (kind.call(name) for name, changed in calls if changed), compared)
    # A call waits by itself until the object is in a phase in which the service takes it. What is still changing, and
    # is waited for by none of the calls, is waited for before them.
    waits = live.phase is Phase.CHANGING and not any(kind.call(name).final_phases for name, _ in calls)
    fields = _field_changes(case, judged)
    why = case.file.lost if case.file and case.file.again else ""
    return Decision(Action.UPDATE, case, compared, fields=fields, calls=calls, waits=waits, loses=loses, why=why)


def losses_of(case: Case, calls: Iterable[Call], spec: Spec) -> tuple[Loss, ...]:
    """The data that the calls cost the object. An object that was never ready holds no data of anybody."""
    live, record = case.live, case.record
    if live is None or live.id in case.existing.unused_ids:
        return ()
    target = Target(live.id, spec, live, record.spec if record else {})
    return tuple(loss for call in calls if call.losses is not None for loss in call.losses(target))


def with_retired(decision: Decision) -> Decision:
    """The decision with the losses of deleting old objects: no run has asked about their data for this manifest."""
    case, existing = decision.case, decision.existing
    if not existing.replaced or decision.action is Action.REFUSED:
        return decision
    retired = []
    for live in existing.replaced:
        old = case.with_existing(Existing(live=live))
        loses = () if live.id in existing.unused_ids else losses_of(old, (case.kind.api.delete,), {})
        retired.append(Retired(live.id, live.status, loses))
    return replace(decision, retires=tuple(retired))


def _settling(case: Case, live: Live, *, compared: Spec, tolerates: bool) -> Decision:
    """The decision where no field differs; a call of an earlier run may still be under way."""
    pending = case.record.pending if case.record and case.record.id else None
    if pending is None and (tolerates or live.phase in STABLE or case.kind.is_over(live)):
        return Decision(Action.NONE, case, compared)
    why = f"{_in_words(pending)}; it is {live.status}" if pending else f"it is {live.status}"
    return Decision(Action.RESUME, case, compared, waits=True, why=why)


def _in_words(pending: PendingCall) -> str:
    """The call under way, since when, and how the last run that waited for it ended."""
    ended = f"; the last run ended so: {pending.ended}" if pending.ended else ""
    return f"{pending.call} is under way since {moment(pending.since)}{ended}"


def _field_changes(case: Case, judged: Iterable[Judged]) -> tuple[FieldChange, ...]:
    return tuple(_field_change(case, item) for item in judged)


def _field_change(case: Case, judged: Judged) -> FieldChange:
    item, before, after, means = judged
    recorded = case.record.spec.get(item.name) if case.record else None
    before = case.masked(item, before, recorded=recorded, wanted=after)
    after = unchanged(after, before=before, key=case.key)
    match means:
        case By(call=call):
            return FieldChange(item.name, before, after, Means(words=case.kind.call(call).summary))
        case Replaces(why=why):
            return FieldChange(item.name, before, after, Means(MeansKind.REPLACES, why), replaces=True)
        case Refusal(why=why):
            return FieldChange(item.name, before, after, Means(MeansKind.REFUSED, why))

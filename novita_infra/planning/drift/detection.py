"""Detects drift: what was changed outside of novita-infra, as opposed to what the manifests ask for. Pure.

Drift is a difference between the recorded and the live values of declared fields. `response` decides what is done.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from novita_infra.kinds.field import Default, Field, Local
from novita_infra.kinds.kind import Circumstances, Kind, PlatformEvent
from novita_infra.model.addresses import Address, Origin
from novita_infra.model.diagnostics import Diagnostic, Severity
from novita_infra.model.frozen import dataclass
from novita_infra.model.identity import Claim, Identity, owner_of
from novita_infra.model.lifecycle import Cause, Ignored, OnDrift
from novita_infra.model.records import Record
from novita_infra.model.resources import PRESENT, STABLE, Declared, Live, Phase
from novita_infra.model.rules import Rules
from novita_infra.model.values import Spec, Value, is_known, values_at
from novita_infra.planning.changes.case import Case
from novita_infra.planning.changes.decisions import Decision
from novita_infra.planning.plan.changes import Drift, FieldChange


@dataclass(frozen=True, slots=True)
class ResourceDrift:
    """The drift of one resource, and the platform event behind it."""

    drift: tuple[Drift, ...] = ()
    """One for each cause, ignored drift included."""
    event: PlatformEvent | None = None
    """What the platform did to the object, as far as the API tells."""


def detect_drift(case: Case, *, circumstances: Circumstances, rules: Rules, others: str = "") -> ResourceDrift:
    """The drift of one resource.

    A live value that agrees with the spec of the case is no drift. `rules` are those of the project, for causes of
    which the resource says nothing; `others` names the project and environment whose mark the object carries.
    """
    record, live = case.record, case.live
    if case.kind.api.job is not None:
        return ResourceDrift()  # nothing changes a job that has begun, and its end is no drift
    if record is None or not record.id or (record.pending is not None and record.pending.call in {"create", "delete"}):
        return ResourceDrift()
    event = _platform_event(case.kind, record, live, circumstances)
    if live is None or live.phase not in PRESENT:
        gone = event or PlatformEvent(Cause.DELETED, "" if live is None else "it is being deleted")
        report = _Report(case, record, rules, others, before=_before(case), after={})
        return ResourceDrift((report.drift(gone.cause, message=gone.message, gone=True),), event)
    ignored = in_force(case.declared, now=circumstances.now)
    fields = tuple(_changed_fields(case, live, ignored=ignored))
    undeclared = tuple(_undeclared_fields(case, live, event=event, ignored=ignored))
    explained = tuple(item for item in fields if event is not None and item.name in event.fields)
    edited = tuple(item for item in fields if item not in explained)
    if not (edited or undeclared) and (event is None or event.temporary):
        return ResourceDrift((), event)
    report = _Report(
        case,
        record,
        rules,
        others,
        before={**_before(case), **{item.name: item.before for item in undeclared}},
        after={**as_it_is(case, live), **{item.name: item.after for item in undeclared}},
    )
    drifts = []
    if event is not None and not event.temporary:
        drifts.append(report.drift(event.cause, explained, message=event.message))
    if edited:
        drifts.append(report.drift(Cause.EDITED, edited))
    if undeclared:
        drifts.append(report.drift(Cause.EDITED, undeclared, declared=False))
    return ResourceDrift(tuple(drifts), event)


def marked_by_others(live: Live | None, identity: Identity) -> str:
    """The project and environment whose owner mark the object carries, where it is not this one."""
    owner = owner_of(live.mark) if live and identity.claim(live.mark) is Claim.FOREIGN else None
    return f"project {owner.project}, environment {owner.environment}" if owner else ""


def drift_notes(
    declared: Mapping[Address, Declared], decisions: Mapping[Address, Decision], *, now: float
) -> Iterable[Diagnostic]:
    """The notes on drift that is left as it is (`onDrift: alert`), and on `ignoreChanges` rules that have ended."""
    for address, wanted in declared.items():
        decision = decisions.get(address)
        for item in decision.response.drift if decision and not decision.makes else ():
            if item.on_drift is OnDrift.ALERT or (item.on_drift is OnDrift.ADOPT and item.gone):
                yield _left(item, wanted)
        for rule in wanted.lifecycle.ignored:
            if rule.until and rule.until <= now:
                summary = f"lifecycle.ignoreChanges: {rule} is compared again since {_day(rule.until)}"
                hint = f"it was left out for this: {rule.reason}" if rule.reason else "remove the rule, or give it time"
                place = wanted.lifecycle_places.get("ignoreChanges", wanted.origin)
                yield _warning(summary, hint, place, address)


def new_object_notes(
    declared: Mapping[Address, Declared], decisions: Mapping[Address, Decision], *, now: float
) -> Iterable[Diagnostic]:
    """The notes on values that `ignoreChanges` keeps on an object and that its replacement does not get."""
    for address, wanted in declared.items():
        decision = decisions.get(address)
        if decision is None or not decision.makes or decision.case.record is None or not wanted.lifecycle.ignored:
            continue
        case = decision.case
        had = {**case.recorded_spec, **(case.live.values if case.live else {})}
        lost = [
            str(rule)
            for rule in in_force(wanted, now=now)
            if any(values_at(had, rule.path)) and not any(values_at(dict(case.spec), rule.path))
        ]
        if lost:
            summary = f"the new object does not get what lifecycle.ignoreChanges keeps: {', '.join(lost)}"
            place = wanted.lifecycle_places.get("ignoreChanges", wanted.origin)
            yield _warning(summary, "declare it, or set it there afterwards", place, address)


def answer_to(cause: Cause, wanted: Declared | None, rules: Rules) -> tuple[OnDrift, Origin | None]:
    """The response to drift of that cause, and where it is declared; None where it is not."""
    if wanted is not None and cause in wanted.lifecycle.on_drift:
        return wanted.lifecycle.on_drift[cause], wanted.lifecycle_places.get("onDrift", wanted.origin)
    if cause in rules.on_drift:
        return rules.on_drift[cause], rules.on_drift_place
    return OnDrift.HEAL, None


def _left(item: Drift, wanted: Declared) -> Diagnostic:
    """The note on drift that is left as it is."""
    left = f"changed outside and left as it is ({item.cause.value})"
    if not item.declared:
        (field, *_) = item.fields
        hint = (
            f"the manifest does not say: `{field.name}: {field.before}` would put it back, "
            f"`{field.name}: {field.after}` would keep it so"
        )
        return _warning(f"{left}: it is {field.after}", hint, wanted.origin, wanted.address)
    what = ", ".join(change.name for change in item.fields) or item.says or "it is gone"
    where = "lifecycle.onDrift" if item.cause in wanted.lifecycle.on_drift else "onDrift of the project file"
    hint = f"{where} says {item.on_drift.value}; heal would put it back"
    return _warning(f"{left}: {what}", hint, item.place or wanted.origin, wanted.address)


def in_force(wanted: Declared | None, *, now: float) -> tuple[Ignored, ...]:
    """The rules by which parts of the spec are not compared now."""
    rules = wanted.lifecycle.ignored if wanted else ()
    return tuple(rule for rule in rules if not rule.until or now < rule.until)


def as_it_is(case: Case, live: Live) -> Spec:
    """The recorded fields with their live values; a live value that satisfies the recorded one leaves it unchanged."""
    spec = dict(case.recorded_spec)
    for item in _comparable(case, live):
        recorded, value = case.recorded_spec[item.name], live.values[item.name]
        if not case.agree(item, wanted=recorded, found=value):
            spec[item.name] = case.masked(item, value, recorded=recorded, wanted=recorded)
    return spec


def overlaid(value: Value, other: Value, path: tuple[str, ...]) -> Value:
    """The value with what the other has at the path."""
    if not path:
        return other
    mine, theirs = (item if isinstance(item, dict) else {} for item in (value, other))
    inner = overlaid(mine.get(path[0]), theirs.get(path[0]), path[1:])
    rest = {name: item for name, item in mine.items() if name != path[0]}
    return rest if inner is None else {**rest, path[0]: inner}


# --- the fields that drifted --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Report:
    """The parts that every drift of one resource shares."""

    case: Case
    record: Record
    rules: Rules
    others: str
    before: Spec
    after: Spec

    def drift(
        self,
        cause: Cause,
        fields: tuple[FieldChange, ...] = (),
        *,
        message: str = "",
        gone: bool = False,
        declared: bool = True,
    ) -> Drift:
        """The drift of one cause. Drift of an undeclared field is never put back, only reported or ignored."""
        answer, place = answer_to(cause, self.case.declared, self.rules)
        return Drift(
            self.record.address,
            cause,
            answer if declared or answer is OnDrift.IGNORE else OnDrift.ALERT,
            id=self.record.id,
            says=message,
            by=_by(cause, self.others),
            fields=fields,
            gone=gone,
            before=self.before,
            after=self.after,
            since=self.record.seen_at,
            declared=declared,
            place=place,
        )


def _platform_event(
    kind: Kind, record: Record, live: Live | None, circumstances: Circumstances
) -> PlatformEvent | None:
    event = kind.drift.platform_event(record, live, circumstances) if kind.drift.platform_event else None
    if event is None and live is not None and live.phase is Phase.FAILED:
        return PlatformEvent(Cause.FAILED, live.trouble or live.status)
    return event


def _changed_fields(case: Case, live: Live, *, ignored: tuple[Ignored, ...]) -> Iterable[FieldChange]:
    """The recorded fields whose live value is another one."""
    pending = case.record.pending.sent if case.record and case.record.pending else {}
    for item in _comparable(case, live):
        name, value = item.name, live.values[item.name]
        recorded = case.recorded_spec[name]
        if value == recorded:
            continue  # as most are
        for path in (rule.path[1:] for rule in ignored if rule.path[0] == name):
            recorded = overlaid(recorded, value, path)
        own = [recorded, *(spec[name] for spec in (pending, case.spec) if spec.get(name) is not None)]
        if any(case.agree(item, wanted=one, found=value) for one in own if is_known(one)):
            continue
        yield FieldChange(name, recorded, case.masked(item, value, recorded=recorded, wanted=recorded))


def _undeclared_fields(
    case: Case, live: Live, *, event: PlatformEvent | None, ignored: tuple[Ignored, ...]
) -> Iterable[FieldChange]:
    """The watched fields that were never declared and are not at their default."""
    declared = case.declared
    for item in case.kind.fields if declared is not None and live.phase in STABLE else ():
        if not isinstance(item.absent, Default) or not item.absent.watched:
            continue
        default = item.absent.value
        value = live.values.get(item.name, default)
        is_declared = item.name in case.spec
        if value == default or is_declared or item.name in case.recorded_spec:
            continue
        if item.name not in {*(rule.path[0] for rule in ignored), *(event.fields if event else ())}:
            yield FieldChange(item.name, default, value)


def _comparable(case: Case, live: Live) -> Iterable[Field]:
    """The fields that are both recorded and live."""
    for item in case.kind.fields:
        if item.name in case.recorded_spec and item.name in live.values and not isinstance(item.change, Local):
            yield item


def _before(case: Case) -> Spec:
    return {name: value for name, value in case.recorded_spec.items() if name in case.kind.by_name}


def _by(cause: Cause, others: str) -> str:
    if cause not in {Cause.EDITED, Cause.DELETED}:
        return ""
    return f"perhaps by {others}, whose mark it carries" if others else ""


def _warning(summary: str, hint: str, origin: Origin, address: Address) -> Diagnostic:
    return Diagnostic(summary, hint, origin=origin, address=str(address), severity=Severity.WARNING)


def _day(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"

"""What was changed outside, told apart from what the manifests ask. Pure.

Drift is the difference between what the books hold and what is live, in the fields that were declared. What becomes of
it is for `easing`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from novita_infra.kinds.field import Default, Field, Local
from novita_infra.kinds.kind import Circumstances, Kind, PlatformEvent
from novita_infra.kinds.toolkit.owner_marks import mark_safe
from novita_infra.model.addresses import Address, Origin
from novita_infra.model.diagnostics import Diagnostic, Severity
from novita_infra.model.lifecycle import Cause, Ignored, OnDrift
from novita_infra.model.records import Record
from novita_infra.model.resources import STABLE, Declared, Existing, Live, Phase
from novita_infra.model.rules import Rules
from novita_infra.model.values import Spec, Value, is_known
from novita_infra.planning.changes.decisions import Decision, recorded_spec
from novita_infra.planning.changes.equality import agree, masked
from novita_infra.planning.plan.changes import Drift, FieldChange

_GOING: Final = frozenset({Phase.LEAVING, Phase.GONE})


@dataclass(frozen=True, slots=True)
class ResourceDrift:
    """What befell one object."""

    drift: tuple[Drift, ...] = ()
    """Those that are to be ignored included."""
    mishap: PlatformEvent | None = None


def detect_drift(
    kind: Kind,
    found: Existing,
    *,
    wanted: Declared | None,
    spec: Spec,
    key: str,
    circumstances: Circumstances,
    rules: Rules,
    others: str = "",
) -> ResourceDrift:
    """What was changed outside of one resource.

    `spec` is what the manifest asks for now: what it happens to agree with is no drift. `rules` say what becomes of
    each cause where the resource does not; `others` is who else's mark the object carries.
    """
    record, live = found.record, found.live
    if record is None or not record.id or (record.pending is not None and record.pending.call in {"create", "delete"}):
        return ResourceDrift()
    mishap = _mishap(kind, record, live, circumstances)

    def drift(
        cause: Cause, fields: tuple[FieldChange, ...], *, says: str = "", gone: bool = False, declared: bool = True
    ) -> Drift:
        answer, place = answer_to(cause, wanted, rules)
        return Drift(
            record.address,
            cause,
            answer if declared or answer is OnDrift.IGNORE else OnDrift.ALERT,
            id=record.id,
            says=says,
            by=_by(cause, others),
            fields=fields,
            gone=gone,
            before={**_before(kind, found), **{item.name: item.before for item in unasked}},
            after={}
            if gone or live is None
            else {**as_it_is(kind, found, live, key=key), **{item.name: item.after for item in unasked}},
            since=record.seen_at,
            declared=declared,
            place=place,
        )

    unasked: tuple[FieldChange, ...] = ()
    if live is None or live.phase in _GOING:
        told = mishap or PlatformEvent(Cause.DELETED, "" if live is None else "it is being deleted")
        return ResourceDrift((drift(told.cause, (), says=told.message, gone=True),), mishap)
    ignored = in_force(wanted, now=circumstances.now)
    fields = tuple(_changed_fields(kind, found, live, spec=spec, ignored=ignored, key=key))
    unasked = tuple(_unasked(kind, found, live, wanted=wanted, mishap=mishap, ignored=ignored))
    explained = tuple(item for item in fields if mishap is not None and item.name in mishap.fields)
    edited = tuple(item for item in fields if item not in explained)
    drifts = []
    if mishap is not None and not mishap.temporary:
        drifts.append(drift(mishap.cause, explained, says=mishap.message))
    if edited:
        drifts.append(drift(Cause.EDITED, edited))
    if unasked:
        drifts.append(drift(Cause.EDITED, unasked, declared=False))
    return ResourceDrift(tuple(drifts), mishap)


def marked_by_others(live: Live | None, *, project: str, environment: str) -> str:
    """The project and environment whose owner mark the object carries, where it is not this one."""
    parts = live.mark.split("/") if live else []
    if len(parts) != len(("project", "environment", "address", "operation")):
        return ""
    own = (mark_safe(project), environment)
    return "" if (parts[0], parts[1]) == own else f"project {parts[0]}, environment {parts[1]}"


def drift_notes(
    declared: Mapping[Address, Declared], decisions: Mapping[Address, Decision], *, now: float
) -> Iterable[Diagnostic]:
    """What a person should know: drift that is left as it is with an alarm, and rules that are over."""
    for address, wanted in declared.items():
        decision = decisions.get(address)
        for item in decision.drift if decision and not decision.makes else ():
            if item.on_drift is OnDrift.ALERT or (item.on_drift is OnDrift.ADOPT and item.gone):
                yield _left(item, wanted)
        for rule in wanted.lifecycle.ignored:
            if rule.until and rule.until <= now:
                summary = f"lifecycle.ignoreChanges: {rule} is compared again since {_day(rule.until)}"
                hint = f"it was left out for this: {rule.reason}" if rule.reason else "remove the rule, or give it time"
                place = wanted.lifecycle_places.get("ignoreChanges", wanted.origin)
                yield _warning(summary, hint, place, address)


def answer_to(cause: Cause, wanted: Declared | None, rules: Rules) -> tuple[OnDrift, Origin | None]:
    """What becomes of the resource's drift for that cause, and where that stands; None where nothing is said."""
    if wanted is not None and cause in wanted.lifecycle.on_drift:
        return wanted.lifecycle.on_drift[cause], wanted.lifecycle_places.get("onDrift", wanted.origin)
    if cause in rules.on_drift:
        return rules.on_drift[cause], rules.on_drift_place
    return OnDrift.HEAL, None


def _left(item: Drift, wanted: Declared) -> Diagnostic:
    """That something is left as somebody or something made it."""
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


def as_it_is(kind: Kind, found: Existing, live: Live, *, key: str) -> Spec:
    """The recorded fields as they are; those that already satisfy the books stand as the books have them."""
    record = recorded_spec(kind, found)
    told = dict(record)
    for item in _comparable(kind, record, live):
        known, is_now = record[item.name], live.values[item.name]
        if not agree(item, wanted=known, found=is_now, key=key):
            told[item.name] = masked(is_now, recorded=known, wanted=known, field=item, key=key)
    return told


def overlaid(value: Value, other: Value, path: tuple[str, ...]) -> Value:
    """The value with what the other has at the path."""
    if not path:
        return other
    mine, theirs = (item if isinstance(item, dict) else {} for item in (value, other))
    inner = overlaid(mine.get(path[0]), theirs.get(path[0]), path[1:])
    rest = {name: item for name, item in mine.items() if name != path[0]}
    return rest if inner is None else {**rest, path[0]: inner}


# --- what is other than it was left -----------------------------------------------------------------------------------


def _mishap(kind: Kind, record: Record, live: Live | None, circumstances: Circumstances) -> PlatformEvent | None:
    told = kind.drift.platform_event(record, live, circumstances) if kind.drift.platform_event else None
    if told is None and live is not None and live.phase is Phase.FAILED:
        return PlatformEvent(Cause.FAILED, live.trouble or live.status)
    return told


def _changed_fields(
    kind: Kind, found: Existing, live: Live, *, spec: Spec, ignored: tuple[Ignored, ...], key: str
) -> Iterable[FieldChange]:
    record = recorded_spec(kind, found)
    sent = found.record.pending.sent if found.record and found.record.pending else {}
    for item in _comparable(kind, record, live):
        name, is_now = item.name, live.values[item.name]
        if is_now == record[name]:
            continue  # as most are
        rules = [rule.path[1:] for rule in ignored if rule.path[0] == name]
        known = record[name]
        for path in rules:
            known = overlaid(known, is_now, path)
        own = [known, *(wish[name] for wish in (sent, spec) if wish.get(name) is not None)]
        if any(agree(item, wanted=value, found=is_now, key=key) for value in own if is_known(value)):
            continue
        yield FieldChange(name, known, masked(is_now, recorded=known, wanted=known, field=item, key=key), "")


def _unasked(
    kind: Kind,
    found: Existing,
    live: Live,
    *,
    wanted: Declared | None,
    mishap: PlatformEvent | None,
    ignored: tuple[Ignored, ...],
) -> Iterable[FieldChange]:
    """What nobody declared, and is other than its default all the same, where a person wants to hear of it."""
    for item in kind.fields if wanted is not None and live.phase in STABLE else ():
        if not item.watched or not isinstance(item.absent, Default):
            continue
        usual, is_now = item.absent.value, live.values.get(item.name, item.absent.value)
        declared = wanted is not None and item.name in wanted.spec
        if is_now == usual or declared or item.name in recorded_spec(kind, found):
            continue
        if item.name not in {*(rule.path[0] for rule in ignored), *(mishap.fields if mishap else ())}:
            yield FieldChange(item.name, usual, is_now, "")


def _comparable(kind: Kind, record: Spec, live: Live) -> Iterable[Field]:
    """The fields that the books hold and the answer tells."""
    for item in kind.fields:
        if item.name in record and item.name in live.values and not isinstance(item.change, Local):
            yield item


def _before(kind: Kind, found: Existing) -> Spec:
    return {name: value for name, value in recorded_spec(kind, found).items() if name in kind.by_name}


def _by(cause: Cause, others: str) -> str:
    if cause not in {Cause.EDITED, Cause.DELETED}:
        return ""
    return f"perhaps by {others}, whose mark it carries" if others else ""


def _warning(summary: str, hint: str, origin: Origin, address: Address) -> Diagnostic:
    return Diagnostic(summary, hint, origin=origin, address=str(address), severity=Severity.WARNING)


def _day(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"

"""What was changed outside, told apart from what the manifests ask, and what becomes of it. Pure.

Drift is the difference between what the books hold and what is live, in the fields that were declared. What the
manifests ask is decided elsewhere; here it is only eased, so that what is to stay as it is makes no difference there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from novita_infra.diagnostics import Diagnostic, Severity
from novita_infra.kinds.kind import Circumstances, Field, Kind, Local, Mishap
from novita_infra.planning.comparing import agree, masked, written
from novita_infra.planning.deciding import Decision, decide, differences, recorded_spec
from novita_infra.planning.plan import Action, Drift, FieldChange
from novita_infra.resources import (
    Address,
    Cause,
    Declared,
    Found,
    Ignored,
    Live,
    OnDrift,
    Origin,
    Phase,
    Record,
    Spec,
    Value,
    is_known,
)

_UNSPOKEN: Final = re.compile(r"[^\w.-]+")
"""What an owner mark has a hyphen for."""
_GOING: Final = frozenset({Phase.LEAVING, Phase.GONE})


@dataclass(frozen=True, slots=True)
class Strayed:
    """What befell one object."""

    drift: tuple[Drift, ...] = ()
    """Those that are to be ignored included."""
    mishap: Mishap | None = None


def strayed(
    kind: Kind,
    found: Found,
    *,
    wanted: Declared | None,
    spec: Spec,
    key: str,
    circumstances: Circumstances,
    answers: Mapping[Cause, OnDrift],
    others: str = "",
) -> Strayed:
    """What was changed outside of one resource.

    `spec` is what the manifest asks for now: what it happens to agree with is no drift. `answers` say what becomes of
    each cause where the resource does not; `others` is who else's mark the object carries.
    """
    record, live = found.record, found.live
    if (
        record is None
        or not record.id
        or (record.underway is not None and record.underway.call in {"create", "delete"})
    ):
        return Strayed()
    mishap = _mishap(kind, record, live, circumstances)
    answers = {**answers, **(wanted.lifecycle.on_drift if wanted else {})}

    def drift(cause: Cause, fields: tuple[FieldChange, ...], *, says: str = "", gone: bool = False) -> Drift:
        return Drift(
            record.address,
            cause,
            answers.get(cause, OnDrift.HEAL),
            id=record.id,
            says=says,
            by=_by(cause, others),
            fields=fields,
            gone=gone,
            before=_before(kind, found),
            after={} if gone or live is None else _after(kind, found, live, key=key),
            since=record.seen_at,
        )

    if live is None or live.phase in _GOING:
        told = mishap or Mishap(Cause.DELETED, "" if live is None else "it is being deleted")
        return Strayed((drift(told.cause, (), says=told.says, gone=True),), mishap)
    ignored = in_force(wanted, now=circumstances.now)
    fields = tuple(_changed_fields(kind, found, live, spec=spec, ignored=ignored, key=key))
    explained = tuple(item for item in fields if mishap is not None and item.name in mishap.fields)
    edited = tuple(item for item in fields if item not in explained)
    drifts = []
    if mishap is not None and not mishap.passes:
        drifts.append(drift(mishap.cause, explained, says=mishap.says))
    if edited:
        drifts.append(drift(Cause.EDITED, edited))
    return Strayed(tuple(drifts), mishap)


def decide_with_drift(
    kind: Kind, wanted: Declared, found: Found, *, spec: Spec, strayed: Strayed, key: str, now: float
) -> Decision:
    """What happens to a declared resource, where what was changed outside may be left as it is."""
    easing = _eased(kind, found, spec=spec, drift=strayed.drift, ignored=in_force(wanted, now=now), key=key)
    decision = decide(kind, wanted, found, spec=easing.spec, key=key)
    left = [item for item in strayed.drift if item.on_drift is not OnDrift.HEAL]
    if any(item.gone for item in left):
        return Decision(Action.NONE, found, spec, left=True)
    mishap = strayed.mishap
    stays = mishap is not None and (mishap.passes or any(item.cause is mishap.cause for item in left))
    if stays and found.live is not None and decision.action in {Action.REPLACE, Action.RESUME}:
        # As if nothing had befallen it: only what the manifest asks for is left.
        sound = replace(found, live=replace(found.live, phase=Phase.READY))
        other = decide(kind, wanted, sound, spec=easing.spec, key=key)
        if other.action is Action.NONE:
            decision = replace(other, found=found)
    if easing.spec is spec:
        return decision
    if decision.makes:
        # A new object is as the manifest has it; nothing of the old one is carried over.
        made = decide(kind, wanted, found, spec=spec, key=key)
        return made if made.makes else replace(decision, spec=spec)
    return replace(decision, declared=spec, adopted=easing.adopted, kept=easing.kept)


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
    recorded = Found(replace(record, underway=None))
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
    return replace(record, spec={**record.spec, **written(values, key)}, adopted=decision.adopted)


def following(decisions: Mapping[Address, Decision]) -> dict[Address, Decision]:
    """The decisions where the books only follow what is live: nothing is done but to forget what is gone."""
    told = {}
    for address, decision in decisions.items():
        record, live = decision.found.record, decision.found.live
        if record is None:
            continue
        gone = record.id and (live is None or live.phase is Phase.GONE) and not decision.found.leftovers
        action, why = (Action.FORGET, f"{record.id} is gone") if gone else (Action.NONE, "")
        told[address] = Decision(action, decision.found, record.spec, why=why, drift=decision.drift)
    return told


def followed(kinds: Mapping[str, Kind], decisions: Mapping[Address, Decision], *, key: str) -> Iterable[Record]:
    """The records of what is live and other than the books have it, brought up to date."""
    for address, decision in sorted(decisions.items()):
        record, live = decision.found.record, decision.found.live
        if record is None or live is None or not record.id or record.underway is not None:
            continue
        spec = {**record.spec, **_after(kinds[address.kind], decision.found, live, key=key)}
        outputs = {**record.outputs, **live.outputs}
        fresh = replace(record, spec=spec, outputs=outputs, retired=decision.found.leftovers, adopted={})
        if fresh != record:
            yield fresh


def marked_by_others(live: Live | None, *, project: str, environment: str) -> str:
    """The project and environment whose owner mark the object carries, where it is not this one."""
    parts = live.mark.split("/") if live else []
    if len(parts) != len(("project", "environment", "address", "operation")):
        return ""
    own = (_UNSPOKEN.sub("-", project), environment)
    return "" if (parts[0], parts[1]) == own else f"project {parts[0]}, environment {parts[1]}"


def drift_notes(
    declared: Mapping[Address, Declared], decisions: Mapping[Address, Decision], *, now: float
) -> Iterable[Diagnostic]:
    """What a person should know: drift that is left as it is with an alarm, and rules that are over."""
    for address, wanted in declared.items():
        for item in decisions[address].drift if address in decisions else ():
            if item.on_drift is OnDrift.ALERT or (item.on_drift is OnDrift.ADOPT and item.gone):
                what = ", ".join(change.name for change in item.fields) or item.says or "it is gone"
                summary = f"changed outside and left as it is ({item.cause.value}): {what}"
                hint = f"lifecycle.onDrift says {item.on_drift.value}; heal would put it back"
                yield _warning(summary, hint, wanted.origin, address)
        for rule in wanted.lifecycle.ignored:
            if rule.until and rule.until <= now:
                summary = f"lifecycle.ignoreChanges: {rule} is compared again since {_day(rule.until)}"
                hint = f"it was left out for this: {rule.reason}" if rule.reason else "remove the rule, or give it time"
                yield _warning(summary, hint, wanted.origin, address)


def in_force(wanted: Declared | None, *, now: float) -> tuple[Ignored, ...]:
    """The rules by which parts of the spec are not compared now."""
    rules = wanted.lifecycle.ignored if wanted else ()
    return tuple(rule for rule in rules if not rule.until or now < rule.until)


# --- what is other than it was left -----------------------------------------------------------------------------------


def _mishap(kind: Kind, record: Record, live: Live | None, circumstances: Circumstances) -> Mishap | None:
    told = kind.mishap(record, live, circumstances) if kind.mishap else None
    if told is None and live is not None and live.phase is Phase.FAILED:
        return Mishap(Cause.FAILED, live.trouble or live.status)
    return told


def _changed_fields(
    kind: Kind, found: Found, live: Live, *, spec: Spec, ignored: tuple[Ignored, ...], key: str
) -> Iterable[FieldChange]:
    record = recorded_spec(kind, found)
    underway = found.record.underway.sent if found.record and found.record.underway else {}
    for item in _comparable(kind, record, live):
        name, is_now = item.name, live.values[item.name]
        if is_now == record[name]:
            continue  # as most are
        rules = [rule.path[1:] for rule in ignored if rule.path[0] == name]
        known = record[name]
        for path in rules:
            known = _overlaid(known, is_now, path)
        own = [known, *(wish[name] for wish in (underway, spec) if wish.get(name) is not None)]
        if any(agree(item, wanted=value, found=is_now, key=key) for value in own if is_known(value)):
            continue
        yield FieldChange(name, known, masked(is_now, recorded=known, wanted=known, field=item, key=key), "")


def _comparable(kind: Kind, record: Spec, live: Live) -> Iterable[Field]:
    """The fields that the books hold and the answer tells."""
    for item in kind.fields:
        if item.name in record and item.name in live.values and not isinstance(item.change, Local):
            yield item


def _before(kind: Kind, found: Found) -> Spec:
    return {name: value for name, value in recorded_spec(kind, found).items() if name in kind.by_name}


def _after(kind: Kind, found: Found, live: Live, *, key: str) -> Spec:
    """The recorded fields as they are; those that already satisfy the books stand as the books have them."""
    record = recorded_spec(kind, found)
    told = dict(record)
    for item in _comparable(kind, record, live):
        known, is_now = record[item.name], live.values[item.name]
        if not agree(item, wanted=known, found=is_now, key=key):
            told[item.name] = masked(is_now, recorded=known, wanted=known, field=item, key=key)
    return told


def _by(cause: Cause, others: str) -> str:
    if cause not in {Cause.EDITED, Cause.DELETED}:
        return ""
    return f"perhaps by {others}, whose mark it carries" if others else ""


# --- what is left as it is --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Easing:
    spec: Spec
    """What is compared."""
    adopted: Mapping[str, Value] = field(default_factory=dict)
    """By field that is wanted as it is, what the manifest declares of it."""
    kept: Spec = field(default_factory=dict)
    """What the books go on to hold of fields that are left as they are."""


def _eased(
    kind: Kind, found: Found, *, spec: Spec, drift: Iterable[Drift], ignored: Iterable[Ignored], key: str
) -> _Easing:
    """The spec with what is live in the place of what is to be left as it is."""
    record, live = found.record, found.live
    drift, ignored = tuple(drift), tuple(ignored)
    if record is None or live is None or not record.id or not (drift or ignored or record.adopted):
        return _Easing(spec)
    eased, kept = dict(spec), {}
    recorded = recorded_spec(kind, found)
    adopted = {
        name: declared
        for name, declared in record.adopted.items()
        if name in recorded and name in spec and is_known(spec[name]) and written(spec, key).get(name) == declared
    }
    eased |= {name: recorded[name] for name in adopted}
    for item in drift:
        if item.on_drift is OnDrift.HEAL:
            continue
        for change in item.fields:
            name, wanted = change.name, eased.get(change.name)
            if wanted is None or not agree(kind.field(name), wanted=wanted, found=recorded[name], key=key):
                continue  # the manifest asks for something new
            if item.on_drift is OnDrift.ADOPT:
                adopted[name] = written(spec, key)[name]
            else:
                kept[name] = recorded[name]
            eased[name] = change.after
    for rule in ignored:
        name = rule.path[0]
        if eased.get(name) is None and (rule.path[1:] or name not in recorded):
            continue
        is_now = live.values.get(name, recorded.get(name))
        shown = masked(is_now, recorded=recorded.get(name), wanted=eased.get(name), field=kind.field(name), key=key)
        overlaid = _overlaid(eased.get(name), shown, rule.path[1:])
        if overlaid is None:
            eased.pop(name, None)
        else:
            eased[name] = overlaid
    return _Easing(eased, adopted, kept)


def _overlaid(value: Value, other: Value, path: tuple[str, ...]) -> Value:
    """The value with what the other has at the path."""
    if not path:
        return other
    mine, theirs = (item if isinstance(item, dict) else {} for item in (value, other))
    inner = _overlaid(mine.get(path[0]), theirs.get(path[0]), path[1:])
    rest = {name: item for name, item in mine.items() if name != path[0]}
    return rest if inner is None else {**rest, path[0]: inner}


def _warning(summary: str, hint: str, origin: Origin, address: Address) -> Diagnostic:
    return Diagnostic(summary, hint, origin=origin, address=str(address), severity=Severity.WARNING)


def _day(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"

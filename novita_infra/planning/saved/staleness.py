"""Staleness: whether a saved plan still does what it would have done when it was made. Pure.

A fresh plan is compared with the saved one in the resources that the saved one changes, and those that these need. What
changes by itself (a status, an output), and resources that the plan does not touch, refuse nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from novita_infra.encoding import Json, compact, digest, encode
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import EXIT_BLOCKED, Diagnostic
from novita_infra.model.resources import Declared
from novita_infra.model.values import Secret, Spec, Value, is_secret
from novita_infra.planning.changes.equality import explain_difference
from novita_infra.planning.plan.changes import Action, Change
from novita_infra.planning.plan.findings import Finding
from novita_infra.planning.plan.plan import Plan
from novita_infra.planning.plan.review import Review
from novita_infra.planning.plan.steps import Step, StepConditions, StepKind

_SETTLED: Final = frozenset({Action.NONE, Action.RESUME})
"""Actions that become each other by themselves."""


def manifest_digests(declared: Iterable[Declared]) -> dict[str, str]:
    """By address, a digest of what the manifests declare. A secret counts by where it is read from."""
    return {str(item.address): _digest_of(item) for item in declared}


def moved(
    saved: Review,
    fresh: Review,
    *,
    digests: tuple[Mapping[str, str], Mapping[str, str]],
    key: str,
    ago: str,
) -> list[Finding]:
    """Why the saved plan cannot be applied any more: a finding for each field that differs, and those of a fresh plan.

    `fresh` is what the same command would make now, with the saved choices; `digests` are the manifest digests of both.
    `key` is the hex key of the state, and `ago` says how long ago the saved plan was made. An empty list means that
    each step of the saved plan is, as a whole, a step of the fresh one.
    """
    old, new = saved.plan, fresh.plan
    before, now = _by_address(old), _by_address(new)
    steps = _Steps(old), _Steps(new)
    declared = {
        address
        for address in {*before, *now}
        if digests[0].get(str(address)) != digests[1].get(str(address))
        and (address in steps[0].changed or not old.selection.partial)
    }
    touched = steps[0].changed | steps[0].needed
    findings = []
    hint = f"moved since the plan was made, {ago} ago; make a new plan"
    for address in sorted(touched | declared):
        changes = before.get(address), now.get(address)
        if address not in steps[0].changed | declared:
            messages = list(_gone(*changes))
        else:
            messages = list(_moved(*changes, key=key)) or list(_otherwise(address, *steps))
        if not messages and address in declared:
            messages = ["its manifest is not what it was"]
        if not messages and address in steps[0].changed:
            messages = list(_not_whole(address, *steps, key=key))
        findings += [Finding(Diagnostic(text, hint, address=str(address))) for text in messages]
    findings += [Finding(Diagnostic(text, hint, address=str(address))) for address, text in _other_edits(old, new)]
    if digest(dict(old.outputs.declared), key) != digest(dict(new.outputs.declared), key):
        findings.append(Finding(Diagnostic("the outputs of the project file are not what they were", hint)))
    # A finding on a resource that this plan does not touch belongs to another plan.
    here = {"", *map(str, touched)}
    code = fresh.code
    blocked = code == EXIT_BLOCKED  # by what a fresh plan would choose
    problems = () if blocked else fresh.problems
    return [*findings, *(Finding(item, code) for item in problems if item.address in here)]


def _other_edits(old: Plan, new: Plan) -> Iterator[tuple[Address, str]]:
    """The messages on other moves and imports. What was done since, as planned, is as it was to be."""
    left = {change.address: change.id for change in new.changes}
    before, now = ({item.address: item.id for item in plan.edits.imported} for plan in (old, new))
    for address in before.keys() | now.keys():
        if now.get(address) != before.get(address) and left.get(address) != before.get(address):
            was = f"was to be imported as {before[address]}" if address in before else "was not to be imported"
            yield address, f"it {was}, and is {f'imported as {now[address]}' if address in now else 'not imported'} now"
    for item in set(new.edits.moved) - set(old.edits.moved):
        yield item.source, f"it moves to {item.target} now, and was not to"
    for item in set(old.edits.moved) - set(new.edits.moved):
        if item.source in left or item.target not in left:
            yield item.source, f"it was to move to {item.target}, and does not now"


def _moved(before: Change | None, now: Change | None, *, key: str) -> Iterator[str]:
    """The messages on one resource: live differences first, then those of the manifest."""
    if before is None or now is None or now.id != before.id:
        yield from _gone(before, now)
        return
    live = list(_differences(before.before, now.before, key=key))
    asked = _differences(before.after, now.after, key=key, words="was to be {}, and would now be {}")
    skipped = {name for name, _ in live}
    wanted = [text for name, text in asked if name not in skipped and before.after and now.after]
    yield from (text for _, text in live)
    yield from wanted
    if now.action is Action.UPDATE and (live or wanted):
        return  # which says it all
    if now.action is not before.action and not {now.action, before.action} <= _SETTLED:
        because = f": {now.why}" if now.why else ""
        yield f"the plan would {_to(now.action)} it now, and was to {_to(before.action)} it{because}"
    elif now.loses != before.loses:
        yield f"it would lose {_listed(now.loses)} now, and was to lose {_listed(before.loses)}"


def _gone(before: Change | None, now: Change | None) -> Iterator[str]:
    """The message on another object; for a needed resource nothing else counts."""
    if before is None or now is None:
        yield "it is declared now, and was not" if now else "it is neither declared nor recorded any more"
    elif now.id != before.id:
        because = f": {now.why}" if now.why else ""
        yield f"it was {before.id or 'not there'}, and is {now.id or 'not there'}{because}"


def _otherwise(address: Address, before: _Steps, now: _Steps) -> Iterator[str]:
    """The message on other calls, where no field explains them."""
    if before.of(address) != now.of(address):
        yield f"it would take {_listed(now.of(address))} now, and was to take {_listed(before.of(address))}"


def _not_whole(address: Address, before: _Steps, now: _Steps, *, key: str) -> Iterator[str]:
    """The message on steps that differ in anything, where nothing else explains that."""
    # What the plan does to other resources may order the steps otherwise.
    shared = before.keys & now.keys
    old, new = before.whole(address, shared, key=key), now.whole(address, shared, key=key)
    parts = sorted({name for step in {*old, *new} for name in _differing(old.get(step, {}), new.get(step, {}))})
    if parts:
        yield f"its steps are not what they were: {_listed(parts)}"


def _differences(before: Spec, now: Spec, *, key: str, words: str = "was {}, and is {}") -> Iterator[tuple[str, str]]:
    """The fields that differ, each with a message for every place inside it."""
    for name in sorted({*before, *now}):
        old, new = digest(before.get(name), key), digest(now.get(name), key)
        if old == new:
            continue
        if isinstance(old, (dict, list)) and type(old) is type(new):
            for item in explain_difference(old, new):
                path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in item.path)
                yield name, f"{name}{path} {words.format(_shown(item.before), _shown(item.after))}"
        else:
            yield name, f"{name} {words.format(_shown(old), _shown(new))}"


class _Steps:
    """The calls of a plan, by resource, without those that it only waits for."""

    def __init__(self, plan: Plan) -> None:
        self._steps: dict[Address, list[Step]] = {}
        for step in plan.steps:
            if step.action is not StepKind.WAIT:
                self._steps.setdefault(step.address, []).append(step)
        self.keys = {step.key for steps in self._steps.values() for step in steps}
        self.changed = {step.address for step in plan.steps}
        self.needed = {need for step in plan.steps for need in step.record.needs}
        """The resources that the changes need."""

    def of(self, address: Address) -> tuple[str, ...]:
        return tuple(sorted(map(_named, self._steps.get(address, ()))))

    def whole(self, address: Address, shared: Collection[str], *, key: str) -> dict[str, Mapping[str, Json]]:
        """By key, each step with all that decides what is done; an order after a step that is not `shared` is left out.

        Left out are the manifest file and the texts for a person. A condition that is known by now is not needed.
        """
        return {
            step.key: encode(
                replace(
                    step,
                    spec=digest(dict(step.spec), key),
                    after=tuple(sorted(item for item in step.after if item in shared)),
                    says="",
                    record=replace(step.record, source=""),
                    conditions=StepConditions(),
                )
            )
            for step in self._steps.get(address, ())
        }


def _named(step: Step) -> str:
    return f"{step.call_name} of {step.id}" if step.action is StepKind.DELETE else step.call_name


def _differing(old: Mapping[str, Json], new: Mapping[str, Json]) -> Iterator[str]:
    return (name for name in {*old, *new} if old.get(name) != new.get(name))


def _by_address(plan: Plan) -> Mapping[Address, Change]:
    return {change.address: change for change in plan.changes}


def _shown(value: Value) -> str:
    if value is None:
        return "nothing"
    return str(json.dumps(value, default=lambda leaf: "(secret)" if is_secret(leaf) else "(known after apply)"))


def _to(action: Action) -> str:
    """The action as a verb, for `the plan would ... it`."""
    match action:
        case Action.NONE:
            return "leave"
        case Action.RESUME:
            return "wait for"
        case Action.REFUSED:
            return "refuse"
        case _:
            return str(action.value)


def _listed(words: Iterable[object]) -> str:
    return ", ".join(map(str, words)) or "nothing"


def _digest_of(item: Declared) -> str:
    content = encode([dict(item.spec), item.needs, item.lifecycle, item.check], secrets=_source)
    return hashlib.sha256(compact(content)).hexdigest()[:32]


def _source(secret: Secret) -> Json:
    if secret.computed is not None:
        return encode(secret.computed, secrets=_source)
    return "manifest" if secret.source.startswith("manifest:") else secret.source

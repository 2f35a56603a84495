"""A plan, a run and the books as text for a person. It must be understood without colour, and it shows no secret."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from novita_infra.applying.events import Ended, Outcome, Result
from novita_infra.model.addresses import Address
from novita_infra.model.clock import moment
from novita_infra.model.records import Record
from novita_infra.model.values import Value
from novita_infra.planning.plan.changes import Action, Change, FieldChange
from novita_infra.planning.plan.plan import Plan
from novita_infra.state.state import State
from novita_infra.views.text.drift import adopted_lines, adopted_of, drift_lines, unread_lines
from novita_infra.views.text.leftovers import leftover_lines
from novita_infra.views.text.lines import Line, Tone, line
from novita_infra.views.text.money import by_address, money_lines, row_lines, standing_lines
from novita_infra.views.text.policies import policy_lines
from novita_infra.views.text.safety import detour_lines, targeting_lines
from novita_infra.views.text.values import described, differing, inline

_SYMBOL: Final[Mapping[Action, tuple[str, Tone | None, str]]] = {
    Action.NONE: ("", None, "stays as it is"),
    Action.CREATE: ("+", Tone.ADD, "will be created"),
    Action.UPDATE: ("~", Tone.CHANGE, "will be updated in place"),
    Action.REPLACE: ("-/+", Tone.REPLACE, "will be replaced: the old one is deleted first"),
    Action.DELETE: ("-", Tone.REMOVE, "will be deleted"),
    Action.ADOPT: ("<=", Tone.NEUTRAL, "will be adopted"),
    Action.RESUME: ("..", Tone.NEUTRAL, "will be waited for"),
    Action.FORGET: (".", Tone.NEUTRAL, "will be forgotten"),
    Action.REFUSED: ("!", Tone.BAD, "is refused"),
}
_CREATE_FIRST: Final = ("+/-", Tone.REPLACE, "will be replaced: the new one is made first")

_ALWAYS: Final = (Action.CREATE, Action.UPDATE, Action.REPLACE, Action.DELETE, Action.ADOPT)
"""Always in the summary; the other actions only where there are any."""
_VERBS: Final[Mapping[Action, tuple[str, str]]] = {
    Action.CREATE: ("to create", "created"),
    Action.UPDATE: ("to update", "updated"),
    Action.REPLACE: ("to replace", "replaced"),
    Action.DELETE: ("to delete", "deleted"),
    Action.ADOPT: ("to adopt", "adopted"),
    Action.RESUME: ("to wait for", "waited for"),
    Action.FORGET: ("to forget", "forgotten"),
    Action.REFUSED: ("refused", "refused"),
}


def symbol(change: Change) -> str:
    """The sign of a change, such as `-/+`; empty where nothing changes."""
    return heading(change)[0]


def heading(change: Change) -> tuple[str, Tone | None, str]:
    """The sign of a change, its tone, and what it is in words: `will be updated in place`."""
    return _CREATE_FIRST if change.action is Action.REPLACE and change.create_first else _SYMBOL[change.action]


def plan_lines(plan: Plan, *, now: float | None = None) -> Iterator[Line]:
    """The whole plan: every change with its fields and reasons, the outputs that change, and the summary.

    `now`, in Unix seconds, tells how old a saved plan's prices are.
    """
    yield from drift_lines(plan)
    yield from adopted_lines(plan)
    yield from unread_lines(plan, now=now)
    if plan.empty:
        yield from targeting_lines(plan)
        yield line((_nothing_to_do(plan), Tone.GOOD))
        yield from standing_lines(plan.money, environment=plan.environment, now=now)
        yield from policy_lines(plan.policies)
        return
    changes = [change for change in plan.changes if change.action is not Action.NONE]
    if changes:
        what = "Plan to destroy" if plan.destroys else "Plan for"
        yield line(f"{what} project {plan.project}, environment {plan.environment}:")
        yield line()
    costs, detours = by_address(plan.money), plan.detours
    for change in changes:
        yield from _change_lines(change)
        yield from detour_lines(detours.get(change.address, ()))
        yield from row_lines(costs.get(change.address))
        yield line()
    yield from _output_changes(plan)
    yield from money_lines(plan.money, environment=plan.environment, now=now)
    yield from targeting_lines(plan)
    if plan.policies:
        yield from policy_lines(plan.policies)
        yield line()
    yield line((summary(plan), Tone.STRONG))


def summary(plan: Plan) -> str:
    """`Plan: 3 to create, 1 to update, 1 to replace, 2 to delete, 0 to adopt.`"""
    counts = Counter(change.action for change in plan.changes)
    counted = [
        f"{counts[action]} {to_do}" for action, (to_do, _) in _VERBS.items() if counts[action] or action in _ALWAYS
    ]
    return f"Plan: {', '.join(counted)}."


def result_lines(result: Result, *, again: str, destroy: str = "novita-infra destroy") -> Iterator[Line]:
    """What the run did and did not do. `again` is the command that goes on from here, `destroy` that which deletes."""
    if result.succeeded:
        word = "Destroy" if result.plan.destroys else "Apply"
        counts = Counter(change.action for change in result.plan.changes)
        done = [f"{counts[action]} {is_done}" for action, (_, is_done) in _VERBS.items() if counts[action]]
        yield line((f"{word} complete: {', '.join(done) or 'outputs brought up to date'}.", Tone.GOOD))
        return
    yield from _unfinished_lines(result)
    yield from leftover_lines(result, destroy=destroy)
    yield line()
    yield next_line(again)


def next_line(again: str) -> Line:
    """The command that goes on where a run did not come to its end."""
    return line("Next: ", (again, Tone.STRONG), "   (it goes on from here)")


def output_lines(outputs: Mapping[str, Value]) -> Iterator[Line]:
    """The outputs, one a line."""
    for name, value in sorted(outputs.items()):
        yield line(f"{name} = {inline(value)}")


def state_lines(state: State) -> Iterator[Line]:
    """The books: every record, then the outputs."""
    cloud = f", account {state.cloud}" if state.cloud else ""
    yield line(
        (f"Project {state.project or '(none yet)'}, environment {state.environment}{cloud}", Tone.STRONG),
        f", serial {state.serial}",
    )
    for address in sorted(state.records):
        yield line()
        yield from record_lines(state.records[address])
    if not state.records:
        yield line("Nothing is on record.")
    if state.outputs:
        yield line()
        yield line(("Outputs", Tone.STRONG))
        yield from output_lines(state.outputs)


def record_lines(record: Record) -> Iterator[Line]:
    """One record: its id, what was last sent, what is under way."""
    marks = "  (protected)" if record.protect else ""
    yield line((str(record.address), Tone.STRONG), marks)
    yield line(f"    id: {record.id or '(not known: a create got no answer)'}")
    if record.underway is not None:
        yield line((f"    under way: {record.underway.call}, since {moment(record.underway.since)}", Tone.CHANGE))
        if record.underway.ended:
            yield line((f"        the last run ended so: {record.underway.ended}", Tone.CHANGE))
    if record.anew:
        yield line((f"    to be made anew: {record.anew} asked for it", Tone.CHANGE))
    if record.retired:
        yield line((f"    replaced, not known to be gone: {', '.join(record.retired)}", Tone.CHANGE))
    if record.adopted:
        yield line(("    adopted, and so other than the manifest has it:", Tone.CHANGE))
    for item in adopted_of(record):
        note = (f"  # {item.cause.value}", Tone.FAINT)
        yield from differing(item.name, item.declared, item.wanted, indent=8, note=note)
    yield from _choice_lines(record.choice)
    if record.source:
        yield line((f"    declared in: {record.source}", Tone.FAINT))
    if record.needs:
        yield line((f"    needs: {', '.join(map(str, record.needs))}", Tone.FAINT))
    for title, values in (("spec", record.spec), ("outputs", record.outputs)):
        shown = {name: value for name, value in values.items() if value is not None}
        if shown:
            yield line(f"    {title}:")
        for name, value in shown.items():
            yield from described(name, value, indent=8)


def _choice_lines(choice: Mapping[str, Value]) -> Iterator[Line]:
    """What was taken of several offers, and why the others were not; nothing where there was no choice."""
    match choice:
        case {"took": dict() as took, "passed": [*passed]} if passed:
            yield line(f"    taken of several offers: {inline(took)}")
            for item in passed:
                if isinstance(item, dict):
                    yield line(f"    passed over: {inline(item.get('offer'))}: {item.get('reason')}")


def _nothing_to_do(plan: Plan) -> str:
    if plan.follows:
        return "No changes: only the books are brought up to date."
    if plan.drift:
        return "No changes: what was changed outside is not put back."
    if plan.left:
        return "No changes but those that are left out."
    count = sum(change.action is Action.NONE for change in plan.changes)
    if plan.destroys or not count:
        return "No changes. Nothing is on record." if plan.destroys else "No changes. Nothing is declared."
    resources, match = ("resource", "matches") if count == 1 else ("resources", "match")
    but = ", but for what was adopted" if any(change.adopted for change in plan.changes) else ""
    return f"No changes. The {count:,} {resources} of this environment {match} the manifests{but}."


def _change_lines(change: Change) -> Iterator[Line]:
    sign, tone, sentence = heading(change)
    known_as = f" ({change.id})" if change.id else ""
    if change.action is Action.UPDATE and any("restarts" in item.means for item in change.fields):
        sentence += ", with a restart"
    yield line((f"{sign:>3} ", tone), (str(change.address), Tone.STRONG), f"{known_as} {sentence}")
    if change.why:
        yield line((f"      # because {change.why}", Tone.FAINT))
    if change.action is Action.CREATE:
        for item in change.fields:
            yield from described(item.name, item.after, indent=6)
    else:
        yield from _field_changes(change.fields)
    for loss in change.loses:
        yield line(("      ! loses: ", Tone.BAD), str(loss))
    for old in change.retires:
        yield line(("      - ", Tone.REMOVE), f"{old.id}, which it replaced and which is {old.status}, will be deleted")
        for loss in old.loses:
            yield line(("          ! loses: ", Tone.BAD), str(loss))


def _field_changes(fields: tuple[FieldChange, ...]) -> Iterator[Line]:
    """The fields by their means: said beside a field that is alone with it, above those that share it."""
    by_means: dict[str, list[FieldChange]] = {}
    for item in fields:
        by_means.setdefault(item.means, []).append(item)
    for means, items in sorted(by_means.items(), key=lambda group: len(group[1]) > 1):
        tone = Tone.REPLACE if items[0].replaces else Tone.FAINT
        if len(items) > 1 and means:
            yield line((f"      # {means}", tone))
        beside = f"  # {means}" if means and len(items) == 1 else ""
        for item in items:
            yield from differing(item.name, item.before, item.after, indent=6, note=(beside, tone))


def _output_changes(plan: Plan) -> Iterator[Line]:
    if not plan.outputs_changed:
        return
    yield line("Outputs:")
    for name in plan.outputs_changed:
        before, after = plan.outputs_before.get(name), plan.outputs.get(name)
        yield from differing(name, before, after, indent=6, note=("", None))
    yield line()


def _unfinished_lines(result: Result) -> Iterator[Line]:
    word = "Destroy" if result.plan.destroys else "Apply"
    how = "was interrupted" if result.interrupted else "did not finish"
    done = result.count(Outcome.DONE)
    parts = [f"{done} of {len(result.ends)} steps done"] + [
        f"{count} {outcome.value if outcome is not Outcome.MOVING else 'still moving'}"
        for outcome in (Outcome.FAILED, Outcome.SKIPPED, Outcome.MOVING)
        if (count := result.count(outcome))
    ]
    yield line((f"{word} {how}: {', '.join(parts)}.", Tone.BAD))
    for title, outcome in _SECTIONS:
        ends = [end for end in result.ends if end.outcome is outcome]
        if ends:
            yield line()
            yield line((title, Tone.STRONG))
        for end in ends[:_MANY] if outcome is Outcome.DONE else ends:
            yield from _end_lines(end)
        if outcome is Outcome.DONE and len(ends) > _MANY:
            yield line((f"  and {len(ends) - _MANY} more", Tone.FAINT))


_MANY: Final = 20
"""Steps that are done and listed one by one; what is not done is always listed in full."""
_SECTIONS: Final = (
    ("Done:", Outcome.DONE),
    ("Still moving (the call is made, its end is not known yet):", Outcome.MOVING),
    ("Skipped:", Outcome.SKIPPED),
    ("Failed:", Outcome.FAILED),
)


def _end_lines(end: Ended) -> Iterator[Line]:
    known_as = f" ({end.id})" if end.id else ""
    tone = Tone.REMOVE if end.outcome is Outcome.FAILED else None
    yield line((f"  {address_and_call(end.step.address, end.step.call)}{known_as}", tone))
    for text in reason_lines(end):
        yield line(f"      {text}")


def reason_lines(end: Ended) -> Iterator[str]:
    """Why a step ended as it did, then what the object's own log says last."""
    yield from filter(None, end.reason.splitlines())
    if end.log:
        yield "last log lines:"
    yield from (f"  {text}" for text in end.log)


def address_and_call(address: Address, call: str) -> str:
    """How a step is named to a person: `instance.trainer: upgrade`."""
    return f"{address}: {call}"

"""The end of a run in words: what is done, what is not, and what still costs after a failure. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from novita_infra.applying.events import Ended, Outcome, Result
from novita_infra.catalogue.prices import Cost
from novita_infra.model.addresses import Address
from novita_infra.planning.plan.changes import Action, Change
from novita_infra.planning.plan.costs import Row
from novita_infra.planning.plan.steps import BRINGING_UP, StepKind, Update
from novita_infra.views.content.costs import hourly
from novita_infra.views.content.plan import VERBS

_SECTIONS: Final = (
    ("Done:", Outcome.DONE),
    ("In progress (the call was made, its end is not known yet):", Outcome.MOVING),
    ("Skipped:", Outcome.SKIPPED),
    ("Failed:", Outcome.FAILED),
)


class Leftover(NamedTuple):
    """An object that still costs after a failed run."""

    address: Address
    price: str
    why: str
    deleted_by_destroy: bool
    """Whether `destroy --target` of the address deletes only what this run created."""


def outcome_sentence(result: Result) -> str:
    """`Apply complete: 2 created.`, or how far the run came."""
    word = result.name
    if result.succeeded and not result.awaited:
        return f"{word} begun: {len(result.ends)} accepted, and not waited for."
    if result.succeeded and result.title:
        return f"{word} complete: {len(result.ends)} done."
    if result.succeeded:
        counts = Counter(change.action for change in result.changes)
        done = [f"{result.imported} imported"] if result.imported else []
        done += [f"{counts[action]} {is_done}" for action, (_, is_done) in VERBS.items() if counts[action]]
        return f"{word} complete: {', '.join(done) or 'outputs brought up to date'}."
    how = "was interrupted" if result.interrupted else "did not finish"
    parts = [f"{result.count(Outcome.DONE)} of {len(result.ends)} steps done"] + [
        f"{count} {outcome.value if outcome is not Outcome.MOVING else 'in progress'}"
        for outcome in (Outcome.FAILED, Outcome.SKIPPED, Outcome.MOVING)
        if (count := result.count(outcome))
    ]
    return f"{word} {how}: {', '.join(parts)}."


def ends_by_outcome(result: Result) -> Iterator[tuple[str, Outcome, list[Ended]]]:
    """The ended steps by outcome, each with its title; none without steps."""
    for title, outcome in _SECTIONS:
        if ends := [end for end in result.ends if end.outcome is outcome]:
            yield title, outcome, ends


def leftovers(result: Result) -> Iterator[Leftover]:
    """The objects that still cost after a failed run."""
    failing = [end for end in result.ends if end.outcome is Outcome.FAILED]
    failed = {end.step.address for end in failing if end.id and end.step.action in BRINGING_UP | {StepKind.DELETE}}
    groups = {end.step.group for end in failing if end.step.group}
    changes = {change.address: change for change in result.changes}
    for row in result.cost.rows if result.cost else ():
        ends = {end.step.key: end for end in result.ends if end.step.address == row.address}
        beside = _serving(changes.get(row.address), ends.values())
        undone = any(end.undone for end in ends.values())
        costs = _costs(row, ends.values()) if not undone else row.before if beside else ()
        if not costs or (row.address not in failed and row.group not in groups):
            continue
        made = not undone and any(end.step.action in BRINGING_UP for end in ends.values())
        broken = row.address in failed and not undone
        why = "it failed" if broken else f"of the group {row.group}"
        why += f"; {beside} existed before, remains and costs, too" if beside and not undone else ""
        why += "" if made or broken else ", from before this run"
        going = any(end.step.action is StepKind.DELETE and end.outcome is Outcome.FAILED for end in ends.values())
        yield Leftover(row.address, hourly(costs), why, not beside and (made or (broken and not going)))


def _serving(change: Change | None, ends: Iterable[Ended]) -> str:
    """The ids of the older objects of a resource that still exist. Deleting the resource deletes them, too."""
    older = [old.id for old in change.retires] if change else []
    older += [change.id] if change and change.action is Action.REPLACE else []
    gone = {end.step.id for end in ends if end.step.action is StepKind.DELETE and end.outcome is Outcome.DONE}
    return " and ".join(id for id in older if id not in gone)


def _costs(row: Row, ends: Iterable[Ended]) -> tuple[Cost, ...]:
    """The cost of the newest object after the run; nothing if it does not exist or was stopped."""
    by_call = {end.step.action: end for end in ends}
    done = {call for call, end in by_call.items() if end.outcome is Outcome.DONE}
    made = by_call.get(StepKind.CREATE)
    if Update("stop") in done:
        return ()
    if made is not None and made.outcome is not Outcome.SKIPPED and made.id:
        return row.after
    if StepKind.DELETE in done:
        return ()
    return row.after if len(done) == len(by_call) else row.before

"""The end of a run as text: what is done, what is not, and what still costs after a failure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from novita_infra.applying.events import Ended, Outcome, Result
from novita_infra.catalogue.prices import Cost
from novita_infra.planning.plan.changes import Action, Change
from novita_infra.planning.plan.costs import Row
from novita_infra.planning.plan.steps import BRINGING_UP, StepKind, Update
from novita_infra.views.content.events import address_and_call, next_line, reason_lines
from novita_infra.views.content.lines import Line, Tone, line
from novita_infra.views.content.plan import VERBS
from novita_infra.views.formats.text.money import hourly

_MANY: Final = 20
"""Steps that are done and listed one by one; what is not done is always listed in full."""


_SECTIONS: Final = (
    ("Done:", Outcome.DONE),
    ("In progress (the call was made, its end is not known yet):", Outcome.MOVING),
    ("Skipped:", Outcome.SKIPPED),
    ("Failed:", Outcome.FAILED),
)


def result_lines(result: Result, *, again: str, destroy: str = "novita-infra destroy") -> Iterator[Line]:
    """The end of the run.

    `again` is the command that continues, `destroy` the one that deletes.
    """
    if result.succeeded:
        word = "Destroy" if result.destroys else "Apply"
        counts = Counter(change.action for change in result.changes)
        done = [f"{counts[action]} {is_done}" for action, (_, is_done) in VERBS.items() if counts[action]]
        yield line((f"{word} complete: {', '.join(done) or 'outputs brought up to date'}.", Tone.GOOD))
        return
    yield from _unfinished_lines(result)
    yield from _leftover_lines(result, destroy=destroy)
    yield line()
    yield next_line(again)


def _unfinished_lines(result: Result) -> Iterator[Line]:
    word = "Destroy" if result.destroys else "Apply"
    how = "was interrupted" if result.interrupted else "did not finish"
    done = result.count(Outcome.DONE)
    parts = [f"{done} of {len(result.ends)} steps done"] + [
        f"{count} {outcome.value if outcome is not Outcome.MOVING else 'in progress'}"
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


def _end_lines(end: Ended) -> Iterator[Line]:
    known_as = f" ({end.id})" if end.id else ""
    tone = Tone.REMOVE if end.outcome is Outcome.FAILED else None
    yield line((f"  {address_and_call(end.step.address, end.step.call_name)}{known_as}", tone))
    for text in reason_lines(end):
        yield line(f"      {text}")


def _leftover_lines(result: Result, *, destroy: str) -> Iterator[Line]:
    """Objects that still cost after a failed run, and the command that deletes those that the run created."""
    failing = [end for end in result.ends if end.outcome is Outcome.FAILED]
    failed = {end.step.address for end in failing if end.id and end.step.action in BRINGING_UP | {StepKind.DELETE}}
    groups = {end.step.group for end in failing if end.step.group}
    changes = {change.address: change for change in result.changes}
    ending: list[str] = []
    lines: list[Line] = []
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
        lines.append(line(f"  {row.address}: {hourly(costs)} ({why})"))
        if not beside and (made or broken):
            ending += ["--target", str(row.address)]
    if not lines:
        return
    yield line()
    yield line(("Still exists and costs:", Tone.STRONG))
    yield from lines
    if ending:
        yield line("  To delete what this run created: ", (" ".join((destroy, *ending)), Tone.STRONG))


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

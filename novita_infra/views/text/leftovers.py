"""What a run that failed leaves behind and somebody pays for: what failed, and what stays of a group that did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from novita_infra.applying.events import Ended, Outcome, Result
from novita_infra.catalogue.prices import Cost
from novita_infra.planning.plan.changes import Action, Change
from novita_infra.planning.plan.costs import Row
from novita_infra.planning.plan.plan import BRINGING_UP
from novita_infra.views.text.lines import Line, Tone, line
from novita_infra.views.text.money import hourly


def leftover_lines(result: Result, *, destroy: str) -> Iterator[Line]:
    """What costs on though the run failed, and the command that ends it; not what served before the run."""
    failing = [end for end in result.ends if end.outcome is Outcome.FAILED]
    failed = {end.step.address for end in failing if end.id and end.step.call in BRINGING_UP | {"delete"}}
    groups = {end.step.group for end in failing if end.step.group}
    changes = {change.address: change for change in result.plan.changes}
    ending: list[str] = []
    told: list[Line] = []
    for row in result.plan.money.rows if result.plan.money else ():
        ends = {end.step.key: end for end in result.ends if end.step.address == row.address}
        beside = _serving(changes.get(row.address), ends.values())
        undone = any(end.undone for end in ends.values())
        costs = _costs(row, ends.values()) if not undone else row.before if beside else ()
        if not costs or (row.address not in failed and row.group not in groups):
            continue
        made = not undone and any(end.step.call in BRINGING_UP for end in ends.values())
        broken = row.address in failed and not undone
        why = "it failed" if broken else f"of the group {row.group}"
        why += f"; {beside} was there before, stays and costs, too" if beside and not undone else ""
        why += "" if made or broken else ", from before this run"
        told.append(line(f"  {row.address}: {hourly(costs)} ({why})"))
        if not beside and (made or broken):
            ending += ["--target", str(row.address)]
    if not told:
        return
    yield line()
    yield line(("Still there, and paid for:", Tone.STRONG))
    yield from told
    if ending:
        yield line("  To end what this run made: ", (" ".join((destroy, *ending)), Tone.STRONG))


def _serving(change: Change | None, ends: Iterable[Ended]) -> str:
    """The ids of the older objects of a resource that are still there: who ends the resource ends them, too."""
    older = [old.id for old in change.retires] if change else []
    older += [change.id] if change and change.action is Action.REPLACE else []
    gone = {end.step.id for end in ends if end.step.call == "delete" and end.outcome is Outcome.DONE}
    return " and ".join(id for id in older if id not in gone)


def _costs(row: Row, ends: Iterable[Ended]) -> tuple[Cost, ...]:
    """What the newest object costs as the run left it; nothing where it is not there, or was stopped."""
    by_call = {end.step.call: end for end in ends}
    done = {call for call, end in by_call.items() if end.outcome is Outcome.DONE}
    made = by_call.get("create")
    if "stop" in done:
        return ()
    if made is not None and made.outcome is not Outcome.SKIPPED and made.id:
        return row.after
    if "delete" in done:
        return ()
    return row.after if len(done) == len(by_call) else row.before

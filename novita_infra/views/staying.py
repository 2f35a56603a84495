"""What a run that failed leaves behind and somebody pays for: what failed, and what stays of a group that did."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from novita_infra.applying.events import Outcome, Result
from novita_infra.kinds.pricing import Cost
from novita_infra.planning.money import Row
from novita_infra.views.lines import Line, Tone, line
from novita_infra.views.money import hourly

_MAKING: Final = frozenset({"create", "adopt", "wait"})


def staying_lines(result: Result, *, destroy: str) -> Iterator[Line]:
    """What costs on though the run failed, and the command that ends it (`destroy` and targets)."""
    failing = [end for end in result.ends if end.outcome is Outcome.FAILED]
    failed = {end.step.address for end in failing if end.id and end.step.call in _MAKING | {"delete"}}
    groups = {end.step.group for end in failing if end.step.group}
    rows = [row for row in (result.plan.money.rows if result.plan.money else ()) if _costs(row, result)]
    stays = {row.address: _why(row, result) for row in rows if row.address in failed or row.group in groups}
    if not stays:
        return
    yield line()
    yield line(("Still there, and paid for:", Tone.STRONG))
    for row in rows:
        if row.address in stays:
            yield line(f"  {row.address}: {hourly(_costs(row, result))} ({stays[row.address]})")
    targets = (word for address in stays for word in ("--target", str(address)))
    yield line("  To end it: ", (" ".join((destroy, *targets)), Tone.STRONG))


def _why(row: Row, result: Result) -> str:
    ends = [end for end in result.ends if end.step.address == row.address]
    if any(end.outcome is Outcome.FAILED for end in ends):
        return "it failed"
    was_there = not any(end.step.call in _MAKING for end in ends)
    return f"of the group {row.group}{', from before this run' if was_there else ''}"


def _costs(row: Row, result: Result) -> tuple[Cost, ...]:
    """What it costs as the run left it; nothing where it is not there, or was stopped."""
    ends = {end.step.call: end for end in result.ends if end.step.address == row.address}
    done = {call for call, end in ends.items() if end.outcome is Outcome.DONE}
    made = ends.get("create")
    if "stop" in done or any(end.undone for end in ends.values()):
        return ()
    if made is not None and made.outcome is not Outcome.SKIPPED and made.id:
        return row.after
    if "delete" in done:
        return ()
    return row.after if len(done) == len(ends) else row.before

"""What stays of a group that failed, and costs: a person who asked for all or nothing must not find it on the bill."""

from __future__ import annotations

from collections.abc import Iterator

from novita_infra.applying.events import Outcome, Result
from novita_infra.kinds.pricing import Cost
from novita_infra.planning.money import Row
from novita_infra.resources import Address
from novita_infra.views.lines import Line, Tone, line
from novita_infra.views.money import hourly


def staying_lines(result: Result, *, destroy: str) -> Iterator[Line]:
    """What costs on of each failed group, and the command that ends it (`destroy` and targets)."""
    failed = sorted({end.step.group for end in result.ends if end.outcome is Outcome.FAILED and end.step.group})
    made = {end.step.address for end in result.ends if end.step.call == "create"}
    rows = result.plan.money.rows if result.plan.money else ()
    for group in failed:
        stays = {row.address: costs for row in rows if row.group == group and (costs := _costs_on(row, result))}
        if not stays:
            continue
        yield line()
        yield line((f"Of the group {group}, this stays and costs on:", Tone.CHANGE))
        for address, costs in stays.items():
            yield line(f"  {address}: {hourly(costs)}{' (it was there before this run)' * (address not in made)}")
        yield line("  It goes with: ", (" ".join((destroy, *_targets(stays))), Tone.STRONG))


def _costs_on(row: Row, result: Result) -> tuple[Cost, ...]:
    """What the member costs as the run left it; nothing where it is not there, or was stopped."""
    done = {end.step.call: end.outcome is Outcome.DONE for end in result.ends if end.step.address == row.address}
    if done.get("delete") or done.get("stop"):
        return ()
    return row.after if done.get("create") or all(done.values()) else row.before


def _targets(stays: dict[Address, tuple[Cost, ...]]) -> Iterator[str]:
    for address in stays:
        yield from ("--target", str(address))

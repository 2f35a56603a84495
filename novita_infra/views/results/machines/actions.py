"""The actions on machines that a person is asked about. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from novita_infra.catalogue.prices import paid_once, unknown, usd
from novita_infra.planning.machine_actions import ActionOnMachine
from novita_infra.views.content.lines import Line, Tone, line


def action_lines(actions: Iterable[ActionOnMachine]) -> Iterator[Line]:
    """What will be done, with what is lost and what is paid."""
    for item in actions:
        if item.job is not None:
            yield line(("  ~ ", Tone.CHANGE), f"{_called(item)}: the job {item.job.id} is {item.job.state}; it goes on")
            continue
        yield line(("  ~ ", Tone.CHANGE), f"{_called(item)} will be {item.action.done}{_price(item)}")
        for loss in item.losses:
            yield line(("      loses ", Tone.REMOVE), str(loss))


def settled_lines(actions: Iterable[ActionOnMachine]) -> Iterator[Line]:
    """The machines that are already as wanted."""
    for item in actions:
        by = f" by the job {item.job.id}, which ended; to do it once more, add --again" if item.job else " already"
        yield line(f"{_called(item)} is {item.action.done}{by}.")


def _called(item: ActionOnMachine) -> str:
    return item.title if item.title == item.live.id else f"{item.title} ({item.live.id})"


def _price(item: ActionOnMachine) -> str:
    if not item.action.buys:
        return ""
    if unknown(item.costs) or not item.costs:
        return ", at a price that is not known"
    return f" for {usd(paid_once(item.costs), digits=2)}"

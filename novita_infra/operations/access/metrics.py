"""The figures of a machine over time."""

from __future__ import annotations

import math
from typing import Final

from novita_infra.account.metric_series import SHORTEST_SPAN, SHORTEST_STEP, MetricSeries
from novita_infra.kinds import KINDS
from novita_infra.model.diagnostics import problem
from novita_infra.model.durations import duration_text
from novita_infra.model.frozen import dataclass
from novita_infra.operations.account.targets import target_of
from novita_infra.operations.account.view import AccountView

_FIGURES: Final = 60
"""The figures of a series, unless an interval is asked for."""
_MOST: Final = 1000
"""The most figures of a series that are asked for."""
_ROUND: Final = (15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 43_200, 86_400)
"""Intervals in seconds that a person reads easily."""


@dataclass(frozen=True, slots=True)
class MachineFigures:
    """The figures of one machine between two times."""

    title: str
    """Its address, else its id."""
    id: str
    status: str
    start: int
    end: int
    """Unix seconds."""
    interval: int
    """Seconds between two figures, as asked for."""
    series: tuple[MetricSeries, ...]


async def read_metrics(view: AccountView, word: str, *, since: int, interval: int | None) -> MachineFigures:
    """The figures of the one machine that the word means, from `since` in Unix seconds until now.

    Raises Problems, also for a span or an interval that the API would silently replace, and ApiError.
    """
    end = int(view.clock.now())
    if since > end:
        raise problem("--since is in the future", "such as --since 5m")
    if end - since < SHORTEST_SPAN:
        raise problem("--since is less than a minute ago, and the API shows no shorter time", "such as --since 5m")
    step = interval_for(end - since) if interval is None else interval
    if step < SHORTEST_STEP:
        raise problem(f"--interval is {duration_text(step)}, and the API shows no figures closer than 15s")
    if (end - since) / step > _MOST:
        least = duration_text(math.ceil((end - since) / _MOST))
        raise problem(f"--interval {duration_text(step)} means more than {_MOST} figures", f"at least {least}")
    target = await target_of(view, word, [kind for kind in KINDS.values() if kind.machine and kind.machine.metrics])
    machine = target.kind.machine
    assert machine is not None and machine.metrics is not None  # noqa: S101, PT018 -- as chosen above
    answer = await view.client.send(machine.metrics.request(target.live.id, start=since, interval=step))
    series = machine.metrics.read(answer)
    end = max(end, *(at for item in series for at, _ in item.points), since)
    return MachineFigures(target.title, target.live.id, target.live.status, since, end, step, series)


def interval_for(span: int) -> int:
    """A readable interval that gives about `_FIGURES` figures of the span, both in seconds."""
    return next((step for step in _ROUND if span / step <= _FIGURES), math.ceil(span / _FIGURES))

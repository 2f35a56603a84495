"""Metrics of a machine: the last use of its GPUs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Any, Final

from novita_infra.api.json_values import int_of, object_of, objects_of
from novita_infra.api.request import Request, get
from novita_infra.model.clock import LAST_MOMENT
from novita_infra.model.frozen import dataclass

WINDOW: Final = 7 * 86_400
"""The window of the figures, in seconds."""
BUSY: Final = 1.0
"""The least utilisation of a used GPU, in percent."""
_MOST: Final = 1e6
"""More than any utilisation; a figure beyond it is none."""
STEP: Final = 900
"""Seconds between two figures."""


@dataclass(frozen=True, slots=True)
class GpuUse:
    """The last use of the GPUs of a machine, in Unix seconds."""

    last: float | None
    """None for no use since `since`."""
    since: float
    """The first moment with figures."""
    resumed: float = field(default=0.0, compare=False)
    """The beginning of the figures without a gap until now; now where the last figure is old."""


def metrics_request(id: str, now: float, back: float = WINDOW) -> Request:
    """The request for the figures of a machine (gpu-instance-get-metrics: startTime, endTime, interval in seconds).

    `back` is the number of seconds before `now` that they cover; a whole WINDOW is an answer of 100 kB.
    """
    end = int(now)
    path = "/openapi/v1/metrics/gpu/instance"
    return get(path, instanceId=id, startTime=end - int(min(back, WINDOW)), endTime=end, interval=STEP)


def last_use(answer: Any, now: float) -> GpuUse | None:
    """The last use of the GPUs; None without figures (a machine that does not run, or has no GPU).

    The average over the GPUs decides where there is one, else any of them (gpu-instance-get-metrics: `gpuUtilization`
    with `avg` and `gpuIds`, values in percent).
    """
    utilisation = object_of(object_of(answer).get("gpuUtilization"))
    figures = list(_figures(utilisation))
    if not figures:
        return None
    busy = [at for at, value in figures if value >= BUSY]
    times = sorted({at for at, _ in figures})
    return GpuUse(max(busy, default=None), since=max(now - WINDOW, times[0] - STEP), resumed=_resumed(times, now))


def _resumed(times: list[float], now: float) -> float:
    """The beginning of the figures of a machine since it runs; see `GpuUse.resumed`."""
    begin = now
    for at in reversed(times):
        if begin - at > 2 * STEP:
            break
        begin = at
    return begin


def _figures(utilisation: Mapping[str, Any]) -> Iterator[tuple[float, float]]:
    lists = [objects_of(utilisation.get("avg"))] if utilisation.get("avg") else []
    lists += [objects_of(gpu.get("items")) for gpu in objects_of(utilisation.get("gpuIds"))]
    for items in lists:
        for item in items:
            at, value = int_of(item.get("timestamp")), item.get("value")
            if at and 0 < at <= LAST_MOMENT and isinstance(value, (int, float)) and 0 <= value <= _MOST:
                yield float(at), float(value)

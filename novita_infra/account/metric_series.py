"""The figures of a machine over time: its request, and the reader of its answer. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from novita_infra.api.json_values import int_of, object_of, objects_of, text_of
from novita_infra.api.request import Request, get
from novita_infra.model.clock import LAST_MOMENT
from novita_infra.model.frozen import dataclass

SHORTEST_SPAN: Final = 60
"""Seconds of the shortest span that the API takes (gpu-instance-get-metrics: startTime)."""
SHORTEST_STEP: Final = 15
"""Seconds of the shortest interval between two figures (gpu-instance-get-metrics: interval)."""
_MOST: Final = 1e6
"""More than any utilisation in percent; a figure beyond it is none."""
_PATH: Final = "/openapi/v1/metrics/gpu/instance"
_OF_MACHINE: Final = (("cpu", "cpuUtilization"), ("memory", "memUtilization"), ("disk", "rootDiskUtilization"))
_OF_GPUS: Final = (("gpu", "gpuUtilization"), ("gpu memory", "gpuMemUtilization"))
"""What is measured, and the key of its figures (gpu-instance-get-metrics)."""


@dataclass(frozen=True, slots=True)
class MetricSeries:
    """The figures of one part of a machine, in percent."""

    metric: str
    """What is measured: `cpu`, `memory`, `disk` (the root disk), `gpu` or `gpu memory`."""
    gpu: str
    """The GPU, as the API names it; empty for the whole machine, which for GPUs is their average."""
    points: tuple[tuple[int, float], ...]
    """Unix seconds with the figure, in the order of time."""


def series_request(id: str, *, start: int, interval: int) -> Request:
    """The request for the figures of a machine since a time in Unix seconds; the interval in seconds.

    The end is the time of the service: one that is ahead of it would be replaced (gpu-instance-get-metrics: endTime).
    """
    return get(_PATH, instanceId=id, startTime=start, interval=interval)


def series_in(answer: Any) -> tuple[MetricSeries, ...]:
    """The series that hold a figure. A machine that does not run has none."""
    return tuple(item for item in _series(object_of(answer)) if item.points)


def _series(answer: Any) -> Iterator[MetricSeries]:
    for metric, key in _OF_MACHINE:
        yield MetricSeries(metric, "", _points(answer.get(key)))
    for metric, key in _OF_GPUS:
        figures = object_of(answer.get(key))
        gpus = [(text_of(gpu.get("gpuId")), _points(gpu.get("items"))) for gpu in objects_of(figures.get("gpuIds"))]
        yield MetricSeries(metric, "", _points(figures.get("avg")))
        yield from (MetricSeries(metric, gpu, points) for gpu, points in gpus if gpu)


def _points(items: Any) -> tuple[tuple[int, float], ...]:
    points: dict[int, float] = {}
    for item in objects_of(items):
        at, value = int_of(item.get("timestamp")), item.get("value")
        if at and 0 < at <= LAST_MOMENT and isinstance(value, (int, float)) and 0 <= value <= _MOST:
            points[at] = float(value)
    return tuple(sorted(points.items()))

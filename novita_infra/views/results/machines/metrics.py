"""The figures of a machine over time: as a table, as sparklines, and as JSON. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar, Final

from novita_infra.account.metric_series import MetricSeries
from novita_infra.model.clock import moment, timestamp
from novita_infra.model.frozen import dataclass
from novita_infra.views.content.lines import Line, Tone, line, table_lines
from novita_infra.views.content.listing import Facts, cell, fact
from novita_infra.views.content.sparkline import sparkline

_WIDTH: Final = 40
"""Columns of a sparkline."""
PERCENT: Final = 100.0


@dataclass(frozen=True, slots=True)
class MetricPoint:
    """One figure."""

    time: str = fact("The time.")
    value: float = fact("The figure, in percent.")


@dataclass(frozen=True, slots=True)
class MetricRow:
    """The figures of one part of a machine."""

    metric: str = fact("What is measured: cpu, memory, disk (the root disk), gpu or gpu memory.")
    gpu: str | None = fact("The GPU, as the API names it; null for the whole machine, which for GPUs is their average.")
    average: float = fact("The average of the figures, in percent.")
    most: float = fact("The greatest figure, in percent.")
    points: tuple[MetricPoint, ...] = fact("The figures, in the order of time.")


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsFacts(Facts):
    """The use of a machine over time, as `metrics --json` prints it."""

    name: ClassVar[str] = "metrics"

    machine: str = fact("The address of the machine, else its id.")
    id: str = fact("Its id.")
    status: str = fact("Its status, as the API words it.")
    start: str = fact("The begin of the time.")
    end: str = fact("The end of the time. Figures come about a minute late.")
    interval: int = fact("Seconds between two figures, as asked for.")
    series: tuple[MetricRow, ...] = fact("The series that hold a figure; none for a machine that did not run.")
    figures: tuple[MetricSeries, ...] = cell("")
    """The same as numbers, for drawing."""
    span: tuple[int, int] = cell("")
    """The begin and the end in Unix seconds."""
    is_table: bool = cell("")
    """Whether the text shows every figure."""

    def lines(self) -> Iterator[Line]:
        """A sparkline for each series, or a row for each time."""
        span = " to ".join(map(moment, self.span))
        if not self.figures:
            yield line(f"{self.machine} has no figures from {span}; its status is {self.status}")
            return
        yield line((f"{self.machine}, percent from {span}", Tone.STRONG))
        shown = shown_series(self.figures)
        if self.is_table:
            yield from _table(shown)
            return
        rows = [(series_title(item), *_summary(item), self._spark(item)) for item in shown]
        yield from table_lines(rows, heads=("METRIC", "LAST", "AVERAGE", "MOST", ""))

    def _spark(self, item: MetricSeries) -> str:
        start, end = self.span
        return sparkline(item.points, start=start, end=end, most=PERCENT, width=_WIDTH)


def metrics_facts(
    machine: str,
    id: str,
    status: str,
    *,
    span: tuple[int, int],
    interval: int,
    series: Sequence[MetricSeries],
    is_table: bool = False,
) -> MetricsFacts:
    """The facts of a machine; the span in Unix seconds."""
    return MetricsFacts(
        machine=machine,
        id=id,
        status=status,
        start=timestamp(span[0]),
        end=timestamp(span[1]),
        interval=interval,
        series=tuple(map(_row, series)),
        figures=tuple(series),
        span=span,
        is_table=is_table,
    )


def shown_series(series: Sequence[MetricSeries]) -> list[MetricSeries]:
    """The series that a person needs: single GPUs only where there are several, or no average."""
    averaged = {item.metric for item in series if not item.gpu}
    single = {metric for metric in averaged if sum(item.metric == metric and bool(item.gpu) for item in series) < 2}
    return [item for item in series if not item.gpu or item.metric not in single]


def series_title(item: MetricSeries) -> str:
    """What a person calls a series: `gpu memory 0`."""
    return f"{item.metric} {item.gpu}".rstrip()


def _row(item: MetricSeries) -> MetricRow:
    values = [value for _, value in item.points]
    return MetricRow(
        item.metric,
        item.gpu or None,
        round(sum(values) / len(values), 2),
        max(values),
        tuple(MetricPoint(timestamp(at), value) for at, value in item.points),
    )


def _summary(item: MetricSeries) -> tuple[str, str, str]:
    values = [value for _, value in item.points]
    return tuple(f"{value:5.1f}" for value in (values[-1], sum(values) / len(values), max(values)))  # type: ignore[return-value]


def _table(series: Sequence[MetricSeries]) -> Iterator[Line]:
    values = [dict(item.points) for item in series]
    times = sorted({at for item in values for at in item})
    rows = [(moment(at), *(f"{item[at]:5.1f}" if at in item else "" for item in values)) for at in times]
    yield from table_lines(rows, heads=("TIME", *(series_title(item).upper() for item in series)))

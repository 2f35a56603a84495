"""The figures of a machine as SVG: one panel for each metric, one line for each GPU. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from novita_infra.account.metric_series import MetricSeries
from novita_infra.model.clock import moment
from novita_infra.model.printable import printable
from novita_infra.views.results.machines.metrics import PERCENT, MetricsFacts, series_title, shown_series

_WIDTH: Final = 860
_LEFT: Final = 60
_RIGHT: Final = 20
_TOP: Final = 40
_PANEL: Final = 90
_GAP: Final = 34
_COLOURS: Final = ("#1f6feb", "#d1242f", "#1a7f37", "#9a6700", "#8250df", "#bf3989", "#0a7ea4", "#57606a")


def metrics_svg(facts: MetricsFacts) -> str:
    """The picture; without figures it says so."""
    shown = shown_series(facts.figures)
    metrics = list(dict.fromkeys(item.metric for item in shown))
    height = _TOP + len(metrics) * (_PANEL + _GAP) + 20
    title = f"{facts.machine}, percent from {moment(facts.span[0])} to {moment(facts.span[1])}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
        f'viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif" font-size="12" fill="#1f2328">',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        _text(_LEFT, 20, title, size=14),
    ]
    if not metrics:
        parts.append(_text(_LEFT, 38, f"no figures; its status is {facts.status}"))
    for number, metric in enumerate(metrics):
        top = _TOP + number * (_PANEL + _GAP) + 16
        parts += _panel([item for item in shown if item.metric == metric], facts.span, top)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _panel(series: Sequence[MetricSeries], span: tuple[int, int], top: int) -> Iterator[str]:
    left = _LEFT
    for number, item in enumerate(series):
        yield _text(left, top - 6, series_title(item), colour=_COLOURS[number % len(_COLOURS)])
        left += 8 * len(series_title(item)) + 16
    for share in (0, 50, 100):
        y = _height(share, top)
        yield f'<line x1="{_LEFT}" y1="{y}" x2="{_WIDTH - _RIGHT}" y2="{y}" stroke="#d0d7de"/>'
        yield _text(_LEFT - 8, y + 4, str(share), anchor="end")
    for number, item in enumerate(series):
        points = " ".join(f"{_place(at, span)},{_height(value, top)}" for at, value in item.points)
        colour = _COLOURS[number % len(_COLOURS)]
        yield f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>'


def _place(at: float, span: tuple[int, int]) -> float:
    share = (at - span[0]) / max(span[1] - span[0], 1)
    return round(_LEFT + min(max(share, 0.0), 1.0) * (_WIDTH - _LEFT - _RIGHT), 1)


def _height(value: float, top: int) -> float:
    return round(top + _PANEL * (1 - min(max(value, 0.0), PERCENT) / PERCENT), 1)


def _text(x: float, y: float, text: str, *, size: int = 12, anchor: str = "start", colour: str = "#1f2328") -> str:
    shown = escape(printable(text))
    return f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}" fill="{colour}">{shown}</text>'

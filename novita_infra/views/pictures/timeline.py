"""The steps of a run as a Gantt chart. Its colours are those of a page, by the classes. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Final

from novita_infra.model.durations import in_words
from novita_infra.state.recovery.past import RunTimes, StepTime
from novita_infra.views.content.lines import cut_to
from novita_infra.views.pictures.axis import picture_text, time_marks

MOST_STEPS: Final = 60
"""The most steps that are drawn: those that took longest."""
_WIDTH: Final = 940
_NAMES: Final = 290
_RIGHT: Final = 90
_TOP: Final = 30
_ROW: Final = 24
_BAR: Final = 14
_COLUMNS: Final = 38
"""The characters that fit beside a bar."""


def timeline_svg(times: RunTimes) -> str:
    """A bar for each step: the call, and in a paler colour the wait for the object."""
    begin, end = times.begin, times.end
    steps = drawn_steps(times)
    height = _TOP + _ROW * len(steps) + 8
    label = f"Timeline of {len(steps):,} step{'' if len(steps) == 1 else 's'} in {in_words(end - begin)}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="timeline" width="{_WIDTH}" height="{height}" '
        f'viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(label)}" font-size="12">'
    ]
    for mark in time_marks(end - begin):
        x = _place(begin + mark, begin, end)
        parts.append(f'<path class="mark" d="M{x:g} {_TOP - 8}V{height}"/>')
        parts.append(picture_text(x, _TOP - 14, in_words(mark), "words", anchor="middle"))
    for row, step in enumerate(steps):
        parts += _row(step, begin, end, _TOP + row * _ROW)
    return "\n".join([*parts, "</svg>"]) + "\n"


def drawn_steps(times: RunTimes) -> list[StepTime]:
    """The steps that took longest, in the order of their begin."""
    longest = sorted(times.steps, key=lambda step: step.begin - (times.end if step.end is None else step.end))
    chosen = {id(step) for step in longest[:MOST_STEPS]}
    return [step for step in times.steps if id(step) in chosen]


def _row(step: StepTime, begin: float, end: float, top: float) -> Iterator[str]:
    middle = top + _BAR / 2 + 4
    yield picture_text(_NAMES - 10, middle, cut_to(f"{step.call} {step.address}", _COLUMNS), "label", anchor="end")
    until = end if step.end is None else step.end
    split = min(step.answered, until) if step.answered is not None and step.end is not None else until
    left, middle_x, right = (_place(at, begin, end) for at in (step.begin, split, until))
    state = "call" if step.end is not None else "open"
    if right > middle_x:
        yield f'<rect class="wait" x="{middle_x:g}" y="{top:g}" width="{right - middle_x:.1f}" height="{_BAR}" rx="3"/>'
    width = max(middle_x - left, 3)
    yield f'<rect class="{state}" x="{left:g}" y="{top:g}" width="{width:.1f}" height="{_BAR}" rx="3"/>'
    words = in_words(until - step.begin) if step.end is not None else "no end"
    yield picture_text(max(right, left + 3) + 6, middle, words, "words")


def _place(at: float, begin: float, end: float) -> float:
    return round(_NAMES + (at - begin) / max(end - begin, 1.0) * (_WIDTH - _NAMES - _RIGHT), 1)

"""The past of an environment as parts of a page: its cost over time, and the steps of the last run. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from markupsafe import Markup

from novita_infra.catalogue.prices import Amount
from novita_infra.model.clock import moment
from novita_infra.model.durations import in_words
from novita_infra.state.recovery.history import SavedState
from novita_infra.state.recovery.past import Past, RunTimes, StepTime
from novita_infra.views.content.listing import text_of_value
from novita_infra.views.formats.html.page import PastPart, TablePart
from novita_infra.views.pictures.course import Rate, course_svg
from novita_infra.views.pictures.timeline import MOST_STEPS, timeline_svg

_MOST_STATES: Final = 200
"""The most saved states that are drawn and listed: the newest."""


def past_part(past: Past, now: float) -> PastPart | None:
    """The pictures and tables of the past; None where nothing is kept."""
    if not past.states and past.last is None:
        return None
    states = past.states[:_MOST_STATES]
    rates = sorted(_rates(states), key=lambda rate: rate.at)
    return PastPart(
        Markup(course_svg(rates, now)) if rates else Markup(),  # noqa: S704 -- its texts are escaped
        TablePart(("Saved", "By", "Who", "Per hour", "Resources"), [_state_row(item) for item in states]),
        Markup(timeline_svg(past.last)) if past.last else Markup(),  # noqa: S704
        _step_table(past.last),
    )


def _rates(states: tuple[SavedState, ...]) -> Iterator[Rate]:
    """What each run said that the environment costs after it."""
    for saved in states:
        if (amount := _amount(saved)) is not None and saved.at is not None:
            yield Rate(saved.at, amount)


def _amount(saved: SavedState) -> Amount | None:
    planned = saved.state.last_run.planned if saved.state.last_run else None
    if planned is None:
        return None
    try:
        return Amount(Fraction(planned.least), Fraction(planned.most))
    except (ValueError, ZeroDivisionError):
        return None  # an edited file


def _state_row(saved: SavedState) -> tuple[str, ...]:
    run, amount = saved.state.last_run, _amount(saved)
    return (
        moment(saved.at) if saved.at is not None else "-",
        run.operation if run else "-",
        run.by if run else "-",
        text_of_value(amount),
        str(len(saved.state.records)),
    )


def _step_table(times: RunTimes | None) -> TablePart:
    if times is None:
        return TablePart((), ())
    count = len(times.steps)
    drawn = f" The {MOST_STEPS} that took longest are drawn." if count > MOST_STEPS else ""
    run = f"{times.run}: " if times.run else ""
    words = f"{run}{count:,} step{'' if count == 1 else 's'} in {in_words(times.end - times.begin)}.{drawn}"
    rows = [_step_row(step, times.begin) for step in times.steps]
    return TablePart(("Resource", "Call", "After", "Took", "Of it, waiting"), rows, words)


def _step_row(step: StepTime, begin: float) -> tuple[str, ...]:
    took = in_words(step.end - step.begin) if step.end is not None else step.ended or "no end is recorded"
    waited = in_words(step.end - step.answered) if step.end is not None and step.answered is not None else "-"
    return str(step.address), step.call, in_words(step.begin - begin), took, waited

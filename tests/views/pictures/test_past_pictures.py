"""The timeline of a run and the course of the cost."""

from __future__ import annotations

from fractions import Fraction
from xml.etree import ElementTree as ET

import pytest

from novita_infra.catalogue.prices import Amount
from novita_infra.model.addresses import Address
from novita_infra.state.recovery.past import RunTimes, StepTime
from novita_infra.views.pictures.course import Rate, course_svg
from novita_infra.views.pictures.timeline import MOST_STEPS, drawn_steps, timeline_svg

SVG = "{http://www.w3.org/2000/svg}"
WEB = Address("instance", "web", "</text>")


def _of(svg: str, name: str) -> list[dict[str, str]]:
    """The attributes of the elements of a class."""
    return [item.attrib for item in ET.fromstring(svg).iter() if item.get("class") == name]  # noqa: S314 -- our own text


def _texts(svg: str) -> list[str]:
    return [item.text or "" for item in ET.fromstring(svg).iter(f"{SVG}text")]  # noqa: S314


def test_a_step_has_a_bar_for_its_call_and_one_for_its_wait() -> None:
    times = RunTimes(None, (StepTime(WEB, "create", 100.0, 160.0, 110.0), StepTime(WEB, "delete", 130.0)))
    svg = timeline_svg(times)
    (call,), (wait,), (unfinished,) = (_of(svg, name) for name in ("call", "wait", "open"))
    widths = [float(bar["width"]) for bar in (call, wait, unfinished)]
    assert widths == [93.3, 466.7, 280.0]
    assert float(call["x"]) + widths[0] == pytest.approx(float(wait["x"]))
    assert _texts(svg)[-4:] == ['create instance.web["</text>"]', "1 min", 'delete instance.web["</text>"]', "no end"]
    assert 'aria-label="Timeline of 2 steps in 1 min"' in svg


def test_of_many_steps_those_are_drawn_that_took_longest() -> None:
    steps = tuple(StepTime(WEB, "create", float(number), 2.0 * number) for number in range(1000))
    assert drawn_steps(RunTimes(None, steps)) == list(steps[-MOST_STEPS:])


def test_a_run_without_a_duration_is_drawn() -> None:
    assert _of(timeline_svg(RunTimes(None, (StepTime(WEB, "create", 5.0, 5.0),))), "call")[0]["width"] == "3.0"


def test_a_course_goes_in_steps_until_now() -> None:
    def rate(at: float, least: int, most: int) -> Rate:
        return Rate(at, Amount(Fraction(least * 100_000), Fraction(most * 100_000)))

    svg = course_svg([rate(0.0, 1, 1), rate(50.0, 1, 2)], 100.0)
    (most,), (least,) = _of(svg, "most"), _of(svg, "least")
    assert most["d"] == "M84 101H502V16H920"
    assert least["d"] == "M84 101H502V101H920"
    assert len(_of(svg, "dot")) == 2
    assert 'aria-label="Cost per hour after each run, now $2.00"' in svg
    assert _of(course_svg([rate(7.0, 0, 0)], 7.0), "least") == []

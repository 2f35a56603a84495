"""The rows of a live display."""

from __future__ import annotations

import pytest

from novita_infra.applying.events import Ended, Outcome, Progressed, Started
from novita_infra.catalogue.prices import Cost
from novita_infra.model.addresses import Address
from novita_infra.model.resources import Phase
from novita_infra.planning.cost.running import Outlook
from novita_infra.planning.plan.costs import Money, Row
from novita_infra.planning.plan.steps import Step, StepKind
from novita_infra.views.content.lines import text_width
from novita_infra.views.formats.text.running_rows import RunRows


class Time:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def steps_of(*names: str) -> tuple[Step, ...]:
    addresses = [Address("instance", name) for name in names]
    return tuple(Step(f"{address}/create", address, StepKind.CREATE) for address in addresses)


def text(rows: RunRows, width: int = 100, height: int = 24) -> list[str]:
    return [str(item).rstrip() for item in rows.lines(width, height)]


def test_a_step_has_its_phase_its_time_and_the_rest_by_what_earlier_ones_took() -> None:
    now, (known, late, unknown) = Time(), steps_of("known", "late", "unknown")
    cost = Money(tuple(Row(item.address, (), (Cost("gpu", 35_000),)) for item in (known, late, unknown)))
    rows = RunRows(now, 5, Outlook((known, late, unknown), {known.key: 90.0, late.key: 20.0}, cost))
    for item in (known, late, unknown):
        rows.take(Started(item))
    rows.take(Progressed(known, "i-1", Phase.CHANGING, "pulling", 12.0))
    now.seconds = 25.0
    assert text(rows) == [
        "  > instance.known: create    pulling   25s  1m 05s left   i-1",
        "  > instance.late: create     starting  25s  takes longer",
        "  > instance.unknown: create  starting  25s  rest unknown",
        "    0 of 5 ended, 3 running, 2 to come, 25s so far, $0.00/h now",
    ]
    rows.take(Ended(known, Outcome.DONE, "i-1"))
    rows.take(Ended(late, Outcome.FAILED, "i-2"))
    assert text(rows)[-1] == "    2 of 5 ended, 1 failed, 1 running, 2 to come, 25s so far, $0.70/h now"


@pytest.mark.parametrize("width", [1, 5, 20, 40, 60, 80, 200])
@pytest.mark.parametrize("name", ["a", "日本" * 40, "x\x1b[2J\n<b>|`"], ids=["short", "wide", "hostile"])
def test_no_row_is_wider_and_no_display_higher_than_the_terminal(width: int, name: str) -> None:
    all_steps = steps_of(*(f"{name}{number}" for number in range(50)))
    rows = RunRows(Time(), 50, Outlook(all_steps, {all_steps[0].key: 90.0}))
    for item in all_steps:
        rows.take(Started(item))
        rows.take(Progressed(item, "0123456789abcdef", Phase.CHANGING, "pulling the image", 1.0))
    lines = rows.lines(width, 24)
    assert len(lines) <= 24 or width < 5
    assert [str(item) for item in lines if width >= 20 and text_width(str(item)) > width] == []
    assert any("ended" in str(item) for item in lines) or width < 20


def test_of_5000_running_steps_as_many_are_shown_as_there_is_room_for_and_the_others_counted() -> None:
    all_steps = steps_of(*(f"n{number}" for number in range(5000)))
    rows = RunRows(Time(), 6000, Outlook())
    for item in all_steps:
        rows.take(Started(item))
    shown = text(rows)
    assert len(shown) == 22
    assert shown[-2:] == ["  and 4980 more", "    0 of 6000 ended, 5000 running, 1000 to come, 0s so far"]

"""What the last plan said, out of the state: exact, or not known."""

from __future__ import annotations

from fractions import Fraction

import pytest

from novita_infra.catalogue.prices import Amount
from novita_infra.operations.account.billing.spending import planned_spending
from novita_infra.planning.cost.spending import PlannedSpending
from novita_infra.state.state import LastRun, PlannedRate


def test_the_figure_of_the_plan_is_exact_whatever_prices_are_today() -> None:
    run = LastRun("apply", "ada", 5.0, planned=PlannedRate("250/3", "500", partly=True))
    assert planned_spending("dev", run) == PlannedSpending(
        "dev", Amount(Fraction(250, 3), Fraction(500)), partly=True, at=5.0, run="apply"
    )


@pytest.mark.parametrize("planned", [None, PlannedRate("x", "1"), PlannedRate("1/0", "1")])
def test_without_a_figure_nothing_is_known(planned: PlannedRate | None) -> None:
    assert planned_spending("dev", LastRun("state mv", "ada", 5.0, planned=planned)).per_hour is None
    assert planned_spending("dev", None) == PlannedSpending("dev", None)

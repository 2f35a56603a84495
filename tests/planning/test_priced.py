"""The price of an hour is summed once for all objects that cost the same."""

from __future__ import annotations

from fractions import Fraction

from novita_infra.catalogue.prices import Amount, Cost
from novita_infra.model.resources import Live, Phase
from novita_infra.planning.priced import PricedLive, dearest_first


class SummedCost(Cost):
    """A line that counts how often it is summed."""

    count = 0

    @property
    def fewest(self) -> int:
        SummedCost.count += 1
        return super().fewest


def test_objects_that_cost_the_same_are_summed_once() -> None:
    lives = [Live(str(number), f"m{number}", Phase.READY, "running", {}) for number in range(100)]
    machines = [PricedLive("instance", live, (SummedCost("GPU", 35_000),)) for live in lives]
    dearer = PricedLive("instance", lives[0], (SummedCost("GPU", 70_000),))
    assert dearest_first([*machines, dearer])[0] is dearer
    assert {machine.per_hour for machine in machines} == {Amount(Fraction(35_000), Fraction(35_000))}
    assert SummedCost.count == 2

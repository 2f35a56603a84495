"""Every edit of every field: what the plan says of money is what the bill then shows, to its last unit.

The bill is that of the simulator: its meters over a whole day before and after, and what was bought in between.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from crash_cases import EDITS as ALL_EDITS
from edits import Edit, Fate
from rig import Rig

from novita_infra.catalogue.prices import DAY, Cost, least_paid_once, paid_once, rate
from novita_infra.kinds import KINDS
from novita_infra.planning.plan.costs import Money, Row
from novita_infra.planning.plan.review import Review
from novita_infra.simulator import LIVE
from novita_infra.simulator.world.market import money as bill

pytestmark = pytest.mark.slow

EDITS = [edit for edit in ALL_EDITS if edit.fate in {Fate.CHANGED, Fate.REPLACED}]
SETTLED = 3600.0
"""Seconds after which workers that are not needed any more are gone."""


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.id)
def test_the_bill_changes_by_what_the_plan_says(edit: Edit, tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={"OLD": "old-secret", "NEW": "new-secret"}, quirks=LIVE)
    rig.declare(*edit.around, (KINDS[edit.kind].name, "it", edit.before))
    plan = _applied(rig)
    assert in_estimate(bought(rig), plan)
    before = day(rig)
    assert before == metered(plan, lambda row: row.after)
    around = edit.around if edit.instead is None else edit.instead
    rig.declare(*around, (KINDS[edit.kind].name, "it", edit.after))
    had = bought(rig)
    plan = _applied(rig)
    assert metered(plan, lambda row: row.before) == before
    assert metered(plan, lambda row: row.after) == day(rig)
    assert in_estimate(bought(rig) - had, plan)
    quiet = rig.plan()
    assert not [row for row in money_of(quiet).rows if row.moves]


def test_the_edits_move_the_bill_in_every_way() -> None:
    """Guards the proof above against edits that cost nothing."""
    words = {word for edit in EDITS for word in edit.fields}
    assert {"gpuCount", "product", "billingMode", "months", "rootDiskGb", "power", "sizeGb", "workers"} <= words


def _applied(rig: Rig) -> Review:
    plan = rig.plan()
    rig.apply(review=plan)
    return plan


def day(rig: Rig) -> int:
    """What a day costs when all is settled, in 1/100000 USD."""
    spent = []
    for seconds in (SETTLED, DAY * 3600.0):
        rig.clock.run(rig.clock.sleep(seconds))
        rig.world.advance()
        spent.append(bill.spent(rig.world))
    return spent[1] - spent[0]


def metered(plan: Review, part: Callable[[Row], tuple[Cost, ...]]) -> Fraction:
    """What the plan says of a day, without what is paid by the term; an idle endpoint has its fewest workers."""
    lines = [cost for row in money_of(plan).rows for cost in part(row) if cost.hours <= DAY]
    return rate(lines).least * DAY


def money_of(plan: Review) -> Money:
    assert plan.cost is not None
    return plan.cost


def in_estimate(paid: int, plan: Review) -> bool:
    """Whether what was paid is what the plan says; of tokens it says the least and the most."""
    rows = money_of(plan).rows
    assert all(cost.price is not None for row in rows for cost in row.once)
    return sum(least_paid_once(row.once) for row in rows) <= paid <= sum(paid_once(row.once) for row in rows)


def bought(rig: Rig) -> int:
    months = -sum(payment.amount for payment in rig.world.payments if payment.kind.startswith("monthly"))
    return months + sum(usage.cost for usage in rig.world.usages if usage.category == "llm")

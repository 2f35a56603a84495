"""What a plan costs, as text and JSON, against golden files."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import jsonschema
import pytest

from novita_infra.catalogue.prices import Cost
from novita_infra.model.addresses import Address
from novita_infra.model.resources import Live, Phase
from novita_infra.model.rules import Budget
from novita_infra.planning.orphans import Orphan
from novita_infra.planning.plan.changes import Action, Change
from novita_infra.planning.plan.costs import Money, Row
from novita_infra.planning.plan.plan import Basis, OutputChanges, Plan
from novita_infra.planning.plan.review import Review
from novita_infra.views.content.lines import plain
from novita_infra.views.formats.json.plan import plan_json
from novita_infra.views.formats.json.schema.plan import plan_schema
from novita_infra.views.plan_lines.plan import plan_lines
from novita_infra.views.results.orphans import orphan_listing

GPU = Cost("RTX 4090 24GB, on demand", 35_000, unit="GPU", listed="gpu/4090/onDemand")
WORKERS = Cost("H100 SXM 80GB, 1 to 3 workers", 430_000, 3, least=1, unit="GPU", listed="serverless/sl/onDemand")
RIDDLE = Cost("local disk beyond 30 GB", None, 60, 24, least=20, unit="GB")
STORAGE = Cost("network storage", 200, 200, 24, unit="GB")
TERM = Cost("RTX 3090 24GB, 1 month", 13_608_000, 2, 720, unit="GPU", listed="gpu/3090/monthly/1")
ROWS = {
    Address("endpoint", "api"): (Action.CREATE, Row(Address("endpoint", "api"), (), (WORKERS, RIDDLE), group="web")),
    Address("instance", "month"): (
        Action.CREATE,
        Row(Address("instance", "month"), (), (TERM,), (replace(TERM, hours=0),), group="lab"),
    ),
    Address("instance", "trainer"): (
        Action.REPLACE,
        Row(Address("instance", "trainer"), (replace(GPU, quantity=2),), (replace(GPU, quantity=4),), group="lab"),
    ),
    Address("network_storage", "data"): (Action.DELETE, Row(Address("network_storage", "data"), (STORAGE,), ())),
    Address("network_storage", "kept"): (Action.NONE, Row(Address("network_storage", "kept"), (STORAGE,), (STORAGE,))),
}
PLAN = Review(
    Plan(
        "fleet",
        "prod",
        tuple(Change(address, action) for address, (action, _) in ROWS.items()),
        (),
        Basis("lineage", 3),
        outputs=OutputChanges(changed=("url",)),
    ),
    cost=Money(
        tuple(row for _, row in ROWS.values()), read=1_790_000_000, budget=Budget(per_hour=2_000_000, per_month=999_999)
    ),
)


def test_a_plan_tells_its_cost_as_its_golden_text(golden: Callable[[str, str], None]) -> None:
    golden("plan_priced.txt", plain(plan_lines(PLAN)))


def test_a_plan_tells_its_cost_as_its_golden_json_and_the_published_schema(golden: Callable[[str, str], None]) -> None:
    data = plan_json(PLAN)
    golden("plan_priced.json", json.dumps(data, indent=2) + "\n")
    jsonschema.validate(data, plan_schema())


@pytest.mark.parametrize(
    ("seconds", "message"), [(5, "just now"), (600, "10 min ago"), (10_800, "3 h ago"), (200_000, "2 d ago")]
)
def test_a_saved_plan_tells_how_old_its_prices_are(seconds: float, message: str) -> None:
    text = plain(plan_lines(PLAN, now=1_790_000_000 + seconds))
    assert f"prices read {message}\n" in text
    assert "prices read" not in plain(plan_lines(PLAN))


def test_a_plan_that_moves_no_cost_says_so_in_a_line() -> None:
    kept = Money((Row(Address("network_storage", "kept"), (STORAGE,), (STORAGE,)),))
    text = plain(plan_lines(replace(PLAN, cost=kept)))
    assert "Cost of environment prod: $0.01667/h, $12.00/month, as before\n" in text
    assert "per month" not in text


def test_a_total_of_unknown_prices_alone_is_not_nothing() -> None:
    riddle = Row(Address("endpoint", "api"), (RIDDLE,), (RIDDLE,))
    text = plain(plan_lines(replace(PLAN, cost=Money((riddle,)))))
    assert "Cost of environment prod: not known, as before\n" in text
    known = Row(Address("network_storage", "kept"), (STORAGE,), (STORAGE,))
    text = plain(plan_lines(replace(PLAN, cost=Money((riddle, known)))))
    assert "Cost of environment prod: at least $0.01667/h, at least $12.00/month, as before\n" in text
    live = Live("e1", "api", Phase.READY, "serving", {})
    found = plain(orphan_listing([Orphan("endpoint", live, (RIDDLE,))], now=0.0).lines())
    assert "1 object in no state, of an unknown price.\n" in found


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ((GPU,), (replace(GPU, quantity=3), RIDDLE), "at least +$0.70/h ($0.35/h -> at least $1.05/h); unknown: "),
        ((replace(GPU, quantity=3), RIDDLE), (GPU,), "at most -$0.70/h (at least $1.05/h -> $0.35/h); less by "),
        ((GPU,), (RIDDLE,), "not known; counted as before: $0.35/h; unknown: local disk beyond 30 GB\n"),
        ((WORKERS,), (GPU, RIDDLE), "not known; counted as before: $4.30 to $12.90/h; unknown: "),
        ((WORKERS,), (replace(WORKERS, quantity=2, least=2), RIDDLE), "not known; counted as no less than before: "),
        ((GPU, replace(RIDDLE, what="a")), (replace(GPU, quantity=2), RIDDLE), "not known ("),
        ((RIDDLE,), (), "less by what has no known price: local disk beyond 30 GB\n"),
    ],
)
def test_a_difference_with_an_unknown_part_never_looks_exact(
    before: tuple[Cost, ...], after: tuple[Cost, ...], message: str
) -> None:
    (address, row) = Address("instance", "a"), Row(Address("instance", "a"), before, after)
    plan = replace(PLAN, plan=replace(PLAN.plan, changes=(Change(address, Action.UPDATE),)), cost=Money((row,)))
    assert f"      cost: {message}" in plain(plan_lines(plan))


def test_where_everything_is_free_nothing_is_said_of_money() -> None:
    assert "cost" not in plain(plan_lines(replace(PLAN, cost=Money(())))).lower()
    assert plan_json(replace(PLAN, cost=None))["novita"]["money"] is None

"""Budgets, and prices that rose since a plan was made; on rows that are made up."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novita_infra.catalogue.models import parse_model
from novita_infra.catalogue.prices import Amount, Cost, price_list, rate
from novita_infra.catalogue.products import Catalogue, Product
from novita_infra.kinds.batch.prices import token_costs
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import EXIT_OVER_BUDGET, Severity
from novita_infra.model.rules import Budget, OnUnknown, Rules
from novita_infra.planning.cost.costing import over_budget, parts_of, risen, unproven
from novita_infra.planning.plan.changes import Action, Change
from novita_infra.planning.plan.costs import Money, Row
from novita_infra.planning.plan.plan import Basis, Plan
from novita_infra.planning.plan.review import Review

TRAINER, API, DATA = Address("instance", "trainer"), Address("endpoint", "api"), Address("network_storage", "data")
GPU = Cost("RTX 4090 24GB, on demand", 35_000, unit="GPU", listed="gpu/4090/onDemand")
WORKERS = Cost("H100, 0 to 2 workers", 430_000, 2, least=0, unit="GPU", listed="serverless/sl/onDemand")
STORAGE = Cost("network storage", 200, 120, 24, unit="GB")
RIDDLE = Cost("root disk beyond 60 GB", None, 40, 24, unit="GB")
MONTH = Cost("RTX 4090 24GB, 1 month", 22_000_000, 1, 0, unit="GPU", listed="gpu/4090/monthly/1")


def refusals(money: Money) -> list[str]:
    findings = over_budget(money, environment="prod")
    assert all(finding.code == EXIT_OVER_BUDGET for finding in findings)
    return [str(finding.diagnostic) for finding in findings]


def noted(money: Money) -> list[str]:
    notes = unproven(money, environment="prod")
    assert all(note.severity is Severity.WARNING for note in notes)
    return [note.summary for note in notes]


def plan_of(*rows: Row, action: Action = Action.CREATE) -> Review:
    changes = tuple(Change(row.address, action) for row in rows)
    return Review(Plan("p", "prod", changes, (), Basis("l", 1)), cost=Money(rows))


def offered(price: int | None, months: int = 22_000_000) -> Catalogue:
    product = Product("4090", "RTX 4090 24GB", True, price, monthly={1: months})
    return Catalogue(gpu=(product,), serverless=(Product("sl", "H100", True, 430_000),))


def test_sums_are_given_by_environment_and_by_group() -> None:
    rows = (
        Row(API, (), (WORKERS,), group="web"),
        Row(TRAINER, (GPU,), (replace(GPU, quantity=2),), (MONTH,), group="lab"),
        Row(DATA, (STORAGE,), (STORAGE,), group="lab"),
    )
    money = Money(rows)
    assert money.total.before == rate((GPU, STORAGE))
    assert money.total.after == Amount(Fraction(71_000), Fraction(931_000))
    assert money.total.once == 22_000_000
    assert list(money.groups) == ["lab", "web"]
    assert money.groups["lab"].delta.most == 35_000


def test_a_cost_over_the_ceiling_is_refused_with_the_most_expensive_resources() -> None:
    rows = (Row(API, (), (WORKERS,)), Row(DATA, (STORAGE,), (STORAGE,)), Row(TRAINER, (GPU,), (GPU,)))
    money = Money(rows, budget=Budget(per_hour=500_000, per_month=10_000_000_000))
    assert refusals(money) == [
        "environment prod would cost $8.96 per hour at the most, over its budget of $5.00; the plan's part: +$8.60; "
        "most of all cost endpoint.api $8.60, instance.trainer $0.35, network_storage.data $0.01; "
        "plan less, or raise budget.perHour in the project file"
    ]
    monthly = refusals(replace(money, budget=Budget(per_month=100_000_000)))
    assert monthly[0].startswith(
        "environment prod would cost $6,451.20 per month at the most, over its budget of $1,000"
    )


def test_up_to_the_ceiling_is_within_it() -> None:
    money = Money((Row(TRAINER, (), (GPU,)),), budget=Budget(per_hour=35_000, per_month=35_000 * 720))
    assert refusals(money) == []
    assert len(refusals(replace(money, budget=Budget(per_hour=34_999, per_month=35_000 * 720 - 1)))) == 2


def test_a_plan_that_costs_less_is_never_refused_but_warned_of() -> None:
    more, less = replace(GPU, quantity=8), replace(GPU, quantity=4)
    money = Money((Row(TRAINER, (more,), (less,)),), budget=Budget(per_hour=35_000))
    assert refusals(money) == []
    (note,) = noted(money)
    assert note.startswith("environment prod would cost $1.40 per hour")
    unchanged = replace(money, rows=(Row(TRAINER, (more,), (more,)),))
    assert refusals(unchanged) == []
    assert noted(unchanged)


def test_what_has_no_known_price_is_named_or_refused_as_the_budget_says() -> None:
    row = Row(TRAINER, (), (GPU, RIDDLE))
    warned = Money((row,), budget=Budget(per_hour=100_000))
    assert refusals(warned) == []
    assert noted(warned) == [
        "the budget is held without what has no known price: instance.trainer (root disk beyond 60 GB)"
    ]
    strict = replace(warned, budget=Budget(per_hour=100_000, unknown=OnUnknown.REFUSE))
    assert [text.partition(";")[0] for text in refusals(strict)] == [
        "instance.trainer: the price is unknown: root disk beyond 60 GB"
    ]
    assert noted(strict) == []
    left_alone = replace(strict, rows=(replace(row, before=row.after),))
    assert refusals(left_alone) == []


TERM = Cost("RTX 4090 24GB, 1 month", 22_680_000, 1, 720, unit="GPU", listed="gpu/4090/monthly/1")
ODD_TERM = Cost("RTX 4090 24GB, 2 months", None, 1, 1440, unit="GPU", listed="gpu/4090/monthly/2")


def test_a_row_that_loses_its_price_counts_as_before() -> None:
    loses = Row(TRAINER, (TERM,), (ODD_TERM,), (MONTH,), group="lab")
    money = Money((loses,), budget=Budget(per_month=23_000_000))
    for sums in (money.total, money.groups["lab"]):
        assert (sums.before, sums.after, sums.delta) == (rate((TERM,)), rate((TERM,)), Amount())
        assert (sums.more, sums.less, sums.unknown_after) == (True, False, True)
    assert refusals(money) == []
    assert noted(money) == [
        "the budget counts what has no known price as before: instance.trainer (RTX 4090 24GB, 2 months)"
    ]
    (refusal,) = refusals(replace(money, rows=(loses, Row(DATA, (), (STORAGE,)))))
    assert refusal == (
        "environment prod would cost $234.00 per month at the most, as far as prices are known, over its budget of "
        "$230.00; the plan's part: at least +$7.20; most of all cost instance.trainer $226.80, "
        "network_storage.data $7.20; plan less, or raise budget.perMonth in the project file"
    )


def test_a_purchase_at_an_unknown_price_is_no_saving_either() -> None:
    longer = Cost("RTX 4090 24GB, 3 months", 64_260_000, 1, 2160, unit="GPU", listed="gpu/4090/monthly/3")
    renewed = Row(TRAINER, (TERM,), (longer,), (replace(ODD_TERM, hours=0),))
    assert rate((longer,)).most < rate((TERM,)).most
    assert (int(renewed.delta.most), renewed.as_before) == (0, True)
    assert Money((renewed,)).total.unknown_after
    assert replace(renewed, once=(MONTH,)).delta.most < 0


def test_a_removed_row_saves_its_price_and_an_unknown_one_changes_nothing() -> None:
    assert Row(TRAINER, (TERM,), ()).delta.most == -rate((TERM,)).most
    fewer = Row(API, (WORKERS, RIDDLE), (replace(WORKERS, quantity=1), RIDDLE))
    assert (int(fewer.delta.most), fewer.more, fewer.less, fewer.as_before) == (-430_000, False, False, False)
    shrinks = replace(fewer, after=(replace(WORKERS, quantity=1), replace(RIDDLE, quantity=20)))
    assert (int(shrinks.delta.most), shrinks.more, shrinks.less) == (-430_000, False, True)
    grows = replace(fewer, after=(replace(WORKERS, quantity=1), replace(RIDDLE, quantity=60)))
    assert (int(grows.delta.most), grows.more, grows.as_before) == (0, True, True)


def test_where_something_is_added_what_stays_without_a_known_price_is_named() -> None:
    stays = Row(TRAINER, (ODD_TERM,), (ODD_TERM,))
    money = Money((Row(DATA, (), (STORAGE,)), stays), budget=Budget(per_month=23_000_000))
    assert noted(money) == [
        "the budget is held without what has no known price: instance.trainer (RTX 4090 24GB, 2 months)"
    ]
    assert noted(replace(money, rows=(stays,))) == []


def test_what_is_unknown_by_the_hour_and_at_once_is_named_once() -> None:
    row = Row(TRAINER, (), (ODD_TERM, RIDDLE), (replace(ODD_TERM, hours=0),))
    assert row.unknown == ("RTX 4090 24GB, 2 months", "root disk beyond 60 GB")
    strict = Money((row,), budget=Budget(per_hour=1, unknown=OnUnknown.REFUSE))
    assert len(refusals(strict)) == 2


def test_without_a_budget_nothing_is_said() -> None:
    money = Money((Row(TRAINER, (), (replace(GPU, quantity=1000), RIDDLE)),))
    assert refusals(money) == noted(money) == []


PRICES = st.integers(1, 1_000_000)


@given(before=st.lists(PRICES, max_size=3), after=st.lists(PRICES, max_size=3), ceiling=st.integers(0, 2_000_000))
def test_the_ceiling_holds_whenever_the_plan_costs_more(before: list[int], after: list[int], ceiling: int) -> None:
    old, new = (tuple(replace(GPU, price=price) for price in prices) for prices in (before, after))
    money = Money((Row(TRAINER, old, new),), budget=Budget(per_hour=ceiling))
    refused = bool(refusals(money))
    assert refused == (sum(after) > ceiling and sum(after) > sum(before))
    assert bool(noted(money)) == (sum(after) > ceiling and not refused)


LINES = st.lists(
    st.builds(Cost, st.sampled_from("xyz"), st.none() | PRICES, st.integers(1, 9), st.sampled_from([1, 24, 720])),
    min_size=1,
    max_size=4,
).map(tuple)


@given(before=LINES, after=LINES, spare=st.integers(0, 10**6))
def test_whatever_becomes_unknown_is_never_a_saving(
    before: tuple[Cost, ...], after: tuple[Cost, ...], spare: int
) -> None:
    row = Row(TRAINER, before, after)
    newly = {cost.what for cost in after if cost.price is None} - {cost.what for cost in before if cost.price is None}
    if newly:
        assert row.more
        assert row.delta.least >= 0
        assert row.delta.most >= 0
    assert row.counts.most >= rate(after).most
    other = Row(DATA, (), (replace(STORAGE, price=spare, quantity=1, hours=1),))
    assert Money((other, row)).total.delta == row.delta + other.delta


@pytest.mark.parametrize(
    ("price", "allowed", "refused"),
    [(35_000, 0, False), (34_000, 0, False), (35_001, 0, True), (38_500, 1000, False), (38_501, 1000, True)],
)
def test_a_price_may_rise_as_far_as_the_rules_say(price: int, allowed: int, refused: bool) -> None:
    findings = risen(plan_of(Row(TRAINER, (), (GPU,))), offered(price), Rules(max_price_rise=allowed))
    assert bool(findings) == refused
    assert all(finding.code == EXIT_OVER_BUDGET for finding in findings)


def test_a_risen_price_is_reported_with_both_prices() -> None:
    (finding,) = risen(plan_of(Row(TRAINER, (), (GPU,))), offered(52_500), Rules(max_price_rise=1000))
    assert str(finding.diagnostic).startswith(
        "instance.trainer: RTX 4090 24GB, on demand: the price rose by 50 % since the plan was made, "
        "from $0.35 per GPU to $0.525 per GPU; it may rise by 10 %"
    )


def test_what_a_plan_buys_at_once_may_not_rise_either() -> None:
    plan = plan_of(Row(TRAINER, (), (GPU,), (MONTH,)))
    assert risen(plan, offered(35_000), Rules()) == []
    assert len(risen(plan, offered(35_000, months=23_000_000), Rules())) == 1


def test_a_price_that_is_not_known_any_more_counts_as_risen() -> None:
    (finding,) = risen(plan_of(Row(TRAINER, (), (GPU,))), Catalogue(), Rules(max_price_rise=10_000))
    assert "is not known any more" in finding.diagnostic.summary


def test_what_the_plan_leaves_alone_may_rise_as_it_likes() -> None:
    plan = plan_of(Row(TRAINER, (GPU,), (GPU,)), action=Action.NONE)
    assert parts_of(plan) == ()
    assert risen(plan, offered(99_000), Rules()) == []


def test_the_prices_of_now_are_held_against_the_budget_too() -> None:
    plan = plan_of(Row(TRAINER, (), (GPU,)))
    rules = Rules(max_price_rise=1000, budget=Budget(per_hour=36_000))
    assert risen(plan, offered(35_500), rules) == []
    (finding,) = risen(plan, offered(37_000), rules)
    assert "over its budget of $0.36" in finding.diagnostic.summary


def test_a_plan_says_which_parts_of_the_catalogue_its_prices_stand_in() -> None:
    assert parts_of(plan_of(Row(API, (), (WORKERS,)), Row(DATA, (), (STORAGE,)), Row(TRAINER, (), (GPU,)))) == (
        "gpu",
        "serverless",
    )


def test_figures_that_differ_are_shown_with_digits_that_differ() -> None:
    storage = replace(STORAGE, price=20, quantity=100)  # $0.000833... per hour
    (text,) = refusals(Money((Row(DATA, (), (storage,)),), budget=Budget(per_hour=83)))
    assert "would cost $0.000833 per hour at the most, over its budget of $0.00083;" in text
    (text,) = refusals(
        Money((Row(DATA, (), (replace(storage, hours=1, quantity=1),)),), budget=Budget(per_month=14_399))
    )
    assert "would cost $0.144 per month at the most, over its budget of $0.14399;" in text
    for was, now, words in (
        (
            100_000_000,
            100_000_001,
            "rose by 0.000001 % since the plan was made, from $1,000.00 per GPU to $1,000.00001 ",
        ),
        (1, 10**4000, "; it may rise by 0 %"),
    ):
        row = Row(TRAINER, (), (replace(GPU, price=was),))
        (finding,) = risen(plan_of(row), offered(now), Rules())
        assert words in finding.diagnostic.summary


def test_the_tokens_of_a_batch_may_not_rise_in_price_and_are_held_against_the_budget_of_today() -> None:
    def priced(usd: int) -> Catalogue:
        item = {"id": "m/x", "input_token_price_per_m": usd, "output_token_price_per_m": usd}
        return Catalogue(models=tuple(filter(None, [parse_model(item)])))

    tokens = {"inputLeast": 1, "inputMost": 10_000_000, "outputMost": 10_000_000, "openEnded": 0}
    spec = {"model": "m/x", "input": {"tokens": tokens}}
    once = token_costs(None, spec, price_list(priced(10_000)))
    plan = plan_of(Row(Address("batch", "it"), once=once))
    assert parts_of(plan) == ("models",)
    assert risen(plan, priced(10_000), Rules()) == []
    (one, other) = risen(plan, priced(20_000), Rules())
    assert "input tokens of m/x: the price rose by 100 %" in one.diagnostic.summary
    assert "output tokens of m/x: the price rose by 100 %" in other.diagnostic.summary
    rules = Rules(max_price_rise=10_000, budget=Budget(once=2_500_000))
    assert risen(plan, priced(10_000), rules) == []
    (finding,) = risen(plan, priced(20_000), rules)
    assert finding.diagnostic.summary == "the plan would pay $40.00 at once at the most, over its budget of $25.00"
    assert finding.code == EXIT_OVER_BUDGET

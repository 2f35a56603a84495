"""What specs cost: exact, from the price list, and unknown rather than nothing where nobody says."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novita_infra.catalogue.prices import (
    Amount,
    Cost,
    PriceList,
    paid_once,
    plain_usd,
    price_list,
    rate,
    usd,
    usd_apart,
)
from novita_infra.catalogue.products import Catalogue, Product
from novita_infra.kinds import KINDS

H100 = Product("h100", "H100 SXM 80GB", True, 235_000, spot_price=118_000, monthly={1: 150_000_000, 3: 400_000_000})
LIST = price_list(
    Catalogue(
        gpu=(H100, Product("4090", "RTX 4090 24GB", True, 35_000), Product("odd", "Odd", True, 0, spot_price=0)),
        cpu=(Product("cpu.2", "CPU 2C 4GB", True, 4_000),),
        serverless=(Product("sl", "H100 SXM 80GB", True, 430_000),),
        endpoint_limits={"freeRootfsSize": 100, "freeLocalVolumeSize": 30},
    )
)
WORKERS = {"min": 1, "max": 3, "idleTimeout": 60, "maxConcurrency": 8, "requestTimeout": 600}


def costs(kind: str, spec: dict[str, Any], prices: PriceList = LIST) -> tuple[Cost, ...]:
    found = KINDS[kind].market.costs
    assert found is not None
    return found(spec, prices)


def instance(**spec: Any) -> tuple[Cost, ...]:
    return costs("instance", {"product": {"id": "h100"}, **spec})


def hourly(costs: tuple[Cost, ...]) -> Fraction:
    amount = rate(costs)
    assert amount.least == amount.most
    return amount.most


def bought(before: dict[str, Any] | None, after: dict[str, Any]) -> int | None:
    buys = KINDS["instance"].market.purchases
    assert buys is not None
    lines = buys(before, {"product": {"id": "h100"}, **after}, LIST)
    return None if any(cost.price is None for cost in lines) else paid_once(lines)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, 235_000),
        ({"gpuCount": 4}, 4 * 235_000),
        ({"billingMode": "spot", "gpuCount": 2}, 2 * 118_000),
        ({"billingMode": "monthly", "months": 1}, Fraction(150_000_000, 720)),
        ({"billingMode": "monthly", "months": 3, "gpuCount": 2}, Fraction(2 * 400_000_000, 3 * 720)),
        ({"rootDiskGb": 60}, 235_000),
        ({"rootDiskGb": 84}, 235_000 + 24 * 500 // 24),
        ({"power": "stopped"}, 0),
        ({"power": "stopped", "rootDiskGb": 84}, 500),
        ({"power": "stopped", "billingMode": "monthly", "months": 1}, Fraction(150_000_000, 720)),
        ({"product": {"id": "cpu.2"}}, 4_000),
        ({"product": {"cpu": "CPU 2C", "id": "cpu.2"}, "power": "stopped"}, 0),
    ],
)
def test_an_instance_costs_its_mode_its_gpus_and_what_its_disk_has_beyond_60_gb(
    spec: dict[str, Any], expected: Fraction
) -> None:
    assert hourly(instance(**spec)) == expected


def test_network_storage_costs_by_gb_and_day() -> None:
    assert hourly(costs("network_storage", {"sizeGb": 120})) == Fraction(120 * 200, 24)


def test_an_endpoint_costs_from_its_fewest_to_its_most_workers() -> None:
    lines = costs("endpoint", {"product": {"id": "sl"}, "workers": WORKERS, "gpuCount": 2})
    assert rate(lines) == Amount(Fraction(2 * 430_000), Fraction(6 * 430_000))
    idle = costs("endpoint", {"product": {"id": "sl"}, "workers": {**WORKERS, "min": 0}})
    assert rate(idle) == Amount(Fraction(0), Fraction(3 * 430_000))


@pytest.mark.parametrize("kind", ["vpc", "template", "registry_auth", "image_prewarm"])
def test_what_is_free_of_charge_has_no_costs(kind: str) -> None:
    assert KINDS[kind].market.costs is None


@pytest.mark.parametrize(
    ("kind", "spec", "expected"),
    [
        ("instance", {"product": {"id": "gone", "name": "Gone 9"}}, ["Gone 9, on demand"]),
        ("instance", {"product": {"id": "4090"}, "billingMode": "spot"}, ["RTX 4090 24GB, spot"]),
        ("instance", {"product": {"id": "odd"}}, ["Odd, on demand"]),
        ("instance", {"product": {"id": "odd"}, "billingMode": "spot"}, ["Odd, spot"]),
        ("instance", {"product": {"id": "h100"}, "billingMode": "monthly", "months": 2}, ["H100 SXM 80GB, 2 months"]),
        (
            "instance",
            {"product": {"id": "h100"}, "billingMode": "monthly", "months": 1, "rootDiskGb": 100},
            ["root disk beyond 60 GB"],
        ),
        ("endpoint", {"product": {"id": "sl"}, "workers": WORKERS, "rootDiskGb": 101}, ["root disk beyond 100 GB"]),
        (
            "endpoint",
            {"product": {"id": "sl"}, "workers": WORKERS, "localStorage": {"sizeGb": 31, "mountPath": "/s"}},
            ["local disk beyond 30 GB"],
        ),
    ],
)
def test_what_nobody_tells_the_price_of_is_unknown_and_never_nothing(
    kind: str, spec: dict[str, Any], expected: list[str]
) -> None:
    assert [cost.what for cost in costs(kind, spec) if cost.price is None] == expected


def test_months_that_are_not_known_make_no_price() -> None:
    (line,) = instance(billingMode="monthly")
    assert line.price is None


def test_where_an_endpoint_s_limits_are_not_known_its_disk_is_not_called_free() -> None:
    lines = costs("endpoint", {"product": {"id": "sl"}, "workers": WORKERS}, PriceList(LIST.prices, LIST.names))
    assert [cost.what for cost in lines if cost.price is None] == ["root disk"]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, {}, 0),
        (None, {"billingMode": "monthly", "months": 1, "gpuCount": 2}, 300_000_000),
        ({"billingMode": "onDemand"}, {"billingMode": "monthly", "months": 3}, 400_000_000),
        ({"billingMode": "monthly", "months": 1}, {"billingMode": "monthly", "months": 4}, 400_000_000),
        ({"billingMode": "monthly", "months": 1}, {"billingMode": "monthly", "months": 1}, 0),
        ({"billingMode": "monthly", "months": 1}, {"billingMode": "monthly", "months": 3}, None),
        ({"billingMode": "monthly"}, {"billingMode": "monthly", "months": 3}, 0),
    ],
)
def test_a_subscription_is_paid_at_once_for_the_months_that_are_new(
    before: dict[str, Any] | None, after: dict[str, Any], expected: int | None
) -> None:
    assert bought(before, after) == expected


def test_of_several_offers_the_dearest_counts_as_the_most_that_it_can_be() -> None:
    offers = [{"id": "4090"}, {"id": "h100", "billingMode": "spot"}, {"id": "h100"}]
    lines = instance(product={"id": "4090", "offers": offers}, gpuCount=2)
    assert rate(lines) == Amount(Fraction(2 * 35_000), Fraction(2 * 235_000))
    assert lines[1].what == "more for H100 SXM 80GB, where only that is free"


COSTS = st.builds(
    Cost,
    st.just("x"),
    st.one_of(st.none(), st.integers(1, 10**6)),
    st.integers(0, 50),
    st.sampled_from([0, 1, 24, 720, 2160]),
    st.one_of(st.none(), st.just(0)),
)


@given(st.lists(COSTS, max_size=6), st.lists(COSTS, max_size=6))
def test_sums_are_exact_in_any_order(some: list[Cost], others: list[Cost]) -> None:
    whole = rate([*some, *others])
    assert whole == rate(some) + rate(others) == rate([*others, *some])
    assert (whole - rate(others)) == rate(some)
    assert whole.least <= whole.most
    one_by_one = [
        Fraction(cost.price * cost.quantity, cost.hours) for cost in (*some, *others) if cost.price and cost.hours
    ]
    assert whole.most == sum(one_by_one)


@pytest.mark.parametrize(
    ("amount", "digits", "text"),
    [
        (35_000, 5, "$0.35"),
        (1, 5, "$0.00001"),
        (Fraction(5_000, 3), 5, "$0.01667"),
        (123_456_789, 2, "$1,234.57"),
        (-35_000, 5, "-$0.35"),
        (0, 5, "$0.00"),
        (100_000, 2, "$1.00"),
        (Fraction(-1, 3), 5, "$0.00"),
    ],
)
def test_amounts_read_as_dollars(amount: Fraction | int, digits: int, text: str) -> None:
    assert usd(amount, digits=digits) == text


@pytest.mark.parametrize(
    ("first", "second", "digits", "texts"),
    [
        (Fraction(25_000, 300), 83, 5, ("$0.000833", "$0.00083")),
        (25_200_000, Fraction(25_200_000 * 10**9 + 1, 10**9), 2, ("$252.00", "$252.00000000000001")),
        (10**400, 10**400 + 1, 2, (f"${10**395:,}.00", f"${10**395:,}.00001")),
        (-1, 0, 2, ("-$0.00001", "$0.00")),
        (7, 7, 2, ("$0.00", "$0.00")),
    ],
)
def test_two_amounts_that_differ_are_written_with_digits_that_differ(
    first: Fraction | int, second: Fraction | int, digits: int, texts: tuple[str, str]
) -> None:
    assert usd_apart(first, second, digits=digits) == texts


def test_an_amount_of_any_size_is_written_out() -> None:
    assert usd(10**60 * 100_000) == f"${10**60:,}.00"
    assert usd(-150_000, digits=0) == "-$2.00"
    assert plain_usd(10**40 * 100_000 + 1) == f"{10**40}.00001"

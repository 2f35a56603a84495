"""What the project file says of money, as the planner gets it: whole numbers of 1/100000 USD."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from novita_infra.manifests.project.loading import load
from novita_infra.model.addresses import Origin
from novita_infra.model.diagnostics import Problems
from novita_infra.model.rules import Budget, OnUnknown, Rules

HEAD = "apiVersion: novita-infra/v1\nkind: Project\nmetadata: {name: costs}\n"


def rules(folder: Path, text: str, *, environment: str = "") -> Rules:
    (folder / "novita-infra.yaml").write_text(HEAD + text)
    return load(folder, environment=environment, variables={}, var_files=(), environ={}).rules


@pytest.mark.parametrize(
    ("amount", "units"),
    [("5", 500_000), ("0.35", 35_000), ('"0.00001"', 1), ("1234.5", 123_450_000), ("0", 0), ("0.1", 10_000)],
)
def test_an_amount_is_exact_however_it_is_written(amount: str, units: int, tmp_path: Path) -> None:
    assert rules(tmp_path, f"budget: {{perHour: {amount}}}\n").budget == Budget(per_hour=units)


def test_an_environment_s_own_ceiling_holds_and_the_project_s_others_stay(tmp_path: Path) -> None:
    text = (
        "budget: {perHour: 1, perMonth: 100, unknown: refuse}\nmaxPriceRise: 2.5%\n"
        "environments:\n  prod: {budget: {perHour: 9}, maxPriceRise: 10%}\n  dev: {}\n"
    )
    prod = rules(tmp_path, text, environment="prod")
    assert prod.budget == Budget(per_hour=900_000, per_month=10_000_000, unknown=OnUnknown.REFUSE)
    assert prod.max_price_rise == 1000
    dev = rules(tmp_path, text, environment="dev")
    assert dev.budget == Budget(per_hour=100_000, per_month=10_000_000, unknown=OnUnknown.REFUSE)
    assert dev.max_price_rise == 250


def test_what_is_paid_at_once_has_a_ceiling_of_its_own(tmp_path: Path) -> None:
    found = rules(tmp_path, "budget: {once: 2.5}\nenvironments: {dev: {budget: {once: 1}}}\n", environment="dev")
    assert found.budget == Budget(once=100_000)
    assert found.budget.ceilings


def test_without_a_word_there_is_no_ceiling_and_no_price_may_rise(tmp_path: Path) -> None:
    found = rules(tmp_path, "")
    assert found.budget == Budget()
    assert not found.budget.ceilings
    assert found.max_price_rise == 0


@pytest.mark.parametrize(
    ("amount", "summary"),
    [
        ("1e23", "budget.perHour is more than any account has"),
        ("1e300", "budget.perHour is more than any account has"),
        ("9000000000000000000", "budget.perHour is more than any account has"),
        ('"1e999999999"', "budget.perHour"),
        ("0.000001", "budget.perHour is finer than any price"),
        ("5e-324", "budget.perHour is finer than any price"),
        ("0.30000000000000004", "budget.perHour is finer than any price"),
        (f'"0.{"0" * 900}1"', "budget.perHour"),
        (f'"{"9" * 5000}"', "budget.perHour"),
    ],
)
def test_an_amount_out_of_reach_is_reported_at_its_place(amount: str, summary: str, tmp_path: Path) -> None:
    with pytest.raises(Problems) as caught:
        rules(tmp_path, f"budget:\n  perHour: {amount}\n")
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.summary.startswith(summary)
    assert diagnostic.origin == Origin("novita-infra.yaml", 5, 12)


@pytest.mark.parametrize("amount", ["1e15", "100000.50000", '"1000000000000000"'])
def test_a_large_amount_is_exact(amount: str, tmp_path: Path) -> None:
    units = rules(tmp_path, f"budget: {{perHour: {amount}}}\n").budget.per_hour
    assert units == int(Decimal(amount.strip('"')) * 100_000)


@pytest.mark.parametrize("rise", ["1e9%", f"{'9' * 5000}%", "0.001%", "-1%"])
def test_a_price_rise_that_nobody_means_is_reported(rise: str, tmp_path: Path) -> None:
    with pytest.raises(Problems) as caught:
        rules(tmp_path, f"maxPriceRise: {rise}\n")
    assert "maxPriceRise" in str(caught.value)

"""The runway: how long a balance pays for running costs."""

from __future__ import annotations

from fractions import Fraction

from novita_infra.account.balance import Balance
from novita_infra.catalogue.prices import DAY, MONTH, Amount, Cost
from novita_infra.planning.cost.runway import Runway, metered, runway
from novita_infra.views.results.balance import balance_facts

GPU = Cost("RTX 4090", 35_000, quantity=2)
DISK = Cost("disk", 500, quantity=48, hours=DAY)
WORKERS = Cost("workers", 50_000, quantity=3, least=0)
TERM = Cost("RTX 4090, 1 month", 22_680_000, hours=MONTH)


def test_months_that_are_paid_in_advance_do_not_shorten_the_runway() -> None:
    assert metered((GPU, DISK, TERM, Cost("purchase", 5, hours=0))) == (GPU, DISK)
    assert runway(7_100_000, (GPU, DISK, TERM)) == Runway(
        Amount(Fraction(71_000), Fraction(71_000)), (), Fraction(100), Fraction(100)
    )


def test_the_fewest_and_the_most_workers_give_two_ends() -> None:
    assert runway(220_000, (GPU, WORKERS)).least == 1
    assert runway(220_000, (GPU, WORKERS)).most == Fraction(22, 7)
    assert runway(220_000, (WORKERS,)).most is None


def test_debts_have_no_runway_and_an_unknown_balance_none_that_is_known() -> None:
    assert runway(-5, (GPU,)).least == 0
    assert runway(None, (GPU,)).least is None


def _shown(found: Runway | None, unlisted: tuple[str, ...] = ()) -> tuple[str, str]:
    facts = balance_facts(Balance(1, 1, 0, 0, 0), found, unlisted=unlisted)
    return facts.rate, facts.runway


def test_the_words_of_a_runway_say_what_is_not_known() -> None:
    odd = Cost("root disk", None)
    assert _shown(runway(7_000_000, (GPU,))) == ("$0.70 per hour", "4 d 4 h")
    assert _shown(runway(22_000_000, (GPU, WORKERS))) == ("$0.70 to $2.20 per hour", "4 d 4 h to 13 d 2 h")
    assert _shown(runway(15_000_000, (WORKERS,))) == ("$0.00 to $1.50 per hour", "4 d 4 h or more")
    assert _shown(runway(7_000_000, (GPU, odd))) == ("$0.70 per hour, without root disk: not known", "at most 4 d 4 h")
    assert _shown(runway(7_000_000, (odd,))) == ("$0.00 per hour, without root disk: not known", "not known")
    assert _shown(runway(7_000_000, ()), ("vpc",)) == ("$0.00 per hour, without every vpc: not known", "not known")
    assert _shown(runway(7_000_000, ())) == ("$0.00 per hour", "no end: nothing is charged by the hour")
    assert _shown(runway(None, (GPU,))) == ("$0.70 per hour", "not known")
    assert _shown(None) == ("not known", "not known")

"""`balance`: what the account can spend, in text and JSON."""

from __future__ import annotations

import json
from collections.abc import Callable

from click.testing import Result

Invoke = Callable[..., Result]


def test_an_empty_account_spends_nothing(run: Invoke) -> None:
    shown = run("balance", "--sim")
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert shown.stdout.splitlines() == [
        "Available:    $100,000.00",
        "Cash:         $100,000.00",
        "Credit limit: $0.00",
        "Owed:         $0.00",
        "Rate:         $0.00 per hour",
        "Runway:       no end: nothing is charged by the hour",
    ]
    assert json.loads(run("balance", "--sim", "--json").stdout) == {
        "available": "100000",
        "cash": "100000",
        "credit_limit": "0",
        "pending": "0",
        "owed": "0",
        "per_hour": {"least": "0", "most": "0"},
        "price_unknown": [],
        "unlisted": [],
        "runway_hours": {"least": None, "most": None},
    }


def test_the_rate_is_that_of_everything_live(run: Invoke) -> None:
    assert run("apply", "--sim", "--auto-approve", "--var", "size=1200").exit_code == 0
    facts = json.loads(run("balance", "--sim", "--json").stdout)
    assert facts["per_hour"] == {"least": "0.1", "most": "0.1"}
    assert 999_000 < facts["runway_hours"]["least"] == facts["runway_hours"]["most"] <= 1_000_000
    shown = run("balance", "--sim").stdout.splitlines()
    assert shown[-2] == "Rate:         $0.10 per hour"
    assert shown[-1].startswith("Runway:       416")


def test_it_needs_a_key(run: Invoke) -> None:
    refused = run("balance")
    assert refused.exit_code == 1
    assert refused.stderr == (
        "error: there is no API key; set NOVITA_API_KEY, or add --sim to use the built-in simulator\n"
    )

"""`balance`: what the account can spend, in text and JSON."""

from __future__ import annotations

import json
from collections.abc import Callable

from click.testing import Result

Invoke = Callable[..., Result]


def test_it_shows_the_parts_of_the_balance(run: Invoke) -> None:
    shown = run("balance", "--sim")
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert [line.split()[0] for line in shown.stdout.splitlines()] == ["Available:", "Cash:", "Credit", "Owed:"]
    facts = json.loads(run("balance", "--sim", "--json").stdout)
    assert facts == {
        "available": facts["cash"],
        "cash": facts["cash"],
        "credit_limit": "0",
        "pending": "0",
        "owed": "0",
    }


def test_it_needs_a_key(run: Invoke) -> None:
    refused = run("balance")
    assert refused.exit_code == 1
    assert refused.stderr == (
        "error: there is no API key; set NOVITA_API_KEY, or add --sim to use the built-in simulator\n"
    )

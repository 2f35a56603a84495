"""The balance of the account. Pure."""

from __future__ import annotations

from fractions import Fraction
from typing import ClassVar, Final

from novita_infra.account.balance import Balance
from novita_infra.model.frozen import dataclass
from novita_infra.views.content.listing import Facts, fact

_UNIT: Final = 100_000
"""1/100000 USD in a USD."""


@dataclass(frozen=True, slots=True)
class BalanceFacts(Facts):
    """The balance of the account, as `balance --json` prints it."""

    name: ClassVar[str] = "balance"

    available: Fraction | None = fact("What can be spent, in USD; null if the API does not say.", title="Available")
    cash: Fraction | None = fact("What is left of top-ups, in USD; null if the API does not say.", title="Cash")
    credit_limit: Fraction | None = fact(
        "The most that may be owed, in USD; null if the API does not say.", title="Credit limit"
    )
    pending: Fraction | None = fact("Pending charges, in USD; null if the API does not say.")
    owed: Fraction | None = fact("What is owed now, in USD; null if the API does not say.", title="Owed")


def balance_facts(balance: Balance) -> BalanceFacts:
    """The facts of a balance."""
    parts = (balance.available, balance.cash, balance.credit_limit, balance.pending, balance.owed)
    return BalanceFacts(*(None if part is None else Fraction(part, _UNIT) for part in parts))

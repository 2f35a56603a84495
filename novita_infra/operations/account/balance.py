"""The balance of the account."""

from __future__ import annotations

from novita_infra.account.balance import BALANCE, Balance, balance_in
from novita_infra.operations.account.view import AccountView


async def read_balance(view: AccountView) -> Balance:
    """The balance now. Raises ApiError."""
    return balance_in(await view.client.send(BALANCE))

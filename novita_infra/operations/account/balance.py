"""The balance of the account, and how long it lasts."""

from __future__ import annotations

from novita_infra.account.balance import BALANCE, Balance, balance_in
from novita_infra.api.errors import ApiError
from novita_infra.model.concurrency import together
from novita_infra.model.frozen import dataclass
from novita_infra.operations.account.live_costs import LiveCosts, read_live_costs
from novita_infra.operations.account.view import AccountView
from novita_infra.planning.cost.runway import Runway, runway


@dataclass(frozen=True, slots=True)
class BalanceReport:
    """The balance now, and how long it lasts at the present rate."""

    balance: Balance
    runway: Runway | None
    """None where the objects of the account cannot be listed."""
    unlisted: tuple[str, ...] = ()
    """The types of objects that could not be listed."""


async def read_balance(view: AccountView) -> BalanceReport:
    """The balance now. Raises ApiError if it cannot be read; what cannot be listed is reported."""
    answer, costs = await together(view.client.send(BALANCE), _costs(view))
    balance = balance_in(answer)
    if isinstance(costs, ApiError):
        view.report(f"The rate is not known, because the objects of the account cannot be listed: {costs}")
        return BalanceReport(balance, None)
    return BalanceReport(balance, runway(balance.available, costs.costs), costs.unlisted)


async def _costs(view: AccountView) -> LiveCosts | ApiError:
    """What is live; or why it cannot be listed, which matters only where the balance itself can be read."""
    try:
        return await read_live_costs(view)
    except ApiError as error:
        return error

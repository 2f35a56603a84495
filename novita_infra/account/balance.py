"""The account's id and balance: requests, and readers of their answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from novita_infra.api.json_values import int_of, object_of, objects_of, text_of
from novita_infra.api.request import Request, get
from novita_infra.model.frozen import dataclass

BALANCE: Final[Request] = get("/openapi/v1/billing/balance/detail")
"""basic-get-user-balance."""
KEYS: Final[Request] = get("/openapi/v2/user/key")
"""key-list-with-model-access."""

_PARTS: Final = ("availableBalance", "cashBalance", "creditLimit", "pendingCharges", "outstandingInvoices")
_PART: Final = 10
"""1/100000 USD in a 1/10000 USD, the unit of the balance."""


@dataclass(frozen=True, slots=True)
class Balance:
    """The balance of the account in 1/100000 USD, each part None where the answer has none (basic-get-user-balance)."""

    available: int | None
    cash: int | None
    credit_limit: int | None
    """The most that may be owed."""
    pending: int | None
    owed: int | None


def balance_in(answer: Any) -> Balance:
    """The balance in an answer. The parts are not to be added: no page says how they relate."""
    item = object_of(answer)
    parts = [int_of(item.get(name)) for name in _PARTS]
    return Balance(*(None if part is None else part * _PART for part in parts))


def balance_of(answer: Any) -> int | None:
    """The available balance in 1/100000 USD; None where the answer has none."""
    return balance_in(answer).available


def account_of(answer: Any, is_own: Callable[[str], bool]) -> str:
    """The id of the account of the key: the `uuid` of the listed keys, where all are of one account.

    Otherwise the `uuid` of the key with a mask that `is_own`. Empty where the answer has none.
    """
    keys = objects_of(object_of(answer).get("keys"))
    for some in (keys, [item for item in keys if is_own(text_of(item.get("maskedKey")))]):
        found = {text_of(item.get("uuid")) for item in some} - {""}
        if len(found) == 1:
            return found.pop()
    return ""

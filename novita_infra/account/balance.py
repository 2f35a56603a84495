"""The account's id and balance: requests, and readers of their answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from novita_infra.api.json_values import int_of, object_of, objects_of, text_of
from novita_infra.api.request import Request, get

BALANCE: Final[Request] = get("/openapi/v1/billing/balance/detail")
"""basic-get-user-balance."""
KEYS: Final[Request] = get("/openapi/v2/user/key")
"""key-list-with-model-access."""

_PART: Final = 10
"""1/100000 USD in a 1/10000 USD, the unit of the balance."""


def balance_of(answer: Any) -> int | None:
    """The available balance in 1/100000 USD; None where the answer has none."""
    available = int_of(object_of(answer).get("availableBalance"))
    return None if available is None else available * _PART


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

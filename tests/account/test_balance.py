"""The balance and the account, as the API answers them."""

from __future__ import annotations

from typing import Any

import pytest

from novita_infra.account.balance import account_of, balance_of


@pytest.mark.parametrize(
    ("answer", "balance"),
    [({"availableBalance": "10000"}, 100_000), ({"availableBalance": "-1"}, -10), ({}, None), (None, None)],
)
def test_the_balance_is_read_in_hundredthousandths(answer: Any, balance: int | None) -> None:
    assert balance_of(answer) == balance


def test_the_account_is_that_of_all_keys_or_of_the_own_one() -> None:
    def keys(*pairs: tuple[str, str]) -> dict[str, Any]:
        return {"keys": [{"uuid": uuid, "maskedKey": mask} for uuid, mask in pairs]}

    def own(mask: str) -> bool:
        return mask == "sk_me***"

    assert account_of(keys(("u", "sk_x***"), ("u", "sk_y***")), own) == "u"
    assert account_of(keys(("u", "sk_x***"), ("v", "sk_me***")), own) == "v"
    assert account_of(keys(("u", "sk_x***"), ("v", "sk_y***")), own) == ""
    assert account_of(keys(("", "sk_me***")), own) == ""
    assert account_of({"keys": None}, own) == ""

"""Budgets of members and of API keys: requests, and readers of their answers. Money is in 1/100000 USD."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias

from novita_infra.api.json_values import flag_of, int_of, object_of, objects_of, text_of
from novita_infra.api.request import Request, get, post
from novita_infra.model.frozen import dataclass

Holder: TypeAlias = Literal["member", "key"]
"""Who has a budget."""
Cycle: TypeAlias = Literal["Unlimited", "One-time", "Recurring"]
"""The types of budgets, as the API words them."""

UNIT: Final = 10
"""1/100000 USD in a 1/10000 USD, the unit of a budget."""
LEAST: Final = 100_000
"""The smallest limit (budget-update-member-config)."""
MEMBERS: Final[Request] = get("/openapi/v1/user/team/budget-list")
"""budget-query-member-list."""
_TEAM: Final = "/openapi/v1/user/team"


@dataclass(frozen=True, slots=True, kw_only=True)
class HolderBudget:
    """The budget of a member or of a key. A figure is None where the answer has none."""

    holder: Holder
    id: str
    name: str
    """The e-mail of a member, or the name of a key."""
    member: str
    """The id of the member, also of that whose key it is."""
    role: str = ""
    status: str = ""
    type: str
    limit: int | None
    used: int | None
    remaining: int | None
    start: str
    """The beginning of the cycle, as the API words it."""
    end: str


def key_budgets_request(member: str) -> Request:
    """The request for the budgets of the keys of a member (budget-query-key-list)."""
    return get(f"{_TEAM}/key-budget-list", member_id=member)


def member_budgets_in(answer: Any) -> list[HolderBudget]:
    """The budgets of the members in an answer."""
    return [
        _budget(item, "member", id=text_of(item.get("member_id")), name=text_of(item.get("email")), member="")
        for item in objects_of(object_of(answer).get("budgets"))
    ]


def key_budgets_in(answer: Any, member: str) -> list[HolderBudget]:
    """The budgets of the keys of a member in an answer."""
    return [
        _budget(item, "key", id=text_of(item.get("key_id")), name=text_of(item.get("key_name")), member=member)
        for item in objects_of(object_of(answer).get("key_budgets"))
    ]


def setting_request(budget: HolderBudget, cycle: Cycle, limit: int) -> Request:
    """The request that sets the budget of a member or a key; the limit is in 1/100000 USD."""
    body: dict[str, Any] = {**_holder(budget), "budget_type": cycle}
    if cycle != "Unlimited":
        body["budget_limit"] = limit // UNIT
    if cycle == "Recurring":
        body["cycle"] = "Monthly"
    return Request("PUT", f"{_TEAM}/{budget.holder}-budget", body=body, repeatable=True)


def budget_check_request(budget: HolderBudget, cost: int | None) -> Request:
    """The request that asks whether the budget has something left, or so much in 1/100000 USD."""
    name = "check-budget" if budget.holder == "member" else "check-key-budget"
    if cost is None:
        return post(f"{_TEAM}/{name}", _holder(budget), repeatable=True)
    return post(f"{_TEAM}/{name}-by-cost", {**_holder(budget), "cost": -(-cost // UNIT)}, repeatable=True)


def enough_in(answer: Any) -> bool | None:
    """Whether the budget suffices; None where the answer does not say."""
    found = object_of(answer).get("enough")
    return None if found is None else flag_of(found)


def _holder(budget: HolderBudget) -> dict[str, str]:
    return {"member_id": budget.member} | ({"key_id": budget.id} if budget.holder == "key" else {})


def _budget(item: Mapping[str, Any], holder: Holder, *, id: str, name: str, member: str) -> HolderBudget:
    return HolderBudget(
        holder=holder,
        id=id,
        name=name,
        member=member or id,
        role=text_of(item.get("role")),
        status=text_of(item.get("status")),
        type=text_of(item.get("budget_type")),
        limit=_money(item.get("budget_limit")),
        used=_money(item.get("used")),
        remaining=_money(item.get("remaining")),
        start=text_of(item.get("period_start")),
        end=text_of(item.get("period_end")),
    )


def _money(value: Any) -> int | None:
    number = int_of(value)
    return None if number is None else number * UNIT

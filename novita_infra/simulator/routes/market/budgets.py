"""The operations on the budgets of members and keys. Money: 1/10000 USD. The members are the owner and, once
a developer has used a key, the developer.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from novita_infra.simulator.answers import account as answers
from novita_infra.simulator.errors import ApiRefusal, invalid
from novita_infra.simulator.operations import Confidence, Family, IncomingCall, Operation, done, done_schema
from novita_infra.simulator.request_schema import INT64, Fields, Text, Whole, may, need
from novita_infra.simulator.world.cloud import arrears
from novita_infra.simulator.world.engine.periods import period
from novita_infra.simulator.world.engine.world import World
from novita_infra.simulator.world.llm import api_keys
from novita_infra.simulator.world.market import budgets

_TEAM: Final = "/openapi/v1/user/team"


def _members(world: World, _call: IncomingCall) -> Any:
    roles = _roles(world)
    members = [
        {
            "email": f"{role.lower()}@example.com",
            "role": role,
            "status": "Active",
            "member_id": id,
            "phone": "",
            "user_id": id,
            "remark_name": "",
            **_shown(world, id),
        }
        for id, role in roles.items()
    ]
    budgeted = sum(world.budgets.get(id) is not None for id in roles)
    return {"member_count": len(members), "budget_count": budgeted, "budgets": members}


def _roles(world: World) -> dict[str, str]:
    """The roles of the members, by their ids; the owner first."""
    return {world.owner: api_keys.OWNER} | {
        api_keys.member_of(world, key): key.role for key in world.api_keys if key.role != api_keys.OWNER
    }


def _keys(world: World, call: IncomingCall) -> Any:
    api_keys.of_caller(world, call.key)
    member = _member(world, call.query["member_id"])
    return {
        "key_budgets": [
            {"key_id": key.id, "key_name": key.name, **_shown(world, key.id)}
            for key in world.api_keys.listed()
            if api_keys.member_of(world, key) == member
        ]
    }


def _shown(world: World, owner: str) -> dict[str, Any]:
    budget = world.budgets.get(owner)
    recurring = budget is not None and budget.type == budgets.RECURRING
    start, end = map(_moment, period("Month", int(world.moment))) if recurring else ("", "")
    return {
        "budget_type": budget.type if budget else budgets.UNLIMITED,
        "budget_limit": budget.limit if budget else 0,
        "used": budgets.used(world, owner),
        "remaining": budgets.remaining(world, owner),
        "cycle": _MONTHLY if recurring else "",
        "period_start": start,
        "period_end": end,
    }


def _moment(at: int) -> str:
    """A time as text. The pages do not say in which form."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _owner(world: World, call: IncomingCall) -> str:
    """The id of the member or key whose budget a request is about. Raises USER_NOT_FOUND, RESOURCE_NOT_FOUND.

    The pages do not say which of the two ids of a key they mean.
    """
    member, key = _member(world, call.body["member_id"]), call.body.get("key_id")
    if key is None:
        return member
    api_keys.of_caller(world, call.key)
    by_number = {api_keys.number_of(one): one.id for one in world.api_keys}
    return api_keys.key_of(world, by_number.get(key, key)).id


def _member(world: World, key: str) -> str:
    if key not in _roles(world):
        raise ApiRefusal("USER_NOT_FOUND", f"member {key!r} not found")
    return key


def _set(world: World, call: IncomingCall) -> Any:
    body, owner = call.body, _owner(world, call)
    limit = body["budget_limit"] or 0
    if body["budget_type"] != budgets.UNLIMITED and limit < budgets.LEAST:
        raise invalid("budget_limit", f"must be at least {budgets.LEAST}")
    if body["budget_type"] == budgets.RECURRING and not body["cycle"]:
        raise invalid("cycle", f"must be {_MONTHLY} for a recurring budget")
    arrears.set_budget(world, owner, kind=body["budget_type"], limit=limit)
    return done(world)


def _check(world: World, call: IncomingCall) -> Any:
    return {"enough": budgets.is_enough(world, _owner(world, call), call.body.get("cost", 1))}


_MONTHLY: Final = "Monthly"
_ID: Final = need(Text(1, 255))
_MEMBER: Final = {"member_id": _ID}
_KEY: Final = {**_MEMBER, "key_id": _ID}
_COST: Final = {"cost": need(Whole(0, INT64))}
_BUDGET: Final = {
    "budget_type": need(Text(one_of=(budgets.UNLIMITED, budgets.ONE_TIME, budgets.RECURRING))),
    "budget_limit": may(Whole(0, INT64)),
    "cycle": may(Text(one_of=(_MONTHLY, "")), ""),
}


def _operation(
    name: str,
    method: str,
    path: str,
    source: str,
    serve: Any,
    answer: Any,
    *,
    query: Any = (),
    body: Any = None,
) -> Operation:
    return Operation(
        name=f"budgets.{name}",
        method=method,
        path=f"{_TEAM}/{path}",
        source=f"budget-{source}",
        confidence=Confidence.DOCUMENTED,
        serve=serve,
        query=Fields(dict(query)),
        body=None if body is None else Fields(body),
        answer=answer,
        family=Family.ACCOUNT,
    )


def _checking(name: str, path: str, source: str, body: Any) -> Operation:
    return _operation(name, "POST", path, source, _check, answers.ENOUGH, body=body)


def _setting(name: str, path: str, source: str, body: Any) -> Operation:
    return _operation(name, "PUT", path, source, _set, done_schema, body={**body, **_BUDGET})


OPERATIONS = (
    _operation("members", "GET", "budget-list", "query-member-list", _members, answers.MEMBER_BUDGETS),
    _setting("set_member", "member-budget", "update-member-config", _MEMBER),
    _checking("check_member", "check-budget", "check-member-enough", _MEMBER),
    _checking("check_member_cost", "check-budget-by-cost", "check-member-enough-by-cost", {**_MEMBER, **_COST}),
    _operation("keys", "GET", "key-budget-list", "query-key-list", _keys, answers.KEY_BUDGETS, query=_MEMBER),
    _setting("set_key", "key-budget", "update-key-config", _KEY),
    _checking("check_key", "check-key-budget", "check-key-enough", _KEY),
    _checking("check_key_cost", "check-key-budget-by-cost", "check-key-enough-by-cost", {**_KEY, **_COST}),
)

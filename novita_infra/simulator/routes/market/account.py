"""The operations on balance, bills and transactions. `billing_views` renders the answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from novita_infra.simulator.answer_schema import Schema
from novita_infra.simulator.answers import account as answers
from novita_infra.simulator.errors import ApiRefusal, invalid
from novita_infra.simulator.operations import Confidence, Family, IncomingCall, Operation, page_of, records_with
from novita_infra.simulator.profiles import Quirks
from novita_infra.simulator.request_schema import INT64, Fields, Text, Whole, may, need, should
from novita_infra.simulator.routes.market.billing_views import (
    key_fields,
    line_row,
    month_row,
    purchase_row,
    total_row,
    transaction_row,
    transaction_type,
    units,
    with_amounts,
)
from novita_infra.simulator.world import bills
from novita_infra.simulator.world.engine.settings import DAY
from novita_infra.simulator.world.engine.world import World
from novita_infra.simulator.world.market import money

V1: Final = "/openapi/v1"
LONGEST: Final = 31 * DAY
CATEGORIES: Final = (
    "summary",
    "gpu",
    "llm",
    "serverless",
    "cloud_storage",
    "gen_api",
    "cloud_sandbox",
    "llm_dedicated_endpoint",
    "web_search",
    "bare_metal",
)


def _balance(world: World, _call: IncomingCall) -> Any:
    amount = money.balance(world)
    return {
        "availableBalance": units(amount),
        "cashBalance": units(amount),
        "creditLimit": "0",
        "pendingCharges": "0",
        "outstandingInvoices": units(max(0, -amount)),
    }


def _user(world: World, _call: IncomingCall) -> Any:
    """The account as clients of the old path read it. No page describes it; only the balance is known for sure."""
    return {"credit_balance": money.balance(world) // 10, "allow_features": [], "free_trial": {}}


def _window(world: World, call: IncomingCall) -> tuple[int, int]:
    end = call.query["endTime"] or int(world.moment)
    start = call.query["startTime"] or max(0, end - LONGEST)
    if end - start > LONGEST:
        raise ApiRefusal("INVALID_BILL_CYCLE", "startTime and endTime may be at most 31 days apart")
    return start, end


def _usage(world: World, call: IncomingCall) -> Any:
    query = call.query
    if query["cycleType"] not in bills.CYCLES:
        raise ApiRefusal("INVALID_BILL_CYCLE", f"cycleType must be one of {', '.join(bills.CYCLES)}")
    if query["productCategory"] not in CATEGORIES:
        raise ApiRefusal("INVALID_PRODUCT_CATEGORY", f"productCategory must be one of {', '.join(CATEGORIES)}")
    start, end = _window(world, call)
    summary = query["productCategory"] == "summary"
    matching = [
        line
        for line in bills.bill_lines(world, query["cycleType"], start=start, end=end)
        if (summary or line.category == query["productCategory"])
        and query["productName"].lower() in line.product.lower()
        and query["ownerId"] in {"", line.owner}
        and query["category"] in {"", line.category}
    ]
    if not summary:
        return {"bills": with_amounts(world, [line_row(world, line) for line in matching])}
    totals: dict[tuple[int, int], int] = {}
    for line in matching:
        totals[line.start, line.end] = totals.get((line.start, line.end), 0) + line.amount
    return {"bills": with_amounts(world, [total_row(world, *span, amount) for span, amount in sorted(totals.items())])}


def _fixed(world: World, call: IncomingCall) -> Any:
    query = call.query
    start, end = _window(world, call)
    matching = [
        payment
        for payment in world.payments
        if payment.kind.startswith("monthly")
        and start <= payment.created <= end
        and query["category"] in {"", "summary", "gpu"}
        and query["productName"].lower() in payment.product.lower()
        and query["ownerId"] in {"", payment.owner}
    ]
    return {"bills": with_amounts(world, [purchase_row(world, payment) for payment in matching])}


def _monthly(world: World, call: IncomingCall) -> Any:
    query = call.query
    this_month = datetime.fromtimestamp(world.moment, UTC).strftime("%Y-%m")
    months = sorted({*bills.by_months(world), this_month})
    matching = [month for month in months if month >= (query["startMonth"] or months[0])]
    page = page_of(matching, number=query["page"], size=query["pageSize"], first=1, default=12, largest=100)
    return {"data": with_amounts(world, [month_row(world, month, this_month) for month in page])}


def _by_key(world: World, call: IncomingCall) -> Any:
    """The bills by API key. Only model calls are billed by key; rent is billed to the account."""
    query = call.query
    if query["cycleType"] not in bills.CYCLES:
        raise ApiRefusal("INVALID_BILL_CYCLE", f"cycleType must be one of {', '.join(bills.CYCLES)}")
    longest = 7 * DAY if query["cycleType"] == "Hour" else LONGEST
    if query["endTime"] <= query["startTime"]:
        raise invalid("endTime", "must be after startTime")
    if query["startTime"] < _EARLIEST:
        raise invalid("startTime", "must not be before 2026-01-01")
    if query["endTime"] - query["startTime"] > longest:
        raise ApiRefusal(
            "INVALID_BILL_CYCLE", f"the window may have at most {longest // DAY} days for {query['cycleType']}"
        )
    matching = [
        line
        for line in bills.call_lines(world, query["cycleType"], start=query["startTime"], end=query["endTime"])
        if query["category"] in {"", line.category} and query["productName"].lower() in line.product.lower()
    ]
    rows = [line_row(world, line) | key_fields(world, line.owner) for line in matching]
    return {"bills": with_amounts(world, rows)}


def _transactions(world: World, call: IncomingCall) -> Any:
    query = call.query
    until = query["transactionTimeEnd"] or INT64
    matching = [
        payment
        for payment in reversed(list(world.payments))
        if query["transactionTimeStart"] <= payment.created <= until
    ]
    matching = records_with(
        matching,
        query,
        serialNumber=lambda payment: payment.id,
        transactionType=transaction_type,
        transactionChannel=lambda _: "Stripe",
        status=lambda _: "success",
        orderType=transaction_type,
    )
    page = page_of(matching, number=query["pageNo"], size=query["pageSize"], first=1, default=10, largest=1000)
    balance = bills.balances(world)
    return {
        "data": [transaction_row(world, payment, balance(payment.created)) for payment in page],
        "total": len(matching),
    }


_EARLIEST: Final = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
_NAME = may(Text(0, 255), "")
_TIME = may(Whole(0, INT64, as_text=True), 0)
_FILTER = {"productName": _NAME, "startTime": _TIME, "endTime": _TIME, "ownerId": _NAME}


def _get(
    name: str,
    path: str,
    source: str,
    serve: Any,
    query: Fields,
    *also: str,
    answer: Schema | Callable[[Quirks], Schema],
    confidence: Confidence,
) -> Operation:
    return Operation(
        name=f"account.{name}",
        method="GET",
        path=f"{V1}/{path}",
        source=source,
        confidence=confidence,
        serve=serve,
        query=query,
        answer=answer,
        also=also,
        family=Family.ACCOUNT,
    )


OPERATIONS = (
    _get(
        "balance",
        "billing/balance/detail",
        "basic-get-user-balance",
        _balance,
        Fields(),
        "/v3/user/balance",
        answer=answers.BALANCE,
        confidence=Confidence.DOCUMENTED,
    ),
    Operation(
        name="account.user",
        method="GET",
        path="/v3/user",
        source="basic-get-user-balance",
        confidence=Confidence.SEEN_LIVE,
        serve=_user,
        answer=answers.USER,
        family=Family.ACCOUNT,
    ),
    _get(
        "usage_bills",
        "billing/bill/list",
        "basic-query-usage-based-billing",
        _usage,
        Fields(
            {
                "cycleType": should(Text(), "Day"),
                "productCategory": should(Text(), "summary"),
                "category": _NAME,
                **_FILTER,
            }
        ),
        "/v3/user/usage-based-billing",
        answer=answers.usage_bills,
        confidence=Confidence.SEEN_LIVE,
    ),
    _get(
        "fixed_bills",
        "billing/bill/monthly/list",
        "basic-query-fixed-term-billing",
        _fixed,
        Fields(
            {
                "category": may(
                    Text(
                        one_of=(
                            "",
                            "summary",
                            "gpu",
                            "local_storage",
                            "image",
                            "serverless",
                            "cloud_storage",
                            "bare_metal",
                        )
                    ),
                    "",
                ),
                **_FILTER,
            }
        ),
        "/v3/user/fixed-term-billing",
        answer=answers.fixed_bills,
        confidence=Confidence.DOCUMENTED,
    ),
    _get(
        "monthly_bill",
        "billing/monthly/bill",
        "basic-query-monthly-bill",
        _monthly,
        Fields(
            {
                "startMonth": may(Text(0, 7, pattern=r"([0-9]{4}-(0[1-9]|1[0-2]))?"), ""),
                "page": may(Whole()),
                "pageSize": may(Whole()),
            }
        ),
        "/v3/user/monthly-bill",
        answer=answers.monthly_bills,
        confidence=Confidence.SEEN_LIVE,
    ),
    _get(
        "key_bills",
        "billing/apikey/bill/list",
        "basic-query-apikey-bill",
        _by_key,
        Fields(
            {
                "cycleType": need(Text()),
                "category": may(Text(one_of=("", "llm", "gen_api", "web_search")), ""),
                "productName": _NAME,
                "startTime": need(Whole(0, INT64, as_text=True)),
                "endTime": need(Whole(0, INT64, as_text=True)),
            }
        ),
        answer=answers.key_bills,
        confidence=Confidence.SEEN_LIVE,
    ),
    _get(
        "transactions",
        "bill/transaction",
        "basic-query-transaction",
        _transactions,
        Fields(
            {
                "pageNo": need(Whole()),
                "pageSize": need(Whole()),
                "serialNumber": _NAME,
                "transactionTimeStart": _TIME,
                "transactionTimeEnd": _TIME,
                "transactionType": may(Text(one_of=("", "recharge", "refund", "consume")), ""),
                "transactionChannel": _NAME,
                "status": may(Text(one_of=("", "pending", "success", "failed", "expired")), ""),
                "orderType": may(Text(one_of=("", "recharge", "refund")), ""),
            }
        ),
        answer=answers.TRANSACTIONS,
        confidence=Confidence.SEEN_LIVE,
    ),
)

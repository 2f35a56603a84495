"""Bills: requests, and readers of their answers. Money is in 1/100000 USD, exact.

A line has its amount as a whole number of 1/10000 USD, and live as an exact decimal number of USD beside it. The whole
number loses what is smaller, so the decimal one comes first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any, Final

from novita_infra.account.spans import BillWindow
from novita_infra.api.json_values import fraction_of, int_of, object_of, objects_of, text_of
from novita_infra.api.request import Pages, Request, get
from novita_infra.model.clock import LAST_MOMENT
from novita_infra.model.frozen import dataclass

SUMMARY: Final = "summary"
"""The category of the control total: it is never added to the others."""
USAGE_CATEGORIES: Final = (
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
"""The product categories of usage (basic-query-usage-based-billing)."""
TERM_CATEGORIES: Final = ("gpu", "local_storage", "image", "serverless", "cloud_storage", "bare_metal")
"""The categories of what is bought for a term (basic-query-fixed-term-billing)."""
KEYS_FROM: Final = 1_767_225_600
"""2026-01-01 in Unix seconds: there are no bills of keys from before (basic-query-apikey-bill)."""
MONTHS_FROM: Final = "2025-10"
"""The first month with a bill (basic-query-monthly-bill)."""

_USD: Final = 100_000
_UNIT: Final = 10
"""1/100000 USD in a 1/10000 USD."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledLine:
    """What one thing cost in one period."""

    start: int
    """Unix seconds; 0 where the answer has none."""
    end: int
    """The last second of the period."""
    category: str
    product: str
    owner: str
    """The id of the object, or of the API key."""
    amount: Fraction | None
    """None where the answer has none."""
    voucher: Fraction | None
    """The part that a voucher paid."""
    exact: bool
    """Whether the amount is exact: otherwise less than 1/10000 USD may be missing."""
    quantity: Fraction | None = None
    """GPUs times hours, GB times days, or input tokens, by the category."""
    requests: int | None = None
    key_name: str = ""
    key_mask: str = ""
    trade: str = ""
    """How a term was bought: `monthly_new_buy`, `monthly_re_buy` or `monthly_re_config`."""
    created: int = 0
    """When a term was bought, in Unix seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthlyBill:
    """The bill of one month. Amounts are None where the answer has none."""

    month: str
    """`YYYY-MM`."""
    id: str
    status: str
    total: Fraction | None
    before_discount: Fraction | None
    voucher: Fraction | None
    cash: Fraction | None
    debt: Fraction | None
    repaid: Fraction | None
    invoice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """A payment. The documents give amounts in 1/10000 USD; once, live, they were cents."""

    serial: str
    at: int
    """Unix seconds; 0 where the answer has none."""
    type: str
    channel: str
    amount: Fraction | None
    balance: Fraction | None
    state: str
    note: str
    invoice: str


def usage_request(window: BillWindow, category: str, cycle: str) -> Request:
    """The request for the lines of a category of usage, or of SUMMARY."""
    return get(
        "/openapi/v1/billing/bill/list",
        cycleType=cycle,
        productCategory=category,
        startTime=window.start,
        endTime=window.end,
    )


def term_request(window: BillWindow, category: str) -> Request:
    """The request for what was bought for a term."""
    path = "/openapi/v1/billing/bill/monthly/list"
    return get(path, category=category, startTime=window.start, endTime=window.end)


def key_request(window: BillWindow, cycle: str) -> Request:
    """The request for the lines of API keys: the same money as that of usage, by key."""
    path = "/openapi/v1/billing/apikey/bill/list"
    return get(path, cycleType=cycle, startTime=window.start, endTime=window.end)


def month_pages(since: str) -> Pages:
    """The bills of the months from `since` on, `YYYY-MM`."""
    return Pages(
        path="/openapi/v1/billing/monthly/bill",
        items=("data",),
        identity=("billingMonth", "billId"),
        number="page",
        first=1,
        query={"startMonth": since},
    )


def transaction_pages(start: int, end: int) -> Pages:
    """The transactions between two moments in Unix seconds, both included."""
    return Pages(
        path="/openapi/v1/bill/transaction",
        items=("data",),
        identity=("serialNumber",),
        number="pageNo",
        first=1,
        query={"transactionTimeStart": start, "transactionTimeEnd": end},
    )


def billed_lines(answer: Any, category: str = "") -> list[BilledLine]:
    """The lines of an answer. `category` is the one that was asked for, where each answer is of one."""
    return [_line(item, category) for item in objects_of(object_of(answer).get("bills"))]


def within(lines: Iterable[BilledLine], window: BillWindow) -> list[BilledLine]:
    """The lines of a window, by their beginning, or by the purchase of a term. One without a time is in every window.

    No document says whether a line that only touches a window is in its answer.
    """
    return [line for line in lines if not (at := line.created or line.start) or window.start <= at <= window.end]


def sum_of(lines: Iterable[BilledLine]) -> Fraction:
    """The sum of the known amounts."""
    return sum((line.amount for line in lines if line.amount is not None), Fraction(0))


def month_of(item: Mapping[str, Any]) -> MonthlyBill:
    """The bill of a month (basic-query-monthly-bill)."""
    return MonthlyBill(
        month=text_of(item.get("billingMonth")),
        id=text_of(item.get("billId")),
        status=text_of(item.get("status")),
        total=_money(item, "totalAmount", "totalAmountDecimal")[0],
        before_discount=_money(item, "originTotalAmount", "originTotalAmountDecimal")[0],
        voucher=_money(item, "voucherPayAmount", "voucherPayAmountDecimal")[0],
        cash=_money(item, "cashPayAmount", "cashPayAmountDecimal")[0],
        debt=_money(item, "debtAmount", "debtAmountDecimal")[0],
        repaid=_money(item, "repaidAmount", "repaidAmountDecimal")[0],
        invoice=text_of(item.get("invoiceUrl")),
    )


def transaction_of(item: Mapping[str, Any]) -> Transaction:
    """A transaction (basic-query-transaction)."""
    return Transaction(
        serial=text_of(item.get("serialNumber")),
        at=_moment(item.get("transactionTime")),
        type=text_of(item.get("transactionType")),
        channel=text_of(item.get("transactionChannel")),
        amount=_money(item, "transactionAmount")[0],
        balance=_money(item, "walletBalance")[0],
        state=text_of(item.get("state")),
        note=text_of(item.get("note")),
        invoice=text_of(item.get("invoiceURL")),
    )


def _line(item: Mapping[str, Any], category: str) -> BilledLine:
    amount, exact = _money(item, "amount", "amountDecimal")
    return BilledLine(
        start=_moment(item.get("startTime")),
        end=_moment(item.get("endTime")),
        category=category or text_of(item.get("productCategory")) or text_of(item.get("category")),
        product=text_of(item.get("productName")),
        owner=text_of(item.get("ownerID")),
        amount=amount,
        voucher=_money(item, "voucherAmount", "voucherAmountDecimal")[0],
        exact=exact,
        quantity=fraction_of(item.get("billNum0", item.get("billNum"))),
        requests=int_of(item.get("requestCount")),
        key_name=text_of(item.get("apikeyName")),
        key_mask=text_of(item.get("apikeyMask")),
        trade=text_of(item.get("tradeType")),
        created=_moment(item.get("createTime")),
    )


def _money(item: Mapping[str, Any], whole: str, decimal: str = "") -> tuple[Fraction | None, bool]:
    """An amount in 1/100000 USD, and whether it is exact."""
    exact = fraction_of(item.get(decimal)) if decimal else None
    if exact is not None:
        return exact * _USD, True
    rounded = fraction_of(item.get(whole))
    return (None if rounded is None else rounded * _UNIT), False


def _moment(value: Any) -> int:
    """Unix seconds within the calendar; 0 for anything else."""
    number = int_of(value, 0) or 0
    return number if 0 < number <= LAST_MOMENT else 0

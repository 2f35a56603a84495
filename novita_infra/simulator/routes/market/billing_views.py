"""The answers about balances, bills and transactions. Integers are 1/10000 USD as text; decimals are exact USD."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from novita_infra.simulator.world import bills
from novita_infra.simulator.world.engine.account_records import Payment
from novita_infra.simulator.world.engine.periods import period
from novita_infra.simulator.world.engine.settings import MONTH
from novita_infra.simulator.world.engine.world import World


def units(amount: int) -> str:
    """1/100000 USD as whole 1/10000 USD, rounded down."""
    return str(amount // 10 if amount >= 0 else -(-amount // 10))


def with_amounts(world: World, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows; without exact amounts under profiles that have none."""
    if world.quirks.exact_bills:
        return list(rows)
    return [{name: value for name, value in row.items() if not name.endswith("Decimal")} for row in rows]


def line_row(world: World, line: bills.BillLine) -> dict[str, Any]:
    """A line of a usage bill."""
    row = {
        "userId": world.owner,
        "startTime": str(line.start),
        "endTime": str(line.end - 1),
        "billingMethod": 1,
        "productName": line.product,
        "productId": line.product,
        "category": line.category,
        "ownerID": line.owner,
        "billNum0": _number(line.units[0]),
        "billNum1": _number(line.units[1]),
        "basePrice0": str(line.prices[0]),
        "basePrice1": str(line.prices[1]),
        "discountPrice0": str(line.prices[0]),
        "discountPrice1": str(line.prices[1]),
        "pricePrecision": str(10 * line.per),
        **_money(line.amount),
    }
    return row | ({"requestCount": line.requests} if line.requests else {})


def total_row(world: World, start: int, end: int, amount: int) -> dict[str, Any]:
    """The total of a usage bill in a period."""
    return {
        "userId": world.owner,
        "startTime": str(start),
        "endTime": str(end - 1),
        "billingMethod": 1,
        "productName": "summary",
        "productId": "",
        "category": "summary",
        "ownerID": "",
        **_money(amount),
    }


def purchase_row(world: World, payment: Payment) -> dict[str, Any]:
    """A purchase of months for a machine."""
    since = int(payment.created)
    return {
        "userId": world.owner,
        "memberId": world.owner,
        "startTime": str(since),
        "endTime": str(since + payment.months * MONTH - 1),
        "productName": payment.product,
        "productCategory": "gpu",
        "productId": payment.product,
        "ownerID": payment.owner,
        "tradeMode": "monthly",
        "tradeType": payment.kind,
        "basePrice": str(payment.price),
        "billNum": str(-payment.amount // payment.price if payment.price else 0),
        "pricePrecision": "10",
        "createTime": str(since),
        "cycle": datetime.fromtimestamp(since, UTC).strftime("%Y-%m"),
        "billingMethod": 2,
        **_money(-payment.amount),
    }


def month_row(world: World, month: str, this_month: str) -> dict[str, Any]:
    """The bill of a month."""
    sums = bills.by_months(world).get(month, {"used": 0, "bought": 0})
    amount = sums["used"] + sums["bought"]
    start, end = period("Month", int(datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC).timestamp()))
    over = month < this_month
    return {
        "billId": world.draw("bill", month),
        "userId": world.owner,
        "billingMonth": month,
        "totalAmount": units(amount),
        "originTotalAmount": units(amount),
        "voucherPayAmount": "0",
        "cashPayAmount": units(amount),
        "debtAmount": "0",
        "repaidAmount": "0",
        "totalAmountDecimal": _usd(amount),
        "voucherPayAmountDecimal": _usd(0),
        "cashPayAmountDecimal": _usd(amount),
        "status": "paid" if over else "pending",
        "invoiceUrl": f"https://novita.ai/invoices/{world.draw('bill', month)}" if over else "",
        "startTime": str(start),
        "endTime": str(end - 1),
    }


def key_fields(world: World, string_id: str) -> dict[str, str]:
    """The API key of a bill line."""
    key = world.api_keys.get(string_id)
    return {"apikeyName": key.name if key else "", "apikeyMask": key.masked if key else "sk_***"}


def transaction_row(world: World, payment: Payment, balance: int) -> dict[str, Any]:
    """A payment as a transaction, with the balance after it."""
    return {
        "customerId": world.owner,
        "serialNumber": payment.id,
        "transactionTime": str(int(payment.created)),
        "transactionType": transaction_type(payment),
        "transactionChannel": "Stripe",
        "transactionAmount": units(abs(payment.amount)),
        "walletBalance": units(balance),
        "note": payment.note or f"{payment.product} {payment.owner}".strip(),
        "state": "success",
        "invoiceURL": "",
        "orderType": transaction_type(payment),
    }


def transaction_type(payment: Payment) -> str:
    """The type of a transaction: `recharge` for money in, `consume` for money out."""
    return "recharge" if payment.kind == "recharge" else "consume"


def _usd(amount: int) -> str:
    """1/100000 USD as a decimal number of USD."""
    whole, part = divmod(abs(amount), 100_000)
    return f"{'-' if amount < 0 else ''}{whole}.{part:05}"


def _number(value: float) -> str:
    """A count unchanged, a measure with six decimals."""
    return str(value) if isinstance(value, int) else f"{value:.6f}"


def _money(amount: int) -> dict[str, Any]:
    return {
        "amount": units(amount),
        "voucherAmount": "0",
        "payAmount": units(amount),
        "payAmountDisplay": _usd(amount),
        "amountDecimal": _usd(amount),
        "voucherAmountDecimal": _usd(0),
        "payableDecimal": _usd(amount),
        "originAmountDecimal": _usd(amount),
    }

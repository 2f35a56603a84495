"""Answers of the account API. Integers are 1/10000 USD as text, decimals are exact USD."""

from __future__ import annotations

from typing import Final

from novita_infra.simulator.answer_schema import (
    COUNT,
    DECIMAL,
    DIGITS,
    FLAG,
    TEXT,
    TIME,
    WHOLE,
    Schema,
    choice,
    items,
    more,
    obj,
)
from novita_infra.simulator.profiles import Quirks

MONEY_REFUSALS: Final = (
    "BALANCE_NOT_ENOUGH",
    "EXPIRED_OR_BALANCE_NOT_ENOUGH",
    "UNSUPPORTED_BILLING_MODE",
    "ORDER_NOT_FOUND",
    "SAVING_PLAN_ALREADY_EXISTS",
)
"""The documented reasons (basic-error-code) of refusals by money, all HTTP 400."""
BALANCE: Final = obj(
    availableBalance=DIGITS,
    cashBalance=DIGITS,
    creditLimit=DIGITS,
    pendingCharges=DIGITS,
    outstandingInvoices=DIGITS,
)
USER: Final = obj(credit_balance=WHOLE, allow_features=items(TEXT), free_trial={"type": "object"})
_BUDGET: Final = obj(
    budget_type=choice("Unlimited", "One-time", "Recurring"),
    budget_limit=COUNT,
    used=COUNT,
    remaining=WHOLE,
    cycle=choice("Monthly", ""),
    period_start=TEXT,
    period_end=TEXT,
)
MEMBER_BUDGETS: Final = obj(
    member_count=COUNT,
    budget_count=COUNT,
    budgets=items(
        more(
            _BUDGET,
            email=TEXT,
            role=TEXT,
            status=TEXT,
            member_id=TEXT,
            phone=TEXT,
            user_id=TEXT,
            remark_name=TEXT,
        )
    ),
)
KEY_BUDGETS: Final = obj(key_budgets=items(more(_BUDGET, key_id=TEXT, key_name=TEXT)))
ENOUGH: Final = obj(enough=FLAG)
_MONEY: Final = obj(
    amount=DIGITS,
    voucherAmount=DIGITS,
    payAmount=DIGITS,
    payAmountDisplay=DECIMAL,
    amountDecimal=DECIMAL,
    voucherAmountDecimal=DECIMAL,
    payableDecimal=DECIMAL,
    originAmountDecimal=DECIMAL,
)
_TOTAL: Final = more(
    _MONEY,
    userId=TEXT,
    startTime=TIME,
    endTime=TIME,
    billingMethod=COUNT,
    productName=TEXT,
    productId=TEXT,
    category=TEXT,
    ownerID=TEXT,
)
_UNIT: Final = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$"}
_LINE: Final = {
    **_TOTAL,
    "properties": {
        **_TOTAL["properties"],
        **dict.fromkeys(
            ("billNum0", "billNum1", "basePrice0", "basePrice1", "discountPrice0", "discountPrice1", "pricePrecision"),
            _UNIT,
        ),
        "requestCount": COUNT,
    },
}
_USAGE_BILLS: Final = obj(bills=items(_LINE))
_KEY_BILLS: Final = obj(
    bills=items({**_LINE, "properties": {**_LINE["properties"], "apikeyName": TEXT, "apikeyMask": TEXT}})
)
_FIXED_BILLS: Final = obj(
    bills=items(
        more(
            _MONEY,
            userId=TEXT,
            memberId=TEXT,
            startTime=TIME,
            endTime=TIME,
            productName=TEXT,
            productCategory=TEXT,
            productId=TEXT,
            ownerID=TEXT,
            tradeMode=choice("monthly"),
            tradeType=choice("monthly_new_buy", "monthly_re_buy", "monthly_re_config"),
            basePrice=DIGITS,
            billNum=DIGITS,
            pricePrecision=DIGITS,
            createTime=TIME,
            cycle=TEXT,
            billingMethod=COUNT,
        )
    )
)
_MONTHLY_BILLS: Final = obj(
    data=items(
        obj(
            billId=TEXT,
            userId=TEXT,
            billingMonth={"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}$"},
            totalAmount=DIGITS,
            originTotalAmount=DIGITS,
            voucherPayAmount=DIGITS,
            cashPayAmount=DIGITS,
            debtAmount=DIGITS,
            repaidAmount=DIGITS,
            totalAmountDecimal=DECIMAL,
            voucherPayAmountDecimal=DECIMAL,
            cashPayAmountDecimal=DECIMAL,
            status=choice("pending", "outed", "paid", "overdue", "voided"),
            invoiceUrl=TEXT,
            startTime=TIME,
            endTime=TIME,
        )
    )
)


def usage_bills(quirks: Quirks) -> Schema:
    """The lines of usage. Those of a summary have no quantities and no unit prices."""
    return _with_amounts(_USAGE_BILLS, quirks)


def key_bills(quirks: Quirks) -> Schema:
    """The lines of API keys."""
    return _with_amounts(_KEY_BILLS, quirks)


def fixed_bills(quirks: Quirks) -> Schema:
    """Purchases of terms."""
    return _with_amounts(_FIXED_BILLS, quirks)


def monthly_bills(quirks: Quirks) -> Schema:
    """Bills of months."""
    return _with_amounts(_MONTHLY_BILLS, quirks)


def _with_amounts(schema: Schema, quirks: Quirks) -> Schema:
    """The schema of a list of rows; without exact amounts under profiles that have none."""
    if quirks.exact_bills:
        return schema
    ((name, rows),) = schema["properties"].items()
    row = rows["items"]
    kept = {key: value for key, value in row["properties"].items() if not key.endswith("Decimal")}
    return obj(
        **{name: items({**row, "properties": kept, "required": [key for key in row["required"] if key in kept]})}
    )


TRANSACTIONS: Final = obj(
    data=items(
        obj(
            customerId=TEXT,
            serialNumber=TEXT,
            transactionTime=TIME,
            transactionType=choice("recharge", "refund", "consume"),
            transactionChannel=TEXT,
            transactionAmount=DIGITS,
            walletBalance=DIGITS,
            note=TEXT,
            state=choice("pending", "success", "failed", "expired"),
            invoiceURL=TEXT,
            orderType=TEXT,
        )
    ),
    total=COUNT,
)

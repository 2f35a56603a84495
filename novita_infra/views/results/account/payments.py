"""Monthly bills, and transactions. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import ClassVar

from novita_infra.account.billing import MonthlyBill, Transaction
from novita_infra.model.clock import moment, timestamp
from novita_infra.model.frozen import dataclass
from novita_infra.views.content.lines import Line, Tone, line
from novita_infra.views.content.listing import Listing, cell, fact


@dataclass(frozen=True, slots=True)
class MonthRow:
    """The bill of a month. An amount is null where the API gives none."""

    month: str = fact("The month, `YYYY-MM`.", title="MONTH")
    id: str = fact("The id of the bill.")
    status: str = fact("The status: `pending`, `outed` (due), `paid`, `overdue` or `voided`.", title="STATUS")
    total: Fraction | None = fact("The total in USD, exact.", title="TOTAL")
    before_discount: Fraction | None = fact("The total before discounts, in USD.")
    voucher: Fraction | None = fact("What vouchers paid, in USD.", title="VOUCHERS")
    cash: Fraction | None = fact("What was paid in cash, in USD.", title="CASH")
    debt: Fraction | None = fact("What is owed, in USD.", title="DEBT")
    repaid: Fraction | None = fact("What was owed and is paid, in USD.")
    invoice: str | None = fact("The address of the invoice; null until there is one.")


@dataclass(frozen=True, slots=True)
class MonthListing(Listing):
    """The bills of months, as `billing monthly --json` prints them."""

    name: ClassVar[str] = "monthly_bills"
    row: ClassVar[type] = MonthRow
    empty: ClassVar[str] = "No month has a bill."

    rows: tuple[MonthRow, ...]


@dataclass(frozen=True, slots=True)
class TransactionRow:
    """A transaction."""

    at: str | None = fact("The time, in UTC; null if the API gives none.")
    when: str = cell("WHEN")
    serial: str = fact("The serial number.", title="SERIAL")
    type: str = fact("The type: `recharge`, `refund` or `consume`.", title="TYPE")
    channel: str = fact("The channel of the payment.", title="CHANNEL")
    amount: Fraction | None = fact("The amount in USD, if the number is in 1/10000 USD as documented.", title="AMOUNT")
    balance: Fraction | None = fact("The balance after it in USD, if the number is in 1/10000 USD as documented.")
    state: str = fact("The state: `pending`, `success`, `failed` or `expired`.", title="STATE")
    note: str = fact("The note.", title="NOTE")
    invoice: str | None = fact("The address of the invoice; null without one.")


@dataclass(frozen=True, slots=True)
class TransactionListing(Listing):
    """The transactions of the account, as `billing transactions --json` prints them."""

    name: ClassVar[str] = "transactions"
    row: ClassVar[type] = TransactionRow
    empty: ClassVar[str] = "There were no transactions."

    rows: tuple[TransactionRow, ...]

    def closing(self) -> Iterator[Line]:
        yield line()
        yield line(("Amounts are as documented, in 1/10000 USD. The API was once seen to send cents:", Tone.CHANGE))
        yield line(("compare one with a top-up that you know; if it is 1/100 of that, so are all.", Tone.CHANGE))


def month_listing(bills: Iterable[MonthlyBill]) -> MonthListing:
    """The bills of months in their order."""
    return MonthListing(
        tuple(
            MonthRow(
                bill.month,
                bill.id,
                bill.status,
                bill.total,
                bill.before_discount,
                bill.voucher,
                bill.cash,
                bill.debt,
                bill.repaid,
                bill.invoice or None,
            )
            for bill in bills
        )
    )


def transaction_listing(transactions: Iterable[Transaction]) -> TransactionListing:
    """The transactions in their order."""
    return TransactionListing(
        tuple(
            TransactionRow(
                timestamp(item.at) if item.at else None,
                moment(item.at)[:16] if item.at else "-",
                item.serial,
                item.type,
                item.channel,
                item.amount,
                item.balance,
                item.state,
                item.note,
                item.invoice or None,
            )
            for item in transactions
        )
    )

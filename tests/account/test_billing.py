"""Bills as the API answers them: exact decimals or whole numbers, as text or as numbers, with more or less in them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from novita_infra.account.billing import BilledLine, billed_lines, month_of, sum_of, transaction_of, within
from novita_infra.account.spans import BillWindow
from novita_infra.catalogue.prices import plain_usd

USD = 100_000


def _line(**fields: Any) -> BilledLine:
    (line,) = billed_lines({"bills": [fields]}, "gpu")
    return line


@pytest.mark.parametrize(
    ("fields", "amount", "exact"),
    [
        ({"amount": "3500", "amountDecimal": "0.35"}, Fraction(35, 100), True),
        ({"amount": "0", "amountDecimal": "0.00000000123456789"}, Fraction("0.00000000123456789"), True),
        ({"amount": 3500, "amountDecimal": 0.1}, Fraction(1, 10), True),
        ({"amount": "-12", "amountDecimal": "-0.0012345"}, Fraction("-0.0012345"), True),
        ({"amount": "3500"}, Fraction(35, 100), False),
        ({"amount": 3500, "amountDecimal": ""}, Fraction(35, 100), False),
        ({"amount": "3500", "amountDecimal": None}, Fraction(35, 100), False),
        ({"amount": "3500", "amountDecimal": "1e5"}, Fraction(35, 100), False),
        ({"amount": "much"}, None, False),
        ({"amount": True}, None, False),
        ({}, None, False),
    ],
)
def test_the_exact_amount_comes_first(fields: dict[str, Any], amount: Fraction | None, exact: bool) -> None:
    line = _line(**fields)
    assert (line.amount, line.exact) == (None if amount is None else amount * USD, exact)


def test_an_exact_amount_is_printed_exactly() -> None:
    line = _line(amountDecimal="12.00000000123456789")
    assert line.amount is not None
    assert plain_usd(line.amount) == "12.00000000123456789"


def test_a_line_is_read_whether_its_numbers_are_text_or_not() -> None:
    as_text = {"startTime": "1790000000", "endTime": "1790003599", "billNum0": "1.5", "requestCount": "3"}
    as_numbers = {"startTime": 1790000000, "endTime": 1790003599, "billNum0": 1.5, "requestCount": 3}
    assert _line(**as_text, ownerID="i-1") == _line(**as_numbers, ownerID="i-1")
    assert _line(**as_text).quantity == Fraction(3, 2)


@pytest.mark.parametrize("answer", [None, [], {}, {"bills": None}, {"bills": "x"}, {"bills": [None, 3]}])
def test_an_answer_without_bills_has_none(answer: Any) -> None:
    assert billed_lines(answer) == []


def test_a_line_belongs_to_the_window_in_which_it_begins() -> None:
    window = BillWindow(1000, 1999)
    before, first, last, after = (_line(startTime=at, endTime=at + 100) for at in (999, 1000, 1999, 2000))
    assert within([before, first, last, after], window) == [first, last]
    bought = _line(startTime=5000, createTime=1500)
    assert within([bought], window) == [bought]
    unknown = _line()
    assert within([unknown], window) == [unknown]


def test_a_sum_leaves_out_what_has_no_amount() -> None:
    assert sum_of([_line(amount="10"), _line(), _line(amountDecimal="0.000001")]) == 100 + Fraction(1, 10)


def test_a_month_and_a_transaction_are_read_as_far_as_they_say_something() -> None:
    month = month_of({"billingMonth": "2026-10", "totalAmount": "12345", "totalAmountDecimal": "1.23456"})
    assert (month.month, month.total, month.cash) == ("2026-10", Fraction(123_456), None)
    payment = transaction_of({"transactionTime": "1790000000", "transactionAmount": "1000000", "state": "success"})
    assert (payment.at, payment.amount, payment.balance) == (1_790_000_000, Fraction(100 * USD), None)
    assert transaction_of({"transactionTime": "9" * 30}).at == 0

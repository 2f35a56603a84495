"""Reads bills: every window and category of a range of time, with the control total beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Final

from novita_infra.account.billing import (
    KEYS_FROM,
    MONTHS_FROM,
    SUMMARY,
    TERM_CATEGORIES,
    USAGE_CATEGORIES,
    BilledLine,
    MonthlyBill,
    Transaction,
    billed_lines,
    key_request,
    month_of,
    month_pages,
    sum_of,
    term_request,
    transaction_of,
    transaction_pages,
    usage_request,
    within,
)
from novita_infra.account.moments import parse_moment
from novita_infra.account.spans import DAY, HOUR, LONGEST, BillWindow, TimeSpan, span_of
from novita_infra.api.errors import Refused
from novita_infra.api.request import Request
from novita_infra.model.clock import moment
from novita_infra.model.concurrency import together
from novita_infra.model.diagnostics import problem
from novita_infra.model.frozen import dataclass
from novita_infra.operations.account.view import AccountView

_LONGEST: Final = 1827 * DAY
"""Five years."""
_UNKNOWN_CATEGORY: Final = "INVALID_PRODUCT_CATEGORY"


@dataclass(frozen=True, slots=True)
class Bills:
    """The lines of a range of time."""

    span: TimeSpan
    lines: tuple[BilledLine, ...]
    """In the order of time, category, product and owner."""
    control: Fraction | None = None
    """The control total of the API, in 1/100000 USD; None where it has none."""
    unlisted: Fraction = Fraction(0)
    """What the control total has beyond the lines, in periods that are over: those of today grow between two calls."""


def span_named(since: str, until: str, now: float) -> TimeSpan:
    """The range of time that two texts mean: from the first day of this month until now, where they are empty.

    Raises Problems if it is empty, or longer than five years.
    """
    begin = parse_moment(since or moment(now)[:7], now)
    end = parse_moment(until, now) if until else None
    if begin >= (now if end is None else end):
        last = f"--until {until}" if until else "now"
        raise problem(f"the range is empty: {moment(begin)} is not before {last}", "--since DATE comes first")
    span = span_of(begin, end, now)
    if span.end - span.start > _LONGEST:
        raise problem("the range is longer than five years", "begin later: --since 2026-01")
    return span


async def read_usage(view: AccountView, span: TimeSpan) -> Bills:
    """The lines of usage. Raises ApiError."""
    return await _read(view, span, USAGE_CATEGORIES, lambda window, name: usage_request(window, name, span.cycle))


async def read_terms(view: AccountView, span: TimeSpan) -> Bills:
    """What was bought for a term. Raises ApiError."""
    return await _read(view, span, TERM_CATEGORIES, term_request)


async def read_keys(view: AccountView, span: TimeSpan) -> Bills:
    """The lines of API keys. Raises ApiError, and Problems for a range before the first of such bills."""
    if span.end <= KEYS_FROM:
        raise problem("the API has no bills of keys from before 2026-01-01", "begin later: --since 2026-01-01")
    if span.start < KEYS_FROM:
        view.report("The API has no bills of keys from before 2026-01-01: the range begins there.")
        span = TimeSpan(KEYS_FROM, span.end, span.period)
    windows = list(span.windows(7 * DAY if span.period == HOUR else LONGEST))
    lists = await together(*(_lines(view, window, key_request(window, span.cycle)) for window in windows))
    return Bills(span, _sorted(lists))


async def read_months(view: AccountView, since: str, until: str) -> list[MonthlyBill]:
    """The bills of months, the oldest first. Raises ApiError, and Problems if the texts mean no range."""
    now = view.clock.now()
    first = max(moment(parse_moment(since, now))[:7] if since else MONTHS_FROM, MONTHS_FROM)
    last = moment(parse_moment(until, now) - 1 if until else now)[:7]
    if last < first:
        raise problem(f"the range is empty: it ends with {last}", f"the API has bills from {MONTHS_FROM} on")
    bills = [month_of(item) for item in await view.client.walk(month_pages(first))]
    return sorted((bill for bill in bills if first <= bill.month <= last), key=lambda bill: (bill.month, bill.id))


async def read_transactions(view: AccountView, span: TimeSpan) -> list[Transaction]:
    """The transactions, the oldest first. Raises ApiError."""
    found = [transaction_of(item) for item in await view.client.walk(transaction_pages(span.start, span.end - 1))]
    return sorted(
        (item for item in found if not item.at or span.start <= item.at < span.end),
        key=lambda item: (item.at, item.serial),
    )


async def _read(
    view: AccountView, span: TimeSpan, categories: Sequence[str], request: Callable[[BillWindow, str], Request]
) -> Bills:
    windows = list(span.windows())
    names = (*categories, SUMMARY)
    lists = await together(*(_known(view, window, request(window, name), name) for window in windows for name in names))
    lines = _sorted([found for at, found in enumerate(lists) if found and (at + 1) % len(names)])
    totals = lists[len(names) - 1 :: len(names)]
    if None in totals:
        return Bills(span, lines)
    control, now = [line for found in totals for line in found or ()], view.clock.now()
    unlisted = sum_of(line for line in control if line.end < now) - sum_of(line for line in lines if line.end < now)
    return Bills(span, lines, sum_of(control), unlisted)


async def _known(view: AccountView, window: BillWindow, request: Request, category: str) -> list[BilledLine] | None:
    """The lines of a category; None if the service does not know it."""
    try:
        return await _lines(view, window, request, category)
    except Refused as refusal:
        if refusal.reason != _UNKNOWN_CATEGORY:
            raise
        return None


async def _lines(view: AccountView, window: BillWindow, request: Request, category: str = "") -> list[BilledLine]:
    return within(billed_lines(await view.client.send(request), category), window)


def _sorted(lists: Sequence[Sequence[BilledLine]]) -> tuple[BilledLine, ...]:
    lines = [line for found in lists for line in found]
    return tuple(sorted(lines, key=lambda line: (line.created or line.start, line.category, line.product, line.owner)))

"""Bills of usage, of terms and of keys: their lines, or sums of them by group. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import ClassVar, Self

from novita_infra.account.bill_groups import BillGroup, OwnedLine
from novita_infra.account.billing import BilledLine, sum_of
from novita_infra.account.spans import DAY, TimeSpan
from novita_infra.catalogue.prices import usd
from novita_infra.model.clock import moment, timestamp
from novita_infra.model.frozen import dataclass
from novita_infra.views.content.lines import Line, Tone, line
from novita_infra.views.content.listing import Statement, cell, fact


@dataclass(frozen=True, slots=True)
class BillSums:
    """What the lines of bills add up to."""

    since: str = fact("The beginning of the range, in UTC.")
    until: str = fact("The end of the range, which is not part of it, in UTC.")
    lines: int = fact("The number of lines.")
    amount: Fraction = fact("The sum of the lines, in USD, exact.")
    voucher: Fraction = fact("The part of the sum that vouchers paid, in USD.")
    control: Fraction | None = fact(
        "The control total of the API for the whole account, in USD; null where it has none, and for some of the lines."
    )
    unlisted: Fraction = fact("What the control total has beyond the lines, in periods that are over, in USD.")
    rounded_lines: int = fact("The lines without an exact amount: each may lack less than 0.0001 USD.")
    unknown_lines: int = fact("The lines without any amount: the sum is without them.")


@dataclass(frozen=True, slots=True)
class BillRow:
    """A line of a bill."""

    since: str | None = fact("The beginning of the period, in UTC.")
    until: str | None = fact("The last second of the period, in UTC.")
    when: str = cell("WHEN")
    address: str | None = fact("The address of the object; null where no state of the project has it.")
    id: str = fact("The id of the object.")
    object: str = cell("OBJECT")
    kind: str | None = fact("The type of the resource; null where no state of the project has the object.")
    labels: Mapping[str, str] = fact("The labels of the resource.")
    deleted: bool = fact("Whether only an earlier state of the project has the object.")
    category: str = fact("The category, as the API words it.", title="CATEGORY")
    product: str = fact("The product.", title="PRODUCT")
    quantity: float | None = fact("GPUs times hours, GB times days, or input tokens, by the category.")
    trade: str | None = fact("How a term was bought, as the API words it: `monthly_new_buy`; null for usage.")
    amount: Fraction | None = fact("The amount in USD, exact; null if the API gives none.", title="AMOUNT")
    voucher: Fraction | None = fact("The part that a voucher paid, in USD.")


@dataclass(frozen=True, slots=True)
class KeyBillRow:
    """A line of a bill of an API key."""

    since: str | None = fact("The beginning of the period, in UTC.")
    until: str | None = fact("The last second of the period, in UTC.")
    when: str = cell("WHEN")
    key_id: str = fact("The id of the key.")
    key_name: str = fact("The name of the key.", title="KEY")
    key_mask: str = fact("The key with its middle hidden.", title="MASK")
    category: str = fact("The category, as the API words it.", title="CATEGORY")
    product: str = fact("The product, such as a model.", title="PRODUCT")
    quantity: float | None = fact("The input tokens, pictures or seconds, by the product.")
    requests: int | None = fact("The number of requests.", title="REQUESTS")
    amount: Fraction | None = fact("The amount in USD, exact; null if the API gives none.", title="AMOUNT")
    voucher: Fraction | None = fact("The part that a voucher paid, in USD.")


@dataclass(frozen=True, slots=True)
class GroupRow:
    """The sum of the lines of a group."""

    group: str = fact("The group.", title="GROUP")
    lines: int = fact("The number of lines.", title="LINES")
    amount: Fraction = fact("The sum in USD, exact.", title="AMOUNT")
    share: str = cell("SHARE")
    voucher: Fraction = fact("The part that vouchers paid, in USD.")


@dataclass(frozen=True, slots=True)
class _BillStatement(Statement):
    """Lines or groups of bills with their sums."""

    empty: ClassVar[str] = "Nothing was billed."

    sums: BillSums = fact("What the lines add up to.")

    def lines(self) -> Iterator[Line]:
        """The table, or the text without rows; then the sums."""
        yield from Statement.lines(self)
        if not self.rows and self.sums.unlisted:
            yield from self.closing()

    def closing(self) -> Iterator[Line]:
        yield line()
        yield from _closing(self.sums)


@dataclass(frozen=True, slots=True)
class BillListing(_BillStatement):
    """The lines of bills, as `billing usage --json` and `billing fixed-term --json` print them."""

    name: ClassVar[str] = "bills"
    row: ClassVar[type] = BillRow

    rows: tuple[BillRow, ...] = fact("The lines, in the order of time.")

    @classmethod
    def of(cls, lines: Sequence[OwnedLine], sums: BillSums) -> Self:
        """The lines with their resources."""
        return cls(sums, tuple(map(_row, lines)))


@dataclass(frozen=True, slots=True)
class KeyBillListing(_BillStatement):
    """The lines of bills of API keys, as `billing keys --json` prints them."""

    name: ClassVar[str] = "key_bills"
    row: ClassVar[type] = KeyBillRow

    rows: tuple[KeyBillRow, ...] = fact("The lines, in the order of time.")

    @classmethod
    def of(cls, lines: Iterable[BilledLine], sums: BillSums) -> Self:
        """The lines."""
        return cls(sums, tuple(map(_key_row, lines)))


@dataclass(frozen=True, slots=True)
class BillGroups(_BillStatement):
    """Sums of bills by group, as the commands of `billing` print them with `--by`."""

    name: ClassVar[str] = "bill_groups"
    row: ClassVar[type] = GroupRow

    rows: tuple[GroupRow, ...] = fact("The groups, the most expensive first; days in their order.")

    @classmethod
    def of(cls, groups: Iterable[BillGroup], sums: BillSums) -> Self:
        """The groups."""
        return cls(
            sums,
            tuple(
                GroupRow(item.name, item.lines, item.amount, _share(item.amount, sums.amount), item.voucher)
                for item in groups
            ),
        )


def bill_sums(
    lines: Sequence[BilledLine],
    span: TimeSpan,
    *,
    control: Fraction | None = None,
    unlisted: Fraction = Fraction(0),
) -> BillSums:
    """The sums of the lines. `control` is None where the lines are not those of the whole account.

    `unlisted` is what it has beyond the lines.
    """
    amount = sum_of(lines)
    return BillSums(
        since=timestamp(span.start),
        until=timestamp(span.end),
        lines=len(lines),
        amount=amount,
        voucher=sum((item.voucher for item in lines if item.voucher is not None), Fraction(0)),
        control=control,
        unlisted=unlisted,
        rounded_lines=sum(item.amount is not None and not item.exact for item in lines),
        unknown_lines=sum(item.amount is None for item in lines),
    )


def _closing(sums: BillSums) -> Iterator[Line]:
    lines = "1 line" if sums.lines == 1 else f"{sums.lines:,} lines"
    voucher = f", {usd(sums.voucher)} of it by vouchers" if sums.voucher else ""
    yield line(
        (f"{usd(sums.amount)}{voucher}: {lines}, {edge_text(sums.since)} to {edge_text(sums.until)}.", Tone.STRONG)
    )
    if sums.unlisted:
        more = f"{usd(abs(sums.unlisted))} {'less' if sums.unlisted < 0 else 'more'}"
        yield line((f"The control total of the API is {more} than the lines.", Tone.CHANGE))
    if sums.rounded_lines:
        yield line((f"{sums.rounded_lines:,} of the lines have no exact amount: each may lack $0.0001.", Tone.CHANGE))
    if sums.unknown_lines:
        yield line((f"{sums.unknown_lines:,} of the lines have no amount: the sum is without them.", Tone.CHANGE))


def edge_text(text: str) -> str:
    """A beginning or end of a range; its time only where that is not midnight."""
    return text.removesuffix("T00:00:00Z").removesuffix(":00Z").replace("T", " ")


def _row(item: OwnedLine) -> BillRow:
    bill = item.line
    return BillRow(
        since=_time(bill.start),
        until=_time(bill.end),
        when=_when(bill),
        address=item.address or None,
        id=bill.owner,
        object=(f"{item.address}{' (deleted)' if item.deleted else ''}" if item.address else bill.owner) or "-",
        kind=item.kind or None,
        labels=item.labels,
        deleted=item.deleted,
        category=bill.category,
        product=bill.product,
        quantity=None if bill.quantity is None else float(bill.quantity),
        trade=bill.trade or None,
        amount=bill.amount,
        voucher=bill.voucher,
    )


def _key_row(bill: BilledLine) -> KeyBillRow:
    return KeyBillRow(
        since=_time(bill.start),
        until=_time(bill.end),
        when=_when(bill),
        key_id=bill.owner,
        key_name=bill.key_name,
        key_mask=bill.key_mask,
        category=bill.category,
        product=bill.product,
        quantity=None if bill.quantity is None else float(bill.quantity),
        requests=bill.requests,
        amount=bill.amount,
        voucher=bill.voucher,
    )


def _when(bill: BilledLine) -> str:
    """The day of a line, with the hour where it is shorter than a day; the moment of a purchase."""
    if bill.created:
        return moment(bill.created)[:16]
    if not bill.start:
        return "-"
    return moment(bill.start)[:10] if bill.end - bill.start >= DAY - 1 else moment(bill.start)[:16]


def _time(seconds: int) -> str | None:
    return timestamp(seconds) if seconds else None


def _share(part: Fraction, whole: Fraction) -> str:
    return f"{float(part / whole):.1%}" if whole else "-"

"""What a project has cost, beside what its records cost by the hour. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import ClassVar

from novita_infra.account.spans import TimeSpan
from novita_infra.catalogue.prices import Amount, usd
from novita_infra.model.clock import timestamp
from novita_infra.model.frozen import dataclass
from novita_infra.planning.cost.spending import Spending
from novita_infra.views.content.lines import Line, Tone, line
from novita_infra.views.content.listing import Statement, cell, fact
from novita_infra.views.results.account.billing import edge_text


@dataclass(frozen=True, slots=True)
class SpendRow:
    """What a resource, or a group of them, has cost."""

    name: str = fact("The address, or the group.")
    title: str = cell("RESOURCE")
    deleted: bool = fact("Whether no present state of the project has it.")
    objects: int = fact("The number of objects.")
    usage: Fraction = fact("What was billed for usage, in USD, exact.", title="USAGE")
    bought: Fraction = fact("What was bought for a term, in USD, exact.", title="BOUGHT")
    per_hour: Amount | None = fact(
        "What its records cost per hour at today's prices, as a plan says it, without terms that are paid in advance; "
        "null if it is deleted.",
        title="PER HOUR BY PLAN",
    )
    expected: Amount | None = fact(
        "That rate from the first bill of each object in the range on, as if it ran all the time: at least from the "
        "end of the period of that bill, at most from its beginning; null if it is deleted.",
        title="IF ALWAYS RUNNING",
    )
    price_unknown: tuple[str, ...] = fact("What has no known price: the rate is without it.")


@dataclass(frozen=True, slots=True)
class SpendStatement(Statement):
    """What a project has cost, as `spend --json` prints it."""

    name: ClassVar[str] = "spend"
    row: ClassVar[type] = SpendRow
    empty: ClassVar[str] = "Nothing was billed for a resource of this project."

    project: str = fact("The project.")
    environment: str | None = fact("The environment; null for all.")
    since: str = fact("The beginning of the range, in UTC.")
    until: str = fact("The end of the range, which is not part of it, in UTC.")
    total: Fraction = fact("What the project has cost, in USD, exact.")
    others: Fraction = fact("What the rest of the account has cost, in USD.")
    rows: tuple[SpendRow, ...] = fact("The resources or groups, the most expensive first.")

    def closing(self) -> Iterator[Line]:
        where = f"{self.project}, environment {self.environment}" if self.environment else self.project
        unknown = sorted({what for row in self.rows for what in row.price_unknown})
        yield line()
        yield line((f"{where}: {usd(self.total)}, {edge_text(self.since)} to {edge_text(self.until)}.", Tone.STRONG))
        yield line(
            "Usage and purchases are what the API billed. Beside them, the recorded resources at today's prices,"
        )
        yield line("from the first bill of each on, as if it ran all the time.")
        if unknown:
            yield line((f"Without a known price: {', '.join(unknown)}.", Tone.CHANGE))
        if self.others:
            yield line(f"The rest of the account cost {usd(self.others)} in this time.")


def spend_statement(
    found: Sequence[Spending], span: TimeSpan, *, project: str, environment: str, others: Fraction
) -> SpendStatement:
    """What the groups of a project have cost; `environment` is empty for all."""
    return SpendStatement(
        project=project,
        environment=environment or None,
        since=timestamp(span.start),
        until=timestamp(span.end),
        total=sum((item.usage + item.bought for item in found), Fraction(0)),
        others=others,
        rows=tuple(
            SpendRow(
                item.name,
                f"{item.name}{' (deleted)' if item.deleted else ''}",
                item.deleted,
                item.objects,
                item.usage,
                item.bought,
                item.per_hour,
                item.expected,
                item.unknown,
            )
            for item in found
        ),
    )

"""What a project has cost, beside what its records cost by the hour. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import ClassVar, Final

from novita_infra.account.spans import TimeSpan
from novita_infra.catalogue.prices import Amount, usd
from novita_infra.model.clock import timestamp
from novita_infra.model.frozen import dataclass
from novita_infra.planning.cost.spending import PlannedSpending, Spending
from novita_infra.views.content.lines import Line, Tone, line
from novita_infra.views.content.listing import Statement, cell, fact, text_of_value
from novita_infra.views.results.account.billing import edge_text
from novita_infra.views.results.machines.cells import amount_text, time_or_none

_APPLIES: Final = {None, "apply", "destroy"}
"""The runs that have a plan."""


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
        "What its records cost per hour at today's prices, without terms that are paid in advance; "
        "null if it is deleted.",
        title="PER HOUR NOW",
    )
    expected: Amount | None = fact(
        "That rate from the first bill of each object in the range on, as if it ran all the time: at least from the "
        "end of the period of that bill, at most from its beginning; null if it is deleted.",
    )
    running: str = cell("IF ALWAYS RUNNING")
    price_unknown: tuple[str, ...] = fact("What has no known price: the rate is without it.")


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """What the plan of the last apply of an environment said that all of it costs."""

    environment: str = fact("The environment.")
    per_hour: Amount | None = fact(
        "The whole environment per hour at the prices of that plan, in USD; null if it is not known: the last run was "
        "no apply, or an older version recorded it."
    )
    price_unknown: bool = fact("Whether it is without parts whose price was not known.")
    run: str | None = fact("The last run that changed the state, such as `apply` or `state mv`; null if not known.")
    at: str | None = fact("When it began, in UTC; null if not known.")

    def __str__(self) -> str:
        if self.per_hour is None:
            why = f"the last run was `{self.run}`" if self.run not in _APPLIES else "an older version recorded it"
            return f"{self.environment}: what the plan of the last apply said is not known, for {why}."
        more = " and more" if self.price_unknown else ""
        run, at = self.run or "", edge_text(self.at or "")
        return f"{self.environment}: {amount_text(self.per_hour)}{more} per hour, by the plan of the last {run} ({at})."


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
    recorded: Fraction = fact(
        "The part of the total that the records of batches say, in USD: a bill names the key that asked, and no batch."
    )
    unknown: tuple[str, ...] = fact("The batches whose cost in the range is not known, each by its address and id.")
    others: Fraction = fact("What the rest of the account has cost, in USD.")
    planned: tuple[PlannedRow, ...] = fact("What the last plan of each environment said.")
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
        if self.recorded:
            yield line(f"Of it, {usd(self.recorded)} is for batches, by their records: no bill names a batch.")
        if self.unknown:
            names = ", ".join(self.unknown)
            yield line((f"The cost of these batches is not known, and not counted: {names}.", Tone.CHANGE))
        yield from (line(str(item)) for item in self.planned)
        if unknown:
            yield line((f"Without a known price: {', '.join(unknown)}.", Tone.CHANGE))
        if self.others:
            yield line(f"The rest of the account cost {usd(self.others)} in this time.")


def spend_statement(
    found: Sequence[Spending],
    span: TimeSpan,
    *,
    project: str,
    environment: str,
    others: Fraction,
    planned: Iterable[PlannedSpending] = (),
    recorded: Fraction = Fraction(0),
    unknown: tuple[str, ...] = (),
) -> SpendStatement:
    """What the groups of a project have cost; `environment` is empty for all."""
    return SpendStatement(
        project=project,
        environment=environment or None,
        since=timestamp(span.start),
        until=timestamp(span.end),
        total=sum((item.usage + item.bought for item in found), Fraction(0)),
        recorded=recorded,
        unknown=unknown,
        others=others,
        planned=tuple(
            PlannedRow(item.environment, item.per_hour, item.partly, item.run or None, time_or_none(item.at))
            for item in planned
        ),
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
                _expected_text(item.expected),
                item.unknown,
            )
            for item in found
        ),
    )


def _expected_text(expected: Amount | None) -> str:
    """The range; only its end within the period of the first bill, in which the beginning may be just now."""
    if expected is not None and expected.most and not expected.least:
        return f"up to {usd(expected.most)}"
    return text_of_value(expected)

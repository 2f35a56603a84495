"""Batches of the LLM API, their inputs and their results. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import ClassVar

from novita_infra.batches.batches import ApiBatch
from novita_infra.batches.checking import CheckedInput
from novita_infra.batches.estimates import TokenEstimate
from novita_infra.batches.joining import JoinedResults
from novita_infra.catalogue.prices import usd
from novita_infra.catalogue.products import UNIT
from novita_infra.model.durations import in_words
from novita_infra.model.frozen import dataclass
from novita_infra.views.content.events import COMMON
from novita_infra.views.content.lines import Line, Tone, line
from novita_infra.views.content.listing import Facts, Listing, cell, fact
from novita_infra.views.results.machines.cells import time_or_none


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch of the account."""

    id: str = fact("The id of the batch.", title="ID")
    state: str = fact("Its state, in lower case: `validating`, `running`, `completed`, `expired`, ...", title="STATE")
    endpoint: str = fact("What its requests call.", title="ENDPOINT")
    total: int = fact("Its requests.", title="REQUESTS")
    completed: int = fact("Those that are done.", title="COMPLETED")
    failed: int = fact("Those that failed.", title="FAILED")
    created: str | None = fact("When it was created, in UTC; null if it is not known.")
    began: str = cell("CREATED")
    ended: str | None = fact("When it ended, in UTC; null if it has not.")
    input_file: str = fact("The id of the input.")
    output_file: str | None = fact("The id of the file with the results; null while there is none.")
    error_file: str | None = fact("The id of the file with the failed requests; null without any.")
    trouble: str | None = fact("Why the whole batch failed, as the API words it; null for nothing.")
    note: str = cell("NOTE")


@dataclass(frozen=True, slots=True)
class BatchListing(Listing):
    """The batches of the account, as `batches list --json` prints them."""

    name: ClassVar[str] = "batches"
    row: ClassVar[type] = BatchRow
    empty: ClassVar[str] = "No batches."

    rows: tuple[BatchRow, ...]


@dataclass(frozen=True, slots=True)
class BatchFacts(Facts):
    """A batch of the account, as `batches get --json` prints it."""

    name: ClassVar[str] = "batch_facts"

    id: str = fact("The id of the batch.", title="Id")
    state: str = fact("Its state, in lower case.", title="State")
    over: bool = fact("Whether it has ended.")
    endpoint: str = fact("What its requests call.", title="Endpoint")
    window: str = fact("The time that it has.", title="Window")
    total: int = fact("Its requests.", title="Requests")
    completed: int = fact("Those that are done.", title="Completed")
    failed: int = fact("Those that failed.", title="Failed")
    created: str | None = fact("When it was created, in UTC; null if it is not known.", title="Created")
    ended: str | None = fact("When it ended, in UTC; null if it has not.", title="Ended")
    expires: str | None = fact("When it ends at the latest, in UTC; null if it is not known.", title="Expires")
    input_file: str = fact("The id of the input.", title="Input")
    output_file: str | None = fact("The id of the file with the results; null while there is none.", title="Results")
    error_file: str | None = fact("The id of the file with the failed requests; null without any.", title="Errors")
    trouble: str | None = fact("Why the whole batch failed, as the API words it; null for nothing.", title="Trouble")


@dataclass(frozen=True, slots=True)
class CancelledRow:
    """A batch that was to be cancelled."""

    id: str = fact("The id of the batch.", title="ID")
    before: str = fact("Its state before.", title="BEFORE")
    state: str = fact("Its state now: `cancelling` is over a little later.", title="STATE")
    cancelled: bool = fact("Whether it was not over, and was cancelled.", title="CANCELLED")


@dataclass(frozen=True, slots=True)
class CancelledListing(Listing):
    """The batches that were to be cancelled, as `batches cancel --json` prints them."""

    name: ClassVar[str] = "cancelled_batches"
    row: ClassVar[type] = CancelledRow
    empty: ClassVar[str] = "No batches."

    rows: tuple[CancelledRow, ...]


@dataclass(frozen=True, slots=True)
class TroubledIds:
    """Requests with a trouble."""

    count: int = fact("How many.")
    first: tuple[str, ...] = fact("The first of them.")


@dataclass(frozen=True, slots=True)
class ResultFacts(Facts):
    """The joined results of a batch, as `batches results --json` prints what was written."""

    name: ClassVar[str] = "batch_results"

    id: str = fact("The id of the batch.", title="Id")
    state: str = fact("Its state.", title="State")
    into: str = fact("The file with a line for each request.", title="File")
    requests: int = fact("The requests of the input.", title="Requests")
    completed: int = fact("Those with an answer.", title="Completed")
    failed: int = fact("Those that failed.", title="Failed")
    missing: TroubledIds = fact("Those without any result.")
    duplicated: TroubledIds = fact("Those with several results; the first counts.")
    unknown: TroubledIds = fact("Ids of results that no request has.")
    unreadable: int = fact("Lines of the results that cannot be read.")
    errors: tuple[str, ...] = fact("The commonest errors of the failed requests, each with how many have it.")
    input_tokens: int = fact("The tokens of the answered requests, as their answers count them.", title="Tokens sent")
    output_tokens: int = fact("The tokens of the answers.", title="Tokens made")

    def lines(self) -> Iterator[Line]:
        """The facts, and the troubles."""
        yield from Facts.lines(self)
        texts = (
            (self.missing, "without a result"),
            (self.duplicated, "with several results, of which the first counts"),
            (self.unknown, "in the results that no request has"),
        )
        for ids, what in texts:
            if ids.count:
                more = f" and {ids.count - len(ids.first):,} more" if ids.count > len(ids.first) else ""
                yield line((f"{ids.count:,} {what}", Tone.CHANGE), f": {', '.join(ids.first)}{more}")
        if self.errors:
            yield line((f"{self.failed:,} failed, {COMMON}", Tone.CHANGE))
            yield from (line(f"  {text}") for text in self.errors)
        if self.unreadable:
            yield line((f"{self.unreadable:,} lines of the results cannot be read", Tone.CHANGE))


@dataclass(frozen=True, slots=True)
class CheckedFacts(Facts):
    """A checked input of a batch, as `batches check --json` prints it. What it costs is an estimate."""

    name: ClassVar[str] = "checked_input"

    file: str = fact("The file.", title="File")
    requests: int = fact("Its requests.", title="Requests")
    bytes: int = fact("Its length.", title="Bytes")
    sha256: str = fact("The SHA-256 of its content.", title="SHA-256")
    model: str = fact("The model that all requests name.", title="Model")
    endpoint: str = fact("What all requests call.", title="Endpoint")
    batches: bool | None = fact("Whether batches may use the model; null if it is not known or was not asked.")
    suitable: str = cell("For batches")
    input_tokens_least: int = fact("The least tokens that are sent, roughly.")
    input_tokens_most: int | None = fact("The most tokens that are sent, roughly; null if nothing bounds them.")
    output_tokens_most: int | None = fact("The most tokens of the answers; null if nothing bounds them.")
    tokens: str = cell("Tokens")
    least: Fraction | None = fact("USD that it costs at least, roughly, by prices of online calls; null if unknown.")
    most: Fraction | None = fact("USD that it costs at most, roughly; null if it is unknown.")
    cost: str = cell("Cost")


def batch_listing(batches: Iterable[ApiBatch], *, now: float) -> BatchListing:
    """The batches in their order; `now` is in Unix seconds."""
    return BatchListing(
        tuple(
            BatchRow(
                id=batch.id,
                state=batch_word(batch),
                endpoint=batch.endpoint,
                total=batch.counts.total,
                completed=batch.counts.completed,
                failed=batch.counts.failed,
                created=time_or_none(batch.created),
                began=f"{in_words(max(0.0, now - batch.created))} ago" if batch.created else "unknown",
                ended=time_or_none(batch.ended),
                input_file=batch.input,
                output_file=batch.output or None,
                error_file=batch.errors or None,
                trouble=batch.trouble or None,
                note=batch.trouble,
            )
            for batch in batches
        )
    )


def batch_facts(batch: ApiBatch) -> BatchFacts:
    """One batch."""
    return BatchFacts(
        id=batch.id,
        state=batch_word(batch),
        over=batch.state.is_over,
        endpoint=batch.endpoint,
        window=batch.window,
        total=batch.counts.total,
        completed=batch.counts.completed,
        failed=batch.counts.failed,
        created=time_or_none(batch.created),
        ended=time_or_none(batch.ended),
        expires=time_or_none(batch.expires),
        input_file=batch.input,
        output_file=batch.output or None,
        error_file=batch.errors or None,
        trouble=batch.trouble or None,
    )


def cancelled_listing(pairs: Iterable[tuple[ApiBatch, ApiBatch]]) -> CancelledListing:
    """The batches as they were before, and as they are now."""
    return CancelledListing(
        tuple(
            CancelledRow(
                id=before.id, before=batch_word(before), state=batch_word(now), cancelled=not before.state.is_over
            )
            for before, now in pairs
        )
    )


def batch_word(batch: ApiBatch) -> str:
    """The state; the API's own word where no page has it."""
    return batch.state.value if batch.state.value != "unknown" else batch.word or "unknown"


def result_facts(batch: ApiBatch, joined: JoinedResults, errors: tuple[str, ...]) -> ResultFacts:
    """What became of the requests of a batch; the errors are without secrets."""
    return ResultFacts(
        id=batch.id,
        state=batch_word(batch),
        into=str(joined.into),
        requests=joined.requests,
        completed=joined.completed,
        failed=joined.failed,
        missing=TroubledIds(joined.missing.count, joined.missing.first),
        duplicated=TroubledIds(joined.duplicated.count, joined.duplicated.first),
        unknown=TroubledIds(joined.unknown.count, joined.unknown.first),
        unreadable=joined.unreadable,
        errors=errors,
        input_tokens=joined.input_tokens,
        output_tokens=joined.output_tokens,
    )


def checked_facts(
    checked: CheckedInput,
    tokens: TokenEstimate,
    cost: tuple[Fraction | None, Fraction | None],
    *,
    suits: bool | None,
    asked: bool,
) -> CheckedFacts:
    """A checked input. `suits` says whether batches may use its model; `asked` whether the account was asked.

    `cost` is the least and the most, in USD.
    """
    least, most = (None if amount is None else amount * UNIT for amount in cost)
    unknown = "unknown: the API lists no endpoints of the model" if asked else "not asked"
    return CheckedFacts(
        file=str(checked.content.path),
        requests=checked.lines,
        bytes=checked.content.bytes,
        sha256=checked.content.digest,
        model=checked.model,
        endpoint=checked.endpoint,
        batches=suits,
        suitable=unknown if suits is None else "yes" if suits else "no",
        input_tokens_least=tokens.input_least,
        input_tokens_most=tokens.input_most,
        output_tokens_most=tokens.output_most,
        tokens=(
            f"{_range(tokens.input_least, tokens.input_most)} sent, "
            f"{_range(0, tokens.output_most)} made (a rough estimate)"
        ),
        least=least,
        most=most,
        cost=_cost(least, most, asked=asked),
    )


def _range(least: int, most: int | None) -> str:
    return f"{least:,} or more" if most is None else f"{least:,} to {most:,}" if least != most else f"{most:,}"


def _cost(least: Fraction | None, most: Fraction | None, *, asked: bool) -> str:
    if least is None:
        return "unknown: the API lists no price of the model" if asked else "not asked"
    amount = f"{_usd(least)} or more" if most is None else f"{_usd(least)} to {_usd(most)}"
    return f"{amount} (a rough estimate, by the prices of online calls)"


def _usd(amount: Fraction) -> str:
    """An amount with more digits where it is small: few requests cost less than the usual five show."""
    digits = next((digits for digits in range(5, 12) if amount * 10**digits >= 10 * UNIT), 12)
    return usd(amount, digits=digits)

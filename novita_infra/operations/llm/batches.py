"""Batches of the account: lists, cancels and checks them, and fetches their results."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

from novita_infra.api.errors import NotFound, Refused
from novita_infra.batches.batches import ApiBatch, BatchState, answered_batch, batch_cancellation, batch_request
from novita_infra.batches.checking import CheckedInput
from novita_infra.batches.estimates import TokenEstimate, estimate_cost, estimate_tokens
from novita_infra.batches.files import answered_file, file_request
from novita_infra.batches.joining import JoinedResults, input_rows, join_results
from novita_infra.batches.listing import list_batches
from novita_infra.batches.transfers import check_target, download_content
from novita_infra.catalogue.models import LanguageModel, model_request, parse_model
from novita_infra.kinds import KINDS
from novita_infra.model.concurrency import together
from novita_infra.model.diagnostics import EXIT_ERROR, Diagnostic, Problems, problem, reason
from novita_infra.model.frozen import dataclass
from novita_infra.operations.account.targets import ids_of
from novita_infra.operations.account.view import AccountView

Progress: TypeAlias = Callable[[str, int], Callable[[int], object]]
"""Makes the progress of a download: what it is, and its bytes, 0 if they are not known."""


async def read_batches(view: AccountView) -> list[ApiBatch]:
    """The batches of the account, the newest first. Raises ApiError."""
    return [_shown(view, batch) for batch in await list_batches(view.client)]


async def read_batch(view: AccountView, word: str) -> ApiBatch:
    """The batch of an id, or of the address of a project. Raises Problems if there is none, and ApiError."""
    ids = ids_of(view, word, KINDS["batch"])
    if len(ids) > 1:
        raise problem(f"{word} means several batches: {', '.join(ids)}", "name one of them")
    return await _read(view, ids[0])


async def _read(view: AccountView, id: str) -> ApiBatch:
    try:
        return _shown(view, answered_batch(await view.client.send(batch_request(id))))
    except NotFound:
        raise problem(f"there is no batch {id}", "novita-infra batches list shows them") from None


async def cancel_batches(view: AccountView, words: Sequence[str]) -> list[tuple[ApiBatch, ApiBatch]]:
    """Cancels the batches of ids, addresses, patterns and labels; one that is over is left alone.

    Returns each as it was before, and as it is now. Raises Problems for words that mean no batch, and ApiError.
    """
    ids = [id for word in words for id in ids_of(view, word, KINDS["batch"])]
    found = {batch.id: batch for batch in await read_batches(view)}
    missing = [
        Diagnostic(f"there is no batch {id}", "novita-infra batches list shows them") for id in ids if id not in found
    ]
    if missing:
        raise Problems(missing, code=EXIT_ERROR)
    wanted = [found[id] for id in dict.fromkeys(ids)]
    return list(zip(wanted, await together(*(_cancel(view, batch) for batch in wanted)), strict=True))


async def _cancel(view: AccountView, batch: ApiBatch) -> ApiBatch:
    """The batch after it was cancelled. One that has ended meanwhile needs no cancellation."""
    if batch.state.is_over:
        return batch
    try:
        answer = answered_batch(await view.client.send(batch_cancellation(batch.id)))
    except Refused:
        now = await _read(view, batch.id)
        if not now.state.is_over and now.state is not BatchState.CANCELLING:
            raise
        return now
    return _shown(view, answer) if answer.id else await _read(view, batch.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelForBatch:
    """What the account says of the model of an input."""

    model: LanguageModel
    tokens: TokenEstimate
    least: Fraction | None
    """USD by the prices of online calls; None where they are not known."""
    most: Fraction | None


async def read_model_of(view: AccountView, checked: CheckedInput) -> ModelForBatch:
    """The model of an input, and what its requests may cost.

    Raises Problems if there is no such model, or it is known that no batch may use it, and ApiError.
    """
    try:
        model = parse_model(await view.client.send(model_request(checked.model)))
    except NotFound:
        model = None
    if model is None:
        raise problem(f"there is no model {checked.model}", "novita-infra models lists those that there are")
    if model.abilities.batches is False:
        raise problem(
            f"the model {checked.model} cannot be used in batches", "novita-infra models shows under BATCH which can"
        )
    tokens = estimate_tokens(checked.sizes, longest_output=model.longest_output)
    prices = [(bracket.input_usd, bracket.output_usd) for bracket in model.brackets]
    least, most = estimate_cost(tokens, prices or [(model.input_usd, model.output_usd)])
    return ModelForBatch(model=model, tokens=tokens, least=least, most=most)


async def fetch_results(
    view: AccountView,
    word: str,
    into: Path | None,
    *,
    given: Path | None,
    received: Progress,
    joined: Callable[[int], object],
) -> tuple[ApiBatch, JoinedResults]:
    """Downloads the results and the errors of a batch that is over, and writes them beside its requests.

    `word` is its id or address. `given` is the input on the disk; without it, it is downloaded, too. Without `into`,
    the file has the name of the id. Raises Problems and ApiError.
    """
    if into is not None:
        check_target(into)
    batch = await read_batch(view, word)
    id = batch.id
    if into is None:
        check_target(into := Path(f"{id}.results.jsonl"))
    if not batch.state.is_over:
        counts = batch.counts
        done = f"{counts.completed + counts.failed:,} of {counts.total:,} requests are done"
        raise problem(f"the batch {id} is not over: {done}", "run the same command again when it is")
    if batch.state is BatchState.FAILED and not (batch.output or batch.errors):
        raise problem(f"the batch {id} failed: {batch.trouble or 'no reason given'}", "there are no results")
    with _beside(into) as beside:
        source = given or beside("input")
        if given is None:
            await _fetch(view, batch.input, source, received, "the input", "inputs are kept 15 days: add --input")
        else:
            await _check_given(view, batch, given)
        results = []
        for name, file in (("results", batch.output), ("errors", batch.errors)):
            if file:
                results.append(beside(name))
                await _fetch(view, file, results[-1], received, f"the {name}", "they are kept 30 days")
        found = await join_results(input_rows(source), results, into, moved=joined)
    return batch, found


async def _fetch(view: AccountView, id: str, into: Path, progress: Progress, what: str, kept: str) -> None:
    try:
        file = answered_file(await view.client.send(file_request(id)))
        await download_content(view.client, id, into, size=file.bytes, moved=progress(what, file.bytes))
    except NotFound:
        raise problem(f"{what} of the batch, {id}, is gone", kept) from None


async def _check_given(view: AccountView, batch: ApiBatch, given: Path) -> None:
    """Raises Problems if the file on the disk is known to be another one than the input of the batch."""
    try:
        file = answered_file(await view.client.send(file_request(batch.input)))
    except NotFound:
        return
    if file.digest and file.digest != _digest_of(given):
        raise problem(f"{given} is not the input of the batch {batch.id}", f"that is {batch.input}; leave out --input")


def _digest_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise problem(f"{path} cannot be read: {reason(error)}") from None


@contextmanager
def _beside(into: Path) -> Iterator[Callable[[str], Path]]:
    """Gives names of files for the time of the block. They are the same in each run: a killed one leaves no others."""
    made: list[Path] = []

    def named(part: str) -> Path:
        made.append(into.with_name(f".{into.name}.{part}"))
        return made[-1]

    try:
        yield named
    finally:
        for path in made:
            path.unlink(missing_ok=True)


def _shown(view: AccountView, batch: ApiBatch) -> ApiBatch:
    return replace(batch, trouble=view.client.redacted(batch.trouble)) if batch.trouble else batch

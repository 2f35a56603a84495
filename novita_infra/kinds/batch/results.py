"""The results of a batch that is over: downloaded, joined by custom_id, and written to a file."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from novita_infra.api.errors import ApiError, NotFound
from novita_infra.api.json_values import int_of, object_of, text_of
from novita_infra.batches.files import file_deletion
from novita_infra.batches.joining import JoinedResults, join_results
from novita_infra.batches.listing import list_batches
from novita_infra.batches.transfers import download_content
from novita_infra.catalogue.models import LanguageModel, model_request, parse_model
from novita_infra.kinds.batch.fields import ERRORS, RESULTS_DIGEST
from novita_infra.kinds.batch.inputs import requests_of
from novita_infra.kinds.job import Fetched, JobRun
from novita_infra.model.diagnostics import problem, reason
from novita_infra.model.resources import Live
from novita_infra.model.values import Spec, Value

_KEPT: Final = "the service keeps results for 30 days"


async def fetch_answers(run: JobRun, spec: Spec, live: Live) -> Fetched:
    """The answers of a batch, written to the file that its spec names; without any answer, to one beside it.

    Raises ApiError and Problems.
    """
    target = text_of(spec.get("results"))
    ids = [id for name in ("outputFileId", "errorFileId") if (id := text_of(live.outputs.get(name)))]
    if not target:
        return Fetched()
    into, usage = run.folder / target, AnswerUsage(await _model(run, text_of(spec.get("model"))))
    with TemporaryDirectory(prefix="novita-infra-") as folder:
        paths = [Path(folder) / f"{number}.jsonl" for number, _ in enumerate(ids)]
        for id, path in zip(ids, paths, strict=True):
            try:
                await download_content(run.client, id, path)
            except NotFound:
                return Fetched(trouble=f"the file {id} with its results is gone: {_KEPT}")
        _make_folder(into)
        errors = into.with_name(into.name + ERRORS)
        joined = await join_results(
            requests_of(spec, run.folder), paths, into, unanswered=errors, seen=usage.add_result
        )
    outputs, where = usage.outputs(), target
    if joined.into == into:
        outputs |= {RESULTS_DIGEST: joined.digest}
        _remove(errors)
    else:
        where += f"{ERRORS}; {target} stays as it was" if into.exists() else ERRORS
    return Fetched(
        outputs=outputs,
        says=f"{_counts(joined)} in {where}{usage.in_words()}",
        errors=joined.errors.lines(run.client.redacted),
    )


def _remove(errors: Path) -> None:
    """Removes the errors of an earlier run: they are not those of the answers that were written."""
    try:
        errors.unlink(missing_ok=True)
    except OSError as error:
        raise problem(f"{errors}, of an earlier run, cannot be removed: {reason(error)}", "remove it") from None


def _make_folder(into: Path) -> None:
    try:
        into.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        hint = "name another file in `results`"
        raise problem(f"the folder of {into} cannot be made: {reason(error)}", hint) from None


def _counts(joined: JoinedResults) -> str:
    """`990 answers, 8 errors, 2 requests without a result`."""
    parts = [f"{joined.completed:,} answers"]
    parts += [f"{joined.failed:,} errors"] if joined.failed else []
    parts += [f"{joined.missing.count:,} requests without a result"] if joined.missing.count else []
    return ", ".join(parts)


async def _model(run: JobRun, name: str) -> LanguageModel | None:
    """The model with its prices of today; None where it cannot be read."""
    try:
        return parse_model(await run.client.send(model_request(name))) if name else None
    except ApiError:
        return None


async def delete_batch_files(run: JobRun, spec: Spec, live: Live) -> None:
    """Deletes the files of a batch that is over, but for an input that another batch still reads. Raises ApiError."""
    if spec.get("keepFiles") is not False:
        return
    own = text_of(live.outputs.get("inputFileId"))
    batches = await list_batches(run.client) if own else []
    shared = any(item.input == own and item.id != live.id and not item.state.is_over for item in batches)
    files = [text_of(live.outputs.get(name)) for name in ("outputFileId", "errorFileId")]
    for id in (*files, "" if shared else own):
        if id:
            try:
                await run.client.send(file_deletion(id))
            except NotFound:
                continue


class AnswerUsage:
    """The tokens of answers, and what they cost at the prices of a model."""

    def __init__(self, model: LanguageModel | None) -> None:
        self._model = model
        self._input = self._output = 0
        self._cost: Decimal | None = Decimal(0) if model else None

    def add_result(self, result: Mapping[str, Any]) -> None:
        """Adds what a line of results says of its tokens."""
        usage = object_of(object_of(object_of(result.get("response")).get("body")).get("usage"))
        read, written = (int_of(usage.get(f"{name}_tokens"), 0) or 0 for name in ("prompt", "completion"))
        self._input += read
        self._output += written
        prices = _prices(self._model, read) if self._model else None
        if prices is None or self._cost is None:
            self._cost = None
        else:
            self._cost += (prices[0] * read + prices[1] * written) / 1_000_000

    def outputs(self) -> dict[str, Value]:
        """The attributes that they give."""
        cost = {} if self._cost is None else {"costUsd": f"{self._cost.normalize():f}"}
        return {"inputTokens": self._input, "outputTokens": self._output, **cost}

    def in_words(self) -> str:
        """The tokens and the cost in words."""
        cost = "" if self._cost is None else f", ${self._cost:.5f} at today's prices"
        return f"; {self._input:,} tokens read and {self._output:,} written{cost}"


def _prices(model: LanguageModel, read: int) -> tuple[Decimal, Decimal] | None:
    """The prices of 1,000,000 tokens of a request with so many tokens; None where one is not known."""
    usd = (model.input_usd, model.output_usd)
    for bracket in model.brackets:
        if read >= bracket.least:
            usd = (bracket.input_usd, bracket.output_usd)
    reading, writing = usd
    return None if reading is None or writing is None else (reading, writing)

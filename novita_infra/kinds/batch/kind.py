"""A batch of requests, run to completion: uploaded, created, waited for, and its answers written to a file."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final

from novita_infra.api.json_values import carried, filled, int_of, object_of, text_of
from novita_infra.api.request import Pages, Request
from novita_infra.batches.batches import (
    BATCHES,
    CHAT,
    RESULTS_KEPT,
    WINDOWS,
    BatchState,
    batch_cancellation,
    batch_creation,
    batch_in,
    batch_request,
)
from novita_infra.kinds.batch.fields import ERRORS, FIELDS, INPUT_FACTS, RESULTS_DIGEST
from novita_infra.kinds.batch.prices import resolve_model, resolve_new_batch, spent_on_tokens, token_costs
from novita_infra.kinds.call import ApiCalls, Call, ReadCalls, Target
from novita_infra.kinds.job import OVER, Fetched, FileFault, JobFiles, JobRules, JobRun
from novita_infra.kinds.kind import CheckRules, Kind, Market, Resolution, SpecError
from novita_infra.kinds.toolkit.field_keys import readers
from novita_infra.model.clock import moment
from novita_infra.model.lifecycle import Timeouts
from novita_infra.model.records import Record
from novita_infra.model.resources import PRESENT, Live, Phase, Progress, WrittenFile
from novita_infra.model.values import Spec, Value

_READERS: Final = readers(FIELDS)
_PHASES: Final = {
    BatchState.COMPLETED: Phase.READY,
    BatchState.FAILED: Phase.FAILED,
    BatchState.EXPIRED: Phase.FAILED,
    BatchState.CANCELLED: Phase.FAILED,
    BatchState.CANCELLING: Phase.LEAVING,
}
_DAY: Final = 24 * 3600.0


# Commands without a batch pay neither for reading files nor for sending them.


def _described(spec: Spec, folder: Path) -> tuple[Spec, tuple[FileFault, ...]]:
    from novita_infra.kinds.batch.inputs import describe_input  # noqa: PLC0415 -- see above

    return describe_input(spec, folder)


def _declared(spec: Spec) -> Spec:
    given = object_of(spec.get("input"))
    return (
        {**spec, "input": {name: value for name, value in given.items() if name not in INPUT_FACTS}} if given else spec
    )


async def _uploaded(run: JobRun, spec: Spec) -> Spec:
    from novita_infra.kinds.batch.inputs import upload_once  # noqa: PLC0415 -- see above

    return await upload_once(run, spec)


async def _fetched(run: JobRun, spec: Spec, live: Live) -> Fetched:
    from novita_infra.kinds.batch.results import fetch_answers  # noqa: PLC0415 -- see above

    return await fetch_answers(run, spec, live)


async def _looked(run: JobRun, record: Record | None, spec: Spec) -> WrittenFile | None:
    from novita_infra.kinds.batch.written import look_at_results  # noqa: PLC0415 -- see above

    return await look_at_results(run, record, spec)


async def _cleaned(run: JobRun, spec: Spec, live: Live) -> None:
    from novita_infra.kinds.batch.results import delete_batch_files  # noqa: PLC0415 -- see above

    await delete_batch_files(run, spec, live)


def _create(target: Target) -> Request:
    file = object_of(target.value("input")).get("fileId")
    return batch_creation(
        input=text_of(file),
        endpoint=text_of(target.spec.get("endpoint")) or CHAT,
        window=text_of(target.spec.get("completionWindow")) or WINDOWS[0],
    )


def _parse(item: Mapping[str, Any]) -> Live:
    batch = batch_in(item)
    counts = batch.counts
    phase = _PHASES.get(batch.state, Phase.CHANGING)
    nothing = phase is Phase.READY and bool(counts.failed) and not counts.completed
    return Live(
        id=batch.id,
        name="",
        phase=Phase.FAILED if nothing else phase,
        status=batch.state.value if batch.state is not BatchState.UNKNOWN else batch.word,
        created=batch.created,
        values=carried(item, _READERS),
        outputs=filled(
            {
                "id": batch.id,
                "status": batch.state.value,
                "inputFileId": batch.input,
                "outputFileId": batch.output or None,
                "errorFileId": batch.errors or None,
                "requests": counts.total,
                "completed": counts.completed,
                "failed": counts.failed,
            }
        ),
        trouble=_trouble(batch.state, counts.completed, counts.total, batch.trouble, nothing=nothing),
        stopped=batch.ended,
        progress=Progress(counts.completed + counts.failed, counts.total),
    )


def _trouble(state: BatchState, completed: int, total: int, words: str, *, nothing: bool) -> str:
    """Why a batch that is over has not succeeded; empty for success and for one that runs."""
    if nothing:
        return f"none of its {total:,} requests was answered"
    if _PHASES.get(state) is not Phase.FAILED:
        return ""
    part = f"{completed:,} of {total:,} requests were answered" if total else ""
    return "; ".join(filter(None, (state.value, words, part)))


def _phase(outputs: Mapping[str, Value]) -> Phase:
    """The phase by the recorded attributes."""
    item = {"status": outputs.get("status"), "request_counts": {**outputs, "total": outputs.get("requests")}}
    return _parse(item).phase


def _new_id(answer: Any) -> str:
    return text_of(object_of(answer).get("id"))


def _unwrap(answer: Any) -> Mapping[str, Any] | None:
    return object_of(answer) or None


def _matches(spec: Spec, live: Live) -> bool:
    """Whether the batch is over the file that was uploaded for this spec: a batch has no name and no mark."""
    file = text_of(object_of(spec.get("input")).get("fileId"))
    return bool(file) and live.outputs.get("inputFileId") == file


def _check(spec: Spec) -> Iterator[SpecError]:
    given = spec.get("input")
    if not isinstance(given, dict):
        return
    sources = sorted(given.keys() & {"file", "data", "rows"})
    if len(sources) != 1:
        summary = f"input has {' and '.join(sources)}" if sources else "input has no requests"
        yield SpecError(("input",), summary, "it has one of file, data and rows")
    elif "file" in given:
        for name in ("template", "customId"):
            if name in given:
                hint = "the lines of the file are whole requests; rows of a table are `data`"
                yield SpecError(("input", name), f"input.{name} does not go with input.file", hint)
    elif "template" not in given:
        yield SpecError(("input",), "input has no template", "it makes a request of each row")
    elif "model" not in {**object_of(given["template"]), **spec}:
        hint = "`novita-infra models --json` tells of each (`batch`) whether batches may use it"
        yield SpecError(("input",), "the requests name no model", hint, lacks="model")
    file = given.get("file") or given.get("data")
    if file is not None and file == spec.get("results"):
        yield SpecError(("results",), f"results would overwrite the input {file}", "name another file")


def _errors(outputs: Mapping[str, Value], spec: Spec) -> str:
    """Where the requests that failed are, for a person."""
    results, file = text_of(spec.get("results")), text_of(outputs.get("errorFileId"))
    if results and not outputs.get("completed"):
        results += ERRORS
    shown = f"`novita-infra files content {file}` shows them" if file else ""
    return "; ".join(filter(None, (f"the errors are in {results}" if results else "", shown)))


def _recall(spec: Spec, live: Live) -> str:
    """The command for the answers of a batch that is over, and until when the service has its files."""
    if live.phase not in OVER or not live.outputs.get("outputFileId") or spec.get("keepFiles") is False:
        return ""
    into = PurePosixPath(text_of(spec.get("results")) or "answers.jsonl")
    command = ("novita-infra", "batches", "results", live.id, "--into", str(into.with_name(f"{live.id}-{into.name}")))
    until = f" until {moment(live.stopped + RESULTS_KEPT)}" if live.stopped else " for 30 days"
    return (
        f"`{shlex.join(command)}` fetches the earlier answers later: Novita keeps them{until}, and their input 15 days "
        "from its upload"
    )


BATCH: Final = Kind(
    name="Batch",
    type="batch",
    summary="A batch of requests to a language model, answered within a day or two; its answers are written to a file.",
    fields=FIELDS,
    outputs={
        "status": "the state of the batch, such as `completed`",
        "inputFileId": "the id of the uploaded input",
        "outputFileId": "the id of the file with the answers; kept for 30 days",
        "errorFileId": "the id of the file with the requests that failed",
        "requests": "the number of requests",
        "completed": "the number of answered requests",
        "failed": "the number of failed requests",
        "inputTokens": "the tokens that were read, by the answers",
        "outputTokens": "the tokens that were written, by the answers",
        RESULTS_DIGEST: "the SHA-256 of the results as they were written",
        "costUsd": "what the tokens cost at the prices of the day it ended, in USD",
    },
    api=ApiCalls(
        number_outputs=frozenset({"requests", "completed", "failed", "inputTokens", "outputTokens"}),
        read=ReadCalls(
            pages=Pages(path=BATCHES.path, items=("data",), identity=("id",)),
            parse=_parse,
            get=batch_request,
            unwrap=_unwrap,
        ),
        create=Call(
            name="create",
            summary="create: the input is uploaded, answered, and the answers are written",
            request=_create,
            usual_seconds=3600,
            final_phases=OVER - {Phase.GONE},
        ),
        new_id=_new_id,
        matches=_matches,
        updates=(
            Call(
                name="fetch",
                summary="fetch: the answers are downloaded again and written; no request is sent to the model",
                request=lambda target: batch_request(target.id),
                usual_seconds=10,
                final_phases=OVER - {Phase.GONE},
                allowed_phases=OVER - {Phase.GONE},
            ),
        ),
        delete=Call(
            name="delete",
            summary="delete: what is not answered yet is cancelled; a batch that is over stays, and so do its answers",
            request=lambda target: batch_cancellation(target.id),
            usual_seconds=30,
            final_phases=frozenset({Phase.GONE}),
            allowed_phases=PRESENT,
            disturbs=False,
        ),
        completes=True,
        job=JobRules(
            phase=_phase,
            files=JobFiles(
                read=(("input", "file"), ("input", "data")),
                written=(("results",),),
                beside=(ERRORS,),
                describe=_described,
                declared=_declared,
            ),
            upload=_uploaded,
            fetch=_fetched,
            look=_looked,
            spent=spent_on_tokens,
            recall=_recall,
            clean=_cleaned,
            fetch_call="fetch",
        ),
    ),
    resolution=Resolution(
        check=_check,
        catalogues=("models",),
        resolve=resolve_model,
        replacing=resolve_new_batch,
        models=lambda spec: tuple(filter(None, (text_of(spec.get("model")),))),
        checks=CheckRules(
            types=("minSucceeded", "chat", "completion", "embedding"),
            asks_api=True,
            errors=_errors,
            requests=lambda spec: int_of(object_of(spec.get("input")).get("requests")),
        ),
    ),
    market=Market(price_lists=("models",), costs=lambda _spec, _prices: (), purchases=token_costs),
    # A batch may take its whole window; the service ends it then, and needs a while for its files.
    timeouts=Timeouts(create=2 * _DAY + 7200, update=7200, delete=3600),
    example="""\
apiVersion: novita-infra/v1
kind: Batch
metadata:
  name: capitals
spec:
  model: deepseek/deepseek-v3-0324
  input:
    rows: [{country: France}, {country: Japan}]
    template:
      messages: [{role: user, content: "The capital of {{country}}, in one word"}]
      max_tokens: 20
  results: out/capitals.jsonl
""",
)

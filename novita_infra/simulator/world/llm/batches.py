"""Batches: requests from a file, answered over time into another file. Each line is charged when it is done."""

from __future__ import annotations

import json
import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from typing import Any, Final

from novita_infra.simulator.errors import ApiRefusal, envelope, not_allowed
from novita_infra.simulator.request_schema import Reading
from novita_infra.simulator.world.engine.llm_records import Batch
from novita_infra.simulator.world.engine.world import World
from novita_infra.simulator.world.llm import files, inference, model_access_policies, models, usage
from novita_infra.simulator.world.llm.models import Model

WINDOWS: Final[Mapping[str, float]] = {"48h": 1.0, "24h": 0.5}
"""The values of `completion_window`, as parts of the longest. The reference has only 48h; a client gets 24h, too."""
OPEN: Final = frozenset({"VALIDATING", "PROGRESS"})
_STEPS: Final = 10
"""How often the counts of a running batch change."""
_READING: Final = Reading()


def batch_of(world: World, key: str) -> Batch:
    """The batch with this id. Raises BATCH_NOT_FOUND, HTTP 404."""
    batch = world.batches.get(key)
    if batch is None:
        raise ApiRefusal("BATCH_NOT_FOUND", f"batch {key!r} not found", status=404)
    return batch


def create(
    world: World, *, source: str, endpoint: str, window: str, key: str, metadata: dict[str, Any] | None
) -> Batch:
    """Creates a batch over an input file. Raises FILE_NOT_FOUND, INVALID_REQUEST_BODY, NOT_ENOUGH_BALANCE."""
    file = files.file_of(world, source)
    if file.purpose != "batch":
        raise ApiRefusal("INVALID_REQUEST_BODY", "input_file_id must be a file with the purpose batch")
    usage.check_call_funds(world, key)
    batch = Batch(
        id=f"batch_{world.new_xid('batch')}",
        created=world.moment,
        input=source,
        endpoint=endpoint,
        window=window,
        key=key,
        total=file.requests,
        times={"updated_at": world.moment, "expires_at": world.moment + window_seconds(world, window)},
        metadata=metadata,
    )
    world.batches.add(batch)
    world.plan(
        world.batches,
        batch,
        [(world.moment + world.timings.validating, "PROGRESS"), (batch.times["expires_at"], "EXPIRED")],
    )
    return batch


def window_seconds(world: World, window: str) -> float:
    """The time within which a batch must be finished."""
    return world.timings.batch_window * WINDOWS[window]


def cancel(world: World, key: str) -> Batch:
    """Cancels a batch. The finished part is written. Raises BATCH_NOT_FOUND, OPERATION_LIMIT."""
    batch = batch_of(world, key)
    if batch.status == "CANCELLING":
        return batch
    if batch.status not in OPEN:
        raise not_allowed(f"batch {key} is over: {batch.status.lower()}")
    _enter(world, batch, "CANCELLING", "cancelling_at")
    world.expect(world.batches, batch, [(world.timings.cancelling, "CANCELLED")])
    return batch


def counts(batch: Batch) -> dict[str, int]:
    """The numbers of requests: total, completed and failed."""
    failed = bisect_left(batch.wrong, batch.done)
    return {"total": batch.total, "completed": batch.done - failed, "failed": failed}


def on_event(world: World, batch: Batch, event: str) -> None:
    """Handles the next event of a batch: a new state, or progress."""
    if event == "PROGRESS":
        _begin(world, batch)
    elif event == "!step":
        done = (world.moment - batch.times["in_progress_at"]) / max(world.timings.batch_line, 1e-9)
        batch.done = min(batch.total, math.floor(done + 1e-6))
        _enter(world, batch, batch.status)
    elif event == "!finalizing":
        batch.done = batch.total
        _enter(world, batch, batch.status, "finalizing_at")
    else:
        _end(world, batch, event)


def _enter(world: World, batch: Batch, status: str, at: str = "") -> None:
    batch.status = status
    batch.version += 1
    batch.times["updated_at"] = world.moment
    if at:
        batch.times[at] = world.moment
    world.batches.touch(batch)


def _begin(world: World, batch: Batch) -> None:
    """Checks every line. The whole batch fails if the file itself is wrong."""
    try:
        model, lines = _read(world, batch)
    except ApiRefusal as refusal:
        _fail(world, batch, refusal.message)
        return
    batch.model = model.id
    batch.total = len(lines)
    batch.wrong = [index for index, line in enumerate(lines) if _trouble(model, batch, line) is not None]
    _enter(world, batch, "PROGRESS", "in_progress_at")
    lasting = batch.total * world.timings.batch_line
    ends = world.moment + lasting
    steps = min(_STEPS, batch.total)
    world.plan(
        world.batches,
        batch,
        [
            *((world.moment + lasting * step / steps, "!step") for step in range(1, steps)),
            (ends, "!finalizing"),
            (ends + world.timings.finalizing, "COMPLETED"),
            (batch.times["expires_at"], "EXPIRED"),
        ],
    )


def _read(world: World, batch: Batch) -> tuple[Model, list[Mapping[str, Any]]]:
    """The model and the lines of the input. Raises an ApiRefusal with the error in the file."""
    file = files.file_of(world, batch.input)
    lines = list(files.rows(world.contents.get(file.id)))
    seen: set[str] = set()
    names: dict[str, None] = {}
    for number, line in enumerate(lines, start=1):
        body = line.get("body") if isinstance(line, Mapping) else None
        if not isinstance(body, Mapping):
            raise ApiRefusal("INVALID_REQUEST_BODY", f"request {number} has no body")
        key = line.get("custom_id")
        if not isinstance(key, str) or not key:
            raise ApiRefusal("INVALID_REQUEST_BODY", f"request {number} has no custom_id")
        if key in seen:
            raise ApiRefusal("INVALID_REQUEST_BODY", f"custom_id {key} stands twice in the file")
        if line.get("url", batch.endpoint) != batch.endpoint or line.get("method", "POST") != "POST":
            raise ApiRefusal("INVALID_REQUEST_BODY", f"request {number} is not a POST to {batch.endpoint}")
        seen.add(key)
        names[str(body.get("model", ""))] = None
    if len(names) != 1:
        raise ApiRefusal("INVALID_REQUEST_BODY", "all requests of a file must name the same model")
    model = models.serving(next(iter(names)), inference.ENDPOINTS[batch.endpoint][0])
    if models.BATCH not in model.endpoints:
        raise ApiRefusal("INVALID_REQUEST_BODY", f"model {model.id} does not support batches")
    key_record = world.api_keys.get(batch.key)
    if key_record is not None:
        model_access_policies.check_policy(world, key_record, model.id)
    return model, lines


def _checked(model: Model, batch: Batch, line: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a line. Raises ApiRefusal."""
    endpoint, fields = inference.ENDPOINTS[batch.endpoint]
    body = fields.read(line["body"], "", _READING)
    inference.check_request(model, endpoint, body)
    return body


def _trouble(model: Model, batch: Batch, line: Mapping[str, Any]) -> ApiRefusal | None:
    """The refusal of a single request; None if it is good."""
    try:
        _checked(model, batch, line)
    except ApiRefusal as refusal:
        return refusal
    return None


def _fail(world: World, batch: Batch, why: str) -> None:
    batch.errors = why
    _enter(world, batch, "FAILED", "failed_at")
    world.expect(world.batches, batch, [])


def _end(world: World, batch: Batch, event: str) -> None:
    """Writes and charges the answers, and ends the batch."""
    if batch.status == "VALIDATING" or (event == "CANCELLED" and "in_progress_at" not in batch.times):
        lines: list[Mapping[str, Any]] = []
    else:
        try:
            _, lines = _read(world, batch)
        except ApiRefusal as refusal:
            _fail(world, batch, refusal.message)
            return
    output, errors = _results(world, batch, lines[: batch.done])
    name = batch.id.removeprefix("batch_")
    lifetime = world.timings.output_kept
    if output:
        batch.output = files.keep(world, f"{name}_output.jsonl", output, purpose="batch_output", lasting=lifetime).id
    if errors:
        batch.failures = files.keep(world, f"{name}_error.jsonl", errors, purpose="batch_output", lasting=lifetime).id
    _enter(world, batch, event, f"{event.lower()}_at")
    world.expect(world.batches, batch, [])


def _results(world: World, batch: Batch, lines: list[Mapping[str, Any]]) -> tuple[bytes, bytes]:
    """The contents of the output file and of the error file."""
    output: list[str] = []
    errors: list[str] = []
    for line, answer, failed in _answers(world, batch, lines):
        row = {
            "id": f"batch_req_{world.new_id('request', length=24)}",
            "custom_id": line["custom_id"],
            "response": {
                "status_code": answer["code"] if failed else 200,
                "request_id": line["custom_id"],
                "body": answer,
            },
            "error": {"code": answer["reason"], "message": answer["message"]} if failed else None,
        }
        (errors if failed else output).append(json.dumps(row, separators=(",", ":")) + "\n")
    if world.quirks.shuffles_results:
        for rows in (output, errors):
            rows.sort(key=lambda row: world.draw("order", row))
    return "".join(output).encode(), "".join(errors).encode()


def _answers(
    world: World, batch: Batch, lines: list[Mapping[str, Any]]
) -> Iterator[tuple[Mapping[str, Any], dict[str, Any], bool]]:
    """Each line with its answer and whether it failed. Charges the good ones."""
    if not lines:
        return
    model = models.model_of(batch.model)
    endpoint, _ = inference.ENDPOINTS[batch.endpoint]
    for line in lines:
        try:
            body = _checked(model, batch, line)
            answer = inference.answer_request(world, model, endpoint=endpoint, body=body)
        except ApiRefusal as refusal:
            yield line, envelope(400, "INVALID_REQUEST_BODY", refusal.message), True
            continue
        spent = answer["usage"]
        usage.charge_tokens(
            world, model, key=batch.key, tokens_in=spent["prompt_tokens"], tokens_out=spent["completion_tokens"]
        )
        yield line, answer, False

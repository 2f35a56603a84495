"""The operations on batches. Times are text with a zone, counts are given twice, and errors are a string."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

from novita_infra.simulator.answers import llm as answers
from novita_infra.simulator.operations import Confidence, Family, IncomingCall, Operation
from novita_infra.simulator.request_schema import Anything, Fields, Text, may, need
from novita_infra.simulator.routes.llm.id_pages import PAGE_AFTER, page_after
from novita_infra.simulator.routes.llm.models import LLM
from novita_infra.simulator.world.engine.llm_records import Batch
from novita_infra.simulator.world.engine.world import World
from novita_infra.simulator.world.llm import api_keys, batches
from novita_infra.simulator.world.llm.inference import ENDPOINTS

ZONE: Final = timezone(timedelta(hours=8))
_TIMES: Final = (
    "updated_at",
    "in_progress_at",
    "expires_at",
    "finalizing_at",
    "completed_at",
    "failed_at",
    "expired_at",
    "cancelling_at",
    "cancelled_at",
)


def _create(world: World, call: IncomingCall) -> Any:
    body = call.body
    metadata = body["metadata"] if isinstance(body["metadata"], dict) else None
    batch = batches.create(
        world,
        source=body["input_file_id"],
        endpoint=body["endpoint"],
        window=body["completion_window"],
        key=api_keys.of_caller(world, call.key).id,
        metadata=metadata,
    )
    return batch_row(world, batch)


def _get(world: World, call: IncomingCall) -> Any:
    return batch_row(world, batches.batch_of(world, call.path["batch_id"]))


def _cancel(world: World, call: IncomingCall) -> Any:
    return batch_row(world, batches.cancel(world, call.path["batch_id"]))


def _list(world: World, call: IncomingCall) -> Any:
    """The batches, the newest first. `after` and `limit` are not documented, only implied by `has_more`."""
    page, more = page_after(world.batches.listed(), call, newest_first=True, deaf=world.quirks.ignores_after)
    return {
        "object": "list",
        "data": [batch_row(world, batch) for batch in page],
        "first_id": page[0].id if page else "",
        "last_id": page[-1].id if page else "",
        "has_more": more,
    }


def batch_time(at: float) -> str:
    """A time as batches show it, such as `2025-08-11T16:31:52.949816000+08:00`."""
    local = datetime.fromtimestamp(at, UTC).astimezone(ZONE)
    return f"{local:%Y-%m-%dT%H:%M:%S.%f}000+08:00"


def batch_row(world: World, batch: Batch) -> dict[str, Any]:
    """A batch as the API shows it."""
    counts = batches.counts(batch)
    status = batch.status if world.quirks.batch_words_capital else batch.status.lower()
    return {
        "id": batch.id,
        "object": "batch",
        "endpoint": batch.endpoint,
        "input_file_id": batch.input,
        "output_file_id": batch.output,
        "error_file_id": batch.failures,
        "completion_window": batch.window,
        "status": status,
        "errors": batch.errors,
        "created_at": batch_time(batch.created),
        **{name: batch_time(batch.times[name]) if name in batch.times else None for name in _TIMES},
        "created_by": world.owner,
        "created_by_key_id": batch.key,
        "version": batch.version,
        "remark": "",
        **counts,
        "request_counts": counts,
        "metadata": batch.metadata,
    }


OPERATIONS = (
    Operation(
        name="batches.create",
        method="POST",
        path=f"{LLM}/batches",
        source="model-apis-llm-create-batch",
        confidence=Confidence.SEEN_LIVE,
        serve=_create,
        body=Fields(
            {
                "input_file_id": need(Text(1, 255)),
                "endpoint": need(Text(one_of=tuple(ENDPOINTS))),
                "completion_window": may(Text(one_of=tuple(batches.WINDOWS)), "48h"),
                "metadata": may(Anything()),
            }
        ),
        answer=answers.BATCH,
        family=Family.LLM,
    ),
    Operation(
        name="batches.list",
        method="GET",
        path=f"{LLM}/batches",
        source="model-apis-llm-list-batches",
        confidence=Confidence.DOCUMENTED,
        serve=_list,
        query=PAGE_AFTER,
        answer=answers.BATCHES,
        family=Family.LLM,
    ),
    Operation(
        name="batches.get",
        method="GET",
        path=f"{LLM}/batches/{{batch_id}}",
        source="model-apis-llm-retrieve-batch",
        confidence=Confidence.SEEN_LIVE,
        serve=_get,
        answer=answers.BATCH,
        family=Family.LLM,
    ),
    Operation(
        name="batches.cancel",
        method="POST",
        path=f"{LLM}/batches/{{batch_id}}/cancel",
        source="model-apis-llm-cancel-batch",
        confidence=Confidence.DOCUMENTED,
        serve=_cancel,
        answer=answers.BATCH,
        family=Family.LLM,
    ),
)

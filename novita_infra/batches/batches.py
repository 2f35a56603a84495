"""Batches of the account. Requests, and readers of their answers (models.md: LLM Batch API)."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from novita_infra.api.json_values import int_of, moment_in, object_of, text_of
from novita_infra.api.request import Request, get, post
from novita_infra.model.frozen import dataclass

BATCHES: Final[Request] = get("/openai/v1/batches")
"""The list of batches (model-apis-llm-list-batches)."""
CHAT: Final = "/v1/chat/completions"
COMPLETIONS: Final = "/v1/completions"
ENDPOINTS: Final = (CHAT, COMPLETIONS)
"""What the requests of a batch may call, without `/openai` (model-apis-llm-create-batch)."""
WINDOWS: Final = ("48h", "24h")
"""The times that a batch may have: the documented one, and one that is accepted live, too."""
RESULTS_KEPT: Final = 30 * 24 * 3600.0
"""Seconds after its end for which the results of a batch are kept (guides/llm-batch-api)."""


class BatchState(enum.Enum):
    """The state of a batch. The API's words differ in case, and between its pages."""

    VALIDATING = "validating"
    RUNNING = "running"
    FINALIZING = "finalizing"
    COMPLETED = "completed"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"
    """A word that no page has."""

    @property
    def is_over(self) -> bool:
        """Whether nothing happens to the batch any more."""
        return self in _OVER


_OVER: Final = frozenset({BatchState.COMPLETED, BatchState.FAILED, BatchState.EXPIRED, BatchState.CANCELLED})
_WORDS: Final = {
    **{state.value: state for state in BatchState},
    "progress": BatchState.RUNNING,
    "in_progress": BatchState.RUNNING,
    "canceling": BatchState.CANCELLING,
    "canceled": BatchState.CANCELLED,
}
_ENDS: Final = ("completed_at", "failed_at", "expired_at", "cancelled_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiBatch:
    """A batch, as the API shows it. Times are Unix seconds, 0 for none."""

    id: str
    """`batch_...`."""
    state: BatchState
    word: str
    """The state in the API's own word."""
    endpoint: str
    """Such as `/v1/chat/completions`."""
    window: str
    """The time that it has: `48h`."""
    input: str
    """The id of the input file."""
    output: str
    """The id of the file with the results; empty while there is none."""
    errors: str
    """The id of the file with the requests that failed; empty while there is none."""
    trouble: str
    """Why the whole batch failed, in the API's words."""
    counts: BatchCounts
    created: float
    ended: float
    expires: float
    """When it ends at the latest."""
    key: str
    """The id of the API key that created it."""


@dataclass(frozen=True, slots=True)
class BatchCounts:
    """The requests of a batch by what became of them."""

    total: int = 0
    completed: int = 0
    failed: int = 0

    @property
    def open(self) -> int:
        """Those without a result."""
        return max(0, self.total - self.completed - self.failed)


def batch_in(item: Mapping[str, Any]) -> ApiBatch:
    """A batch in the list or in an answer of its own (model-apis-llm-retrieve-batch)."""
    word = text_of(item.get("status"))
    counts = object_of(item.get("request_counts"))
    return ApiBatch(
        id=text_of(item.get("id")),
        state=_WORDS.get(word.strip().lower(), BatchState.UNKNOWN),
        word=word,
        endpoint=text_of(item.get("endpoint")),
        window=text_of(item.get("completion_window")),
        input=text_of(item.get("input_file_id")),
        output=text_of(item.get("output_file_id")),
        errors=text_of(item.get("error_file_id")),
        trouble=_trouble(item.get("errors")),
        counts=BatchCounts(
            *(int_of(counts.get(name), int_of(item.get(name), 0)) or 0 for name in ("total", "completed", "failed"))
        ),
        created=moment_in(item, "created_at"),
        ended=moment_in(item, *_ENDS),
        expires=moment_in(item, "expires_at"),
        key=text_of(item.get("created_by_key_id")),
    )


def answered_batch(answer: Any) -> ApiBatch:
    """The batch in an answer of its own; without an id where the answer holds none."""
    return batch_in(object_of(answer))


def batch_request(id: str) -> Request:
    """The get of a batch (model-apis-llm-retrieve-batch)."""
    return get(_path(id))


def batch_creation(*, input: str, endpoint: str, window: str = WINDOWS[0]) -> Request:  # noqa: A002 -- as the API calls it
    """The create of a batch over an uploaded input (model-apis-llm-create-batch). It must not be sent twice."""
    return post("/openai/v1/batches", {"input_file_id": input, "endpoint": endpoint, "completion_window": window})


def batch_cancellation(id: str) -> Request:
    """The cancel of a batch (model-apis-llm-cancel-batch): it ends a little later, and its results so far are kept."""
    return Request("POST", f"{_path(id)}/cancel", repeatable=True)


def _trouble(value: Any) -> str:
    """The text of `errors`: a text, or an object or list of objects with messages, as OpenAI sends it."""
    if text := text_of(value):
        return text
    items = object_of(value).get("data") if isinstance(value, Mapping) else value
    messages = [text_of(object_of(item).get("message")) for item in (items if isinstance(items, list) else [value])]
    return "; ".join(filter(None, messages))


def _path(id: str) -> str:
    return f"/openai/v1/batches/{quote(id, safe='')}"

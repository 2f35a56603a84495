"""Generation tasks of images, videos and audios (model-apis-task-result): requests, and what the answers say.

The readers take any JSON and never raise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Any, Final
from urllib.parse import quote

from novita_infra.api.json_values import int_of, object_of, objects_of, text_of
from novita_infra.api.request import Request, get
from novita_infra.model.frozen import dataclass

OPERATIONS: Final = (
    "txt2img",
    "img2img",
    "inpainting",
    "upscale",
    "remove-background",
    "replace-background",
    "remove-text",
    "cleanup",
    "merge-face",
    "video-merge-face",
    "txt2video",
    "img2video",
    "wan-t2v",
    "wan-i2v",
    "hunyuan-video-fast",
    "kling-v1.6-t2v",
    "kling-v1.6-i2v",
    "minimax-video-01",
    "txt2speech",
)
"""The documented operations (model-apis-rate-limits). The service may have others, which are sent as they are given."""
SUCCEEDED: Final = "TASK_STATUS_SUCCEED"
FAILED: Final = "TASK_STATUS_FAILED"
_PREFIX: Final = "TASK_STATUS_"
_RESULTS: Final = (("images", "image"), ("videos", "video"), ("audios", "audio"))
"""The lists of an answer, each with the beginning of the names of its fields."""


@dataclass(frozen=True, slots=True)
class TaskResult:
    """A file that a task has made."""

    media: str
    """`image`, `video` or `audio`."""
    type: str
    """Such as `png`, in the words of the API."""
    url: str = field(repr=False)
    """A link with a signature, which needs no key."""
    ttl: int | None = None
    """Seconds for which the link is good; None where the answer does not say."""


@dataclass(frozen=True, slots=True)
class GenerationTask:
    """A task."""

    id: str
    status: str
    """In the words of the API, in upper case."""
    reason: str = ""
    """Why it failed."""
    type: str = ""
    eta: int | None = None
    """Seconds."""
    percent: int | None = None
    results: tuple[TaskResult, ...] = ()

    @property
    def is_over(self) -> bool:
        """Whether it has ended. Any other word counts as under way."""
        return self.status in {SUCCEEDED, FAILED}

    @property
    def word(self) -> str:
        """The status for a person, such as `processing`."""
        return self.status.removeprefix(_PREFIX).lower()


def task_request(id: str) -> Request:
    """The get of a task."""
    return get("/v3/async/task-result", task_id=id)


def submit_request(operation: str, body: Mapping[str, Any]) -> Request:
    """Begins a task, such as `txt2img`. It is never repeated on a guess: each one is charged."""
    return Request("POST", f"/v3/async/{quote(operation, safe='-_.')}", body=body)


def task_id_in(answer: Any) -> str:
    """The id of a task that was begun; empty where the answer holds none."""
    return text_of(object_of(answer).get("task_id"))


def task_in(answer: Any) -> GenerationTask:
    """The task of an answer, or of the payload of an event. A failed one is HTTP 200, too."""
    item = object_of(answer)
    task = object_of(item.get("task"))
    return GenerationTask(
        text_of(task.get("task_id")),
        text_of(task.get("status")).upper(),
        text_of(task.get("reason")),
        text_of(task.get("task_type")),
        int_of(task.get("eta")),
        int_of(task.get("progress_percent")),
        tuple(_results(item)),
    )


def _results(item: Mapping[str, Any]) -> Iterator[TaskResult]:
    for name, media in _RESULTS:
        for row in objects_of(item.get(name) or []):
            if url := text_of(row.get(f"{media}_url")):
                kind = text_of(row.get(f"{media}_type"))
                yield TaskResult(media, kind, url, int_of(row.get(f"{media}_url_ttl")))

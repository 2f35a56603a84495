"""Jobs of the account: moves of machines, saved images. Requests, and readers of their answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from novita_infra.api.json_values import created_in, object_of, objects_of, text_of, texts_of
from novita_infra.api.request import GPU, GPU_V2, Pages, Request, get, post
from novita_infra.model.frozen import dataclass

ENDED: Final = frozenset({"success", "fail", "break"})
"""The states of a job that is over (gpu-instance-list-jobs)."""
_ENDS_V2: Final = {"succeeded": "success", "failed": "fail", "stopped": "break"}
SAVE_IMAGE: Final = "saveImage"
"""The type of a job that saves an image (gpu-instance-list-jobs)."""
MOVE: Final = "instanceMigrate"
"""The type of a job that moves a machine on demand; the service's own are `autoInstanceMigrate`."""

TYPES: Final = (SAVE_IMAGE, MOVE, "autoInstanceMigrate")
"""The types of jobs (gpu-instance-list-jobs)."""


@dataclass(frozen=True, slots=True)
class MachineJob:
    """A job of the service on a machine."""

    id: str
    type: str
    """The API's own word, such as `saveImage` or `autoInstanceMigrate`."""
    state: str
    """The API's own word, such as `running` or `success`."""
    trouble: str
    """The reason of a failure, in the API's words."""
    machine: str
    """The id of the machine."""
    created: float
    """Unix seconds; 0 if the API does not return it."""
    image: str = ""
    """The image that it saves; empty for another job, and where the API does not return it."""

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.state in ENDED


def jobs_pages(*, id: str = "", kind: str = "", state: str = "", since: float = 0, until: float = 0) -> Pages:
    """The list of jobs (gpu-instance-list-jobs). Empty filters mean all; the times are Unix seconds, 0 for none."""
    filters: dict[str, str | int] = {
        "jobId": id,
        "type": kind,
        "state": state,
        "startTime": int(since),
        "endTime": int(until),
    }
    query = {name: value for name, value in filters.items() if value}
    return Pages(path=f"{GPU}/jobs", items=("jobs",), identity=("Id", "id"), number="pageNum", query=query)


def job_in(item: Mapping[str, Any]) -> MachineJob:
    """A job in the list (gpu-instance-list-jobs: `Id` has a capital; `state` is an object)."""
    state = object_of(item.get("state"))
    errors = (text_of(state.get("error")), text_of(state.get("errorMessage") or state.get("message")))
    return MachineJob(
        id=text_of(item.get("Id") or item.get("id")),
        type=text_of(item.get("type")),
        state=text_of(state.get("state")),
        trouble=": ".join(filter(None, dict.fromkeys(errors))),
        machine=text_of(item.get("instanceId")),
        created=created_in(item),
        image=image_in_envs(item.get("envs")),
    )


def image_in_envs(envs: Any) -> str:
    """The image that a job saves; empty where its `envs` do not show it.

    The page has `envs[]` without saying what it holds: entries of key and value, or texts `key=value` as in v2.
    """
    pairs = [(text_of(entry.get("key")), text_of(entry.get("value"))) for entry in objects_of(envs)]
    pairs += [(key, value) for key, _, value in (text.partition("=") for text in texts_of(envs))]
    return next((value for key, value in pairs if key.lower().endswith("image")), "")


def job_request_v2(id: str) -> Request:
    """One job, which v1 may not list because it was begun through v2 (gpus-v2-get-job)."""
    return get(f"{GPU_V2}/jobs/{quote(id, safe='')}")


def job_in_v2(answer: Any) -> MachineJob:
    """A job as v2 shows it, in the words of v1 where it is over (gpus-v2-get-job: `Succeeded`)."""
    item = object_of(answer)
    status = object_of(item.get("status"))
    word = text_of(status.get("status"))
    errors = (text_of(status.get("error")), text_of(status.get("message")))
    return MachineJob(
        id=text_of(item.get("id")),
        type=text_of(item.get("type")),
        state=_ENDS_V2.get(word.lower(), word),
        trouble=": ".join(filter(None, dict.fromkeys(errors))),
        machine=text_of(item.get("instance_id")),
        created=created_in(item),
        image=image_in_envs(item.get("envs")),
    )


def stop_request_v2(id: str) -> Request:
    """Interrupts a job through v2 (gpus-v2-break-job)."""
    return Request("POST", f"{GPU_V2}/jobs/{quote(id, safe='')}/stop", repeatable=True)


def break_request(id: str) -> Request:
    """Interrupts a job that runs (gpu-instance-break-job)."""
    return post(f"{GPU}/job/break", {"jobId": id}, repeatable=True)

"""The operations on generation tasks: many paths submit them, one path returns their results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from novita_infra.simulator.answers import llm as answers
from novita_infra.simulator.operations import Confidence, Family, IncomingCall, Operation
from novita_infra.simulator.request_schema import Anything, Fields, Flag, Text, Whole, may, need
from novita_infra.simulator.world.engine.llm_records import Task
from novita_infra.simulator.world.engine.world import World
from novita_infra.simulator.world.llm import api_keys, results, tasks
from novita_infra.simulator.world.llm.inference import LONG
from novita_infra.simulator.world.llm.tasks import TaskRequest

ASYNC: Final = "/v3/async"
_ASKED: Final = 2000
"""Characters of a request that the debug info holds."""


def _submit(world: World, call: IncomingCall) -> Any:
    body = call.body
    inner = body["request"] or body
    extra = body["extra"]
    mock = (extra["webhook"] or {}).get("test_mode") or {"enabled": False}
    request = TaskRequest(
        units=next((inner[name] for name in ("image_num", "batch_size") if inner[name]), 1),
        seed=-1 if inner["seed"] is None else inner["seed"],
        format=extra["response_image_type"],
        text=inner["text"] or inner["prompt"],
        asked=call.raw[:_ASKED].decode("utf-8", "replace"),
        detects=extra["enable_nsfw_detection"],
        webhook=_given(extra["webhook"] or {}),
        mock=mock["return_task_status"] if mock["enabled"] else "",
        base=call.base(),
    )
    key = api_keys.of_caller(world, call.key).id
    return {"task_id": tasks.submit(world, operation=call.path["operation"], request=request, key=key).id}


def _given(webhook: Mapping[str, Any]) -> dict[str, Any]:
    """The webhook as the request has it, because the answer repeats it."""
    return {name: value for name, value in webhook.items() if value is not None}


def _result(world: World, call: IncomingCall) -> Any:
    return task_row(world, tasks.task_of(world, call.query["task_id"]), base=call.base(), signed_at=world.moment)


def task_row(world: World, task: Task, *, base: str, signed_at: float) -> dict[str, Any]:
    """A task and its results. The payload of a webhook event is the same.

    `base` is scheme and host of the service. The addresses of results begin with it, and expire some time after they
    were signed.
    """
    kind = tasks.TASK_KINDS[task.operation]
    ttl = round(world.timings.link_kept)
    numbers = range(task.units) if task.status == tasks.SUCCEED else ()
    urls = [_url(world, task, number, base, signed_at) for number in numbers]
    return {
        "task": {
            "task_id": task.id,
            "status": task.status,
            "reason": task.reason,
            "task_type": kind.type,
            "eta": 0 if task.status in tasks.OVER else max(0, round(task.ends - world.moment)),
            "progress_percent": tasks.progress(world, task),
        },
        "images": [_image(task, url, ttl) for url in urls if kind.media == "image"],
        "videos": [_video(url, ttl) for url in urls if kind.media == "video"],
        "audios": [_audio(task, url, ttl) for url in urls if kind.media == "audio"],
        "extra": {
            "seed": task.seed,
            "enable_nsfw_detection": task.detects,
            "debug_info": {
                "request_info": task.asked,
                "submit_time_ms": _ms(task.created),
                "execute_time_ms": _ms(task.begun),
                "complete_time_ms": _ms(task.ends if task.status in tasks.OVER else 0),
            },
            **({"webhook": task.webhook} if task.webhook else {}),
        },
    }


def _ms(at: float) -> str:
    return str(int(at * 1000))


def _url(world: World, task: Task, number: int, base: str, signed_at: float) -> str:
    """The address of a result, which needs no key. The service behind it is `http.links`."""
    query = results.signed_query(world, task, number, at=signed_at)
    return f"{base}/results/{task.id}/{results.result_file(task, number)}?{query}"


def _image(task: Task, url: str, ttl: int) -> dict[str, Any]:
    detected = {"valid": True, "confidence": 0} if task.detects else None
    return {
        "image_url": url,
        "image_url_ttl": ttl,
        "image_type": task.format,
        "nsfw_detection_result": detected,
    }


def _video(url: str, ttl: int) -> dict[str, Any]:
    return {"video_url": url, "video_url_ttl": str(ttl), "video_type": "mp4"}


def _audio(task: Task, url: str, ttl: int) -> dict[str, Any]:
    return {
        "audio_url": url,
        "audio_url_ttl": str(ttl),
        "audio_type": "wav",
        "audio_metadata": {"text": task.text, "start_time": 0.0, "end_time": results.sound_seconds(task.text)},
    }


_WEBHOOK: Final = Fields(
    {
        "url": need(Text(1, 2048)),
        "test_mode": may(
            Fields(
                {
                    "enabled": may(Flag(), False),
                    "return_task_status": may(Text(one_of=(tasks.SUCCEED, tasks.FAILED)), tasks.SUCCEED),
                }
            )
        ),
    }
)
_EXTRA: Final = Fields(
    {
        "response_image_type": may(Text(one_of=("jpeg", "png", "webp")), "png"),
        "enable_nsfw_detection": may(Flag(), False),
        "webhook": may(_WEBHOOK),
        "custom_storage": may(Anything()),
    },
    open=True,
)
_WANTED: Final = {
    "prompt": may(Text(high=LONG), ""),
    "text": may(Text(high=LONG), ""),
    "image_num": may(Whole(0, 8), 0),
    "batch_size": may(Whole(0, 8), 0),
    "seed": may(Whole(-1, 2**32 - 1)),
}
_NO_EXTRA: Final = {"response_image_type": "png", "enable_nsfw_detection": False, "webhook": None}
OPERATIONS = (
    Operation(
        name="tasks.submit",
        method="POST",
        path=f"{ASYNC}/{{operation}}",
        source="model-apis-task-result",
        confidence=Confidence.DOCUMENTED,
        serve=_submit,
        body=Fields(
            {"extra": may(_EXTRA, _NO_EXTRA), "request": may(Fields(_WANTED, open=True)), **_WANTED}, open=True
        ),
        answer=answers.TASK_ID,
        family=Family.MODEL,
        large=True,
    ),
    Operation(
        name="tasks.result",
        method="GET",
        path=f"{ASYNC}/task-result",
        source="model-apis-task-result",
        confidence=Confidence.DOCUMENTED,
        serve=_result,
        query=Fields({"task_id": need(Text(0, 255))}),
        answer=answers.TASK,
        family=Family.MODEL,
    ),
)

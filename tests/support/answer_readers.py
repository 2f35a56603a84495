"""Every reader of an answer of the API with a sound answer, which the simulator gives.

Nothing is listed by hand that a kind or the catalogue declares: a new kind and a new part have their readers here.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from foreign_objects import BODIES, make_foreign
from rig import Rig

from novita_infra.account.balance import BALANCE, KEYS, account_of, balance_of
from novita_infra.account.billing import (
    billed_lines,
    month_of,
    month_pages,
    transaction_of,
    transaction_pages,
    usage_request,
)
from novita_infra.account.budgets import (
    MEMBERS,
    enough_in,
    key_budgets_in,
    key_budgets_request,
    member_budgets_in,
)
from novita_infra.account.jobs import MachineJob, job_in, job_in_v2
from novita_infra.account.metrics import last_use
from novita_infra.account.quotas import endpoint_limits_in, quota_request, rate_limits_in
from novita_infra.account.spans import DAY, BillWindow
from novita_infra.account.v2_objects import V2_LISTS, V2List, V2Object, v2_object_in
from novita_infra.account.web_terminals import terminal_in
from novita_infra.api.json_values import object_of, objects_of
from novita_infra.api.paging import walk
from novita_infra.api.request import Pages, Request, get
from novita_infra.batches.batches import answered_batch
from novita_infra.batches.files import answered_file
from novita_infra.batches.joining import input_rows, join_results
from novita_infra.batches.listing import list_batches, list_files
from novita_infra.catalogue.images import account_image_in
from novita_infra.catalogue.keys import KEYS_WITH_POLICIES, keys_in, policy_of, policy_request
from novita_infra.catalogue.models import model_request, parse_model
from novita_infra.catalogue.prices import price_list
from novita_infra.catalogue.products import PARTS, Part, parse_catalogue
from novita_infra.catalogue.templates import template_in, template_request
from novita_infra.inference.answers import first_model_in, relevances_in, said_in, vectors_in
from novita_infra.inference.image_models import image_models_in, next_cursor_in
from novita_infra.inference.queues import health_in, purged_in, queue_job_in
from novita_infra.inference.tasks import task_id_in, task_in
from novita_infra.kinds import KINDS
from novita_infra.kinds.kind import Kind
from novita_infra.operations.account.api_call import every_item
from novita_infra.operations.llm.webhooks import EVENT, _task_of

Read = Callable[[Any], object]

MIGRATED: Final = {"instanceId": "i-1", "createdAt": "1790000000", "type": "autoInstanceMigrate"}
"""A migration: the simulator lists none before a machine has failed."""
BATCHES: Final = get("/openai/v1/batches")
METRICS: Final = {
    "cpuUtilization": [{"timestamp": "1790000000", "value": 12.5}],
    "gpuUtilization": {
        "avg": [{"timestamp": "1790000000", "value": 3.5}],
        "gpuIds": [{"items": [{"timestamp": 1_790_000_000, "value": 1}]}],
    },
}
JOBS: Final = {
    "jobs": [
        {
            "Id": "j-1",
            "type": "saveImage",
            "state": {"state": "fail", "error": "PUSH", "errorMessage": "no room"},
            "instanceId": "i-1",
            "createdAt": "1790000000",
        }
    ]
}
FILE: Final = {
    "id": "file_1",
    "filename": "in.jsonl",
    "bytes": 5,
    "purpose": "batch",
    "created_at": 1_790_000_000,
    "metadata": {"total_requests": 1},
}
RESULT: Final = {
    "custom_id": "a",
    "response": {"status_code": 200, "body": {"usage": {"prompt_tokens": 3, "completion_tokens": 4}}},
    "error": None,
}
BATCH: Final = {
    "id": "batch_1",
    "status": "validating",
    "errors": {"data": [{"message": "no"}]},
    "request_counts": {"total": 1},
    "created_at": "2025-08-11T16:31:52.949816948+08:00",
}
JOB_V2: Final = {
    "id": "j-1",
    "type": "saveImage",
    "envs": [],
    "status": {"status": "Failed", "error": "PUSH", "message": "no room"},
    "instance_id": "i-1",
    "created_at": 1790000000,
}
TERMINAL: Final = {
    "tools": {"web_terminal": {"endpoint": "https://x", "enabled": True, "username": "root", "password": "p"}}
}
OBJECT_V2: Final = {
    "id": "o-1",
    "task_id": "o-1",
    "name": "one",
    "status": {"status": "running", "error": "E", "message": "m"},
    "region_id": "us-ca-6",
    "image": "ubuntu",
    "created_at": 1790000000,
    "envs": [{"key": "A", "value": "b"}],
}
IMAGE_LIST: Final = {"data": [{"id": "m-1", "type": "private", "image": "docker.io/a", "tags": [{"tag": "1"}]}]}
MONEY: Final = {"amount": "3500", "amountDecimal": "0.35000", "voucherAmount": "0", "requestCount": 3}
CREATED: Final = {
    "model_access_policy": {"stringId": "key_1"},
    "instance": {"id": "i-1"},
    "endpoint": {"endpoint": {"id": "e-1"}},
    "template": {"templateId": "t-1"},
    "image_prewarm": {"id": "p-1"},
    "vpc": {"network": {"id": "n-1"}},
    "network_storage": {"data": "s-1"},
    "registry_auth": {"id": "r-1"},
    "saved_image": {"jobId": "j-1"},
    "batch": {"id": "batch_1"},
}
"""The answers to the creates, by type."""

_BY_HAND: Final = {"image_prewarm": {"state": "Failed"}}
"""Fields of the records: only a failed task has reasons that are read."""


@dataclass(frozen=True)
class AnswerReader:
    """What reads an answer, and a sound answer."""

    name: str
    read: Read
    sound: Any


def answer_readers(rig: Rig) -> Iterator[AnswerReader]:
    """The readers of all answers, with those of an account that has one object of each kind."""
    ids: dict[str, str] = {}
    for kind_type in ("network_storage", "vpc", *BODIES):
        if kind_type not in ids:
            ids[kind_type] = make_foreign(rig, kind_type, _more(ids).get(kind_type), _BY_HAND.get(kind_type))

    def answer(request: Request) -> Any:
        async def send() -> Any:
            async with rig.client() as client:
                return await client.send(request)

        return rig.clock.run(send())

    yield AnswerReader("jobs", _jobs, JOBS)
    yield AnswerReader("a job of v2", job_in_v2, JOB_V2)
    yield AnswerReader("a terminal", terminal_in, TERMINAL)
    for list_ in V2_LISTS.values():
        yield AnswerReader(f"{list_.word} of v2", partial(_of_v2, list_), {"data": [OBJECT_V2], "next_cursor": ""})
    yield AnswerReader("images", _images, IMAGE_LIST)
    yield AnswerReader("balance", balance_of, answer(BALANCE))
    yield AnswerReader("keys", lambda data: account_of(data, lambda masked: masked.startswith("sk_a")), answer(KEYS))
    yield AnswerReader("one template", template_in, answer(template_request("101")))
    yield AnswerReader("one model", parse_model, answer(model_request("qwen/qwen3-max")))
    yield AnswerReader("any list", _any_list, answer(BATCHES))
    yield from _batches()
    yield from _bills(answer, int(rig.clock.now()))
    yield AnswerReader("keys with policies", keys_in, answer(KEYS_WITH_POLICIES))
    *_, own = (key.id for key in rig.world.api_keys)
    yield AnswerReader("policy of a key", policy_of, answer(policy_request(own)))
    yield AnswerReader("policy of models", policy_of, {"policy": {"allowedModels": [{"type": "llm", "id": "m"}]}})
    yield AnswerReader("rate limits", rate_limits_in, answer(quota_request("llm")))
    yield AnswerReader("member budgets", member_budgets_in, answer(MEMBERS))
    yield AnswerReader(
        "key budgets", lambda data: key_budgets_in(data, "m"), answer(key_budgets_request(rig.world.owner))
    )
    yield AnswerReader("budget check", enough_in, {"enough": "true"})
    yield AnswerReader("endpoint limits", lambda data: endpoint_limits_in(object_of(data)), {"maxWorkerNum": "5"})
    yield from _inference()
    for kind in KINDS.values():
        for name, read, sound in _of_kind(kind, ids[kind.type], answer):
            yield AnswerReader(f"{kind.type} {name}", read, sound)
    for name, part in PARTS.items():
        for number, request in enumerate(part.requests):
            sound = answer(request)
            yield AnswerReader(f"{name} {number}", _catalogue(name, part, request, len(part.requests), number), sound)


def _inference() -> Iterator[AnswerReader]:
    """The readers of what language models and the queues of endpoints answer."""
    message = {"content": [{"type": "text", "text": "a"}], "reasoning_content": "b"}
    usage = {"prompt_tokens": 3, "completion_tokens": "4"}
    chat = {"id": "c", "model": "m", "choices": [{"message": message, "finish_reason": "stop"}], "usage": usage}
    yield AnswerReader("chat", said_in, {**chat, "error": {"message": "no"}})
    yield AnswerReader("embeddings", vectors_in, {"data": [{"index": 1, "embedding": [0.5, 1]}, {"embedding": [2]}]})
    yield AnswerReader("served", lambda data: first_model_in(json.dumps(data).encode()), {"data": [{"id": "m"}]})
    yield AnswerReader("rerank", relevances_in, {"results": [{"index": 0, "relevance_score": 0.5}]})
    yield AnswerReader("queue job", queue_job_in, {"id": "j", "status": "FAILED", "error": {"message": "no"}})
    numbers = {"jobs": {"inQueue": 1, "failed": "2"}, "workers": {"idle": 3}}
    yield AnswerReader("queue health", health_in, numbers)
    yield AnswerReader("purge", purged_in, {"removed": 2})
    task = {"task_id": "t", "status": "TASK_STATUS_SUCCEED", "eta": 3.5, "progress_percent": "50"}
    image = {"image_url": "https://r.example.com/a", "image_url_ttl": "3600", "image_type": "png"}
    yield AnswerReader("task", task_in, {"task": task, "images": [image], "videos": None})
    yield AnswerReader(
        "webhook event",
        lambda data: _task_of(json.dumps(data).encode()),
        {"event_type": EVENT, "payload": {"task": task}},
    )
    yield AnswerReader("new task", task_id_in, {"task_id": "t"})
    model = {"id": 1, "name": "n", "type": {"name": "lora"}, "status": 1, "is_sdxl": True, "tags": ["a"]}
    found = {"models": [model], "pagination": {"next_cursor": "c_1"}}
    yield AnswerReader("image models", lambda data: (image_models_in(data), next_cursor_in(data)), found)


def _batches() -> Iterator[AnswerReader]:
    """The readers of files and batches."""
    yield AnswerReader("one file", answered_file, FILE)
    yield AnswerReader("one batch", answered_batch, BATCH)
    yield AnswerReader("results of a batch", _joined, RESULT)
    yield AnswerReader("files", partial(_listed, list_files), {"data": [FILE], "has_more": False})
    yield AnswerReader("batches", partial(_listed, list_batches), {"data": [BATCH], "has_more": True, "last_id": "b"})


def _joined(data: Any) -> object:
    """Joins a result with the request that it is of."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "results"
        file.write_bytes(f"{json.dumps(data)}\n".encode("utf-8", "surrogatepass"))
        return asyncio.run(join_results([*input_rows(file), ("b", None)], [file], Path(folder) / "joined"))


def _listed(read: Callable[..., Any], data: Any) -> object:
    """Reads a list whose every answer is this one."""

    class Same:
        async def send(self, _: Request) -> Any:
            return data

    return asyncio.run(read(Same()))


def _bills(answer: Callable[[Request], Any], now: int) -> Iterator[AnswerReader]:
    """The readers of bills."""
    window = BillWindow(now - DAY, now)
    yield AnswerReader("usage", billed_lines, answer(usage_request(window, "gpu", "Day")))
    yield AnswerReader(
        "keys' bills", billed_lines, {"bills": [{"startTime": "1790000000", **MONEY, "apikeyName": "k"}]}
    )
    for name, pages, read in (
        ("months", month_pages("2026-01"), month_of),
        ("transactions", transaction_pages(0, now), transaction_of),
    ):
        sound = answer(Request("GET", pages.path, {**pages.query, **_paging(pages)}, repeatable=True))
        yield AnswerReader(name, _list_of(pages, read), sound)


def _more(ids: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Parts of the bodies whose answers have more to read."""
    storage, network = ids.get("network_storage", ""), ids.get("vpc", "")
    workers = {"minNum": 1, "maxNum": 2, "freeTimeout": 60, "maxConcurrent": 1, "gpuNum": 1}
    return {
        "instance": {
            "ports": "80/http,22/tcp",
            "envs": [{"key": "A", "value": "1"}],
            "networkStorages": [{"Id": storage, "mountPoint": "/data"}],
            "networkId": network,
            "clusterId": "us-dallas-nas-2",
            "billingMode": "spot",
        },
        "endpoint": {"workerConfig": workers, "envs": [{"key": "A", "value": "1"}]},
        "network_storage": {"clusterId": "us-dallas-nas-2"},
    }


def _of_kind(kind: Kind, id: str, answer: Callable[[Request], Any]) -> Iterator[tuple[str, Read, Any]]:
    pages, read = kind.api.read.pages, kind.api.read
    yield "list", _list(kind), answer(Request("GET", pages.path, {**pages.query, **_paging(pages)}, repeatable=True))
    yield "create", kind.api.new_id, CREATED[kind.type]
    if read.get is not None:
        unwrap = read.unwrap or (lambda data: data)
        yield "get", lambda data: _understood(kind, unwrap(data)), answer(read.get(id))
    if kind.market.quota is not None:
        yield "quota", kind.market.quota.read, answer(kind.market.quota.request)
    if kind.market.use is not None:
        yield "use", lambda data: last_use(data, 1_790_000_100.0), METRICS
    if kind.machine is not None and kind.machine.metrics is not None:
        yield "series", kind.machine.metrics.read, METRICS
    if kind.drift.migrations is not None:
        migrations = kind.drift.migrations
        yield "migration", lambda data: migrations.read(data if isinstance(data, dict) else {}), MIGRATED


def _list(kind: Kind) -> Read:
    return _list_of(kind.api.read.pages, partial(_understood, kind))


def _list_of(pages: Pages, read: Callable[[Any], object]) -> Read:
    async def send(data: Any) -> list[dict[str, Any]]:
        async def fetch(_: Request) -> Any:
            return data

        return await walk(pages, fetch)

    return lambda data: [read(item) for item in asyncio.run(send(data))]


def _any_list(data: Any) -> object:
    """Reads a list of any shape."""
    return _listed(lambda client: every_item(client, get("/list")), data)


def _understood(kind: Kind, item: Any) -> object:
    """Everything that is read from one object."""
    if not item:
        return None
    live = kind.api.read.parse(item)
    refusal = kind.api.deletion_refusal
    return live, kind.merged_outputs(live.outputs, live), refusal and refusal(live), kind.remedy(live)


def _catalogue(name: str, part: Part, request: Request, requests: int, number: int) -> Read:
    def read(data: Any) -> object:
        answers = [data if at == number else {} for at in range(requests)]
        return part.following(request, data), price_list(parse_catalogue({name: answers}))

    return read


def _paging(pages: Pages) -> dict[str, int]:
    return {pages.number: pages.first, pages.size: pages.page_size} if pages.number else {}


def _of_v2(list_: V2List, answer: Any) -> list[V2Object]:
    return [v2_object_in(item, list_) for item in objects_of(object_of(answer).get("data"))]


def _images(answer: Any) -> object:
    return [account_image_in(item).names for item in objects_of(object_of(answer).get("data"))]


def _jobs(answer: Any) -> list[MachineJob]:
    return [job_in(item) for item in objects_of(object_of(answer).get("jobs"))]

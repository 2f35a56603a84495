"""The operations of v2 on image prewarm tasks. A task cannot be changed in v2."""

from __future__ import annotations

from typing import Any, Final

from novita_infra.simulator.answer_schema import COUNT, TEXT, items, obj
from novita_infra.simulator.operations import CURSOR, Confidence, IncomingCall, cursor_page, data_page
from novita_infra.simulator.request_schema import Items, Text, may, need
from novita_infra.simulator.routes.cloud_v2.declaring import ID, OTHER_ID, operation_v2, record_place, status_schema
from novita_infra.simulator.world.cloud import prewarms
from novita_infra.simulator.world.engine.cloud_records import Prewarm
from novita_infra.simulator.world.engine.world import World

_STATES: Final = ("pending", "running", "succeeded", "failed")


def _create(world: World, call: IncomingCall) -> Any:
    body = call.body
    task = Prewarm(
        id="",
        image=body["image"],
        cluster=body["region_id"],
        auth=body["registry_auth_id"],
        products=body["product_ids"],
        note=world.quirks.stored(body["note"]),
    )
    return {"task_id": prewarms.create(world, task).id}


def _list(world: World, call: IncomingCall) -> Any:
    query = call.query
    name = query["name"].lower()
    matching = [
        one
        for one in world.prewarms.listed()
        if query["status"] in {"", one.state.lower()}
        and query["region_id"] in {"", one.cluster}
        and (name in one.image.lower() or name in one.note.lower())
    ]
    return cursor_page(world, matching, call, place=record_place, shown=_shown)


def _get(world: World, call: IncomingCall) -> Any:
    return _shown(prewarms.prewarm_of(world, call.path["task_id"]))


def _delete(world: World, call: IncomingCall) -> Any:
    prewarms.delete(world, call.body["task_ids"])
    return {}


def _shown(task: Prewarm) -> dict[str, Any]:
    return {
        "task_id": task.id,
        "name": task.image.rsplit("/", 1)[-1],
        "image": task.image,
        "region_id": task.cluster,
        "product_ids": task.products,
        "image_size": task.size,
        "created_at": int(task.created),
        "completed_at": task.done,
        "status": {"status": task.state.lower(), "error": "", "message": ""},
        "registry_auth_id": task.auth,
        "note": task.note,
        "reason": task.reasons,
    }


_TASK: Final = obj(
    task_id=TEXT,
    name=TEXT,
    image=TEXT,
    region_id=TEXT,
    product_ids=items(TEXT),
    image_size=COUNT,
    created_at=COUNT,
    completed_at=COUNT,
    status=status_schema(*_STATES),
    registry_auth_id=TEXT,
    note=TEXT,
    reason=items(TEXT),
)
OPERATIONS = (
    operation_v2(
        "prewarms_v2.list",
        "GET /prewarm-tasks",
        "list-image-prewarm",
        _list,
        answer=data_page(_TASK),
        query={
            **CURSOR,
            "status": may(Text(one_of=("", *_STATES)), ""),
            "region_id": OTHER_ID,
            "name": OTHER_ID,
        },
        counterpart="prewarms.list",
    ),
    operation_v2(
        "prewarms_v2.create",
        "POST /prewarm-tasks",
        "create-image-prewarm",
        _create,
        answer=obj(task_id=TEXT),
        confidence=Confidence.GUESSED,
        body={
            "image": need(Text(1, 4095)),
            "region_id": need(ID),
            "registry_auth_id": OTHER_ID,
            "product_ids": may(Items(ID, high=100), []),
            "note": may(Text(0, 1000), ""),
        },
        counterpart="prewarms.create",
    ),
    operation_v2(
        "prewarms_v2.get",
        "GET /prewarm-tasks/{task_id}",
        "get-image-prewarm",
        _get,
        answer=_TASK,
    ),
    operation_v2(
        "prewarms_v2.delete",
        "DELETE /prewarm-tasks",
        "delete-image-prewarm",
        _delete,
        confidence=Confidence.GUESSED,
        body={"task_ids": need(Items(ID, 1, 1000))},
        counterpart="prewarms.delete",
    ),
)

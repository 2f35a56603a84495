"""The operations on image prewarm tasks."""

from __future__ import annotations

from typing import Any

from novita_infra.simulator import answer_schema
from novita_infra.simulator.answers import resources as answers
from novita_infra.simulator.operations import (
    V1,
    Confidence,
    IncomingCall,
    Operation,
    done,
    done_schema,
    page_of,
    paging,
)
from novita_infra.simulator.request_schema import Fields, Items, Text, may, need
from novita_infra.simulator.world.cloud import prewarms
from novita_infra.simulator.world.engine.cloud_records import Prewarm
from novita_infra.simulator.world.engine.world import World
from novita_infra.simulator.world.market import catalogue

STATES = ("", "Pending", "Running", "Succeeded", "Failed")


def _quota(world: World, _call: IncomingCall) -> Any:
    return {
        "total": len(world.prewarms),
        "limit": world.limits.prewarm_tasks,
        "perImageSize": world.limits.prewarm_gb,
    }


def _create(world: World, call: IncomingCall) -> Any:
    body = call.body
    task = Prewarm(
        id="",
        image=body["imageUrl"],
        cluster=body["clusterId"],
        auth=body["repositoryAuth"],
        products=body["productIds"],
        note=world.quirks.stored(body["note"]),
    )
    return {"id": prewarms.create(world, task).id}


def _list(world: World, call: IncomingCall) -> Any:
    query = call.query
    name = query["name"].lower()
    matching = [
        one
        for one in world.listed_in_v1(world.prewarms)
        if query["state"] in {"", one.state}
        and query["clusterId"] in {"", one.cluster}
        and (name in _image_name(one).lower() or name in one.note.lower())
    ]
    page = page_of(
        matching,
        number=query["page"],
        size=query["pageSize"],
        first=1,
        default=10,
        largest=world.quirks.largest_page,
    )
    return {"data": [_shown(one) for one in page], "total": len(matching)}


def _image_name(task: Prewarm) -> str:
    return task.image.rsplit("/", 1)[-1].split("@", 1)[0].split(":", 1)[0]


def _shown(task: Prewarm) -> dict[str, Any]:
    return {
        "id": task.id,
        "imageName": _image_name(task),
        "imageUrl": task.image,
        "repositoryAuth": task.auth,
        "clusterId": task.cluster,
        "clusterName": catalogue.cluster_of(task.cluster).name,
        "products": [
            {"productId": product, "productName": catalogue.product_of(product).name} for product in task.products
        ],
        "imageSize": str(task.size),
        "createTime": str(int(task.created)),
        "completeTime": str(task.done),
        "state": task.state,
        "note": task.note,
        "reason": task.reasons,
    }


def _edit(world: World, call: IncomingCall) -> Any:
    prewarms.edit(world, call.body["id"], note=world.quirks.stored(call.body["note"]))
    return done(world)


def _delete(world: World, call: IncomingCall) -> Any:
    prewarms.delete(world, call.body["ids"])
    return done(world)


OPERATIONS = (
    Operation(
        name="prewarms.quota",
        method="GET",
        path=f"{V1}/image/prewarm/quota",
        source="gpu-instance-get-image-quota",
        confidence=Confidence.DOCUMENTED,
        serve=_quota,
        answer=answers.PREWARM_QUOTA,
    ),
    Operation(
        name="prewarms.list",
        method="GET",
        path=f"{V1}/image/prewarm",
        source="gpu-instance-list-image-prewarm",
        confidence=Confidence.DOCUMENTED,
        serve=_list,
        answer=answers.PREWARMS,
        query=Fields(
            {
                **paging("page"),
                "state": may(Text(one_of=STATES), ""),
                "clusterId": may(Text(0, 255), ""),
                "name": may(Text(0, 500), ""),
            }
        ),
    ),
    Operation(
        name="prewarms.create",
        method="POST",
        path=f"{V1}/image/prewarm",
        source="gpu-instance-create-image-prewarm",
        confidence=Confidence.DOCUMENTED,
        serve=_create,
        answer=answer_schema.MADE,
        body=Fields(
            {
                "imageUrl": need(Text(1, 500)),
                "clusterId": need(Text(1, 255)),
                "repositoryAuth": may(Text(0, 255), ""),
                "productIds": may(Items(Text(1, 255), high=100), []),
                "note": may(Text(0, 1000), ""),
            }
        ),
    ),
    Operation(
        name="prewarms.edit",
        method="POST",
        path=f"{V1}/image/prewarm/edit",
        source="gpu-instance-update-image-prewarm",
        confidence=Confidence.GUESSED,
        serve=_edit,
        answer=done_schema,
        body=Fields({"id": need(Text(1, 255), "task_id"), "note": may(Text(0, 1000), "")}),
    ),
    Operation(
        name="prewarms.delete",
        method="POST",
        path=f"{V1}/image/prewarm/delete",
        source="gpu-instance-delete-image-prewarm",
        confidence=Confidence.GUESSED,
        serve=_delete,
        answer=done_schema,
        body=Fields({"ids": need(Items(Text(1, 255), 1, 1000), "task_id")}),
    ),
)

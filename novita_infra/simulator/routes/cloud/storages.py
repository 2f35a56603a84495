"""The operations on network storages."""

from __future__ import annotations

from typing import Any

from novita_infra.simulator import answer_schema
from novita_infra.simulator.answers import resources as answers
from novita_infra.simulator.operations import V1, Confidence, IncomingCall, Operation, page_of, paging
from novita_infra.simulator.request_schema import Fields, Text, Whole, may, need, should
from novita_infra.simulator.world.cloud import storages
from novita_infra.simulator.world.engine.cloud_records import Storage
from novita_infra.simulator.world.engine.world import World
from novita_infra.simulator.world.market import catalogue, money


def _list(world: World, call: IncomingCall) -> Any:
    query = call.query
    matching = [
        one
        for one in world.storages.listed()
        if query["storageId"] in {"", one.id} and query["storageName"].lower() in one.name.lower()
    ]
    page = page_of(
        matching,
        number=query["pageNo"],
        size=query["pageSize"],
        first=1,
        default=10,
        largest=world.quirks.largest_page,
    )
    data = [_shown(one) for one in page]
    return {"data": data or (None if world.quirks.null_when_empty else []), "total": len(matching)}


def _shown(storage: Storage) -> dict[str, Any]:
    return {
        "storageId": storage.id,
        "storageName": storage.name,
        "storageSize": storage.size,
        "clusterId": storage.cluster,
        "clusterName": catalogue.cluster_of(storage.cluster).name,
        "price": str(money.STORAGE_PRICE),
    }


def _create(world: World, call: IncomingCall) -> Any:
    body = call.body
    storage = storages.create(world, name=body["storageName"], size=body["storageSize"], cluster=body["clusterId"])
    if world.quirks.storage_id_bare:
        return storage.id
    return {
        "storageId": storage.id,
        "storageName": storage.name,
        "storageSize": storage.size,
        "clusterId": storage.cluster,
    }


def _update(world: World, call: IncomingCall) -> Any:
    body = call.body
    storages.update(world, body["storageId"], name=body["storageName"], size=body["storageSize"])
    return {}


def _delete(world: World, call: IncomingCall) -> Any:
    storages.delete(world, call.body["storageId"])
    return {}


_ID = need(Text(1, 255), "id")
_NAME = Text(1, 255)
OPERATIONS = (
    Operation(
        name="storages.list",
        method="GET",
        path=f"{V1}/networkstorages/list",
        source="gpu-instance-list-network-storage",
        confidence=Confidence.SEEN_LIVE,
        serve=_list,
        answer=answers.storages,
        query=Fields({**paging("pageNo"), "storageName": may(Text(0, 255), ""), "storageId": may(Text(0, 255), "")}),
        also=(f"{V1}/networkstorages",),
    ),
    Operation(
        name="storages.create",
        method="POST",
        path=f"{V1}/networkstorage/create",
        source="gpu-instance-create-network-storage",
        confidence=Confidence.SEEN_LIVE,
        serve=_create,
        answer=answers.storage_made,
        body=Fields(
            {"clusterId": need(Text(1, 255)), "storageName": need(_NAME), "storageSize": need(Whole(0, as_text=True))}
        ),
    ),
    Operation(
        name="storages.update",
        method="POST",
        path=f"{V1}/networkstorage/update",
        source="gpu-instance-edit-network-storage",
        confidence=Confidence.DOCUMENTED,
        serve=_update,
        answer=answer_schema.EMPTY_OBJECT,
        body=Fields(
            {
                "storageId": _ID,
                "storageName": should(_NAME, None),
                "storageSize": should(Whole(0, as_text=True), None),
            }
        ),
    ),
    Operation(
        name="storages.delete",
        method="POST",
        path=f"{V1}/networkstorage/delete",
        source="gpu-instance-delete-network-storage",
        confidence=Confidence.DOCUMENTED,
        serve=_delete,
        answer=answer_schema.EMPTY_OBJECT,
        body=Fields({"storageId": _ID}),
    ),
)

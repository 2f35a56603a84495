"""The operations on private networks."""

from __future__ import annotations

from typing import Any

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
from novita_infra.simulator.request_schema import Fields, Text, may, need
from novita_infra.simulator.world.cloud import networks
from novita_infra.simulator.world.engine.cloud_records import Network
from novita_infra.simulator.world.engine.world import World


def _list(world: World, call: IncomingCall) -> Any:
    query = call.query
    matching = [
        one
        for one in world.listed_in_v1(world.networks)
        if query["name"].lower() in one.name.lower() and query["creators"] in {"", world.owner}
    ]
    page = page_of(
        matching,
        number=query["pageNum"],
        size=query["pageSize"],
        first=world.quirks.first_page,
        default=20,
        largest=world.quirks.largest_page,
    )
    return {world.quirks.networks_key: [_shown(world, one) for one in page], "total": str(len(matching))}


def _get(world: World, call: IncomingCall) -> Any:
    row = _shown(world, networks.network_of(world, call.query["networkId"]))
    return {"network": row if world.quirks.network_as_object else [row]}


def _create(world: World, call: IncomingCall) -> Any:
    network = networks.create(world, name=call.body["name"], cluster=call.body["clusterId"])
    return {"network": [_shown(world, network)]} if world.quirks.tells_network_id else {}


def _update(world: World, call: IncomingCall) -> Any:
    networks.rename(world, call.body["networkId"], name=call.body["name"])
    return done(world)


def _delete(world: World, call: IncomingCall) -> Any:
    networks.delete(world, call.body["networkId"])
    return done(world)


def _shown(world: World, network: Network) -> dict[str, Any]:
    state = {"state": network.state, "error": network.error}
    return {
        "Id": network.id,
        "user": world.owner,
        "name": network.name,
        "state": state if world.quirks.network_as_object else [state],
        "segment": network.segment,
        "clusterId": network.cluster,
        "Addresses": [{"Id": one.id, "Ip": one.ip} for one in networks.network_members(world, network.id)],
        "createTime": str(int(network.created)),
    }


_ID = need(Text(1, 255))
OPERATIONS = (
    Operation(
        name="networks.list",
        method="GET",
        path=f"{V1}/networks",
        source="gpu-instance-list-vpc",
        confidence=Confidence.SEEN_LIVE,
        serve=_list,
        answer=answers.networks,
        query=Fields({**paging(), "name": may(Text(0, 255), ""), "creators": may(Text(0, 255), "")}),
    ),
    Operation(
        name="networks.get",
        method="GET",
        path=f"{V1}/network",
        source="gpu-instance-get-vpc",
        confidence=Confidence.DOCUMENTED,
        serve=_get,
        answer=answers.network,
        query=Fields({"networkId": _ID}),
    ),
    Operation(
        name="networks.create",
        method="POST",
        path=f"{V1}/network/create",
        source="gpu-instance-create-vpc",
        confidence=Confidence.SEEN_LIVE,
        serve=_create,
        answer=answers.network_made,
        body=Fields({"clusterId": _ID, "name": may(Text(0, 30), "")}),
    ),
    Operation(
        name="networks.update",
        method="POST",
        path=f"{V1}/network/update",
        source="gpu-instance-update-vpc",
        confidence=Confidence.GUESSED,
        serve=_update,
        answer=done_schema,
        body=Fields({"networkId": _ID, "name": need(Text(1, 30))}),
    ),
    Operation(
        name="networks.delete",
        method="POST",
        path=f"{V1}/network/delete",
        source="gpu-instance-delete-vpc",
        confidence=Confidence.GUESSED,
        serve=_delete,
        answer=done_schema,
        body=Fields({"networkId": _ID}),
    ),
)

"""The operations of v2 on private networks."""

from __future__ import annotations

from typing import Any, Final

from novita_infra.simulator import answer_schema
from novita_infra.simulator.answer_schema import COUNT, TEXT, items, obj
from novita_infra.simulator.operations import CURSOR, Confidence, IncomingCall, cursor_page, data_page
from novita_infra.simulator.request_schema import Text, need
from novita_infra.simulator.routes.cloud_v2.declaring import ID, OTHER_ID, operation_v2, record_place, status_schema
from novita_infra.simulator.world.cloud import networks
from novita_infra.simulator.world.engine.cloud_records import Network
from novita_infra.simulator.world.engine.world import World

_STATES: Final = {"ready": "running"}
"""The words of v2 in the examples of its pages, for those of the record."""
_NAME: Final = Text(1, 30)


def _list(world: World, call: IncomingCall) -> Any:
    name, members = call.query["name"].lower(), set(filter(None, call.query["member_ids"].split(",")))
    matching = [
        one for one in world.networks.listed() if name in one.name.lower() and (not members or world.owner in members)
    ]
    return cursor_page(world, matching, call, place=record_place, shown=lambda one: _shown(world, one))


def _get(world: World, call: IncomingCall) -> Any:
    return _shown(world, networks.network_of(world, call.path["network_id"]))


def _create(world: World, call: IncomingCall) -> Any:
    return {"id": networks.create(world, name=call.body["name"], cluster=call.body["region_id"]).id}


def _update(world: World, call: IncomingCall) -> Any:
    networks.rename(world, call.path["network_id"], name=call.body["name"])
    return {}


def _delete(world: World, call: IncomingCall) -> Any:
    networks.delete(world, call.path["network_id"])
    return {}


def _shown(world: World, network: Network) -> dict[str, Any]:
    """A network. The page shows the fields up to `status`; the others are guessed."""
    return {
        "id": network.id,
        "owner_id": world.owner,
        "name": network.name,
        "status": {"status": _STATES.get(network.state, network.state), "error": network.error, "message": ""},
        "member_id": world.owner,
        "region_id": network.cluster,
        "segment": network.segment,
        "addresses": [{"id": one.id, "ip": one.ip} for one in networks.network_members(world, network.id)],
        "created_at": int(network.created),
    }


_NETWORK: Final = obj(
    id=TEXT,
    owner_id=TEXT,
    name=TEXT,
    status=status_schema("creating", "running"),
    member_id=TEXT,
    region_id=TEXT,
    segment=TEXT,
    addresses=items(obj(id=TEXT, ip=TEXT)),
    created_at=COUNT,
)
OPERATIONS = (
    operation_v2(
        "networks_v2.list",
        "GET /networks",
        "list-vpc",
        _list,
        answer=data_page(_NETWORK),
        confidence=Confidence.GUESSED,
        query={**CURSOR, "name": OTHER_ID, "member_ids": OTHER_ID},
        counterpart="networks.list",
    ),
    operation_v2(
        "networks_v2.create",
        "POST /networks",
        "create-vpc",
        _create,
        answer=answer_schema.MADE,
        confidence=Confidence.GUESSED,
        body={"region_id": need(ID), "name": need(_NAME)},
        counterpart="networks.create",
        fields={"clusterId": "region_id"},
    ),
    operation_v2(
        "networks_v2.get",
        "GET /networks/{network_id}",
        "get-vpc",
        _get,
        answer=_NETWORK,
        confidence=Confidence.GUESSED,
        counterpart="networks.get",
    ),
    operation_v2(
        "networks_v2.update",
        "PUT /networks/{network_id}",
        "update-vpc",
        _update,
        confidence=Confidence.GUESSED,
        body={"name": need(_NAME)},
        counterpart="networks.update",
    ),
    operation_v2(
        "networks_v2.delete",
        "DELETE /networks/{network_id}",
        "delete-vpc",
        _delete,
        confidence=Confidence.GUESSED,
        counterpart="networks.delete",
    ),
)

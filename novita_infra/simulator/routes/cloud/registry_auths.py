"""The operations on registry credentials."""

from __future__ import annotations

from typing import Any

from novita_infra.simulator import answer_schema
from novita_infra.simulator.answers import resources as answers
from novita_infra.simulator.operations import V1, Confidence, IncomingCall, Operation, paging
from novita_infra.simulator.request_schema import Fields, Text, need
from novita_infra.simulator.world.cloud import registry_auths
from novita_infra.simulator.world.engine.world import World


def _list(world: World, _call: IncomingCall) -> Any:
    masked = world.quirks.masked_passwords
    return {
        "data": [
            {
                "id": one.id,
                "name": one.name,
                "username": one.username,
                "password": "******" if masked else one.password,
            }
            for one in world.registry_auths.listed()
        ]
    }


def _save(world: World, call: IncomingCall) -> Any:
    body = call.body
    registry_auths.save(world, name=body["name"], username=body["username"], password=body["password"])
    return {}


def _delete(world: World, call: IncomingCall) -> Any:
    registry_auths.delete(world, call.body["id"])
    return {}


OPERATIONS = (
    Operation(
        name="registry_auths.list",
        method="GET",
        path=f"{V1}/repository/auths",
        source="gpu-instance-list-container-registry-auth",
        confidence=Confidence.SEEN_LIVE,
        serve=_list,
        answer=answers.AUTHS,
        query=Fields(paging("pageNo")),
    ),
    Operation(
        name="registry_auths.save",
        method="POST",
        path=f"{V1}/repository/auth/save",
        source="gpu-instance-create-container-registry-auth",
        confidence=Confidence.DOCUMENTED,
        serve=_save,
        answer=answer_schema.EMPTY_OBJECT,
        body=Fields({"name": need(Text(1, 255)), "username": need(Text(1, 511)), "password": need(Text(1, 1024))}),
    ),
    Operation(
        name="registry_auths.delete",
        method="POST",
        path=f"{V1}/repository/auth/delete",
        source="gpu-instance-delete-container-registry-auth",
        confidence=Confidence.DOCUMENTED,
        serve=_delete,
        answer=answer_schema.EMPTY_OBJECT,
        body=Fields({"id": need(Text(1, 255))}),
    ),
)

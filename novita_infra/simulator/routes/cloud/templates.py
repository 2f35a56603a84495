"""The operations on templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from novita_infra.simulator.answers import resources as answers
from novita_infra.simulator.errors import invalid
from novita_infra.simulator.operations import V1, IncomingCall, Operation, page_of, paging
from novita_infra.simulator.request_schema import (
    ENVS,
    PORT,
    Anything,
    Fields,
    Flag,
    Items,
    Text,
    Whole,
    may,
    need,
    should,
)
from novita_infra.simulator.world.cloud import templates
from novita_infra.simulator.world.engine.cloud_records import Template
from novita_infra.simulator.world.engine.world import World


def _list(world: World, call: IncomingCall) -> Any:
    query = call.query
    channels = set(filter(None, query["channel"].split(","))) or {"official", "community"}
    mine = query["isMyCommunity"]
    matching = [
        one
        for one in (*templates.OFFERED, *world.templates.listed())
        if one.channel in channels
        and (one.channel != "private" or one.owner == world.owner)
        and not (mine and one.owner != world.owner and "private" not in channels)
        and query["name"].lower() in one.name.lower()
        and query["type"] in {"", one.type}
    ]
    page = page_of(
        matching,
        number=query["pageNum"],
        size=query["pageSize"],
        first=world.quirks.first_page,
        default=20,
        largest=world.quirks.largest_page,
    )
    return {"template": [_shown(one) for one in page], "total": len(matching)}


def _get(world: World, call: IncomingCall) -> Any:
    return {"template": _shown(templates.template_of(world, call.query["templateId"]))}


def _create(world: World, call: IncomingCall) -> Any:
    return {"templateId": templates.create(world, _wish(world, call.body["template"])).id}


def _update(world: World, call: IncomingCall) -> Any:
    return {"templateId": templates.update(world, _wish(world, call.body["template"])).id}


def _delete(world: World, call: IncomingCall) -> Any:
    templates.delete(world, call.body["templateId"])
    return {"templateId": call.body["templateId"]}


def _wish(world: World, body: Mapping[str, Any]) -> Template:
    if sum(len(group["ports"]) for group in body["ports"]) > 10:
        raise invalid("template.ports", "may have at most 10 ports")
    return Template(
        id=body.get("Id", ""),
        name=body["name"],
        image=body["image"],
        readme=world.quirks.stored(body["readme"]),
        type=body["type"],
        channel=body["channel"],
        auth=body["imageAuth"],
        rootfs=body["rootfsSize"],
        ports=body["ports"],
        envs=body["envs"],
        command=body["startCommand"],
        entrypoint=body["entrypoint"],
        cuda=body["minCudaVersion"],
    )


def _shown(template: Template) -> dict[str, Any]:
    return {
        "Id": template.id,
        "name": template.name,
        "readme": template.readme,
        "type": template.type,
        "channel": template.channel,
        "image": template.image,
        "imageAuth": template.auth,
        "startCommand": template.command,
        "entrypoint": template.entrypoint,
        "rootfsSize": template.rootfs,
        "ports": template.ports,
        "envs": template.envs,
        "tools": template.tools,
        "recommendCards": template.cards,
        "minCudaVersion": template.cuda,
        "createdAt": str(int(template.created)),
        "user": template.owner,
        "logo": "",
        "volumes": [],
    }


_FIELDS = {
    "name": need(Text(1, 255)),
    "type": should(Text(one_of=("instance",)), "instance"),
    "channel": should(Text(one_of=("private", "community")), "private"),
    "image": need(Text(1, 500)),
    "rootfsSize": need(Whole(1)),
    "readme": may(Text(0, 102_400), ""),
    "imageAuth": may(Text(0, 255), ""),
    "startCommand": may(Text(0, 2047), ""),
    "entrypoint": may(Text(0, 2047), ""),
    "ports": may(
        Items(Fields({"type": need(Text(one_of=("http", "tcp"))), "ports": need(Items(PORT, high=10))}), high=10), []
    ),
    "envs": may(ENVS, []),
    "minCudaVersion": may(Text(0, 255), ""),
    "volumes": may(Anything()),
}
_READ_ONLY = dict.fromkeys(("user", "logo", "tools", "recommendCards", "createdAt", "createTime"), may(Anything()))
OPERATIONS = (
    Operation(
        name="templates.list",
        method="GET",
        path=f"{V1}/templates",
        source="gpu-instance-list-templates",
        serve=_list,
        answer=answers.TEMPLATES,
        query=Fields(
            {
                "channel": should(Text(0, 255, pattern=r"((official|community|private)(,|$))*"), ""),
                "isMyCommunity": may(Flag(), default=False),
                **paging(),
                "name": may(Text(0, 255), ""),
                "type": may(Text(one_of=("instance", "")), ""),
            }
        ),
    ),
    Operation(
        name="templates.get",
        method="GET",
        path=f"{V1}/template",
        source="gpu-instance-get-template",
        serve=_get,
        answer=answers.TEMPLATE,
        query=Fields({"templateId": need(Text(1, 255))}),
    ),
    Operation(
        name="templates.create",
        method="POST",
        path=f"{V1}/template/create",
        source="gpu-instance-create-template",
        serve=_create,
        answer=answers.TEMPLATE_ID,
        body=Fields({"template": need(Fields(_FIELDS))}),
    ),
    Operation(
        name="templates.update",
        method="POST",
        path=f"{V1}/template/update",
        source="gpu-instance-edit-template",
        serve=_update,
        answer=answers.TEMPLATE_ID,
        body=Fields({"template": need(Fields({"Id": need(Text(1, 255)), **_FIELDS, **_READ_ONLY}))}),
    ),
    Operation(
        name="templates.delete",
        method="POST",
        path=f"{V1}/template/delete",
        source="gpu-instance-delete-template",
        serve=_delete,
        answer=answers.TEMPLATE_ID,
        body=Fields({"templateId": need(Text(1, 255))}),
    ),
)

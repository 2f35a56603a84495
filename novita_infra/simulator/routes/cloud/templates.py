"""The operations on templates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from novita_infra.simulator.answer_schema import COUNT, DIGITS, TEXT, TIME, WHOLE, Schema, items, obj
from novita_infra.simulator.errors import invalid
from novita_infra.simulator.operations import V1, Confidence, IncomingCall, Operation, page_of, paging
from novita_infra.simulator.profiles import Quirks
from novita_infra.simulator.request_schema import (
    Anything,
    Fields,
    Flag,
    Text,
    may,
    need,
    should,
)
from novita_infra.simulator.world.cloud import templates
from novita_infra.simulator.world.engine.cloud_records import TEMPLATE_FIELDS, Template
from novita_infra.simulator.world.engine.world import World


def _list(world: World, call: IncomingCall) -> Any:
    query = call.query
    channels = set(filter(None, query["channel"].split(","))) or {"official", "community"}
    mine = query["isMyCommunity"]
    matching = [
        one
        for one in (*templates.OFFERED, *world.listed_in_v1(world.templates))
        if one.channel in channels
        and (one.channel != "private" or one.owner == world.owner)
        and not (mine and one.owner != world.owner and "private" not in channels)
        and query["name"].lower() in one.name.lower()
        and query["type"] in {"", one.type}
    ]
    first, largest = world.quirks.first_page, world.quirks.largest_page
    number, size = query["pageNum"], query["pageSize"]
    page = page_of(matching, number=number, size=size, first=first, default=_PAGE, largest=largest)
    shown_page = {"pageSize": min(size or _PAGE, largest), "pageNum": max(first, number or 0)}
    return {
        "template": [_shown(one) for one in page],
        "total": len(matching),
        **(shown_page if world.quirks.templates_show_page else {}),
    }


def _listed(quirks: Quirks) -> Schema:
    """The schema of a page of templates."""
    shown_page = {"pageSize": COUNT, "pageNum": COUNT} if quirks.templates_show_page else {}
    return obj(template=items(_TEMPLATE), total=COUNT, **shown_page)


def _get(world: World, call: IncomingCall) -> Any:
    return {"template": _shown(templates.template_of(world, call.query["templateId"]))}


def _create(world: World, call: IncomingCall) -> Any:
    return {"templateId": templates.create(world, Template(id="", **_given(world, call.body["template"]))).id}


def _update(world: World, call: IncomingCall) -> Any:
    body = call.body["template"]
    present = templates.template_of(world, body["Id"])
    return {"templateId": templates.update(world, replace(present, **_given(world, body))).id}


def _delete(world: World, call: IncomingCall) -> Any:
    templates.delete(world, call.body["templateId"])
    return {"templateId": call.body["templateId"]}


def _given(world: World, body: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes that a request sets. Those that it does not mention have their defaults."""
    if sum(len(group["ports"]) for group in body["ports"]) > 10:
        raise invalid("template.ports", "may have at most 10 ports")
    return TEMPLATE_FIELDS.set_by("create", body) | {"readme": world.quirks.stored(body["readme"])}


def _shown(template: Template) -> dict[str, Any]:
    return {
        **TEMPLATE_FIELDS.shown(template),
        "Id": template.id,
        "tools": template.tools,
        "recommendCards": template.cards,
        "createdAt": str(int(template.created)),
        "user": template.owner,
        "logo": template.logo,
        "volumes": [],
    }


_PAGE = 20
"""The length of a page by default."""
_FIELDS = {**TEMPLATE_FIELDS.requests("create"), "volumes": may(Anything())}
"""The same in a create and in an update."""
_READ_ONLY = dict.fromkeys(("user", "logo", "tools", "recommendCards", "createdAt", "createTime"), may(Anything()))
_TEMPLATE = obj(
    **TEMPLATE_FIELDS.answers(),
    Id=TEXT,
    tools=items(obj(name=TEXT, describe=TEXT, port=WHOLE, type=TEXT)),
    recommendCards=items(obj(gpuSpecId=TEXT, cardNum=DIGITS)),
    createdAt=TIME,
    user=TEXT,
    logo=TEXT,
    volumes=items(obj(type=TEXT, size=COUNT, mountPath=TEXT)),
)
_TEMPLATE_ID = obj(templateId=TEXT)
OPERATIONS = (
    Operation(
        name="templates.list",
        method="GET",
        path=f"{V1}/templates",
        source="gpu-instance-list-templates",
        confidence=Confidence.SEEN_LIVE,
        serve=_list,
        answer=_listed,
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
        confidence=Confidence.SEEN_LIVE,
        serve=_get,
        answer=obj(template=_TEMPLATE),
        query=Fields({"templateId": need(Text(1, 255))}),
    ),
    Operation(
        name="templates.create",
        method="POST",
        path=f"{V1}/template/create",
        source="gpu-instance-create-template",
        confidence=Confidence.SEEN_LIVE,
        serve=_create,
        answer=_TEMPLATE_ID,
        body=Fields({"template": need(Fields(_FIELDS))}),
    ),
    Operation(
        name="templates.update",
        method="POST",
        path=f"{V1}/template/update",
        source="gpu-instance-edit-template",
        confidence=Confidence.DOCUMENTED,
        serve=_update,
        answer=_TEMPLATE_ID,
        body=Fields({"template": need(Fields({"Id": need(Text(1, 255)), **_FIELDS, **_READ_ONLY}))}),
    ),
    Operation(
        name="templates.delete",
        method="POST",
        path=f"{V1}/template/delete",
        source="gpu-instance-delete-template",
        confidence=Confidence.DOCUMENTED,
        serve=_delete,
        answer=_TEMPLATE_ID,
        body=Fields({"templateId": need(Text(1, 255))}),
    ),
)

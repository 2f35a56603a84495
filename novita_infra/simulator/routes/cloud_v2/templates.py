"""The operations of v2 on templates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from novita_infra.simulator.answer_schema import COUNT, PAIR, TEXT, WHOLE, choice, items, obj
from novita_infra.simulator.errors import invalid
from novita_infra.simulator.operations import CURSOR, Confidence, IncomingCall, cursor_page, data_page
from novita_infra.simulator.request_schema import Fields, Flag, Items, Text, Whole, may, need
from novita_infra.simulator.routes.cloud_v2.declaring import COMMAND, OTHER_ID, PAIRS, PORTS, operation_v2, record_place
from novita_infra.simulator.world.cloud import templates
from novita_infra.simulator.world.engine.cloud_records import Template
from novita_infra.simulator.world.engine.world import World

_FIELDS: Final = {
    "name": "name",
    "type": "type",
    "image": "image",
    "registry_auth_id": "auth",
    "command": "command",
    "entrypoint": "entrypoint",
    "rootfs_size_gb": "rootfs",
    "envs": "envs",
    "min_cuda_version": "cuda",
}
"""The fields that hold an attribute of the record as it is."""
_METADATA: Final = ("readme", "logo", "description", "author", "tags")


def _list(world: World, call: IncomingCall) -> Any:
    query = call.query
    visible, members = _split(query["visibilities"]), _split(query["member_ids"])
    matching = [
        one
        for one in (*templates.OFFERED, *world.templates.listed())
        if (one.channel != "private" or one.owner == world.owner)
        and (not visible or one.channel in visible)
        and (not members or one.owner in members)
        and not (query["is_my_community"] and (one.channel != "community" or one.owner != world.owner))
        and query["name"].lower() in one.name.lower()
        and query["type"] in {"", one.type}
    ]
    return cursor_page(world, matching, call, place=record_place, shown=_shown)


def _split(words: str) -> set[str]:
    return set(filter(None, words.split(",")))


def _get(world: World, call: IncomingCall) -> Any:
    return _shown(templates.template_of(world, call.path["template_id"]))


def _create(world: World, call: IncomingCall) -> Any:
    new = Template(id="", name="", image="", rootfs=10)
    return {"template_id": templates.create(world, replace(new, **_given(world, call.body))).id}


def _update(world: World, call: IncomingCall) -> Any:
    """Changes the given fields and keeps the others."""
    present = templates.template_of(world, call.path["template_id"])
    return {"template_id": templates.update(world, replace(present, **_given(world, call.body))).id}


def _given(world: World, body: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes that a request sets."""
    values: dict[str, Any] = {attribute: body[field] for field, attribute in _FIELDS.items()}
    values |= body["metadata"] or {}
    if values.get("readme") is not None:
        values["readme"] = world.quirks.stored(values["readme"])
    if body["ports"] is not None:
        values["ports"] = _groups(body["ports"])
    return {name: value for name, value in values.items() if value is not None}


def _groups(ports: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The ports as the record has them: one group for each protocol."""
    if len(ports) > 10:
        raise invalid("ports", "may have at most 10 ports")
    groups: dict[str, list[int]] = {}
    for port in ports:
        groups.setdefault(port["protocol"], []).append(port["port"])
    return [{"type": protocol, "ports": numbers} for protocol, numbers in groups.items()]


def _delete(world: World, call: IncomingCall) -> Any:
    templates.delete(world, call.path["template_id"])
    return {}


def _shown(template: Template) -> dict[str, Any]:
    return {
        "id": template.id,
        **{field: getattr(template, attribute) for field, attribute in _FIELDS.items()},
        "owner_id": template.owner,
        "member_id": template.owner,
        "visibility": template.channel,
        "ports": [{"protocol": group["type"], "port": port} for group in template.ports for port in group["ports"]],
        "metadata": {name: getattr(template, name) for name in _METADATA},
        "created_at": int(template.created),
        "updated_at": int(template.updated or template.created),
    }


_CONTENT: Final = {
    "registry_auth_id": may(Text(0, 255)),
    "command": may(COMMAND),
    "entrypoint": may(COMMAND),
    "rootfs_size_gb": may(Whole(1)),
    "ports": may(PORTS),
    "envs": may(PAIRS),
    "metadata": may(
        Fields(
            {
                "readme": may(Text(0, 102_400)),
                **dict.fromkeys(("logo", "description", "author"), may(Text(0, 4095))),
                "tags": may(Items(Text(1, 255), high=100)),
            }
        )
    ),
    "min_cuda_version": may(Text(0, 255)),
}
_TYPE: Final = Text(one_of=("instance",))
_CREATE: Final = {"name": need(Text(1, 255)), "type": need(_TYPE), "image": need(Text(1, 500)), **_CONTENT}
_UPDATE: Final = {"name": may(Text(1, 255)), "type": may(_TYPE), "image": may(Text(1, 500)), **_CONTENT}
_TEMPLATE: Final = obj(
    id=TEXT,
    owner_id=TEXT,
    name=TEXT,
    type=choice("instance"),
    visibility=choice("official", "community", "private"),
    image=TEXT,
    registry_auth_id=TEXT,
    command=TEXT,
    entrypoint=TEXT,
    rootfs_size_gb=COUNT,
    ports=items(obj(protocol=choice("http", "tcp"), port=WHOLE)),
    envs=items(PAIR),
    metadata=obj(readme=TEXT, logo=TEXT, description=TEXT, author=TEXT, tags=items(TEXT)),
    min_cuda_version=TEXT,
    created_at=COUNT,
    updated_at=COUNT,
    member_id=TEXT,
)
_MADE: Final = obj(template_id=TEXT)
OPERATIONS = (
    operation_v2(
        "templates_v2.list",
        "GET /templates",
        "list-templates",
        _list,
        answer=data_page(_TEMPLATE),
        query={
            **CURSOR,
            "name": OTHER_ID,
            "type": may(Text(0, 63), ""),
            "visibilities": may(Text(0, 255), ""),
            "member_ids": may(Text(0, 255), ""),
            "is_my_community": may(Flag(), default=False),
        },
        counterpart="templates.list",
    ),
    operation_v2(
        "templates_v2.create",
        "POST /templates",
        "create-template",
        _create,
        answer=_MADE,
        body=_CREATE,
        counterpart="templates.create",
    ),
    operation_v2(
        "templates_v2.get",
        "GET /templates/{template_id}",
        "get-template",
        _get,
        answer=_TEMPLATE,
        query={"is_community": may(Flag(), default=False)},
        counterpart="templates.get",
    ),
    operation_v2(
        "templates_v2.update",
        "PUT /templates/{template_id}",
        "update-template",
        _update,
        answer=_MADE,
        body=_UPDATE,
        counterpart="templates.update",
    ),
    operation_v2(
        "templates_v2.delete",
        "DELETE /templates/{template_id}",
        "delete-template",
        _delete,
        confidence=Confidence.GUESSED,
        counterpart="templates.delete",
    ),
)

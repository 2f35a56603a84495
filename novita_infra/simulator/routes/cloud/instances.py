"""The operations on instances. `instance_views` renders the answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from novita_infra.simulator import answer_schema
from novita_infra.simulator.errors import invalid
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
from novita_infra.simulator.profiles import Quirks
from novita_infra.simulator.request_schema import (
    PORT,
    Fields,
    Flag,
    Items,
    Reading,
    Text,
    Whole,
    may,
    need,
    should,
)
from novita_infra.simulator.routes.cloud import instance_views
from novita_infra.simulator.world.cloud import instances, subscriptions
from novita_infra.simulator.world.engine.cloud_records import INSTANCE_FIELDS, Instance
from novita_infra.simulator.world.engine.world import World

_ID = need(Text(1, 255))
_JUST_ID = Fields({"instanceId": _ID})
_PORT_TYPE = Text(one_of=("tcp", "http"))
_PORT = Fields({"port": need(PORT), "type": need(_PORT_TYPE)})
_MONTHS = need(Whole(1, 120))


def _create(world: World, call: IncomingCall) -> Any:
    body = call.body
    gpu = body["kind"] == "gpu"
    if gpu:
        for field in ("gpuNum", "rootfsSize"):
            if body[field] is None:
                raise invalid(field, "is required")
    ports, tools = _ports_of(body["ports"], world.quirks.reading()), body["tools"]
    instances.check_ports(ports, tools, field="ports")
    months = body["month"] if gpu else 0
    billing = "monthly" if months else (body["billingMode"] or "onDemand") if gpu else "onDemand"
    if billing == "monthly" and not months:
        raise invalid("month", "must be above 0 for a monthly instance")
    if body["autoRenew"] and billing != "monthly":
        raise invalid("autoRenew", "is only for monthly instances")
    if body["imageAuth"] and ":" not in body["imageAuth"]:
        raise invalid("imageAuth", "must be username:password")
    new = Instance(
        id="",
        gpus=body["gpuNum"] if gpu else 1,
        ports=ports,
        tools=tools,
        rootfs=body["rootfsSize"] or 0,
        mounts=[{"id": mount["Id"], "path": mount["mountPoint"]} for mount in body["networkStorages"]],
        billing=billing,
        renews=(body["autoRenewMonth"] or 1) if body["autoRenew"] else 0,
        **INSTANCE_FIELDS.set_by("create", body),
    )
    return {"id": instances.create(world, new, months=months).id}


def _ports_of(text: str, how: Reading) -> list[dict[str, Any]]:
    """The ports of a comma list such as `80/http, 3306/tcp`, as the create operation takes it."""
    matching: dict[tuple[int, str], dict[str, Any]] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        match = re.fullmatch(r"([0-9]{1,6})\s*/\s*(tcp|http)", part)
        if match is None:
            raise invalid("ports", f"{part[:40]!r} is not PORT/tcp or PORT/http")
        port = PORT.read(int(match[1]), "ports", how)
        matching[port, match[2]] = {"port": port, "type": match[2]}
    return list(matching.values())


def _list(world: World, call: IncomingCall) -> Any:
    query = call.query
    name, product, status = query["name"].lower(), query["productName"].lower(), query["status"]
    matching = world.listed_in_v1(world.instances)
    if name or product or status:
        matching = [
            one
            for one in matching
            if name in one.name.lower()
            and product in instance_views.product_name(one).lower()
            and status in {"", instance_views.status_word(world, one)}
        ]
    page = page_of(
        matching,
        number=query["pageNum"],
        size=query["pageSize"],
        first=world.quirks.first_page,
        default=20,
        largest=world.quirks.largest_page,
    )
    return {"instances": [instance_views.instance_row(world, one) for one in page], "total": len(matching)}


def _get(world: World, call: IncomingCall) -> Any:
    return instance_views.instance_details(
        world, instances.instance_of(world, call.query["instanceId"]), base=call.base()
    )


def _edit(world: World, call: IncomingCall) -> Any:
    body = call.body
    changes = {"ports": body["ports"], **INSTANCE_FIELDS.set_by("edit", body)}
    instances.edit(world, body["instanceId"], grow=body["expandRootDisk"], **changes)
    return done(world)


def _start(world: World, call: IncomingCall) -> Any:
    instance = instances.start(world, call.body["instanceId"])
    return done(world, instanceId=instance.id, state=instance_views.status_word(world, instance))


def _stop(world: World, call: IncomingCall) -> Any:
    instance = instances.stop(world, call.body["instanceId"])
    return done(world, instanceId=instance.id, state=instance_views.status_word(world, instance))


def _state_schema(quirks: Quirks) -> Mapping[str, Any] | None:
    """The schema of the answer to a start and to a stop."""
    return None if quirks.empty_bodies else answer_schema.obj(instanceId=answer_schema.TEXT, state=answer_schema.TEXT)


def _restart(world: World, call: IncomingCall) -> Any:
    instances.restart(world, call.body["instanceId"])
    return done(world)


def _delete(world: World, call: IncomingCall) -> Any:
    instances.delete(world, call.body["instanceId"])
    return done(world)


def _upgrade(world: World, call: IncomingCall) -> Any:
    body = call.body
    mounts = (body["networkVolume"] or {"volumeMounts": []})["volumeMounts"]
    instances.upgrade(
        world,
        body["instanceId"],
        save=body["save"],
        mounts=[{"id": mount["id"], "path": mount["mountPath"]} for mount in mounts],
        **INSTANCE_FIELDS.set_by("upgrade", body),
    )
    return done(world)


def _migrate(world: World, call: IncomingCall) -> Any:
    instances.migrate(world, call.body["instanceId"])
    return done(world)


def _renew(world: World, call: IncomingCall) -> Any:
    subscriptions.renew(world, call.body["instanceId"], months=call.body["month"])
    return done(world)


def _convert(world: World, call: IncomingCall) -> Any:
    subscriptions.convert(world, call.body["instanceId"], months=call.body["month"])
    return done(world)


def _set_auto_renew(world: World, call: IncomingCall) -> Any:
    body = call.body
    if body["autoRenew"] and not 1 <= body["autoRenewMonth"] <= 12:
        raise invalid("autoRenewMonth", "must be between 1 and 12")
    subscriptions.set_auto_renew(world, body["instanceIds"], enabled=body["autoRenew"], months=body["autoRenewMonth"])
    return done(world)


def _set_auto_migrate(world: World, call: IncomingCall) -> Any:
    body = call.body
    instances.set_auto_migrate(
        world, body["instanceId"], enabled=body["autoMigrateOpen"], disk=body["autoMigrateSystemDisk"]
    )
    return done(world)


_CREATE = Fields(
    {
        **INSTANCE_FIELDS.requests("create"),
        "gpuNum": may(Whole(1, 8)),
        "rootfsSize": may(Whole(0, 6144)),
        "ports": may(Text(0, 1023), ""),
        "tools": may(
            Items(
                Fields({"name": need(Text(one_of=("Jupyter",))), "port": need(PORT), "type": need(_PORT_TYPE)}), high=15
            ),
            [],
        ),
        "networkStorages": may(
            Items(Fields({"Id": need(Text(1, 255)), "mountPoint": may(Text(1, 4095), "/network")}), high=30), []
        ),
        "month": may(Whole(0, 120), 0),
        "billingMode": may(Text(one_of=("onDemand", "monthly", "spot", "")), ""),
        "autoRenew": may(Flag(), default=False),
        "autoRenewMonth": may(Whole(0, 12)),
    }
)
_MOUNT = Fields(
    {
        "type": should(Text(one_of=("network",)), "network"),
        "id": need(Text(1, 255)),
        "mountPath": may(Text(1, 4095), "/network"),
    }
)
_UPGRADE = Fields(
    {
        "instanceId": _ID,
        **INSTANCE_FIELDS.requests("upgrade"),
        "save": should(Flag(), default=False),
        "networkVolume": should(Fields({"volumeMounts": should(Items(_MOUNT, high=30), [])}), None),
    }
)
_EDIT = Fields(
    {
        "instanceId": _ID,
        **INSTANCE_FIELDS.requests("edit"),
        "ports": may(Items(_PORT, high=15)),
        "expandRootDisk": may(Whole(0, 6144), 0),
    }
)


def _post(
    name: str,
    path: str,
    source: str,
    serve: Any,
    body: Fields,
    *,
    answer: Any = done_schema,
    confidence: Confidence = Confidence.GUESSED,
) -> Operation:
    return Operation(
        name=f"instances.{name}",
        method="POST",
        path=f"{V1}/gpu/instance/{path}",
        source=f"gpu-instance-{source}",
        confidence=confidence,
        serve=serve,
        body=body,
        answer=answer,
    )


OPERATIONS = (
    Operation(
        name="instances.list",
        method="GET",
        path=f"{V1}/gpu/instances",
        source="gpu-instance-list-instances",
        confidence=Confidence.SEEN_LIVE,
        serve=_list,
        answer=instance_views.instance_page_schema,
        query=Fields(
            {
                **paging(),
                "name": may(Text(0, 255), ""),
                "productName": may(Text(0, 255), ""),
                "status": may(Text(0, 63), ""),
            }
        ),
    ),
    Operation(
        name="instances.get",
        method="GET",
        path=f"{V1}/gpu/instance",
        source="gpu-instance-get-instance",
        confidence=Confidence.SEEN_LIVE,
        serve=_get,
        answer=instance_views.instance_schema,
        query=Fields({"instanceId": need(Text(1, 255))}),
    ),
    _post(
        "create",
        "create",
        "create-instance",
        _create,
        _CREATE,
        answer=answer_schema.MADE,
        confidence=Confidence.SEEN_LIVE,
    ),
    _post(
        "edit",
        "edit",
        "edit-instance",
        _edit,
        _EDIT,
    ),
    _post("start", "start", "start-instance", _start, _JUST_ID, answer=_state_schema, confidence=Confidence.SEEN_LIVE),
    _post("stop", "stop", "stop-instance", _stop, _JUST_ID, answer=_state_schema, confidence=Confidence.SEEN_LIVE),
    _post("restart", "restart", "restart-instance", _restart, _JUST_ID),
    _post("delete", "delete", "delete-instance", _delete, _JUST_ID),
    _post("upgrade", "upgrade", "upgrade-instance", _upgrade, _UPGRADE),
    _post("migrate", "migrate", "migrate-instance", _migrate, _JUST_ID),
    _post("renew", "renewInstance", "renewal-instance", _renew, Fields({"instanceId": _ID, "month": _MONTHS})),
    _post(
        "convert",
        "transToMonthlyInstance",
        "change-billing-instance",
        _convert,
        Fields({"instanceId": _ID, "month": _MONTHS}),
    ),
    _post(
        "set_auto_renew",
        "setAutoRenew",
        "set-autorenew",
        _set_auto_renew,
        Fields(
            {
                "instanceIds": need(Items(Text(1, 255), 1, 100)),
                "autoRenew": need(Flag()),
                "autoRenewMonth": need(Whole(0, 12)),
            }
        ),
    ),
    _post(
        "set_auto_migrate",
        "setAutoMigrate",
        "set-auto-migrate",
        _set_auto_migrate,
        Fields({"instanceId": _ID, "autoMigrateOpen": need(Flag()), "autoMigrateSystemDisk": need(Flag())}),
    ),
)

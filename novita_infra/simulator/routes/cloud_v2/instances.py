"""The operations of v2 on instances."""

from __future__ import annotations

from typing import Any

from novita_infra.simulator import answer_schema
from novita_infra.simulator.errors import invalid, not_allowed
from novita_infra.simulator.operations import (
    CURSOR,
    Confidence,
    IncomingCall,
    Operation,
    cursor_page,
    data_page,
    records_with,
)
from novita_infra.simulator.request_schema import Flag, RequestField, Text, Whole, may, need
from novita_infra.simulator.routes.cloud_v2.declaring import (
    AUTO_MIGRATE,
    AUTO_RENEW,
    OTHER_ID,
    PORTS,
    Serve,
    operation_v2,
    record_place,
)
from novita_infra.simulator.routes.cloud_v2.instance_requests import CREATE, MONTHS, UPGRADE
from novita_infra.simulator.routes.cloud_v2.instance_shapes import (
    BILLING_MODES,
    INSTANCE,
    INSTANCE_ROW,
    billing_mode_of,
    details_v2,
    row_v2,
    status_of,
)
from novita_infra.simulator.world.cloud import instances, subscriptions
from novita_infra.simulator.world.cloud.instances import instance_of
from novita_infra.simulator.world.engine.cloud_records import Instance
from novita_infra.simulator.world.engine.world import World


def _create(world: World, call: IncomingCall) -> Any:
    body = call.body
    resource, gpu = body["resource"], body["type"] == "gpu"
    if gpu:
        for field in ("gpu_num", "rootfs_size_gb"):
            if resource[field] is None:
                raise invalid(f"resource.{field}", "is required")
    prepaid = body["billing"]["prepaid"] if body["billing"]["mode"] == "prepaid" else None
    if body["billing"]["mode"] == "prepaid" and prepaid is None:
        raise invalid("billing.prepaid", "is required for a prepaid instance")
    renewal = (prepaid or {}).get("auto_renew") or {"enabled": False, "months": 0}
    ports, tools = _ports_of(body["ports"]), _tools_of(body["tools"])
    instances.check_ports(ports, tools, field="ports")
    network = body["network"] or {"id": "", "ip": ""}
    if network["ip"] and not network["id"]:
        raise invalid("network.id", "is required with an address")
    moves = body["auto_migrate"] or {"enabled": False, "include_system_disk": False}
    new = Instance(
        id="",
        name=body["name"],
        kind=body["type"],
        product=body["product_id"],
        gpus=resource["gpu_num"] if gpu else 1,
        rootfs=resource["rootfs_size_gb"] or 0,
        cuda=resource["min_cuda_version"],
        image=body["image"],
        auth=body["registry_auth_id"],
        entrypoint=body["entrypoint"],
        command=body["command"],
        envs=body["envs"],
        ports=ports,
        tools=tools,
        network=network["id"],
        ip=network["ip"],
        mounts=[{"id": volume["id"], "path": volume["mount_point"]} for volume in body["volumes"]],
        billing=BILLING_MODES[body["billing"]["mode"]],
        renews=(renewal["months"] or 1) if renewal["enabled"] else 0,
        migrates=moves["enabled"],
        migrates_disk=moves["include_system_disk"],
    )
    months = prepaid["months"] if prepaid else 0
    return {"id": instances.create(world, new, months=months, clusters=body["candidate_regions"]).id}


def _ports_of(ports: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The ports as the record has them."""
    return [{"port": port["port"], "type": port["protocol"]} for port in ports]


def _tools_of(tools: dict[str, Any] | None) -> list[dict[str, Any]]:
    """The tools as the record has them."""
    jupyter = (tools or {}).get("jupyter")
    if not jupyter or not jupyter["enabled"]:
        return []
    return [{"name": "Jupyter", "port": jupyter["port"], "type": jupyter["protocol"]}]


def _list(world: World, call: IncomingCall) -> Any:
    query = call.query
    name, regions = query["name"].lower(), set(filter(None, query["regions"].split(",")))
    matching = records_with(
        world.instances.listed(), query, status=lambda one: status_of(world, one), billing_mode=billing_mode_of
    )
    if name or regions:
        matching = [
            one
            for one in matching
            if (name in one.name.lower() or name in one.id) and (not regions or one.cluster in regions)
        ]
    return cursor_page(world, matching, call, place=record_place, shown=lambda one: row_v2(world, one))


def _get(world: World, call: IncomingCall) -> Any:
    return details_v2(world, instance_of(world, call.path["instance_id"]), base=call.base())


def _start(world: World, call: IncomingCall) -> Any:
    instances.start(world, call.path["instance_id"])
    return {}


def _stop(world: World, call: IncomingCall) -> Any:
    instances.stop(world, call.path["instance_id"])
    return {}


def _restart(world: World, call: IncomingCall) -> Any:
    instances.restart(world, call.path["instance_id"])
    return {}


def _delete(world: World, call: IncomingCall) -> Any:
    instances.delete(world, call.path["instance_id"])
    return {}


def _set_ports(world: World, call: IncomingCall) -> Any:
    instances.edit(world, call.path["instance_id"], ports=_ports_of(call.body["ports"]))
    return {}


def _grow(world: World, call: IncomingCall) -> Any:
    instances.edit(world, call.path["instance_id"], grow=call.body["rootfs_size_expand_gb"])
    return {}


def _upgrade(world: World, call: IncomingCall) -> Any:
    """An omitted field keeps its value. No page describes what becomes of it."""
    present, body = instance_of(world, call.path["instance_id"]), call.body
    instances.upgrade(
        world,
        present.id,
        save=body["save_data"],
        mounts=present.mounts,
        image=body["image"],
        auth=present.auth if body["registry_auth_id"] is None else body["registry_auth_id"],
        entrypoint=present.entrypoint if body["entrypoint"] is None else body["entrypoint"],
        command=present.command if body["command"] is None else body["command"],
        envs=present.envs if body["envs"] is None else body["envs"],
    )
    return {}


def _migrate(world: World, call: IncomingCall) -> Any:
    """The page says that the platform may refuse to keep the data. It always does here."""
    if call.body["save_data"]:
        raise not_allowed("save_data is not supported for this instance")
    instances.migrate(world, call.path["instance_id"])
    return {}


def _renew(world: World, call: IncomingCall) -> Any:
    subscriptions.renew(world, call.path["instance_id"], months=call.body["months"])
    return {}


def _set_billing_mode(world: World, call: IncomingCall) -> Any:
    key, body = call.path["instance_id"], call.body
    if body["type"] == "postpaid":
        subscriptions.leave_subscription(world, key)
    elif body["months"]:
        subscriptions.convert(world, key, months=body["months"])
    else:
        raise invalid("months", "must be above 0 for a prepaid instance")
    return {}


def _set_auto_renew(world: World, call: IncomingCall) -> Any:
    renewal = call.body["auto_renew"]
    if renewal["enabled"] and not renewal["months"]:
        raise invalid("auto_renew.months", "must be between 1 and 12")
    subscriptions.set_auto_renew(
        world, [call.path["instance_id"]], enabled=renewal["enabled"], months=renewal["months"]
    )
    return {}


def _set_auto_migrate(world: World, call: IncomingCall) -> Any:
    moves = call.body["auto_migrate"]
    instances.set_auto_migrate(
        world, call.path["instance_id"], enabled=moves["enabled"], disk=moves["include_system_disk"]
    )
    return {}


def _set_web_terminal(world: World, call: IncomingCall) -> Any:
    instances.set_terminal(world, call.path["instance_id"], enabled=call.body["enable"])
    return {}


def _action(
    name: str,
    path: str,
    page: str,
    serve: Serve,
    body: dict[str, RequestField] | None = None,
    *,
    confidence: Confidence = Confidence.DOCUMENTED,
    counterpart: str = "",
    fields: dict[str, str] | None = None,
) -> Operation:
    """An action on one instance, whose answer is an empty object."""
    return operation_v2(
        f"instances_v2.{name}",
        f"PUT /instances/{{instance_id}}/{path}",
        page,
        serve,
        confidence=confidence,
        body=body,
        counterpart=counterpart and f"instances.{counterpart}",
        fields=fields,
    )


OPERATIONS = (
    operation_v2(
        "instances_v2.list",
        "GET /instances",
        "list-instances",
        _list,
        answer=data_page(INSTANCE_ROW),
        confidence=Confidence.SEEN_LIVE,
        query={
            **CURSOR,
            "name": OTHER_ID,
            "status": may(Text(0, 63), ""),
            "regions": may(Text(0, 1024), ""),
            "billing_mode": may(Text(one_of=("", *BILLING_MODES)), ""),
        },
        counterpart="instances.list",
    ),
    operation_v2(
        "instances_v2.create",
        "POST /instances",
        "create-instance",
        _create,
        answer=answer_schema.MADE,
        confidence=Confidence.SEEN_LIVE,
        body=CREATE,
        counterpart="instances.create",
        fields={
            "rootfsSize": "resource.rootfs_size_gb",
            "clusterId": "candidate_regions",
            "networkStorages": "volumes",
            "networkId": "network.id",
            "ip": "network.ip",
        },
    ),
    operation_v2(
        "instances_v2.get",
        "GET /instances/{instance_id}",
        "get-instance",
        _get,
        answer=INSTANCE,
        confidence=Confidence.SEEN_LIVE,
        counterpart="instances.get",
    ),
    operation_v2(
        "instances_v2.delete",
        "DELETE /instances/{instance_id}",
        "delete-instance",
        _delete,
        confidence=Confidence.GUESSED,
        counterpart="instances.delete",
    ),
    _action("start", "start", "start-instance", _start, confidence=Confidence.SEEN_LIVE, counterpart="start"),
    _action("stop", "stop", "stop-instance", _stop, confidence=Confidence.SEEN_LIVE, counterpart="stop"),
    _action("restart", "restart", "restart-instance", _restart, counterpart="restart"),
    _action("set_ports", "ports", "update-ports", _set_ports, {"ports": need(PORTS)}, counterpart="edit"),
    _action(
        "grow",
        "rootfs-expand",
        "expand-rootfs",
        _grow,
        {"rootfs_size_expand_gb": need(Whole(1, 6144))},
        counterpart="edit",
        fields={"expandRootDisk": "rootfs_size_expand_gb"},
    ),
    _action("upgrade", "upgrade", "upgrade-instance", _upgrade, UPGRADE, counterpart="upgrade"),
    _action(
        "migrate",
        "migrate",
        "migrate-instance",
        _migrate,
        {"save_data": may(Flag(), default=False)},
        confidence=Confidence.GUESSED,
        counterpart="migrate",
    ),
    _action("renew", "renew", "renewal-instance", _renew, {"months": need(MONTHS)}, counterpart="renew"),
    _action(
        "set_billing_mode",
        "billing-mode",
        "change-billing-instance",
        _set_billing_mode,
        {"type": need(Text(one_of=("prepaid", "postpaid"))), "months": may(Whole(0, 120), 0)},
        confidence=Confidence.GUESSED,
        counterpart="convert",
    ),
    _action(
        "set_auto_renew",
        "auto-renew",
        "set-autorenew",
        _set_auto_renew,
        {"auto_renew": need(AUTO_RENEW)},
        confidence=Confidence.GUESSED,
        counterpart="set_auto_renew",
    ),
    _action(
        "set_auto_migrate",
        "auto-migrate",
        "set-auto-migrate",
        _set_auto_migrate,
        {"auto_migrate": need(AUTO_MIGRATE)},
        confidence=Confidence.GUESSED,
        counterpart="set_auto_migrate",
    ),
    _action(
        "set_web_terminal",
        "web-terminal",
        "set-web-terminal",
        _set_web_terminal,
        {"enable": need(Flag())},
        confidence=Confidence.GUESSED,
    ),
)

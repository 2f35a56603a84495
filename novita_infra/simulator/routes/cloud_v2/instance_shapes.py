"""The answers of v2 about instances, and their schemas."""

from __future__ import annotations

from typing import Any, Final

from novita_infra.simulator.answer_schema import (
    COUNT,
    FLAG,
    NOTHING,
    PAIR,
    TEXT,
    WHOLE,
    choice,
    either,
    items,
    more,
    obj,
)
from novita_infra.simulator.routes.cloud_v2.declaring import AUTO_MIGRATE_SHOWN, status_schema
from novita_infra.simulator.world.cloud.addresses import access_of, instance_log_address, port_address
from novita_infra.simulator.world.engine.cloud_records import Instance
from novita_infra.simulator.world.engine.world import World
from novita_infra.simulator.world.market import catalogue

BILLING_MODES: Final = {"postpaid": "onDemand", "prepaid": "monthly", "spot": "spot"}
"""The modes of v2, with those of the record."""
_SHOWN_MODES: Final = {mode: name for name, mode in BILLING_MODES.items()}

INSTANCE_ROW: Final = obj(
    id=TEXT,
    name=TEXT,
    type=choice("gpu", "cpu"),
    product_id=TEXT,
    image=TEXT,
    registry_auth_id=TEXT,
    entrypoint=TEXT,
    command=TEXT,
    billing=obj(
        mode=choice(*BILLING_MODES),
        prepaid=either(
            obj(months=COUNT, end_time=COUNT, auto_renew=obj(enabled=FLAG, months=COUNT, status=TEXT)), NOTHING
        ),
    ),
    envs=items(PAIR),
    ports=items(obj(port=WHOLE, protocol=choice("tcp", "http"), endpoint=TEXT)),
    resource_specs=obj(rootfs_size_gb=COUNT, gpu_num=COUNT, cpu_num=COUNT, memory_gb=COUNT, gpu_ids=items(COUNT)),
    network=obj(id=TEXT, ip=TEXT),
    volumes=items(obj(type=choice("network", "local"), id=TEXT, mount_point=TEXT)),
    region=TEXT,
    auto_migrate=AUTO_MIGRATE_SHOWN,
    status=status_schema("running", "exited"),
    created_at=COUNT,
    last_started_at=COUNT,
    last_stopped_at=COUNT,
    member_id=TEXT,
    owner_id=TEXT,
    region_version=choice("v1", "v2"),
)
INSTANCE: Final = more(
    INSTANCE_ROW,
    tools=obj(
        jupyter=obj(endpoint=TEXT, enabled=FLAG, port=COUNT),
        ssh=obj(command=TEXT, password=TEXT, username=TEXT),
        web_terminal=obj(endpoint=TEXT, enabled=FLAG, username=TEXT, password=TEXT),
        log=obj(instance_endpoint=TEXT, system_endpoint=TEXT),
    ),
)


def status_of(world: World, instance: Instance) -> str:
    """The status in the words of this profile. No page lists the words of v2; those of v1 are assumed."""
    return world.quirks.status_words.get(instance.status, instance.status)


def billing_mode_of(instance: Instance) -> str:
    """The billing mode in the words of v2."""
    return _SHOWN_MODES[instance.billing]


def row_v2(world: World, instance: Instance) -> dict[str, Any]:
    """An item of the list of instances."""
    product = catalogue.product_of(instance.product)
    gpus = instance.gpus if instance.kind == "gpu" else 0
    return {
        "id": instance.id,
        "name": instance.name,
        "type": instance.kind,
        "product_id": instance.product,
        "image": instance.image,
        "registry_auth_id": instance.auth,
        "entrypoint": instance.entrypoint,
        "command": instance.command,
        "billing": {"mode": billing_mode_of(instance), "prepaid": _prepaid(world, instance)},
        "envs": instance.envs,
        "ports": [
            {"port": port["port"], "protocol": port["type"], "endpoint": port_address(world, instance, port)}
            for port in instance.ports
        ],
        "resource_specs": {
            "rootfs_size_gb": instance.rootfs,
            "gpu_num": gpus,
            "cpu_num": product.cpus * instance.gpus,
            "memory_gb": product.memory * instance.gpus,
            "gpu_ids": list(range(gpus)),
        },
        "network": {"id": instance.network, "ip": instance.ip},
        "volumes": _volumes(instance),
        "region": instance.cluster,
        "auto_migrate": {"enabled": instance.migrates, "include_system_disk": instance.migrates_disk},
        "status": {"status": status_of(world, instance), "error": instance.error, "message": instance.error_text},
        "created_at": int(instance.created),
        "last_started_at": int(instance.started),
        "last_stopped_at": int(instance.stopped),
        "member_id": world.owner,
        "owner_id": world.owner,
        "region_version": "v2",
    }


def details_v2(world: World, instance: Instance, *, base: str) -> dict[str, Any]:
    """One instance: the fields of the list, and how to reach it. `base` is scheme and host of the service."""
    access = access_of(world, instance)
    return row_v2(world, instance) | {
        "tools": {
            "jupyter": {
                "endpoint": access.jupyter,
                "enabled": access.jupyter_port > 0,
                "port": access.jupyter_port,
            },
            "ssh": {"command": access.ssh, "password": access.password, "username": "root" if access.ssh else ""},
            "web_terminal": {
                "endpoint": access.terminal,
                "enabled": instance.terminal,
                "username": "root" if access.terminal else "",
                "password": access.password if access.terminal else "",
            },
            "log": {
                "instance_endpoint": instance_log_address(world, instance, base=base, which="instance"),
                "system_endpoint": instance_log_address(world, instance, base=base, which="system"),
            },
        }
    }


def _prepaid(world: World, instance: Instance) -> dict[str, Any] | None:
    """The months of a machine, and their renewal; None for pay as you go."""
    if instance.billing != "monthly":
        return None
    term = world.terms.get(instance.id)
    return {
        "months": term.months if term else 0,
        "end_time": instance.ends,
        "auto_renew": {
            "enabled": instance.renews > 0,
            "months": instance.renews,
            "status": "active" if instance.renews else "",
        },
    }


def _volumes(instance: Instance) -> list[dict[str, Any]]:
    volumes = [{"type": "network", "id": mount["id"], "mount_point": mount["path"]} for mount in instance.mounts]
    return [*volumes, {"type": "local", "id": "", "mount_point": instance.local}] if instance.local else volumes

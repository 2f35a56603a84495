"""The answers of the list and get operations on instances, and their schemas.

The same fact has different types in different places. What the record declares (`api_field`) is shown as it is.
"""

from __future__ import annotations

from typing import Any, Final

from novita_infra.simulator.answer_schema import (
    COUNT,
    DIGITS,
    FLAG,
    TEXT,
    TIME,
    WHOLE,
    Schema,
    choice,
    items,
    known,
    more,
    obj,
    one_item,
)
from novita_infra.simulator.profiles import Quirks
from novita_infra.simulator.world.cloud import jobs
from novita_infra.simulator.world.cloud.addresses import access_of, instance_log_address, port_address
from novita_infra.simulator.world.engine.cloud_records import INSTANCE_FIELDS, Instance
from novita_infra.simulator.world.engine.settings import DAY
from novita_infra.simulator.world.engine.world import World
from novita_infra.simulator.world.market import catalogue

# --- schemas --------------------------------------------------------------------------------------------------------

_STATUS: Final = known(
    "pending",
    "toCreate",
    "creating",
    "pulling",
    "running",
    "toStart",
    "starting",
    "toStop",
    "stopping",
    "exited",
    "toRestart",
    "restarting",
    "toRemove",
    "removing",
    "removed",
    "toReset",
    "resetting",
    "migrating",
    "freezing",
)
_MOUNT: Final = obj(type=choice("network", "local"), size=DIGITS, id=TEXT, mountPath=TEXT)
_PORT: Final = obj(port=WHOLE, type=choice("tcp", "http"))


_TIMES: Final = dict.fromkeys(("createdAt", "lastStartedAt", "lastStoppedAt"), TIME)
_LIVE_TIMES: Final = {**_TIMES, "releaseDataAt": TIME}


def _listed(quirks: Quirks) -> Schema:
    modes = ("onDemand", "monthly", "spot")
    return obj(
        **INSTANCE_FIELDS.answers(),
        **(_LIVE_TIMES if quirks.times_in_lists else {}),
        id=TEXT,
        clusterName=TEXT,
        status=_STATUS,
        cpuNum=DIGITS,
        memory=DIGITS,
        gpuNum=DIGITS,
        portMappings=items(_PORT),
        productName=TEXT,
        rootfsSize=COUNT,
        volumeMounts=items(_MOUNT),
        statusError=obj(state=TEXT, message=TEXT),
        billingMode=choice(*modes, "") if quirks.blank_billing_mode else choice(*modes),
        endTime=TIME,
        spotStatus=choice("", "running", "notified", "reclaiming", "terminated"),
        spotReclaimTime=TIME,
    )


def instance_page_schema(quirks: Quirks) -> Schema:
    """The schema of a page of instances. Sizes of mounts are text; ports have no endpoint."""
    return obj(instances=items(_listed(quirks)), total=COUNT)


def instance_schema(quirks: Quirks) -> Schema:
    """The schema of one instance, without an envelope."""
    node = obj(maxRootfsSize=COUNT)
    return more(
        _listed(quirks),
        portMappings=items(more(_PORT, endpoint=TEXT)),
        volumeMounts=items(more(_MOUNT, size=COUNT)),
        network=obj(id=TEXT, ip=TEXT),
        node=node if quirks.node_as_object else one_item(node),
        jobs=items(obj(id=TEXT, type=choice("saveImage"))),
        connectComponentSSH=obj(sshCommand=TEXT, password=TEXT, isRunning=FLAG),
        connectComponentWebTerminal=obj(address=TEXT, username=TEXT, password=TEXT, isRunning=FLAG),
        connectComponentJupyter=obj(port=COUNT, address=TEXT, isRunning=FLAG),
        connectComponentLog=obj(systemLogAddress=TEXT, instanceLogAddress=TEXT, isRunning=FLAG),
        freeStorageSize=COUNT,
        keepDataDay=COUNT,
        **_TIMES,
    )


# --- answers --------------------------------------------------------------------------------------------------------


def product_name(instance: Instance) -> str:
    """The name of the product of an instance."""
    return catalogue.product_of(instance.product).name


def status_word(world: World, instance: Instance) -> str:
    """The status of an instance in the words of this profile."""
    return world.quirks.status_words.get(instance.status, instance.status)


def instance_row(world: World, instance: Instance) -> dict[str, Any]:
    """An item of `GET /gpu/instances`. Sizes of mounts are text; ports have no endpoint."""
    product = catalogue.product_of(instance.product)
    return {
        **INSTANCE_FIELDS.shown(instance),
        "id": instance.id,
        "clusterName": catalogue.cluster_of(instance.cluster).name,
        "status": status_word(world, instance),
        "cpuNum": str(product.cpus * instance.gpus),
        "memory": str(product.memory * instance.gpus),
        "gpuNum": str(instance.gpus if instance.kind == "gpu" else 0),
        "portMappings": [dict(port) for port in instance.ports],
        "productName": product.name,
        "rootfsSize": instance.rootfs,
        "volumeMounts": _mounts(world, instance, as_text=True),
        "statusError": {"state": instance.error, "message": instance.error_text},
        "billingMode": "" if world.quirks.blank_billing_mode and instance.kind == "cpu" else instance.billing,
        "endTime": str(instance.ends),
        "spotStatus": instance.spot,
        "spotReclaimTime": str(instance.reclaim),
        **(_times(world, instance) if world.quirks.times_in_lists else {}),
    }


def instance_details(world: World, instance: Instance, *, base: str) -> dict[str, Any]:
    """The answer of `GET /gpu/instance`: the fields of the list, and more details of the machine.

    `base` is scheme and host of the service. The addresses of logs begin with it.
    """
    running = instance.status == "running"
    access = access_of(world, instance)
    node = {"maxRootfsSize": catalogue.product_of(instance.product).max_rootfs}
    return instance_row(world, instance) | {
        "portMappings": [{**port, "endpoint": port_address(world, instance, port)} for port in instance.ports],
        "volumeMounts": _mounts(world, instance, as_text=False),
        "network": {"id": instance.network, "ip": instance.ip},
        "node": node if world.quirks.node_as_object else [node],
        "jobs": [
            {"id": job.id, "type": job.type}
            for job in world.jobs
            if job.instance == instance.id and job.type == "saveImage" and job.state in jobs.RUNNING
        ],
        "connectComponentSSH": {
            "sshCommand": access.ssh,
            "password": access.password,
            "isRunning": running,
        },
        "connectComponentWebTerminal": {
            "address": access.terminal,
            "username": "root" if access.terminal else "",
            "password": access.password if access.terminal else "",
            "isRunning": bool(access.terminal),
        },
        "connectComponentJupyter": {
            "port": access.jupyter_port,
            "address": access.jupyter,
            "isRunning": bool(access.jupyter),
        },
        "connectComponentLog": {
            "systemLogAddress": instance_log_address(world, instance, base=base, which="system"),
            "instanceLogAddress": instance_log_address(world, instance, base=base, which="instance"),
            "isRunning": running,
        },
        "freeStorageSize": max(0, instance.rootfs - instance.used_gb),
        "keepDataDay": int(world.timings.data_kept // DAY),
        **_times(world, instance),
    }


def _times(world: World, instance: Instance) -> dict[str, str]:
    """The times of an instance in Unix seconds; 0 for one that has not come, or does not apply."""
    times = {
        "createdAt": instance.created,
        "lastStartedAt": instance.started,
        "lastStoppedAt": instance.stopped,
    }
    if world.quirks.times_in_lists:
        times["releaseDataAt"] = instance.stopped + world.timings.data_kept if instance.status == "exited" else 0
    return {name: str(int(at)) for name, at in times.items()}


def _mounts(world: World, instance: Instance, *, as_text: bool) -> list[dict[str, Any]]:
    mounts: list[dict[str, Any]] = []
    for mount in instance.mounts:
        storage = world.storages.get(mount["id"])
        size = storage.size if storage else 0
        mounts.append(
            {
                "type": "network",
                "size": str(size) if as_text else size,
                "id": mount["id"],
                "mountPath": mount["path"],
            }
        )
    if instance.local:
        mounts.append({"type": "local", "size": "0" if as_text else 0, "id": "", "mountPath": instance.local})
    return mounts

"""Where each field shows in the simulated cloud, in the manifest's words. Reads the world's records, no answer of it.

A second opinion on what the kinds say of themselves: it imports nothing of theirs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from novita_infra.simulator import World

Sight = Callable[[World, Any], Any]

TABLES = {
    "instance": "instances",
    "template": "templates",
    "network_storage": "storages",
    "vpc": "networks",
    "registry_auth": "registry_auths",
    "image_prewarm": "prewarms",
    "endpoint": "endpoints",
}
"""The simulator's word for each kind: the name of its table and the head of its operations."""

_WORDS = {"setAutoRenew": "set_auto_renew", "setAutoMigrate": "set_auto_migrate"}
MONTH = 30 * 86_400
_OWNER = "NOVITA_INFRA_OWNER"
_MARK = re.compile(r"\s*(<!-- novita-infra \S+ -->|\[novita-infra \S+\])$")


def operation(kind: str, call: str) -> str:
    """The simulator's name of a call that a plan names."""
    word = "save" if (kind, call) == ("registry_auth", "create") else _WORDS.get(call, call)
    return f"{TABLES[kind]}.{word}"


def seen(world: World, kind: str, id: str) -> dict[str, Any]:
    """Every field of the object, as the world has it."""
    found = getattr(world, TABLES[kind]).get(id)
    assert found is not None, f"there is no {kind} {id}"
    return {name: sight(world, found) for name, sight in SIGHTS[kind].items()}


def _named(table: Iterable[Any], id: str) -> str:
    """The name of the object of that id, as a manifest refers to it; empty for none."""
    return next((str(item.name) for item in table if item.id == id), f"unknown {id}") if id else ""


def _auth(world: World, item: Any) -> str:
    return _named(world.registry_auths, item.auth)


def _env(_: World, item: Any) -> dict[str, str]:
    return {pair["key"]: pair["value"] for pair in item.envs if pair["key"] != _OWNER}


def _text(name: str) -> Sight:
    """A text without the owner mark at its end."""
    return lambda _, item: _MARK.sub("", getattr(item, name))


def mark(world: World, kind: str, id: str) -> str:
    """The owner mark that the object carries; empty where there is none."""
    found = getattr(world, TABLES[kind]).get(id)
    entries = [pair["value"] for pair in getattr(found, "envs", ()) if pair["key"] == _OWNER]
    texts = [match[0].strip() for name in ("readme", "note") if (match := _MARK.search(getattr(found, name, "")))]
    return " and ".join([*entries, *texts])


def _ports(_: World, item: Any) -> list[str]:
    return sorted(f"{port['port']}/{port['type']}" for port in item.ports)


def _template_ports(_: World, item: Any) -> list[str]:
    return sorted(f"{number}/{group['type']}" for group in item.ports for number in group["ports"])


def _storages(world: World, item: Any, path: str = "path") -> list[dict[str, str]]:
    mounts = [mount for mount in item.mounts if mount.get("type", "network") == "network"]
    return [{"storage": _named(world.storages, mount["id"]), "mountPath": mount[path]} for mount in mounts]


def _months(world: World, item: Any) -> int:
    """Those that were paid for, which are those until its end."""
    paid = sum(payment.months for payment in world.payments if payment.owner == item.id)
    assert paid == (round((item.ends - item.created) / MONTH) if item.billing == "monthly" else 0)
    return paid


def _tools(_: World, item: Any) -> list[dict[str, Any]]:
    return [{"name": tool["name"], "port": int(tool["port"]), "type": tool["type"]} for tool in item.tools]


def _disk(_: World, item: Any) -> dict[str, Any]:
    local = [mount for mount in item.mounts if mount["type"] == "local"]
    return {"sizeGb": local[0]["size"], "mountPath": local[0]["mountPath"]} if local else {}


def _attribute(name: str) -> Sight:
    return lambda _, item: getattr(item, name)


SIGHTS: Mapping[str, Mapping[str, Sight]] = {
    "instance": {
        "name": _attribute("name"),
        "type": _attribute("kind"),
        "product": _attribute("product"),
        "gpuCount": _attribute("gpus"),
        "cluster": _attribute("cluster"),
        "image": _attribute("image"),
        "registryAuth": _auth,
        "registryLogin": _attribute("login"),
        "command": _attribute("command"),
        "entrypoint": _attribute("entrypoint"),
        "env": _env,
        "ports": _ports,
        "tools": _tools,
        "rootDiskGb": _attribute("rootfs"),
        "localStorage": lambda _, item: {"mountPath": item.local} if item.local else {},
        "networkStorages": _storages,
        "vpc": lambda world, item: _named(world.networks, item.network),
        "billingMode": _attribute("billing"),
        "months": _months,
        "autoRenew": lambda _, item: {"enabled": True, "months": item.renews} if item.renews else {"enabled": False},
        "autoMigrate": lambda _, item: (
            {"enabled": True, "systemDisk": item.migrates_disk} if item.migrates else {"enabled": False}
        ),
        "minCudaVersion": _attribute("cuda"),
        "power": lambda _, item: {"running": "running", "exited": "stopped"}.get(item.status, item.status),
        # The first container is still there: nothing that it wrote is lost.
        "keepData": lambda _, item: item.container == 1,
    },
    "template": {
        "name": _attribute("name"),
        "image": _attribute("image"),
        "readme": _text("readme"),
        "registryAuth": _auth,
        "command": _attribute("command"),
        "entrypoint": _attribute("entrypoint"),
        "rootDiskGb": _attribute("rootfs"),
        "ports": _template_ports,
        "env": _env,
        "minCudaVersion": _attribute("cuda"),
    },
    "network_storage": {
        "name": _attribute("name"),
        "sizeGb": _attribute("size"),
        "cluster": _attribute("cluster"),
    },
    "vpc": {"name": _attribute("name"), "cluster": _attribute("cluster")},
    "registry_auth": {
        "name": _attribute("name"),
        "username": _attribute("username"),
        "password": _attribute("password"),
    },
    "image_prewarm": {
        "image": _attribute("image"),
        "cluster": _attribute("cluster"),
        "registryAuth": _auth,
        "products": lambda _, item: sorted(item.products),
        "note": _text("note"),
    },
    "endpoint": {
        "name": _attribute("name"),
        "appName": _attribute("app_name"),
        "product": _attribute("product"),
        "gpuCount": _attribute("gpus"),
        "workers": lambda _, item: {
            "min": item.workers_min,
            "max": item.workers_max,
            "idleTimeout": item.free_timeout,
            "maxConcurrency": item.concurrency,
            "requestTimeout": item.request_timeout,
        },
        "minCudaVersion": _attribute("cuda"),
        "ports": lambda _, item: [f"{item.port}/http"],
        "scaling": lambda _, item: {"type": item.policy, "value": item.policy_value},
        "image": _attribute("image"),
        "registryAuth": _auth,
        "command": _attribute("command"),
        "rootDiskGb": _attribute("rootfs"),
        "networkStorages": lambda world, item: _storages(world, item, "mountPath"),
        "localStorage": _disk,
        "cluster": _attribute("cluster"),
        "env": _env,
        "healthPath": _attribute("health"),
    },
}
"""By kind and field. What a field shows when it was never set is the empty value of its sort."""


_PORT = {"port": 9000, "type": "http"}
Hand = Callable[[Any], Any]


def _to(value: Any) -> Hand:
    return lambda _: value


def _more_env(envs: list[dict[str, str]]) -> list[dict[str, str]]:
    return [*envs, {"key": "BY", "value": "hand"}]


def _before_mark(text: str) -> str:
    return f"By hand{text}"


BY_HAND: Mapping[str, Mapping[str, tuple[str, Hand]]] = {
    "instance": {
        "command": ("command", _to("by hand")),
        "entrypoint": ("entrypoint", _to("/by-hand")),
        "env": ("envs", _more_env),
        "ports": ("ports", _to([_PORT])),
        "rootDiskGb": ("rootfs", _to(70)),
    },
    "template": {
        "readme": ("readme", _before_mark),
        "command": ("command", _to("by hand")),
        "entrypoint": ("entrypoint", _to("/by-hand")),
        "ports": ("ports", _to([{"type": "http", "ports": [9000]}])),
        "env": ("envs", _more_env),
        "minCudaVersion": ("cuda", _to("11.8")),
    },
    "image_prewarm": {"note": ("note", _before_mark)},
    "endpoint": {
        "gpuCount": ("gpus", _to(3)),
        "minCudaVersion": ("cuda", _to("11.8")),
        "command": ("command", _to("by hand")),
        "env": ("envs", _more_env),
        "localStorage": ("mounts", _to([{"type": "local", "id": "", "size": 40, "mountPath": "/by-hand"}])),
    },
}
"""What somebody might have set without us, by kind and field: the attribute of the world's record, and how."""


def set_by_hand(world: World, kind: str, id: str, *, but: Iterable[str]) -> None:
    """Sets fields of the object behind our back, but for some; the owner mark stays."""
    table = getattr(world, TABLES[kind])
    found = table.get(id)
    for field, (attribute, hand) in BY_HAND.get(kind, {}).items():
        if field not in but:
            setattr(found, attribute, hand(getattr(found, attribute)))
    table.touch(found)

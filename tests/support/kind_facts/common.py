"""What the folders of several kinds use: places, resources beside the edited one, and fields of one form."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from edits import Resource

from kind_facts.facts import Hand, Sight
from novita_infra.simulator import World

PLACE: Final = "us-dallas-nas-2"
OTHER_PLACE: Final = "us-ca-nas-2"
ELSEWHERE: Final = "as-sgp-2"
"""A cluster in which no fleet has anything."""
IMAGES: Final = ("ubuntu:22.04", "pytorch/pytorch:2.4.0")
AUTHS: Final[tuple[Resource, ...]] = tuple(
    ("RegistryAuth", name, {"username": "bot", "password": {"fromEnv": "OLD"}}) for name in ("a", "b")
)
STORAGES: Final[tuple[Resource, ...]] = tuple(
    ("NetworkStorage", name, {"cluster": PLACE, "sizeGb": 10}) for name in ("data", "more")
)
NETWORKS: Final[tuple[Resource, ...]] = tuple(("VPC", name, {"cluster": PLACE}) for name in ("net", "mesh"))
MACHINE: Final = {"product": {"id": "4090.16c62g"}, "cluster": PLACE, "image": "ubuntu:22.04"}
"""The spec of a machine that stands beside the edited resource."""
OWNER: Final = "NOVITA_INFRA_OWNER"
MARK: Final = re.compile(r"\s*(<!-- novita-infra \S+ -->|\[novita-infra \S+\])$")
"""The owner mark at the end of a text."""


def named(table: Iterable[Any], id: str) -> str:
    """The name of the object of that id, as a manifest refers to it; empty for none."""
    return next((str(item.name) for item in table if item.id == id), f"unknown {id}") if id else ""


def attribute(name: str) -> Sight:
    """The attribute as it is."""
    return lambda _, item: getattr(item, name)


def auth(world: World, item: Any) -> str:
    """The credential's name."""
    return named(world.registry_auths, item.auth)


def env(_: World, item: Any) -> dict[str, str]:
    """The environment without the owner mark."""
    return {pair["key"]: pair["value"] for pair in item.envs if pair["key"] != OWNER}


def text(name: str) -> Sight:
    """A text without the owner mark at its end."""
    return lambda _, item: MARK.sub("", getattr(item, name))


def storages(path: str) -> Sight:
    """The mounts of network storages; `path` is the key of the mount path."""

    def mounts(world: World, item: Any) -> list[dict[str, str]]:
        network = [mount for mount in item.mounts if mount.get("type", "network") == "network"]
        return [{"storage": named(world.storages, mount["id"]), "mountPath": mount[path]} for mount in network]

    return mounts


def to(value: Any) -> Hand:
    """Sets the value."""
    return lambda _: value


def more_env(envs: list[dict[str, str]]) -> list[dict[str, str]]:
    """Adds a variable."""
    return [*envs, {"key": "BY", "value": "hand"}]


def before_mark(text: str) -> str:
    """Adds words before the owner mark."""
    return f"By hand{text}"


def deletes(operation: str, key: str = "id") -> Callable[[str], tuple[str, dict[str, Any]]]:
    """A delete that names the object by the key."""
    return lambda id: (operation, {key: id})

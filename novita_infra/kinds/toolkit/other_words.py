"""Names that other tools give to fields, and the fields that are meant: for the hint about an unknown field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from novita_infra.kinds.field import Field

_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "env": ("environment", "envs", "environmentvariables", "envvars", "variables"),
    "networkStorages": ("volumes", "volumemounts", "mounts", "networkvolumes", "networkvolumeid"),
    "rootDiskGb": ("disk", "disksize", "disksizegb", "storage", "containerdisk", "containerdiskingb", "rootfssize"),
    "localStorage": ("localvolume", "volume", "scratch"),
    "cluster": ("region", "zone", "datacenter", "clusterid", "location", "availabilityzone"),
    "command": ("args", "cmd", "dockerargs", "run"),
    "entrypoint": ("dockerentrypoint",),
    "product": ("productid", "machinetype", "instancetype", "gputype", "flavor", "memory", "resources"),
    "gpuCount": ("gpus", "gpunum", "accelerators"),
    "registryAuth": ("imagepullsecrets", "imageauth", "imageauthid", "containerregistryauthid", "registry"),
    "template": ("templateid",),
    "vpc": ("network", "networkid", "subnet", "networkmode"),
    "billingMode": ("spot", "interruptible", "preemptible", "pricing"),
    "sizeGb": ("size", "storagesize", "capacity"),
    "workers": ("minworkers", "maxworkers", "autoscaling"),
}
_MEANT: Final = {word: field for field, words in _WORDS.items() for word in words}


def plain_word(word: str) -> str:
    """Returns the word in lower case and without `_` and `-`: tools spell one name in several ways."""
    return word.replace("_", "").replace("-", "").lower()


def meant_field(word: str, fields: Iterable[Field]) -> str:
    """Returns how the field that an unknown one means is written; empty if none is known."""
    known = {item.name: item for item in fields}
    if (name := _MEANT.get(plain_word(word), "")) in known:
        return f"write {name}"
    outer = [item.name for item in known.values() if word in item.schema.get("properties", {})]
    return f"write {outer[0]}: {{{word}: ...}}" if len(outer) == 1 else ""

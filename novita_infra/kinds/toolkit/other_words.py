"""The names that other tools give to fields of several kinds, and the field that an unknown name means."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from novita_infra.kinds.field import Field

VARIABLES: Final = ("environment", "envs", "environmentvariables", "envvars", "variables")
MOUNTS: Final = ("volumes", "volumemounts", "mounts", "networkvolumes", "networkvolumeid")
DISK: Final = ("disk", "disksize", "disksizegb", "storage", "containerdisk", "containerdiskingb", "rootfssize")
SCRATCH: Final = ("localvolume", "volume", "scratch")
PLACE: Final = ("region", "zone", "datacenter", "clusterid", "location", "availabilityzone")
COMMAND: Final = ("args", "cmd", "dockerargs", "run")
ENTRYPOINT: Final = ("dockerentrypoint",)
PRODUCT: Final = ("productid", "machinetype", "instancetype", "gputype", "flavor", "memory", "resources")
GPUS: Final = ("gpus", "gpunum", "accelerators")
CREDENTIAL: Final = ("imagepullsecrets", "imageauth", "imageauthid", "containerregistryauthid", "registry")


def plain_word(word: str) -> str:
    """Returns the word in lower case and without `_` and `-`: tools spell one name in several ways."""
    return word.replace("_", "").replace("-", "").lower()


def meant_field(word: str, fields: Iterable[Field]) -> str:
    """Returns how the field that an unknown one means is written; empty if none is known."""
    known = [*fields]
    if name := next((item.name for item in known if plain_word(word) in item.other_names), ""):
        return f"write {name}"
    outer = [item.name for item in known if word in item.schema.get("properties", {})]
    return f"write {outer[0]}: {{{word}: ...}}" if len(outer) == 1 else ""

"""The values of an instance in the forms of the API, and its settings with defaults filled in. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from novita_infra.api.json_values import filled, int_of, object_of, objects_of, text_of
from novita_infra.kinds.toolkit.translation import storage_mounts
from novita_infra.model.values import Spec, Value

FREE_ROOT_GB: Final = 60
"""The root disk in GB of an instance that declares none: the size that is free of charge (gpu-instance-pricing)."""


# --- settings -------------------------------------------------------------------------------------------------------


def is_cpu(spec: Spec) -> bool:
    """Whether the spec itself asks for a CPU instance."""
    product = spec.get("product")
    return spec.get("type") == "cpu" or (isinstance(product, Mapping) and "cpu" in product)


def keeps_data(spec: Spec) -> bool:
    """Whether an upgrade keeps the data of the container; it does unless keepData is false."""
    return spec.get("keepData") is not False


def renewal(value: Value) -> tuple[bool, int]:
    """The setting of automatic renewal with defaults filled in: enabled, and the months if it is."""
    given = value if isinstance(value, Mapping) else {}
    enabled = given.get("enabled") is True
    return enabled, (given.get("months") or 1) if enabled else 1


def migration(value: Value) -> tuple[bool, bool]:
    """The setting of automatic migration with defaults filled in: enabled, and whether with the system disk."""
    given = value if isinstance(value, Mapping) else {}
    enabled = given.get("enabled") is True
    return enabled, enabled and given.get("systemDisk") is True


def is_product(declared: Value, live: Value) -> bool:
    """Whether the live product is the declared one, by id where that is resolved."""
    if not isinstance(declared, Mapping) or not isinstance(live, Mapping):
        return False
    return bool(declared.get("id") == live.get("id")) if declared.get("id") else bool(declared == live)


# --- to the API: None for a field that is not set -------------------------------------------------------------------


def login_text(login: Value) -> str | None:
    """An inline credential as `username:password`."""
    return f"{login['username']}:{login['password']}" if login else None


def tools_list(tools: Value) -> list[dict[str, Any]]:
    """The tools, with ports as text."""
    return [{**tool, "port": str(tool["port"])} for tool in tools or ()]


def local_path(local: Value) -> str | None:
    """The mount path of the local disk."""
    return local["mountPath"] if local else None


def created_mounts(storages: Value) -> list[dict[str, str]]:
    """The mounts of network storages as the create takes them."""
    return [{"Id": item["storage"], "mountPoint": item["mountPath"]} for item in storages or ()]


def upgraded_mounts(storages: Value) -> dict[str, Any]:
    """The mounts of network storages as the upgrade takes them."""
    return {"volumeMounts": storage_mounts(storages)}


# --- from the API ---------------------------------------------------------------------------------------------------


def known_text_of(value: Any) -> str | None:
    """A text; None for an empty one, which means that the answer does not say."""
    return text_of(value) or None


def positive_of(value: Any) -> int | None:
    """A number above 0. A CPU instance has 0 GPUs and a disk of its product's size."""
    return int_of(value) or None


def local_of(mounts: Any) -> dict[str, Value] | None:
    """The local disk among the API's `volumeMounts`."""
    local = object_of([mount for mount in objects_of(mounts) if mount.get("type") == "local"])
    return filled({"mountPath": text_of(local.get("mountPath"))}) or None


def vpc_of(network: Any) -> str:
    """The id of the VPC; empty for none."""
    return text_of(object_of(network).get("id"))

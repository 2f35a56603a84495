"""Small pure translations that several kinds share: ports, env, mounts, numbers that come as text, and their schemas.

The readers (`*_of`) take whatever JSON the API sends and never raise; the writers (`*_list`, `*_text`, `*_mounts`) take
declared values that are resolved and in clear.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from novita_infra.resources import Value

# --- schema fragments; the `${...}` and secret alternatives are added when the schemas are generated ---------------

TEXT: Final[Mapping[str, Any]] = {"type": "string", "minLength": 1, "maxLength": 255}
"""A name or a version: 1-255 characters."""

REFERENCE: Final[Mapping[str, Any]] = {
    "anyOf": [
        {"type": "string", "minLength": 1},
        {
            "type": "object",
            "properties": {"id": {"type": "string", "minLength": 1}},
            "required": ["id"],
            "additionalProperties": False,
        },
    ]
}
"""Another resource by name, or `{id: ...}` of an object that is not managed here."""

IMAGE: Final[Mapping[str, Any]] = {"type": "string", "pattern": r"^\S+$", "minLength": 1, "maxLength": 500}
"""A container image (gpu-instance-create-instance: `imageUrl`, 1-500)."""

COMMAND: Final[Mapping[str, Any]] = {"type": "string", "maxLength": 2047}
"""A command or an entrypoint (gpu-instance-create-instance: at most 2047 characters)."""

ENV: Final[Mapping[str, Any]] = {
    "type": "object",
    "propertyNames": {"minLength": 1, "maxLength": 511},
    "additionalProperties": {"type": "string", "maxLength": 4095},
    "maxProperties": 100,
}
"""Environment variables (gpu-instance-create-instance: `envs`, at most 100, key up to 511, value up to 4095)."""

CUDA: Final[Mapping[str, Any]] = {
    "type": "string",
    "pattern": r"^[0-9]+(\.[0-9]+)*$",
    "maxLength": 255,
    "examples": ["12.4"],
}
"""A CUDA version (gpu-instance-create-instance: `minCudaVersion`)."""

PORT: Final[Mapping[str, Any]] = {
    "type": "string",
    "pattern": "^[1-9][0-9]{0,4}/(http|tcp)$",
    "examples": ["8888/http", "22/tcp"],
}
"""One port, `8888/http`; the range and the reserved numbers are checked by `faults.port_faults`, which says more."""

MOUNT_PATH: Final[Mapping[str, Any]] = {"type": "string", "pattern": "^/", "minLength": 1, "maxLength": 4095}
"""A directory in the container (gpu-instance-create-instance: 1-4095 characters)."""

STORAGE_MOUNTS: Final[Mapping[str, Any]] = {
    "type": "array",
    "maxItems": 30,
    "items": {
        "type": "object",
        "properties": {"storage": REFERENCE, "mountPath": MOUNT_PATH},
        "required": ["storage", "mountPath"],
        "additionalProperties": False,
    },
}
"""Network storages and where they are mounted (gpu-instance-create-instance: `networkStorages`, at most 30)."""

RESERVED_PORTS: Final = frozenset({2222, 2223, 2224})
"""Ports that the platform keeps for itself (gpu-instance-create-instance)."""

_PORT: Final = re.compile(r"(\d{1,5})/(http|tcp)", re.ASCII)


# --- reading JSON ---------------------------------------------------------------------------------------------------


def int_of(value: Any, otherwise: int | None = None) -> int | None:
    """A whole number that may come as a number or as text (`"24"`); `otherwise` for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return otherwise
    try:
        number = float(value) if isinstance(value, str) and not value.strip().isdecimal() else value
        return int(number) if not isinstance(number, float) or math.isfinite(number) else otherwise
    except ValueError:
        return otherwise


def created_in(item: Mapping[str, Any]) -> float:
    """When an object was made, in Unix seconds; 0 where the answer does not tell.

    Most answers tell seconds as text (gpu-instance-get-template: `createdAt`, gpu-instance-get-vpc: `createTime`); v2
    tells numbers, and undocumented fields may hold milliseconds or RFC 3339.
    """
    told = next((item[name] for name in ("createdAt", "createTime", "created_at") if item.get(name)), None)
    number = int_of(told, 0) or 0
    try:
        if not number and isinstance(told, str):
            moment = datetime.fromisoformat(told)
            return max(0.0, (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
        return max(0.0, number / 1000 if number > _SECONDS else float(number))
    except (ValueError, OverflowError):
        return 0.0


_SECONDS: Final = 100_000_000_000
"""A moment that is a larger number is in milliseconds."""


def text_of(value: Any) -> str:
    """A text, or a number as text (an id may be either); empty for anything else."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else ""


def flag_of(value: Any) -> bool:
    """A truth value that may come as text."""
    return value.lower() == "true" if isinstance(value, str) else bool(value)


def object_of(value: Any) -> Mapping[str, Any]:
    """The object, or the only or first object of a list (the API is of two minds about some); else an empty one."""
    return next(iter(objects_of(value)), {})


def objects_of(value: Any) -> list[Mapping[str, Any]]:
    """The objects of a list; a lone object counts as a list of one, anything else as none."""
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, Mapping)]


def texts_of(value: Any) -> list[str]:
    """The texts of a list, numbers as text; anything that is no list counts as an empty one."""
    return [text for text in map(text_of, value) if text] if isinstance(value, list) else []


def carried(item: Mapping[str, Any], readers: Mapping[str, tuple[str, Callable[[Any], Value]]]) -> dict[str, Value]:
    """The fields that the answer carries, each by the API's name for it and how it is read.

    A field that is sent empty is carried as empty; one that is not sent, or cannot be read (None), is left out.
    """
    found = {name: read(item[key]) for name, (key, read) in readers.items() if key in item}
    return {name: value for name, value in found.items() if value is not None}


def filled(values: Mapping[str, Value]) -> dict[str, Value]:
    """The values without those that are None, "", [] or {}: what the API sends for "not set"."""
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}


def values_at(value: Value, path: tuple[str, ...]) -> Iterator[Value]:
    """The values at a path of a spec; `*` stands for every item of a list."""
    if not path:
        yield value
    elif path[0] == "*" and isinstance(value, list):
        for item in value:
            yield from values_at(item, path[1:])
    elif isinstance(value, dict) and path[0] in value:
        yield from values_at(value[path[0]], path[1:])


# --- ports ----------------------------------------------------------------------------------------------------------


def is_port(text: str) -> bool:
    """Whether the text is spelt as a port, whatever its number."""
    return _PORT.fullmatch(text) is not None


def port_of(port: str) -> tuple[int, str]:
    """`"8888/http"` as (8888, "http"); raises ValueError where it is no port."""
    match = _PORT.fullmatch(port)
    if match is None:
        raise ValueError(f"{port!r} is not a port; one looks like 8888/http")
    return int(match[1]), match[2]


def ports_list(ports: Iterable[str] | None) -> list[dict[str, Any]]:
    """Declared ports as the API's objects `{port: 8888, type: "http"}`, sorted."""
    return [{"port": number, "type": protocol} for number, protocol in sorted(map(port_of, ports or ()))]


def ports_text(ports: Iterable[str] | None) -> str:
    """Declared ports as one text, `22/tcp,8888/http`, sorted: the form that creating an instance wants."""
    return ",".join(f"{item['port']}/{item['type']}" for item in ports_list(ports))


def ports_of(value: Any) -> list[str]:
    """The API's port objects (`port` or `ports`, a number, a text or a list of them) as sorted `["80/http"]`."""
    found = set()
    for item in objects_of(value):
        numbers = item.get("ports", item.get("port"))
        for number in numbers if isinstance(numbers, list) else [numbers]:
            known = int_of(number)
            if known is not None:
                found.add((known, text_of(item.get("type") or item.get("protocol")) or "http"))
    return [f"{number}/{protocol}" for number, protocol in sorted(found)]


# --- env ------------------------------------------------------------------------------------------------------------


def env_list(env: Mapping[str, Any] | None) -> list[dict[str, str]]:
    """A map of variables as the API's list of `{key, value}`, sorted by key so that equal maps give equal bodies."""
    return [{"key": key, "value": str(value)} for key, value in sorted((env or {}).items())]


def env_of(value: Any) -> dict[str, str]:
    """The API's list of `{key, value}` as a map; entries without a key are dropped."""
    pairs = {text_of(item.get("key")): text_of(item.get("value")) for item in objects_of(value)}
    pairs.pop("", None)
    return pairs


# --- storage mounts -------------------------------------------------------------------------------------------------


def storage_mounts(storages: Iterable[Mapping[str, Any]] | None) -> list[dict[str, str]]:
    """Declared `{storage, mountPath}` as the API's `{type: "network", id, mountPath}` for an upgrade or an endpoint."""
    return [{"type": "network", "id": item["storage"], "mountPath": item["mountPath"]} for item in storages or ()]


def storages_of(value: Any) -> list[dict[str, str]]:
    """The network mounts among the API's `volumeMounts` as `{storage, mountPath}`, sorted by path."""
    mounts = [item for item in objects_of(value) if item.get("type") == "network" and text_of(item.get("id"))]
    found = [
        {"storage": text_of(item["id"]), "mountPath": text_of(item.get("mountPath") or item.get("mountPoint"))}
        for item in mounts
    ]
    return sorted(found, key=lambda item: (item["mountPath"], item["storage"]))

"""Translations between manifest and API that several kinds share: ports, env, products, mounts. Pure.

The readers (`*_of`) take whatever JSON the API sends and never raise; the writers (`*_list`, `*_text`, `*_mounts`) take
declared values that are resolved and in clear.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from novita_infra.api.json_values import int_of, objects_of, text_of
from novita_infra.model.values import Value

RESERVED_PORTS: Final = frozenset({2222, 2223, 2224})
"""Ports that the platform reserves (gpu-instance-create-instance)."""

_PORT: Final = re.compile(r"(\d{1,5})/(http|tcp)", re.ASCII)


# --- ports ----------------------------------------------------------------------------------------------------------


def is_port(text: str) -> bool:
    """Whether the text is spelt as a port, whatever its number."""
    return _PORT.fullmatch(text) is not None


def port_of(port: str) -> tuple[int, str]:
    """`"8888/http"` as (8888, "http"); raises ValueError for another form."""
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


# --- products -------------------------------------------------------------------------------------------------------


def product_by_id(value: Value) -> Value:
    """A live product as a manifest states it: by its id alone."""
    return {"id": value.get("id")} if isinstance(value, dict) else value


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

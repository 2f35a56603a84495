"""JSON Schema fragments that several kinds share.

The alternatives for `${...}` and secrets are added when the schemas are generated.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final


def closed(**properties: Mapping[str, Any]) -> Mapping[str, Any]:
    """An object with these properties, each required, and no others."""
    return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}


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


IMAGE: Final[Mapping[str, Any]] = {
    "type": "string",
    "pattern": r"^\S+$",
    "minLength": 1,
    "maxLength": 500,
    "examples": ["ubuntu:22.04"],
}
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
"""One port, `8888/http`. `checks.port_errors` checks the range and the reserved numbers, with better messages."""


MOUNT_PATH: Final[Mapping[str, Any]] = {"type": "string", "pattern": "^/", "minLength": 1, "maxLength": 4095}
"""A directory in the container (gpu-instance-create-instance: 1-4095 characters)."""


STORAGE_MOUNTS: Final[Mapping[str, Any]] = {
    "type": "array",
    "maxItems": 30,
    "items": closed(storage=REFERENCE, mountPath=MOUNT_PATH),
}
"""Network storages and where they are mounted (gpu-instance-create-instance: `networkStorages`, at most 30)."""

CHOICE: Final[Mapping[str, Any]] = {
    "enum": ["cheapest"],
    "description": "What to take where the name fits several products that differ: the cheapest that is free.",
}
"""`choose`, beside the name of a product."""

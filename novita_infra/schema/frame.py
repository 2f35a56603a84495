"""The schema of what every document has around its spec: version, metadata and lifecycle. Nothing here validates."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from novita_infra.kinds.kind import Kind
from novita_infra.model.durations import duration_text
from novita_infra.schema.drift import ON_DRIFT
from novita_infra.schema.rules import POSTCONDITIONS, PRECONDITIONS, TRIGGERS

Schema: TypeAlias = dict[str, Any]

NAME: Final = "[A-Za-z_][A-Za-z0-9_-]*"
ADDRESS: Final = rf'^[a-z_]+\.{NAME}(\["[^"\]]+"\])?$'
VERSION: Final[Schema] = {"const": "novita-infra/v1", "description": "The version of this format."}

TIMES: Final = {
    "create": "A create, until the new object is ready.",
    "update": "Each call that changes it, until the change is done.",
    "delete": "A delete, until the object is gone.",
    "accept": "The stage from the create until the platform begins to pull its image.",
    "pull": "The stage in which its image is pulled.",
    "ready": "The stage from the pull, or from a start or restart, until it is ready.",
}
"""What `lifecycle.timeouts` limits, by the name there."""


def closed_object(properties: Schema, *, required: list[str] | None = None) -> Schema:
    """An object with these properties and no others."""
    needed = {"required": required} if required else {}
    return {"type": "object", "properties": properties, **needed, "additionalProperties": False}


def metadata(kind: Kind | None = None) -> Schema:
    """The metadata of a resource: of the kind, or of any."""
    address = f"{kind.type if kind else 'KIND'}.NAME"
    return {
        **closed_object(
            {
                "name": {
                    "type": "string",
                    "pattern": f"^{NAME}$",
                    "examples": ["trainer"],
                    "description": f"Unique among resources of the kind. The address is {address}.",
                },
                "labels": {
                    "type": "object",
                    "additionalProperties": {"type": "string"},
                    "examples": [{"team": "research"}],
                    "description": "Marks for people. The service does not get them.",
                },
            },
            required=["name"],
        ),
        "description": "What the resource is called here. Its name in the account is a field of the spec.",
    }


def lifecycle(kind: Kind | None = None) -> Schema:
    """What a manifest says of a resource beside its spec; with the defaults of the kind, where one is given."""
    return {
        **closed_object(
            {
                "protect": {
                    "type": "boolean",
                    "default": False,
                    "description": "Whether deleting and replacing it are refused. It holds until an apply has lifted "
                    "it, also when the resource is no longer declared.",
                },
                "createBeforeDestroy": {
                    "type": "boolean",
                    "default": bool(kind and kind.create_first),
                    "description": "Whether a replacement is made before the old object is deleted.",
                },
                "group": {
                    "type": "string",
                    "pattern": f"^{NAME}$",
                    "examples": ["training"],
                    "description": "Resources of one group come up together or not at all; see `groups` of the "
                    "project.",
                },
                "waitForCapacity": {
                    "$ref": "#/$defs/duration",
                    "description": "How long a create that finds no capacity is tried again. Default: not at all.",
                },
                "timeouts": {
                    **closed_object({name: _time(name, kind) for name in TIMES}),
                    "description": "How long a call with its wait may take, and each stage of coming up. A run that "
                    "gives up fails; the next one waits again.",
                },
                "dependsOn": {
                    "type": "array",
                    "items": {"type": "string", "pattern": ADDRESS, "examples": ["network_storage.data"]},
                    "uniqueItems": True,
                    "description": "Addresses of resources that must be there first, beside those that the spec names.",
                },
                "replaceTriggeredBy": TRIGGERS,
                "preconditions": PRECONDITIONS,
                "postconditions": POSTCONDITIONS,
                "onDrift": {
                    "$ref": "#/$defs/onDrift",
                    "description": f"{ON_DRIFT['description']} What is not said here is as the environment says, or "
                    "the project.",
                },
                "ignoreChanges": {"$ref": "#/$defs/ignoreChanges"},
            }
        ),
        "description": "How the resource is kept: what is refused, what is waited for, in which order, and what "
        "becomes of changes made outside.",
    }


def _time(name: str, kind: Kind | None) -> Schema:
    told = {"$ref": "#/$defs/duration", "description": TIMES[name]}
    if kind is None:
        return told
    limit = waits(kind).get(name)
    if limit is None:
        return {**told, "description": f"{TIMES[name]} The kind has no such stage."}
    return {**told, "default": limit}


def waits(kind: Kind) -> dict[str, str]:
    """How long is waited for objects of the kind, as a manifest spells it, by the name in `lifecycle.timeouts`."""
    times = kind.timeouts
    seconds = {"create": times.create, "update": times.update, "delete": times.delete, **times.stages}
    return {name: duration_text(limit) for name, limit in seconds.items()}

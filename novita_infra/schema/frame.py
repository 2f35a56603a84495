"""The schema of the frame of every document: version, metadata, lifecycle and check. Nothing here validates."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from novita_infra.kinds import KINDS
from novita_infra.kinds.kind import Kind
from novita_infra.model.addresses import KEY
from novita_infra.model.durations import duration_text
from novita_infra.model.lifecycle import MIN_SUCCEEDED
from novita_infra.schema.drift import ON_DRIFT
from novita_infra.schema.objects import Schema, closed_object
from novita_infra.schema.rules import POSTCONDITIONS, PRECONDITIONS, RESOURCE_HOOKS, ROLLOUT, TRIGGERS
from novita_infra.schema.secret_pointers import SECRET

NAME: Final = "[A-Za-z_][A-Za-z0-9_-]*"
_KEYED: Final = rf'{NAME}(\["{KEY}"\])?'
ADDRESS: Final = rf"^(module\.{_KEYED}\.)*[a-z_]+\.{_KEYED}$"
VERSION: Final[Schema] = {"const": "novita-infra/v1", "description": "The version of this format."}

_OF_EXPRESSION: Final[Schema] = {"$ref": "#/$defs/reference"}
EXISTENCE: Final[Schema] = {
    "forEach": {
        "anyOf": [
            _OF_EXPRESSION,
            {
                "type": "array",
                "items": {
                    "title": "texts or numbers",
                    "if": {"$ref": "#/$defs/expression"},
                    "else": {"type": ["string", "number"], "pattern": f"^{KEY}$"},
                },
                "uniqueItems": True,
            },
            {"type": "object", "propertyNames": {"pattern": f"^{KEY}$"}},
        ],
        "examples": [["eu", "us"], {"eu": {"gpus": 4}, "us": {"gpus": 8}}, "${range(8)}"],
        "description": "Makes one resource for each key: a map, a list of texts, or an expression that gives one. "
        '${each.key} and ${each.value} stand for the key and its value; the address is KIND.NAME["KEY"].',
    },
    "enabled": {
        "anyOf": [{"type": "boolean"}, _OF_EXPRESSION],
        "default": True,
        "examples": ["${var.monitoring}"],
        "description": "Whether the resource exists: true, false, or an expression that is known before apply. A "
        "disabled one that exists is deleted.",
    },
    "environments": {
        "type": "array",
        "items": {"type": "string", "pattern": f"^{NAME}$", "examples": ["prod"]},
        "minItems": 1,
        "description": "The only environments in which the resource exists. Default: all.",
    },
}
"""The parts of a resource's document that decide which resources it makes."""

CHECK: Final = "check"


def beside_spec(kind: Kind) -> tuple[str, ...]:
    """The parts of a resource's document that explain what the spec does not."""
    return ("metadata", *EXISTENCE, "lifecycle", *([CHECK] if kind.resolution.checks else []))


TIMES: Final = {
    "create": "A create, until the new object is ready.",
    "update": "Each call that changes it, until the change is complete.",
    "delete": "A delete, until the object is gone.",
    "accept": "The stage from the create until the platform begins to pull its image.",
    "pull": "The stage in which its image is pulled.",
    "ready": "The stage from the pull, or from a start or restart, until it is ready.",
}
"""What `lifecycle.timeouts` limits, by the name there."""


def metadata(kind: Kind | None = None) -> Schema:
    """The metadata of a resource: of the kind, or of any."""
    address = f"{kind.type if kind else 'KIND'}.NAME"
    return closed_object(
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
                "description": "Labels, which the state records and plans show. `--target label:team=research`, "
                "policies, defaults and sums of costs use them. They are not sent to the service.",
            },
        },
        required=["name"],
        description="The name and the labels of the resource in this project. Its name in the account is a "
        "field of the spec.",
    )


def lifecycle(kind: Kind | None = None) -> Schema:
    """The lifecycle of a resource, with the defaults of the kind where one is given."""
    return closed_object(
        {
            "protect": {
                "type": "boolean",
                "default": False,
                "description": "Whether deleting and replacing it are refused. It holds until an apply has lifted "
                "it, also when the resource is no longer declared.",
            },
            "createBeforeDestroy": {
                "type": "boolean",
                "default": bool(kind and kind.api.create_first),
                "description": "Whether a replacement creates the new object before it deletes the old one.",
            },
            "group": {
                "type": "string",
                "pattern": f"^{NAME}$",
                "examples": ["training"],
                "description": "Resources of one group come up together or not at all; see `groups` of the project.",
            },
            "waitForCapacity": {
                "$ref": "#/$defs/duration",
                "description": "How long a create that finds no capacity is repeated. Default: not at all.",
            },
            "rollout": ROLLOUT,
            "hooks": RESOURCE_HOOKS,
            "timeouts": closed_object(
                {name: _time(name, kind) for name in TIMES},
                description="Time limits of each call with its wait, and of each stage of coming up. After a "
                "timeout the run fails; the next one waits again.",
            ),
            "dependsOn": {
                "type": "array",
                "items": {"type": "string", "pattern": ADDRESS, "examples": ["network_storage.data"]},
                "uniqueItems": True,
                "description": "Addresses of resources that must exist first, beside those that the spec names.",
            },
            "replaceTriggeredBy": TRIGGERS,
            "preconditions": PRECONDITIONS,
            "postconditions": POSTCONDITIONS,
            "onDrift": {
                "$ref": "#/$defs/onDrift",
                "description": f"{ON_DRIFT['description']} Causes without a word here follow the "
                "environment, then the project.",
            },
            "ignoreChanges": {"$ref": "#/$defs/ignoreChanges"},
        },
        description="How the resource is managed: protection, order, waits, conditions, and the answer to drift.",
    )


def _time(name: str, kind: Kind | None) -> Schema:
    limit_schema = {"$ref": "#/$defs/duration", "description": TIMES[name]}
    if kind is None:
        return limit_schema
    limit = waits(kind).get(name)
    if limit is None:
        return {**limit_schema, "description": f"{TIMES[name]} The kind has no such stage."}
    return {**limit_schema, "default": limit}


def waits(kind: Kind) -> dict[str, str]:
    """The default time limits of the kind as a manifest spells them, by the name in `lifecycle.timeouts`."""
    times = kind.timeouts
    seconds = {"create": times.create, "update": times.update, "delete": times.delete, **times.stages}
    return {name: duration_text(limit) for name, limit in seconds.items()}


DEFAULT: Final[Schema] = closed_object(
    {
        "kind": {"enum": [kind.name for kind in KINDS.values()], "description": "The kind of the resources."},
        "labels": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "examples": [{"team": "research"}],
            "description": "Only the resources that have all of these labels.",
        },
        "spec": {
            "type": "object",
            "description": "Merged deep below the spec of each resource, which takes precedence; null in a "
            "resource removes a field.",
        },
        "lifecycle": {**lifecycle(), "description": "The same for the lifecycle."},
    },
    required=["kind"],
    description="What resources of a kind have where they do not say otherwise.",
)
"""One item under `defaults:` of the project file."""


_CHECK_MODEL: Final[Schema] = {
    "type": "string",
    "minLength": 1,
    "examples": ["Qwen/Qwen3-8B"],
    "description": "The model, by the name under which the program of the endpoint or, for a batch, the API serves it.",
}
_CHECK_PROMPT: Final[Schema] = {"type": "string", "minLength": 1, "description": "What is asked.", "default": "Say OK."}
_CHECK_CONTAINS: Final[Schema] = {
    "type": "string",
    "minLength": 1,
    "description": "A text that the answer must contain. Default: any answer will do.",
}
_CHECK_ASKED: Final = {"model": _CHECK_MODEL, "prompt": _CHECK_PROMPT, "contains": _CHECK_CONTAINS}
_CHECKS: Final[dict[str, Schema]] = {
    "http": closed_object(
        {
            "path": {"type": "string", "pattern": "^/[!-~]*$", "examples": ["/health"], "description": "What is read."},
            "status": {
                "type": "integer",
                "minimum": 100,
                "maximum": 599,
                "default": 200,
                "description": "The status that it must answer.",
            },
            "contains": _CHECK_CONTAINS,
        },
        required=["path"],
        description="A GET of a path of its program.",
    ),
    "chat": closed_object(_CHECK_ASKED, required=["model"], description="A chat, in the format of OpenAI."),
    "completion": closed_object(_CHECK_ASKED, required=["model"], description="A text that the model goes on with."),
    "embedding": closed_object(
        {"model": _CHECK_MODEL, "prompt": _CHECK_PROMPT}, required=["model"], description="The vector of a text."
    ),
    "queue": closed_object(
        {
            "workers": {
                "type": "integer",
                "minimum": 0,
                "default": 0,
                "description": "The fewest workers that must be up.",
            }
        },
        description="The health of the queue of an asynchronous endpoint, as the gateway shows it.",
    ),
    MIN_SUCCEEDED: {
        "anyOf": [
            {"type": "integer", "minimum": 1},
            {"type": "string", "pattern": r"^(100|[0-9]{1,2}(\.[0-9]{1,6})?)%$", "examples": ["95%"]},
        ],
        "description": "The fewest requests that must have succeeded when the batch is over: a number of them, or a "
        "part of all, such as `95%`. It is asked once, of the counts of the service.",
    },
}
"""By type of check, what it asks."""


_CHECK_TOKEN: Final[Schema] = {
    "if": _OF_EXPRESSION,
    "else": SECRET,
    "examples": [{"fromEnv": "VLLM_API_KEY"}, "${var.token}"],
    "description": "The key that the program itself asks for: a pointer to a secret, or a secret variable. It is sent "
    "to the program alone, as `Authorization: Bearer`, and never shown. The API key of the account is never sent to a "
    "program.",
}


def check_schema(types: Iterable[str]) -> Schema:
    """The schema of a check of one of these types."""
    types = list(types)
    schema = closed_object(
        {
            **{name: _CHECKS[name] for name in types},
            **({"token": _CHECK_TOKEN} if "http" in types else {}),
            "timeout": {
                "$ref": "#/$defs/duration",
                "default": "60s",
                "description": "The time limit of each attempt.",
            },
            "retries": {
                "type": "integer",
                "minimum": 0,
                "maximum": 1000,
                "default": 5,
                "description": "How often it is asked again after an answer that fails the check.",
            },
            "interval": {
                "$ref": "#/$defs/duration",
                "default": "10s",
                "description": "The time between two attempts.",
            },
        },
        description="What an apply asks the object when it has created or changed it. An answer that fails the check "
        "is an error: the object stays as it is, what depends on it waits, and the next apply checks it again. A plan "
        "asks nothing. Only of kinds whose page names it.",
    )
    return {**schema, "oneOf": [{"required": [name]} for name in types]}

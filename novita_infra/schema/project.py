"""The schema of the project file `novita-infra.yaml`. Nothing here validates."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Final

from novita_infra.model.addresses import KEY
from novita_infra.model.lifecycle import OnDrift
from novita_infra.schema.frame import ADDRESS, DEFAULT, EXISTENCE, NAME, VERSION
from novita_infra.schema.notifications.settings import NOTIFICATIONS
from novita_infra.schema.objects import Schema, closed_object, opened
from novita_infra.schema.rules import ACCOUNT, BUDGET, CHANGE_LIMIT, MAX_PRICE_RISE, MORE_PROGRAMS, PROGRAMS
from novita_infra.schema.secret_pointers import SECRET_COMMANDS
from novita_infra.schema.state_settings import any_state_settings, state_settings
from novita_infra.schema.variable_types import VARIABLE
from novita_infra.state.registry import backend_named, backend_names

if TYPE_CHECKING:
    from novita_infra.lookups.lookup import LookupType

_VARIABLE_NAME: Final = "^[A-Za-z_][A-Za-z0-9_]*$"
_KEYED: Final = rf'[A-Za-z0-9_*-]+(\["{KEY}"\])?'
_VERSION_CLAUSE: Final = r" *(>=|<=|==|!=|>|<) *[0-9]+(\.[0-9]+){0,3} *"
_TARGET: Final = rf"^(module\.{_KEYED}\.)*[a-z_]+\.{_KEYED}$"

_RULES: Final[Schema] = {
    "account": ACCOUNT,
    "budget": BUDGET,
    "maxPriceRise": MAX_PRICE_RISE,
    "onDrift": {"$ref": "#/$defs/onDrift", "default": OnDrift.HEAL.value},
    "changeLimit": CHANGE_LIMIT,
    "notifications": NOTIFICATIONS,
}
"""The settings that the project has for all environments, and an environment for itself."""


def _undefaulted(schema: Schema) -> Schema:
    """The schema for an environment, without defaults: omitted settings come from the project."""
    inner = {name: _undefaulted(part) for name, part in schema.get("properties", {}).items()}
    bare = {name: part for name, part in schema.items() if name != "default"}
    return {**bare, "properties": inner} if inner else bare


def _named(of: Schema, *, names: str, description: str, example: Schema | None = None) -> Schema:
    """A map from names that the writer chooses."""
    return {
        "type": "object",
        "propertyNames": {"pattern": names},
        "additionalProperties": of,
        **({"examples": [example]} if example else {}),
        "description": description,
    }


def _address(description: str, *examples: str) -> Schema:
    """The address of a resource or a module."""
    return {"type": "string", "pattern": ADDRESS, "examples": [*examples], "description": description}


def _lookup(of: LookupType) -> Schema:
    """The criteria of a type of lookup, each open to an expression."""
    needed: Schema = {"required": [*of.one_of]}
    if len(of.one_of) > 1:
        needed = {"anyOf": [{"required": [name]} for name in of.one_of]}
    properties = {name: opened(schema, secret=False) for name, schema in of.criteria.items()}
    return {**closed_object(properties), **needed, "description": of.summary}


def _lookups() -> Schema:
    """The schema of `lookups:`, from every type of lookup."""
    from novita_infra.lookups.registry import LOOKUPS  # noqa: PLC0415 -- few projects have lookups

    return {
        "type": "object",
        "propertyNames": {"pattern": _VARIABLE_NAME},
        "additionalProperties": closed_object(
            {item.name: _lookup(item) for item in LOOKUPS.values()},
            oneOf=[{"required": [name]} for name in LOOKUPS],
            description="One lookup: its type, with the criteria.",
        ),
        "examples": [{"home": {item.name: dict(item.example)}} for item in [*LOOKUPS.values()][:1]],
        "description": "What is looked up in the account, or in another project, before a plan is made. Expressions "
        "read it as ${lookup.NAME.ATTRIBUTE}; a saved plan holds what was found.",
    }


_PATCH: Final[Schema] = closed_object(
    {
        "target": {
            "type": "string",
            "pattern": _TARGET,
            "examples": ["instance.trainer", "instance.*"],
            "description": "An address; * in a name stands for any characters. Without a key it means all keys.",
        },
        "spec": {
            "type": "object",
            "description": "Merged deep into the spec; null removes a field. Network storages are merged by "
            "mountPath, tools by name and ports by their number; `$patch: delete` in an entry removes it. Other lists "
            "are replaced.",
        },
        "lifecycle": {"type": "object", "description": "The same for the lifecycle."},
    },
    required=["target"],
    description="Differences of the resources that match the target.",
)

PATCHES: Final[Schema] = {"type": "array", "items": _PATCH}
"""Differences of resources."""

_ENVIRONMENT: Final[Schema] = closed_object(
    {
        "extends": {
            "type": "string",
            "examples": ["base"],
            "description": "Another environment, whose variables, patches, included files and rules this one has, too; "
            "its own come after them and take precedence.",
        },
        "include": {
            "type": "array",
            "items": {"type": "string", "minLength": 1},
            "examples": [["envs/prod"]],
            "description": "Folders and files of manifests inside of the project that only the environments read "
            "which name them, or extend one that does.",
        },
        "variables": {
            "type": "object",
            "propertyNames": {"pattern": _VARIABLE_NAME},
            "examples": [{"gpuCount": 4}],
            "description": "Values of variables in this environment. Files, NOVITA_INFRA_VAR_NAME and --var take "
            "precedence.",
        },
        "patches": {**PATCHES, "description": "Differences in this environment; a later patch takes precedence."},
        **{name: _undefaulted(rule) for name, rule in _RULES.items()},
        **MORE_PROGRAMS,
    },
    description="An environment. Settings that it omits come from the project.",
)

_GROUP: Final[Schema] = closed_object(
    {
        "onFailure": {
            "enum": ["rollback", "keep", "stop"],
            "default": "rollback",
            "description": "rollback deletes what the run created, keep leaves it running, stop stops machines.",
        }
    },
    description="A group, by the name that resources give in lifecycle.group.",
)

LOCALS: Final[Schema] = {
    "type": "object",
    "propertyNames": {"pattern": _VARIABLE_NAME},
    "examples": [{"prefix": "${project.name}-${environment.name}"}],
    "description": "Values that expressions read as ${local.NAME}, with expressions in them.",
}
"""The local values of a project or a module."""

_MOVED: Final[Schema] = {
    "type": "array",
    "items": closed_object(
        {
            "from": _address("The address that it had; no manifest may declare it any more.", "instance.trainer"),
            "to": _address("The address that it has now.", "instance.teacher", 'instance.worker["eu"]'),
        },
        required=["from", "to"],
        description="A resource or a module with a new address. Without keys, every key of the name moves with it.",
    ),
    "description": "Resources with a new address: their objects are kept. No effect once it is done.",
}

_REMOVED: Final[Schema] = {
    "type": "array",
    "items": closed_object(
        {
            "from": _address("The address that it had; without a key, every key of the name.", "instance.trainer"),
            "destroy": {
                "type": "boolean",
                "default": True,
                "description": "Whether the object is deleted. With false it is only forgotten, and remains.",
            },
        },
        required=["from"],
        description="A resource that is no longer declared.",
    ),
    "description": "Resources that are no longer declared. No effect once it is done.",
}

_IMPORT: Final[Schema] = {
    "type": "array",
    "items": closed_object(
        {
            "to": _address("The address of the manifest that declares it.", "instance.trainer"),
            "id": {
                "type": "string",
                "examples": ["7a1b2c", "${var.trainerId}"],
                "description": "The id of the object in the account. An empty one, such as that of a variable, "
                "imports nothing in this environment.",
            },
            "environments": {
                **EXISTENCE["environments"],
                "description": "The only environments in which it is imported. Default: all.",
            },
            "steal": {
                "type": "boolean",
                "default": False,
                "description": "Whether it is imported although another project, environment or address owns it.",
            },
        },
        required=["to", "id"],
        description="An object that exists already.",
    ),
    "description": "Objects that exist already and are imported by the next apply. No effect once it is done.",
}

VARIABLES: Final = _named(VARIABLE, names=_VARIABLE_NAME, description="The variables that ${var.NAME} refers to.")
OUTPUTS: Final[Schema] = {
    "type": "object",
    "propertyNames": {"pattern": _VARIABLE_NAME},
    "examples": [{"url": "${endpoint.api.url}"}],
    "description": "The values that `output` prints, by name, with expressions in them.",
}
_PROJECT: Final[dict[str, Any]] = closed_object(
    {
        "apiVersion": VERSION,
        "kind": {"const": "Project", "description": "Marks the project file."},
        "metadata": closed_object(
            {
                "name": {
                    "type": "string",
                    "pattern": f"^{NAME}$",
                    "examples": ["training"],
                    "description": "The project's name: letters, digits, - and _, after a letter or _.",
                },
                "id": {
                    "type": "string",
                    "pattern": "^[A-Za-z][A-Za-z0-9-]{3,63}$",
                    "examples": ["p5f0c2b7e91d4"],
                    "description": "The project's id, which `init` makes: it distinguishes projects of one name. "
                    "Without it, the first apply makes one and keeps it in the state.",
                },
            },
            required=["name"],
            description="The name and the id of the project. Its plans, its state and its owner marks carry them.",
        ),
        "requires": {
            "type": "string",
            "pattern": rf"^{_VERSION_CLAUSE}(,{_VERSION_CLAUSE})*$",
            "examples": [">=0.2,<1"],
            "description": "The versions of novita-infra that may work on the project. Every command of another one is "
            "refused.",
        },
        "variables": VARIABLES,
        "locals": LOCALS,
        "lookups": {},  # see `project`
        "environments": _named(
            _ENVIRONMENT,
            names=f"^{NAME}$",
            description="Variants of the project, each with its own state; chosen with --env.",
            example={"dev": {}, "prod": {}},
        ),
        "defaults": {
            "type": "array",
            "items": DEFAULT,
            "description": "Values below those of the resources themselves; a later item takes precedence.",
        },
        "defaultEnvironment": {
            "type": "string",
            "examples": ["dev"],
            "description": "The environment without --env. Default: `default`, which has no patches.",
        },
        "ignore": {
            "type": "array",
            "items": {"type": "string", "minLength": 1},
            "examples": [["docker-compose.yml", "charts/"]],
            "description": "Files and folders that hold no manifests of ours. A pattern with a slash is a path from "
            "the project's folder; one without is a name in any folder. * stands for any text. Hidden files and "
            "folders are never read.",
        },
        "state": {},  # see `project`
        "groups": _named(
            _GROUP,
            names=f"^{NAME}$",
            description="What happens to the objects that a run created for a group that fails. Default: rollback.",
        ),
        "moved": _MOVED,
        "removed": _REMOVED,
        "import": _IMPORT,
        "ownerMarks": {
            "type": "boolean",
            "default": True,
            "description": "Whether objects carry a mark of the operation that created them, where the API has room.",
        },
        "secretCommands": SECRET_COMMANDS,
        **_RULES,
        **PROGRAMS,
        "outputs": OUTPUTS,
    },
    required=["apiVersion", "kind", "metadata"],
)
"""The schema without its head, the definitions that it shares with the kinds, the lookups and the state."""


def project(parts: Collection[str] | None = None, backends: Collection[str] | None = None) -> Schema:
    """The schema without its head. What `parts` and `backends` leave out of it imports no module."""
    properties = {name: part for name, part in _PROJECT["properties"].items() if parts is None or name in parts}
    if "lookups" in properties:
        properties["lookups"] = _lookups()
    if "state" in properties:
        properties["state"] = state_settings({name: backend_named(name) for name in backends or backend_names()})
    return {**_PROJECT, "properties": properties}


def any_project() -> Schema:
    """The schema in that of all documents, which does not know the settings of every state backend."""
    whole = project()
    return {**whole, "properties": {**whole["properties"], "state": any_state_settings()}}


EXAMPLE: Final = """\
apiVersion: novita-infra/v1
kind: Project
metadata:
  name: training
variables:
  gpuCount: {type: integer, default: 4, description: GPUs per machine}
  hfToken: {type: string, sensitive: true}
lookups:
  places:
    cluster: {region: US, features: [networkStorage], choose: all}   # for forEach: ${lookup.places}
defaults:
  - kind: Instance
    labels: {team: research}             # only those with this label
    spec: {rootDiskGb: 100}              # below what each of them says itself
environments:
  dev:
    variables: {gpuCount: 1}
    budget: {perHour: 0.50}              # USD
    patches:
      - target: instance.trainer
        spec: {power: stopped}           # merged into its spec; null removes a field
  prod:
    changeLimit: {percent: 10}
defaultEnvironment: dev
maxPriceRise: 5%
policies:
  - file: policies/no_ssh.py
outputs:
  trainer: ${instance.trainer.id}
"""

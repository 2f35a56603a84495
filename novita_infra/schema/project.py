"""The schema of the project file `novita-infra.yaml`. Nothing here validates."""

from __future__ import annotations

from typing import Any, Final

from novita_infra.model.lifecycle import OnDrift
from novita_infra.schema.frame import NAME, VERSION, Schema, closed_object
from novita_infra.schema.rules import BUDGET, CHANGE_LIMIT, MAX_PRICE_RISE, MORE_POLICIES, POLICIES

_VARIABLE_NAME: Final = "^[A-Za-z_][A-Za-z0-9_]*$"
_TARGET: Final = r'^[a-z_]+\.[A-Za-z0-9_*-]+(\["[^"\]]+"\])?$'

_ACCOUNT: Final[Schema] = {
    "type": "string",
    "pattern": "^[A-Za-z0-9_-]+$",
    "description": "The id of the only account whose keys may be used; that of an environment goes before. Another "
    "key is refused, and told whose it is.",
}

_RULES: Final[Schema] = {
    "account": _ACCOUNT,
    "budget": BUDGET,
    "maxPriceRise": MAX_PRICE_RISE,
    "onDrift": {"$ref": "#/$defs/onDrift", "default": OnDrift.HEAL.value},
    "changeLimit": CHANGE_LIMIT,
}
"""What the project says for all environments, and an environment for itself."""


def _undefaulted(schema: Schema) -> Schema:
    """The schema as an environment has it: what it leaves out has no default, but is as the project says."""
    inner = {name: _undefaulted(part) for name, part in schema.get("properties", {}).items()}
    bare = {name: part for name, part in schema.items() if name != "default"}
    return {**bare, "properties": inner} if inner else bare


def _named(of: Schema, *, names: str, description: str) -> Schema:
    """A map whose keys are names that the writer chooses."""
    return {
        "type": "object",
        "propertyNames": {"pattern": names},
        "additionalProperties": of,
        "description": description,
    }


_VARIABLE: Final[Schema] = {
    **closed_object(
        {
            "type": {
                "enum": ["string", "integer", "number", "boolean", "list", "map"],
                "default": "string",
                "description": "What its value must be.",
            },
            "default": {"description": "Its value where none is given; without one, a value must be given."},
            "description": {"type": "string", "description": "What it is for."},
            "secret": {"type": "boolean", "default": False, "description": "Whether its value is hidden everywhere."},
        }
    ),
    "description": "A variable: its type, its default, and whether it is secret.",
}

_PATCH: Final[Schema] = {
    **closed_object(
        {
            "target": {
                "type": "string",
                "pattern": _TARGET,
                "examples": ["instance.trainer", "instance.*"],
                "description": "An address; * in its name stands for any characters.",
            },
            "spec": {"type": "object", "description": "Merged deep into the spec; null removes a field."},
            "lifecycle": {"type": "object", "description": "The same for the lifecycle."},
        },
        required=["target"],
    ),
    "description": "What is different of the resources that the target names.",
}

_ENVIRONMENT: Final[Schema] = {
    **closed_object(
        {
            "variables": {
                "type": "object",
                "propertyNames": {"pattern": _VARIABLE_NAME},
                "examples": [{"gpuCount": 4}],
                "description": "Values of variables in this environment. Files, NOVITA_INFRA_VAR_NAME and --var go "
                "before them.",
            },
            "patches": {
                "type": "array",
                "items": _PATCH,
                "description": "What is different of resources in this environment; a later patch goes before.",
            },
            **{name: _undefaulted(rule) for name, rule in _RULES.items()},
            "policies": MORE_POLICIES,
        },
    ),
    "description": "An environment. What it leaves out is as the project says.",
}

_GROUP: Final[Schema] = {
    **closed_object(
        {
            "onFailure": {
                "enum": ["rollback", "keep", "stop"],
                "default": "rollback",
                "description": "rollback deletes what the run made, keep leaves it running, stop stops its machines.",
            }
        }
    ),
    "description": "A group, by the name that resources give in lifecycle.group.",
}

PROJECT: Final[dict[str, Any]] = closed_object(
    {
        "apiVersion": VERSION,
        "kind": {"const": "Project", "description": "That this is the project file."},
        "metadata": {
            **closed_object(
                {"name": {"type": "string", "pattern": f"^{NAME}$", "description": "The project's name."}},
                required=["name"],
            ),
            "description": "What the project is called; its plans, its state and its owner marks tell the name.",
        },
        "variables": _named(_VARIABLE, names=_VARIABLE_NAME, description="What ${var.NAME} may stand for."),
        "environments": _named(
            _ENVIRONMENT,
            names=f"^{NAME}$",
            description="Variants of the project, each with its own state; chosen with --env.",
        ),
        "defaultEnvironment": {
            "type": "string",
            "examples": ["dev"],
            "description": "The environment without --env. Where it is left out, that is `default`, without patches.",
        },
        "state": {
            **closed_object(
                {
                    "path": {
                        "type": "string",
                        "minLength": 1,
                        "default": "state",
                        "description": "The folder of the state files, relative to the project.",
                    }
                }
            ),
            "description": "Where the books of what was made are kept, one file for each environment.",
        },
        "groups": _named(
            _GROUP,
            names=f"^{NAME}$",
            description="What becomes of what a run made of a group that fails. Default: rollback.",
        ),
        "ownerMarks": {
            "type": "boolean",
            "default": True,
            "description": "Whether objects carry a mark of the operation that made them, where the API has room.",
        },
        **_RULES,
        "policies": POLICIES,
        "outputs": {
            "type": "object",
            "propertyNames": {"pattern": _VARIABLE_NAME},
            "examples": [{"url": "${endpoint.api.url}"}],
            "description": "What `output` prints, by name: values, with expressions in them.",
        },
    },
    required=["apiVersion", "kind", "metadata"],
)
"""Without its head and the definitions that it shares with the kinds."""

EXAMPLE: Final = """\
apiVersion: novita-infra/v1
kind: Project
metadata:
  name: training
variables:
  gpuCount: {type: integer, default: 4, description: GPUs per machine}
  hfToken: {type: string, secret: true}
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

"""The schemas of accounts, policies, budgets, conditions, triggers and change limits."""

from __future__ import annotations

from typing import Any, Final

_PROGRAM: Final = {
    "anyOf": [
        {"type": "string", "minLength": 1},
        {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1},
    ],
    "description": "A program, or a program with its arguments. It gets the plan as JSON on its standard input.",
    "examples": ["policies/no-ssh.sh", ["conftest", "test", "--policy", "policies", "--output", "json", "-"]],
}

_POLICIES: Final[dict[str, Any]] = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "run": _PROGRAM,
            "file": {
                "type": "string",
                "minLength": 1,
                "description": "A Python file, run with the interpreter of novita-infra itself.",
                "examples": ["policies/no_ssh.py"],
            },
            "schema": {
                "type": "string",
                "minLength": 1,
                "description": "A JSON Schema that the plan must fit; nothing is run.",
                "examples": ["policies/plan.schema.json"],
            },
            "of": {
                "enum": ["plan", "change"],
                "default": "plan",
                "description": "What the schema describes: the plan, or each of its resource_changes that is no no-op.",
            },
            "name": {"type": "string", "minLength": 1, "description": "Its name. Default: the file's."},
            "timeout": {
                "$ref": "#/$defs/duration",
                "default": "30s",
                "description": "The time limit. A policy that exceeds it gives no verdict.",
            },
            "onError": {
                "enum": ["deny", "warn"],
                "default": "deny",
                "description": "The result if it gives no verdict: it crashed, ran too long or printed something else.",
            },
        },
        "oneOf": [{"required": ["run"]}, {"required": ["file"]}, {"required": ["schema"]}],
        "additionalProperties": False,
    },
    "description": "Programs and schemas that check every plan. A plan that one of them denies is not applied.",
}

_HOOK: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "run": {
            "type": "array",
            "items": {"type": "string", "minLength": 1},
            "minItems": 1,
            "description": "A program and its arguments, without a shell. It runs in the project's folder, to which "
            "a path is relative, and gets the event as JSON on its standard input.",
            "examples": [["hooks/notify.sh"]],
        },
        "timeout": {
            "$ref": "#/$defs/duration",
            "default": "60s",
            "description": "The time after which it is ended and counts as failed.",
        },
        "onFailure": {
            "enum": ["stop", "warn"],
            "default": "stop",
            "description": "The meaning of a failure. stop: the command, or the step of the resource, fails. warn: it "
            "is reported, and nothing else.",
        },
    },
    "required": ["run"],
    "additionalProperties": False,
    "description": "A program that runs at an event.",
}


def _hooks(description: str, **when: str) -> dict[str, Any]:
    properties = {event: {"type": "array", "items": _HOOK, "description": text} for event, text in when.items()}
    return {"type": "object", "properties": properties, "additionalProperties": False, "description": description}


_HOOKS: Final = _hooks(
    "Programs that run before and after a plan and an apply, one after the other.",
    beforePlan="Before `plan`, `apply` and `destroy` read the account for a plan.",
    afterPlan="After they have shown it.",
    beforeApply="Before the first step of `apply` or `destroy`, after the approval.",
    afterApply="After the last step, when the state is saved, however the run ended.",
)
PROGRAMS: Final[dict[str, Any]] = {"policies": _POLICIES, "hooks": _HOOKS}
"""The programs that the project names."""

MORE_PROGRAMS: Final[dict[str, Any]] = {
    "policies": {**_POLICIES, "description": "Policies beside those of the project."},
    "hooks": {**_HOOKS, "description": "Hooks beside those of the project, which run first."},
}
"""The programs that an environment adds."""

RESOURCE_HOOKS: Final = _hooks(
    "Programs that an apply runs for the object of the resource, one after the other. A change of them changes nothing "
    "else of the resource.",
    onCreate="After the create was answered and the id is in the state. The object may still be coming up.",
    onReady="When an object that was created or started is ready.",
    onDelete="Before each call that deletes an object of the resource, while the resource is declared.",
)
"""The hooks of a resource."""

_AMOUNT: Final[dict[str, Any]] = {
    "anyOf": [
        {"type": "number", "minimum": 0},
        {"type": "string", "pattern": r"^[0-9]+(\.[0-9]{1,5})?$", "examples": ["12.50"]},
    ]
}

ACCOUNT: Final[dict[str, Any]] = {
    "type": "string",
    "pattern": "^[A-Za-z0-9_-]+$",
    "examples": ["5f0c2b7e91d4"],
    "description": "The id of the only account that may be used; that of an environment takes precedence. A key of "
    "another account is refused, and the message names that account.",
}

BUDGET: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "perHour": {**_AMOUNT, "description": "The most that an environment may cost per hour, in USD."},
        "perMonth": {**_AMOUNT, "description": "The same per month of 30 days."},
        "once": {
            **_AMOUNT,
            "description": "The most that one plan may pay at once, in USD: the batches that it runs, by the most of "
            "their estimate, and the subscriptions that it buys.",
        },
        "unknown": {
            "enum": ["warn", "refuse"],
            "default": "warn",
            "description": "What happens to a plan that adds a resource of unknown price.",
        },
    },
    "additionalProperties": False,
    "description": "Limits of what each environment may cost, with endpoints at their most workers. A plan that costs "
    "more than before and exceeds one is refused, and one that pays more than `once` at once. A limit of the "
    "environment itself takes precedence.",
}

MAX_PRICE_RISE: Final[dict[str, Any]] = {
    "type": "string",
    "pattern": r"^[0-9]{1,4}(\.[0-9]{1,2})?%$",
    "examples": ["10%"],
    "default": "0%",
    "description": "How much a price may rise between a saved plan and its apply.",
}


TRIGGERS: Final[dict[str, Any]] = {
    "type": "array",
    "items": {"type": "string", "minLength": 1, "examples": ["vpc.net", "instance.trainer.image"]},
    "uniqueItems": True,
    "description": "Resources, or fields of them. When one is replaced, or the field changes, this is replaced too.",
}

_CONDITION: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "value": {"description": "The value to check, such as ${instance.trainer.ip} or ${var.size}."},
        "is": {
            "title": "JSON Schema",
            "type": ["object", "boolean"],
            "description": "The JSON Schema that it must fit.",
            "examples": [{"type": "integer", "minimum": 1}, {"pattern": "^10\\."}],
        },
        "message": {"type": "string", "minLength": 1, "description": "The message if it does not fit."},
    },
    "required": ["value", "is", "message"],
    "additionalProperties": False,
}

PRECONDITIONS: Final[dict[str, Any]] = {
    "type": "array",
    "items": _CONDITION,
    "description": "What must hold before it is changed. The plan reports the conditions that it can check already.",
}

POSTCONDITIONS: Final[dict[str, Any]] = {
    "type": "array",
    "items": _CONDITION,
    "description": "What must hold after all changes to it. Resources that depend on it wait for that.",
}

CHANGE_LIMIT: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "percent": {
            "type": "integer",
            "minimum": 0,
            "maximum": 100,
            "default": 30,
            "description": "Share of the resources in the state; 100 means no limit.",
        },
        "from": {
            "type": "integer",
            "minimum": 1,
            "default": 10,
            "description": "The number of resources in the state from which on the limit holds.",
        },
    },
    "additionalProperties": False,
    "description": "How much a plan may delete and replace without --allow-large-change.",
}

ROLLOUT: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "maxUnavailable": {
            "anyOf": [
                {"type": "integer", "minimum": 1},
                {"type": "string", "pattern": "^([1-9][0-9]?|100)%$", "examples": ["25%"]},
            ],
            "default": 1,
            "description": "The most members that are down at one time because of an apply: a number of them, or a "
            "part of all, such as `25%`, rounded down to one at least.",
        },
        "inOrder": {
            "type": "boolean",
            "default": False,
            "description": "Whether the members follow one another as the manifest lists their keys. Members that are "
            "down already come first.",
        },
        "pause": {
            "$ref": "#/$defs/duration",
            "description": "The time from the moment when a member is ready again until the next one is taken down. "
            "Default: none.",
        },
    },
    "additionalProperties": False,
    "examples": [{"maxUnavailable": 1, "inOrder": True, "pause": "30s"}],
    "description": "How the members of a fleet are changed: those of one `forEach`, or of one `group`. What restarts "
    "or replaces a member is done to few of them at one time. A member that fails stops the rollout: the others stay "
    "as they are, and the next plan shows what is left. First creates, and deletes of members that are no longer "
    "declared, are not slowed down.",
}

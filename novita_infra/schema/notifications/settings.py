"""The schema of the notifications of a project: on which events, and where they go."""

from __future__ import annotations

from typing import Final

from novita_infra.schema.objects import Schema, closed_object

EVENTS: Final = ("plan", "apply", "failure", "drift", "budget", "idle")
"""What a notification may be about; of several that fit, a run sends the one that says most."""
CHANNELS: Final = ("webhook", "slack", "teams", "email")
_MAIL: Final = r'^[^\s<>@,;:"\\]+@[^\s<>@,;:"\\]+$'


def _secret(description: str) -> Schema:
    return {"$ref": "#/$defs/secret", "description": description}


_WEBHOOK: Final = closed_object(
    {
        "url": {
            "anyOf": [{"type": "string", "minLength": 1}, {"$ref": "#/$defs/secret"}],
            "examples": ["https://hooks.example.com/novita"],
            "description": "The address. It begins with https://, or with http:// on this machine.",
        },
        "secret": _secret("The key of the signature: `whsec_` and the base64 of 24 bytes or more."),
        "allowHttp": {
            "type": "boolean",
            "default": False,
            "description": "Whether http:// is allowed for another machine: everybody on the way can read and "
            "change it.",
        },
    },
    required=["url", "secret"],
    description="An address that gets the event as JSON, signed after the Standard Webhooks specification.",
)

_EMAIL: Final = closed_object(
    {
        "smtp": {
            "type": "string",
            "pattern": r"^[A-Za-z0-9.-]{1,253}:[0-9]{1,5}$",
            "examples": ["mail.example.com:587"],
            "description": "Host and port of the mail server.",
        },
        "tls": {
            "enum": ["startTls", "tls", "none"],
            "default": "startTls",
            "description": "startTls encrypts after the greeting, tls from the beginning. Nothing is sent to a server "
            "that cannot do what is asked for.",
        },
        "user": {"type": "string", "minLength": 1, "description": "The user at the mail server."},
        "password": _secret("The password at the mail server; it is sent over TLS only."),
        "from": {"type": "string", "pattern": _MAIL, "examples": ["infra@example.com"], "description": "The sender."},
        "to": {
            "type": "array",
            "items": {"type": "string", "pattern": _MAIL, "examples": ["team@example.com"]},
            "minItems": 1,
            "uniqueItems": True,
            "examples": [["team@example.com"]],
            "description": "The recipients.",
        },
    },
    required=["smtp", "from", "to"],
    description="Mail through a server that takes it by SMTP.",
)


def _chat(description: str) -> Schema:
    url = _secret("The address, which is a secret: everybody who has it can write there.")
    return closed_object({"url": url}, required=["url"], description=description)


NOTIFICATIONS: Final[Schema] = {
    "type": "array",
    "items": closed_object(
        {
            "name": {
                "type": "string",
                "minLength": 1,
                "maxLength": 60,
                "description": "Its name. Default: the channel's.",
            },
            "events": {
                "type": "array",
                "items": {"enum": [*EVENTS]},
                "minItems": 1,
                "uniqueItems": True,
                "description": "The events. `failure` is a command that failed or was interrupted, `budget` a "
                "plan over the budget, `drift` and `idle` what these commands find.",
            },
            "onlyChanges": {
                "type": "boolean",
                "default": False,
                "description": "Whether a plan or an apply without a change is left out.",
            },
            "webhook": _WEBHOOK,
            "slack": _chat("An incoming webhook of Slack."),
            "teams": _chat("A workflow of Microsoft Teams that posts adaptive cards."),
            "email": _EMAIL,
        },
        required=["events"],
        oneOf=[{"required": [name]} for name in CHANNELS],
    ),
    "examples": [[{"events": ["failure", "drift"], "slack": {"url": {"fromEnv": "SLACK_URL"}}}]],
    "description": "Who hears what a command did or found. They are sent after the command, and one that fails is a "
    "warning. Those of an environment stand beside those of the project.",
}

"""The forms in which a manifest points at a secret: one entry for each source.

The JSON Schemas, `explain`, the reference pages, the places that messages show and the loader follow from this list.
The module of a source, `novita_infra.manifests.secrets.<module>`, reads it.
"""

from __future__ import annotations

from typing import Any, Final

from novita_infra.model.frozen import dataclass
from novita_infra.schema.objects import Schema, closed_object

_TEXT: Final[Schema] = {"type": "string", "minLength": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretPointer:
    """One form, such as `{fromEnv: NAME}`."""

    key: str
    module: str
    """The module that reads the source."""
    form: str
    """As messages write it."""
    schema: Schema
    variables: tuple[str, ...] = ()
    """The parts that name variables."""
    asked: bool
    """Whether it takes a program, a person or a server to read it: only `plan`, `apply` and their like ask it."""
    example: str


SECRET_POINTERS: Final = {
    item.key: item
    for item in (
        SecretPointer(
            key="fromEnv",
            module="environment",
            form="{fromEnv: NAME}",
            schema={**_TEXT, "description": "The environment variable that holds it."},
            variables=("fromEnv",),
            asked=False,
            example="{fromEnv: REGISTRY_PASSWORD}",
        ),
        SecretPointer(
            key="fromFile",
            module="file",
            form="{fromFile: PATH}",
            schema={
                **_TEXT,
                "description": "The file that holds it, relative to the folder of the manifest. A line end at its end "
                "is removed.",
            },
            asked=False,
            example="{fromFile: secrets/password}",
        ),
        SecretPointer(
            key="fromDotenv",
            module="dotenv",
            form="{fromDotenv: {file: PATH, name: NAME}}",
            schema=closed_object(
                {
                    "file": {**_TEXT, "description": "The file, relative to the folder of the manifest."},
                    "name": {**_TEXT, "description": "The variable in it."},
                },
                required=["file", "name"],
                description="A variable of a dotenv file.",
            ),
            variables=("name",),
            asked=False,
            example="{fromDotenv: {file: .env, name: REGISTRY_PASSWORD}}",
        ),
        SecretPointer(
            key="fromSops",
            module="sops",
            form="{fromSops: {file: PATH, path: KEY.KEY}}",
            schema=closed_object(
                {
                    "file": {**_TEXT, "description": "The file, relative to the folder of the manifest."},
                    "path": {
                        **_TEXT,
                        "description": "The keys that lead to the value, joined by dots; an item of a list is its "
                        "number, from 0.",
                    },
                },
                required=["file", "path"],
                description="A value of a file that SOPS encrypted. The program `sops` decrypts it, once in a run.",
            ),
            asked=True,
            example="{fromSops: {file: secrets.enc.yaml, path: registry.password}}",
        ),
        SecretPointer(
            key="fromKeyring",
            module="system_keyring",
            form="{fromKeyring: {service: NAME, name: NAME}}",
            schema=closed_object(
                {
                    "service": {**_TEXT, "description": "The service that it was stored under."},
                    "name": {**_TEXT, "description": "The name of the user or of the entry."},
                },
                required=["service", "name"],
                description="A password of the system's keyring. Needs `pip install 'novita-infra[keyring]'`.",
            ),
            asked=True,
            example="{fromKeyring: {service: novita, name: registry}}",
        ),
        SecretPointer(
            key="fromVault",
            module="vault",
            form="{fromVault: {mount: NAME, path: PATH, field: NAME}}",
            schema=closed_object(
                {
                    "mount": {**_TEXT, "default": "secret", "description": "Where the KV engine is mounted."},
                    "path": {**_TEXT, "description": "The path of the secret in it."},
                    "field": {**_TEXT, "description": "The field of the secret."},
                },
                required=["path", "field"],
                description="A field of a secret in OpenBao or Vault, KV version 2. BAO_ADDR or VAULT_ADDR and "
                "BAO_TOKEN or VAULT_TOKEN name the server and the token.",
            ),
            asked=True,
            example="{fromVault: {mount: secret, path: training/registry, field: password}}",
        ),
        SecretPointer(
            key="fromCommand",
            module="command",
            form="{fromCommand: [PROGRAM, ARGUMENT]}",
            schema={
                "type": "array",
                "items": {"type": "string"},
                "minItems": 1,
                "description": "A program with its arguments, which prints it. There is no shell. `secretCommands` of "
                "the project file allows the program.",
            },
            asked=True,
            example="{fromCommand: [op, read, op://training/registry/password]}",
        ),
    )
}
"""Every form by its key."""

SECRET: Final[Schema] = {
    "description": "A secret by its source; it is never shown and never stored.",
    "type": "object",
    "properties": {item.key: item.schema for item in SECRET_POINTERS.values()},
    "minProperties": 1,
    "maxProperties": 1,
    "additionalProperties": False,
}
"""The schema of a pointer."""

SECRET_COMMANDS: Final[Schema] = {
    "type": "array",
    "items": {"type": "string", "minLength": 1},
    "examples": [["op"]],
    "description": "The programs that {fromCommand: [PROGRAM, ...]} may run. NOVITA_INFRA_ALLOW_COMMANDS "
    "replaces the list.",
}
"""The schema of the programs that the project file allows."""


def is_pointer(value: Any) -> bool:
    """Whether the value points at a secret."""
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in SECRET_POINTERS

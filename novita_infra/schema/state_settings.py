"""The schema of `state:` in the project file, from the settings of every state backend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from novita_infra.schema.objects import Schema, closed_object, opened
from novita_infra.state.backend import Backend
from novita_infra.state.encryption.settings import (
    ENCRYPTION,
    FALLBACK,
    FALLBACK_NOTE,
    KEY_SETTINGS,
    NOTE,
    REQUIRED_SCHEMA,
)
from novita_infra.state.registry import DEFAULT, backend_named, backend_names


def state_settings(backends: Mapping[str, Backend]) -> Schema:
    """The schema for these backends by name: which of them, and the settings of that backend and no others."""
    texts = (f"{name}: {backend.summary.partition('. ')[0].rstrip('.')}." for name, backend in backends.items())
    described = {"enum": [*backends], "default": DEFAULT, "description": f"The backend. {' '.join(texts)}"}
    return _state(described, backends)


def any_state_settings() -> Schema:
    """The schema that knows only the settings of the default backend, for a schema of all documents."""
    text = "The backend. The schema `project.json` has the names and the settings of all."
    described = {"type": "string", "default": DEFAULT, "description": text}
    return _state(described, {DEFAULT: backend_named(DEFAULT)})


def backends_for(given: Any) -> tuple[str, ...]:
    """The backends by whose settings a value under `state:` is valid or not: the one that it names, else all."""
    name = given.get("backend", DEFAULT) if isinstance(given, Mapping) else DEFAULT
    names = backend_names()
    return (name,) if name in names else names


def _state(described: Schema, backends: Mapping[str, Backend]) -> Schema:
    return {
        "type": "object",
        "properties": {"backend": described, ENCRYPTION: _encryption()},
        "allOf": [_settings_of(name, backend) for name, backend in backends.items()],
        "description": "Where the state is stored.",
    }


def _settings_of(name: str, backend: Backend) -> Schema:
    needed = {} if name == DEFAULT else {"required": ["backend"]}
    return {
        "if": {"type": "object", "properties": {"backend": {"const": name}}, **needed},
        "then": closed_object(
            {"backend": True, ENCRYPTION: True, **{key: _setting(key, backend) for key in backend.settings}},
            required=backend.required,
        ),
    }


def _encryption() -> Schema:
    """The schema of the settings of the encryption, which all backends have."""
    keys = {
        name: {**schema, **({} if "type" in schema else {"$ref": "#/$defs/secret"})}
        for name, schema in KEY_SETTINGS.items()
    }
    fallback = {**closed_object(keys), "description": FALLBACK_NOTE}
    return {**closed_object({**keys, FALLBACK: fallback, "required": {**REQUIRED_SCHEMA}}), "description": NOTE}


def _setting(name: str, backend: Backend) -> Schema:
    """The schema of a setting, open to expressions, and to the source of a secret where it may be one."""
    schema, secret = backend.settings[name], name in backend.secrets
    if secret and "type" not in schema:
        return {**schema, "$ref": "#/$defs/secret"}
    return opened(schema, secret=secret)

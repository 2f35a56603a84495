"""Puts the secrets into settings of the project file when they are used, and not before."""

from __future__ import annotations

from typing import Any

from novita_infra.api.known_secrets import OF_THIS_RUN
from novita_infra.manifests.language.secrets import Secrets
from novita_infra.manifests.validation.documents import PROJECT_FILE
from novita_infra.manifests.yaml.positions import Position, inside, origin
from novita_infra.model.addresses import Origin
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.model.values import Secret
from novita_infra.schema.secret_pointers import is_pointer


def origin_or_file(position: Position | None) -> Origin:
    """Returns the origin of a position; that of the project file for none."""
    return origin(position) if position else Origin(PROJECT_FILE, 1, 1)


def with_clear_secrets(value: Any, position: Position | None, secrets: Secrets, diagnostics: list[Diagnostic]) -> Any:
    """Returns the value with texts in the place of pointers. The errors are added to `diagnostics`."""
    if is_pointer(value):
        found = secrets.take(value, origin_or_file(position))
        if not isinstance(found, Secret):
            diagnostics.append(found)
            return None
        OF_THIS_RUN.add(lambda: [found.value])
        return found.value
    if isinstance(value, dict):
        return {
            name: with_clear_secrets(item, position and inside(position, name), secrets, diagnostics)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [
            with_clear_secrets(item, position and inside(position, index), secrets, diagnostics)
            for index, item in enumerate(value)
        ]
    return value

"""State in a database of PostgreSQL: one table in a schema of its own, made on first use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from novita_infra.model.diagnostics import problem
from novita_infra.state.backend import Backend, OpenBackend, SettingError
from novita_infra.state.objects.objects import ObjectTraits
from novita_infra.state.objects.settings import shared_settings, with_settings
from novita_infra.state.settings import StateSettings

if TYPE_CHECKING:
    from novita_infra.state.backends.postgres.objects import PostgresObjects

_SCHEMA: Final = "novita_infra"
"""The schema if the project file names none."""

_TRAITS: Final = ObjectTraits()


def open_postgres(settings: StateSettings) -> PostgresObjects:
    """The objects of the database that the settings name. There is no connection yet. Raises Problems."""
    try:
        from novita_infra.state.backends.postgres.objects import PostgresObjects  # noqa: PLC0415 -- an extra
    except ImportError:
        hint = "pip install 'novita-infra[postgres]'"
        raise problem("the package for state in PostgreSQL is not installed", hint) from None
    return PostgresObjects(str(settings.options["url"]), schema=str(settings.options.get("schema", _SCHEMA)))


def _open(settings: StateSettings) -> OpenBackend:
    from novita_infra.state.objects.place import ObjectPlace  # noqa: PLC0415 -- only its users pay for it

    return ObjectPlace(open_postgres(settings), with_settings(_TRAITS, settings.options))


def _errors_of(options: Mapping[str, Any]) -> Iterable[SettingError]:
    url = options.get("url")
    if isinstance(url, str) and not url.startswith(("postgresql://", "postgres://")):
        yield SettingError(
            "url", "is not one of PostgreSQL", "such as postgresql://USER@HOST/DATABASE?sslmode=verify-full"
        )


BACKEND: Final = Backend(
    summary="Rows in a database of PostgreSQL. Needs `pip install 'novita-infra[postgres]'`.",
    open=_open,
    settings={
        "url": {
            "type": "string",
            "minLength": 1,
            "description": "The URL of the database: `postgresql://USER:PASSWORD@HOST/DATABASE?sslmode=verify-full`. "
            "One with a password comes from a secret.",
        },
        "schema": {
            "type": "string",
            "pattern": "^[A-Za-z_][A-Za-z0-9_]{0,62}$",
            "default": _SCHEMA,
            "examples": [_SCHEMA],
            "description": "The schema of the tables, one for each project. It is made on first use.",
        },
        **shared_settings(_TRAITS),
    },
    required=("url",),
    secrets=("url",),
    errors_of=_errors_of,
)

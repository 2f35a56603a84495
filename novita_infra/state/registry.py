"""The state backends by name: every module or package in `backends/`. No other module imports a backend."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from novita_infra.api.credentials import holds_credential
from novita_infra.model.diagnostics import nearest, problem
from novita_infra.state import backends
from novita_infra.state.backend import Backend, SettingError
from novita_infra.state.encryption.settings import ENCRYPTION, encryption_errors

DEFAULT: Final = "local"
"""The backend of a project whose settings name none."""


def backend_names() -> tuple[str, ...]:
    """The names of all backends, the default one first, the others sorted."""
    paths = [path for folder in backends.__path__ for path in Path(folder).iterdir()]
    names = {path.stem for path in paths if path.suffix == ".py" or (path / "__init__.py").is_file()} - {"__init__"}
    return tuple(sorted(names, key=lambda name: (name != DEFAULT, name)))


def backend_named(name: str) -> Backend:
    """The backend of that name. Raises Problems, with the nearest known name, if there is none."""
    if not _exists(name):
        raise problem(f"there is no state backend {name!r}", nearest(name, backend_names()))
    backend: Backend = import_module(f"{backends.__name__}.{name}").BACKEND
    return backend


def backend_of(options: Mapping[str, Any]) -> Backend:
    """The backend that the settings name, or the default one. Raises Problems as `backend_named`."""
    return backend_named(str(options.get("backend", DEFAULT)))


def setting_errors(options: Mapping[str, Any]) -> Sequence[SettingError]:
    """The errors of settings that a schema cannot express: an unknown backend, and secrets in clear. None shows one."""
    name = options.get("backend", DEFAULT)
    if not isinstance(name, str):
        return ()  # the schema reports it
    if not _exists(name):
        return [SettingError("backend", f'cannot be "{name}"', nearest(name, backend_names()))]
    backend = backend_named(name)
    in_clear = [*_secrets_in_clear(backend, options)]
    named = {error.name for error in in_clear}
    return [
        *in_clear,
        *encryption_errors(options.get(ENCRYPTION)),
        *(error for error in backend.errors_of(options) if error.name not in named),
    ]


def _secrets_in_clear(backend: Backend, options: Mapping[str, Any]) -> Iterator[SettingError]:
    for name, value in options.items():
        if not isinstance(value, str) or name not in backend.settings:
            continue
        if name in backend.secrets and "type" not in backend.settings[name]:
            yield SettingError(name, "stands in clear in the project file", "point at it: {fromEnv: NAME}")
        elif holds_credential(value):
            whole = "point at the whole of it: {fromEnv: NAME}"
            hint = whole if name in backend.secrets else "leave the secret out of it"
            yield SettingError(name, "holds a secret in clear", hint)


def _exists(name: str) -> bool:
    return name == DEFAULT or name in backend_names()

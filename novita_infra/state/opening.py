"""Chooses the backend that a project's settings name, and opens it. No other module imports a backend."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from novita_infra.model.diagnostics import nearest, problem
from novita_infra.state.backends.local.store import LocalBackend, LocalStore
from novita_infra.state.settings import StateSettings
from novita_infra.state.store import StateBackend, StateReader

_BACKENDS: Final[Mapping[str, Callable[[StateSettings], StateBackend]]] = {
    "local": LocalBackend.of_settings,
}
_DEFAULT: Final = "local"


def open_backend(settings: StateSettings) -> StateBackend:
    """The backend of a project. Raises Problems if the settings name one that does not exist."""
    name = settings.options.get("backend", _DEFAULT)
    if name not in _BACKENDS:
        raise problem(f"there is no state backend {name!r}", nearest(str(name), list(_BACKENDS)))
    return _BACKENDS[name](settings)


def settings_from(locator: str, root: Path) -> StateSettings:
    """The settings of the backend that holds the state of a locator, as `Store.locator` gave it for this root."""
    return StateSettings(root, {"path": str(Path(locator).parent)})


def state_files(path: Path) -> list[StateReader]:
    """The states in a file, or in the files of a folder: those of another project, which a person names by path."""
    if path.is_file():
        return [LocalStore(path)]
    backend = LocalBackend(path)
    return [backend.store(name) for name in backend.environments()]

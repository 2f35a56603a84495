"""Opens the backend that a project's settings name, as guarded stores."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from novita_infra.model.diagnostics import problem
from novita_infra.state.backend import OpenBackend
from novita_infra.state.encryption.settings import encryption_of
from novita_infra.state.encryption.storage import EncryptedBackend, EncryptedStorage
from novita_infra.state.guarded import GuardedBackend, GuardedStore
from novita_infra.state.registry import backend_named, backend_names, backend_of, setting_errors
from novita_infra.state.settings import StateSettings
from novita_infra.state.state import new_state
from novita_infra.state.store import StateBackend, StateReader


def open_backend(settings: StateSettings) -> StateBackend:
    """The backend of a project, as `open_storages`."""
    return GuardedBackend(open_storages(settings))


def open_storages(settings: StateSettings) -> OpenBackend:
    """The backend without its guards, for commands on damaged states, on earlier ones and on locks.

    Asks the sources of its secrets. Raises Problems if the settings name one that does not exist or cannot be used, and
    if a secret cannot be read.
    """
    backend = backend_of(settings.options)
    for error in setting_errors(settings.options):
        raise problem(f"state.{error.name} {error.summary}", error.hint)
    revealed = settings.revealed()
    return EncryptedBackend(backend.open(revealed), encryption_of(revealed))


def open_store(settings: StateSettings, environment: str, *, project: str = "") -> GuardedStore:
    """The store of one environment; `storage` is what is under its guards. Raises Problems as `open_storages`."""
    return GuardedBackend(open_storages(settings)).store(environment, project=project)


def state_files(path: Path, settings: StateSettings) -> list[StateReader]:
    """The states in a file or in a folder: those of another project, which a person names by path.

    Encrypted ones are read with the keys of `settings`, those of this project. Raises Problems if a secret cannot be
    read.
    """
    encryption = encryption_of(settings.revealed())
    for name in reversed(backend_names()):  # the default backend last: it reads any file as a state
        if storages := backend_named(name).storages_at(path):
            sealed = [EncryptedStorage(storage, encryption) for storage in storages]
            return [GuardedStore(storage, partial(new_state, "", "default")) for storage in sealed]
    return []

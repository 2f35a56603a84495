"""The ids that the states of the project and of its neighbours record: these objects are no orphans."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from novita_infra.manifests.project.locating import locate
from novita_infra.manifests.validation.documents import PROJECT_FILE
from novita_infra.model.diagnostics import problem
from novita_infra.operations.session import Session
from novita_infra.state.opening import open_backend, state_files
from novita_infra.state.state import State
from novita_infra.state.store import StateReader

_HINT: Final = "name a state file, a folder of them, or a project"


def recorded_ids(session: Session) -> frozenset[tuple[str, str]]:
    """The types and ids that the states of all environments of the project record.

    Raises Problems if a state cannot be read: its objects would count as unrecorded.
    """
    states = [reader.load() for reader in state_readers(session, ())]
    return frozenset(
        (prefix, id)
        for state in states
        for prefix in {address.type for address in state.records}
        for id in ids_of_type(state, prefix)
    )


def state_readers(session: Session, beside: Sequence[Path]) -> list[StateReader]:
    """The states of all environments of the project, and those that `beside` names. One may be listed twice."""
    backend = open_backend(session.project.state)
    others = [name for name in backend.environments() if name != session.project.environment]
    readers: list[StateReader] = [session.store, *(backend.store(name) for name in others)]
    for path in beside:
        readers += _readers_at(path)
    return readers


def _readers_at(path: Path) -> list[StateReader]:
    """The states of another project, or of a state file or a folder of such files. Raises Problems if there is none."""
    if not path.exists():
        raise problem(f"there is no state at {path}", _HINT)
    readers = [] if (path / PROJECT_FILE).is_file() else state_files(path)
    place = str(path)
    if not readers:
        backend = open_backend(locate(path).state)
        readers, place = [backend.store(name) for name in backend.environments()], backend.describe()
    if not readers:
        raise problem(f"there is no state file in {place}", _HINT)
    return readers


def ids_of_type(state: State, prefix: str) -> Iterable[str]:
    """The recorded ids of a resource type, replaced objects included."""
    for address, record in state.records.items():
        if address.type == prefix:
            yield from filter(None, (record.id, *record.retired))

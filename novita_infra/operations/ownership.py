"""The ids that this project and its neighbours record, so that nothing of theirs counts as an orphan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from novita_infra.manifests.project.locating import locate
from novita_infra.manifests.validation.documents import PROJECT_FILE
from novita_infra.model.diagnostics import problem
from novita_infra.operations.session import Session
from novita_infra.state.backends.local import LocalStore
from novita_infra.state.state import State

_BOOKS: Final = ".json"


def recorded_ids(session: Session) -> frozenset[tuple[str, str]]:
    """What the books of all environments of the project know: the prefixes of the kinds, each with an id.

    Raises Problems where books cannot be read: what they own would count as nobody's.
    """
    states = [store.load() for store in _stores(session, ())]
    return frozenset(
        (prefix, id)
        for state in states
        for prefix in {address.type for address in state.records}
        for id in _ids(state, prefix)
    )


def _stores(session: Session, beside: Sequence[Path]) -> list[LocalStore]:
    """The books of every environment of the project, and those that are named beside."""
    folders, files = [session.project.state_folder], [session.store.path]
    for path in beside:
        if path.is_dir():
            is_project = (path / PROJECT_FILE).is_file() or not any(path.glob(f"*{_BOOKS}"))
            folders.append(locate(path).state_folder if is_project else path)
        elif path.is_file():
            files.append(path)
        else:
            raise problem(f"there are no books {path}", "name a state file, a folder of them, or a project")
    for folder in folders:
        inside = sorted(folder.glob(f"*{_BOOKS}")) if folder.is_dir() else []
        if not inside and folder is not folders[0]:
            raise problem(f"there is no state file in {folder}", "name a state file, a folder of them, or a project")
        files += inside
    return [LocalStore(path) for path in dict.fromkeys(path.resolve() for path in files)]


def _ids(state: State, prefix: str) -> Iterable[str]:
    for address, record in state.records.items():
        if address.type == prefix:
            yield from filter(None, (record.id, *record.retired))

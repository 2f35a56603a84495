"""The identity of a project: what its project file and its state say, and a first id where neither says any."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from novita_infra.manifests.project.loading import Project
from novita_infra.model.diagnostics import EXIT_REFUSED, Problems, problem
from novita_infra.model.identity import Identity
from novita_infra.state.opening import open_backend
from novita_infra.state.settings import StateSettings
from novita_infra.state.state import State


def identity_of(project: Project, state: State) -> Identity:
    """The identity of the project in the environment of the state.

    The id of the project file comes first, then that of the state. Without both it is made from the folder: the same
    folder has the same id as long as no apply has recorded one, and another folder of the same name has another.
    """
    id = project.id or state.identity.id
    return Identity(
        project=project.name,
        environment=project.environment,
        id=id or _folder_id(project.root),
        former=state.identity.former,
        named=project.id is not None,
        settled=bool(id),
    )


def with_recorded_name(project: Project, state: State) -> Project:
    """The project with the name in its state, where no project file gives one: its folder may have been renamed."""
    return replace(project, name=state.project) if project.id is None and state.project else project


def check_not_inside(project: Project) -> None:
    """Raises Problems if a state above the project records what its files declare: it is a part of that project.

    Only for a folder without project file and without state, since a second state would create everything again.
    """
    root = project.root.resolve()
    for above in root.parents:
        for place in _states_with_sources_in(root, above):
            raise problem(
                f"{project.root} is a part of the project in {above}: its state {place} records what is declared here",
                f"name that folder: {above}",
                code=EXIT_REFUSED,
            )


def _states_with_sources_in(root: Path, above: Path) -> list[str]:
    """The states of a project in `above`, in the default place, that record resources of manifests in `root`."""
    places = []
    with suppress(Problems):  # a folder of that name may hold anything
        backend = open_backend(StateSettings(above))
        for reader in map(backend.store, backend.environments()):
            sources = {item.source for item in reader.load().records.values() if item.source}
            if any(root in (above / source).parents for source in sources):
                places.append(reader.describe())
    return places


def identified(state: State, project: Project, *, cloud: str) -> State:
    """The state as that of this project and account: what every save writes."""
    id = identity_of(project, state).id
    return replace(
        state,
        cloud=cloud,
        project=project.name,
        environment=project.environment,
        identity=replace(state.identity, id=id, account=project.rules.account or state.identity.account),
    )


def _folder_id(root: Path) -> str:
    """The id of a project that has none yet: a digest of the machine's name and of the folder."""
    return f"f{hashlib.sha256(f'{os.uname().nodename}:{root.resolve()}'.encode()).hexdigest()[:12]}"

"""The identity of a project: what its project file and its state say, and a first id where neither says any."""

from __future__ import annotations

import hashlib
import os
import shlex
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from novita_infra.manifests.project.loading import Project
from novita_infra.manifests.project.locating import Located
from novita_infra.model.diagnostics import EXIT_REFUSED, Problems, problem
from novita_infra.model.identity import Identity, scope_of
from novita_infra.state.opening import open_backend
from novita_infra.state.settings import StateSettings
from novita_infra.state.state import State


def identity_of(project: Project | Located, state: State) -> Identity:
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
        accepted=state.identity.accepted,
        named=project.id is not None,
        settled=bool(id),
    )


def with_recorded_name(project: Project, state: State) -> Project:
    """The project with the name in its state, where no project file gives one: its folder may have been renamed."""
    return replace(project, name=state.project) if project.id is None and state.project else project


def check_state(project: Project | Located, state: State, *, place: str) -> None:
    """Raises Problems if the state at the place records objects of another project, environment or account."""
    if not state.records:
        return
    name = state.project if project.id is None else project.name
    ids = {project.id, state.identity.id} - {"", None}
    if (state.project or name, state.environment) != (name, project.environment) or len(ids) > 1:
        raise _state_of_another(project, name, state, place=place, ids_differ=len(ids) > 1)
    account = project.rules.account if isinstance(project, Project) else ""
    if account and state.identity.account not in {"", account}:
        raise problem(
            f"{place} is about the account {state.identity.account}, and the project is for the account {account}",
            "use another environment for another account",
            code=EXIT_REFUSED,
        )


def _state_of_another(project: Project | Located, name: str, state: State, *, place: str, ids_differ: bool) -> Problems:
    words = ["novita-infra", "state", "rename", f"{state.project or name}/{state.environment}"]
    words += ["--env", project.environment] if project.environment != "default" else []
    words += [str(project.root)] if project.root != Path() else []
    theirs, ours = (f" (id {id})" if ids_differ else "" for id in (state.identity.id, project.id))
    return problem(
        f"{place} is the state of project {state.project}{theirs}, environment {state.environment}, and this is "
        f"project {name}{ours}, environment {project.environment}",
        "name another place for the state of this one (`state.path` in the project file), or put its own state back; "
        f"if {state.project}/{state.environment} was renamed to this, say so: {shlex.join(words)}",
        code=EXIT_REFUSED,
    )


def renamed(state: State, project: Located) -> State:
    """The state as that of the project; the owner marks of the project that it was of remain its own."""
    before = state.identity
    former = {scope_of(state.project, id, state.environment): None for id in (before.id, "")}
    identity = replace(before, id=project.id or before.id, former=(*before.former, *former))
    name = state.project if project.id is None else project.name
    return replace(state, project=name, environment=project.environment, identity=identity)


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
    """The state as that of this project and account: what a run saves."""
    recorded = {str(address) for address in state.records}
    identity = replace(
        state.identity,
        id=identity_of(project, state).id,
        accepted={address: owners for address, owners in state.identity.accepted.items() if address in recorded},
        account=project.rules.account or state.identity.account,
    )
    return replace(state, cloud=cloud, project=project.name, environment=project.environment, identity=identity)


def _folder_id(root: Path) -> str:
    """The id of a project that has none yet: a digest of the machine's name and of the folder."""
    return f"f{hashlib.sha256(f'{os.uname().nodename}:{root.resolve()}'.encode()).hexdigest()[:12]}"

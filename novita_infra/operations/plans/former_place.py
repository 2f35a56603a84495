"""What is left in the default folder of states beside a state that lies elsewhere.

`state migrate` leaves a note there. A clone that has not got the note still holds the state of before: it may have gone
on with it, and a project file may name a new place to which nothing was moved.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from novita_infra.model.diagnostics import EXIT_REFUSED, Problems, problem
from novita_infra.operations.ownership import recorded_ids
from novita_infra.operations.session import Session
from novita_infra.refresh.other_states import recorded_objects
from novita_infra.state.encryption.settings import ENCRYPTION
from novita_infra.state.format.file_format import read_state
from novita_infra.state.guarded import GuardedStore
from novita_infra.state.opening import open_store
from novita_infra.state.recovery.conflicts import sides_of_conflict
from novita_infra.state.registry import DEFAULT
from novita_infra.state.settings import StateSettings
from novita_infra.state.state import State


def check_former_place(session: Session) -> None:
    """Raises Problems if the default folder holds a copy of the state with objects that the state does not know.

    Also if it holds a state where the place of the project holds none. Reads nothing where that is the default folder.
    """
    settings = session.project.state
    if settings.options.get("backend", DEFAULT) == DEFAULT and not settings.options.get("path"):
        return
    options = {name: value for name, value in settings.options.items() if name == ENCRYPTION}
    former = open_store(replace(settings, options=options), session.project.environment)
    if former.describe() == session.store.describe():
        return
    for left in _states_at(former):
        if left.records and left.cloud in {"", session.cloud}:
            _check_known(session, left, former.describe())


def _states_at(store: GuardedStore) -> Iterator[State]:
    """The state at the place, or both sides of a merge conflict. One that was moved or cannot be read is none."""
    with suppress(Problems):
        data = store.storage.read().state
        sides = sides_of_conflict(data) if data is not None else None
        if sides is None:
            yield store.load()
            return
        for side in sides:
            with suppress(Problems):
                yield read_state(side, store.describe(), hint="")


def _check_known(session: Session, left: State, place: str) -> None:
    state, here = session.state, session.store.describe()
    if not state.serial:
        raise problem(
            f"{here} holds no state, and {place} holds version {left.serial} of one with "
            f"{len(left.records)} {'resource' if len(left.records) == 1 else 'resources'}",
            f"put back the earlier `state:`, then move the state: {_migrate(session.project.state)}; if that state is "
            f"not wanted any more, remove {place}",
            code=EXIT_REFUSED,
        )
    if state.lineage != left.lineage:
        return
    unknown = set(recorded_objects(left)) - set(recorded_objects(state))
    unknown = {(type_, id) for type_, id in unknown if id not in state.gone.get(type_, ())}
    if not unknown or not (unknown := unknown - recorded_ids(session)):
        return
    records = [record for record in left.records.values() if (record.address.type, record.id) in unknown]
    names = ", ".join(f"{record.address} ({record.id})" for record in records)
    adopt = "; ".join(
        shlex.join(["novita-infra", "orphans", "--adopt", str(record.address), "--id", record.id]) for record in records
    )
    raise problem(
        f"{place} is a copy of this state from before it was moved to {here}, and records what the moved one does not: "
        f"{names}",
        f"a run used the old place after the move. Record what it created: {adopt}. Then put the note of the move in "
        f"the place of {place}, or remove that file",
        code=EXIT_REFUSED,
    )


def _migrate(settings: StateSettings) -> str:
    """The command that moves a state to the place of these settings."""
    words = ["novita-infra", "state", "migrate", "--to", str(settings.options.get("backend", DEFAULT))]
    for name, value in settings.options.items():
        if name not in {"backend", ENCRYPTION}:
            words += ["--set", f"{name}={value if isinstance(value, str) else json.dumps(value)}"]
    return shlex.join(words)

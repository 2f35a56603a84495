"""Moves the states of a project to another backend, with their journals and their history."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

from novita_infra.api.limits.shared_limits import cache_folder
from novita_infra.manifests.yaml.parsing import read_text
from novita_infra.model.diagnostics import EXIT_REFUSED, nearest, problem
from novita_infra.model.frozen import dataclass
from novita_infra.operations.session import ProjectOptions, located
from novita_infra.operations.state.edits import Report, ignored
from novita_infra.state.backend import OpenBackend
from novita_infra.state.format.forwarding import write_forwarding
from novita_infra.state.guarded import GuardedBackend, GuardedStore
from novita_infra.state.locks.locking import locked_blocking
from novita_infra.state.opening import open_storages
from novita_infra.state.process_identity import this_process
from novita_infra.state.recovery.copying import copy_stored, holds_copy
from novita_infra.state.recovery.kept import Kept, read_kept
from novita_infra.state.registry import DEFAULT, backend_named
from novita_infra.state.seen_versions import check_newest
from novita_infra.state.state import State
from novita_infra.state.store import StateMoved

_OF_ALL = "encryption"
"""The setting that is not of a backend: it remains."""


@dataclass(frozen=True, slots=True)
class StateMove:
    """The state of one environment that is moved."""

    environment: str
    source: GuardedStore
    target: GuardedStore
    kept: Sequence[Kept]
    """The earlier states and the present one."""
    state: State
    """The present state with its journal."""
    already: bool = False
    """Whether a note says that it is in the new place."""


@dataclass(frozen=True, slots=True)
class Migration:
    """The states that are moved together. The locks of both places are held."""

    source: str
    """The old place, for a message."""
    target: str
    options: Mapping[str, Any]
    """The settings of the new place, as the project file gives them."""
    moves: tuple[StateMove, ...]
    in_files: bool = False
    """Whether the old place is a folder, whose note others get with the files of the project."""

    def carry_out(self) -> None:
        """Copies each state, reads it back, and leaves a note in the old place. Raises Problems; the old place holds.

        A migration that was killed is run again: it copies what has no note.
        """
        for move in self.moves:
            if not move.already:
                audit = move.source.storage.read_audit()
                copy_stored(move.kept, move.target.storage, audit)
                if not holds_copy(move.target.storage, move.kept, audit):
                    raise problem(
                        f"{move.target.describe()} was written and read back, and is not the same as "
                        f"{move.source.describe()}",
                        "nothing is moved, and the old place counts; try another place",
                    )
                note = write_forwarding(self.options, move.state, by=this_process(), now=time.time())
                stored = move.kept[-1].stored
                move.source.storage.replace(note, stored, stored.journal or b"")

    def setting(self) -> str:
        """What to write into the project file."""
        return f"state: {json.dumps(dict(self.options))}"


def settings_of_backend(name: str, given: Mapping[str, str], present: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of the new place, from texts of the command line. Raises Problems if one is missing or unknown.

    A value that is no text, such as `{fromEnv: NAME}`, is written as in the project file. Encryption remains.
    """
    backend = backend_named(name)
    options: dict[str, Any] = {"backend": name}
    for key, text in given.items():
        if key not in backend.settings:
            raise problem(f"the backend {name} has no setting {key!r}", nearest(key, [*backend.settings]))
        if "${" in text:
            raise problem(f"--set {key} takes no expression", "write the value; the project file may use variables")
        options[key] = _value(text, backend.settings[key])
    if missing := [key for key in backend.required if key not in options]:
        raise problem(
            f"the backend {name} needs {' and '.join(missing)}", " ".join(f"--set {key}=..." for key in missing)
        )
    return options | ({_OF_ALL: present[_OF_ALL]} if _OF_ALL in present else {})


def _value(text: str, schema: Mapping[str, Any]) -> Any:
    if schema.get("type") == "string" and not text.startswith("{"):
        return text
    parsed = read_text(text, "")
    return text if parsed.diagnostics or len(parsed.documents) != 1 else parsed.documents[0].data


@contextmanager
def migrating(
    where: ProjectOptions, name: str, given: Mapping[str, str], *, report: Report = ignored
) -> Iterator[Migration]:
    """Holds the locks of all states in both places while the body shows, asks and moves.

    Moves the environment that is named, or all. Raises Problems if a state is damaged, or if the new place holds
    another one.
    """
    place = located(where)
    options = settings_of_backend(name, given, place.state.options)
    old, new = (open_storages(item) for item in (place.state, replace(place.state, options=options)))
    if str(place.state.options.get("backend", DEFAULT)) == name and old.describe() == new.describe():
        raise problem(f"the state is in {new.describe()} already", "name another place: --set ...")
    names = (place.environment,) if where.environment else old.environments()
    with ExitStack() as stack:
        moves = []
        for environment in names:
            source, target = (_store(backend, environment, place.name) for backend in (old, new))
            for store in (source, target):
                lock = locked_blocking(store, "state migrate", max_wait=where.lock_timeout, report=report)
                stack.enter_context(lock)
            moves.append(_move(environment, source, target))
        if not moves or not any(item.state.serial or item.already for item in moves):
            raise problem(
                f"there is no state in {old.describe()}",
                "name the new place in the project file: the first apply makes the state there",
            )
        yield Migration(old.describe(), new.describe(), options, tuple(moves), in_files=not old.remote)


def _store(backend: OpenBackend, environment: str, project: str) -> GuardedStore:
    return GuardedBackend(backend).store(environment, project=project)


def _move(environment: str, source: GuardedStore, target: GuardedStore) -> StateMove:
    """The state that is moved. Raises Problems if it cannot be read, or if the new place holds another one."""
    there = _state_at(target)
    try:
        kept = read_kept(source.storage)
    except StateMoved:
        if there is None:
            raise
        return StateMove(environment, source, target, (), there, already=True)
    state = source.load()
    check_newest(cache_folder(os.environ), source)
    if there is not None and (there.lineage != state.lineage or there.serial > state.serial):
        raise problem(
            f"{target.describe()} holds version {there.serial} of the state {there.lineage}, and {source.describe()} "
            f"is version {state.serial} of {state.lineage}",
            "name an empty place",
            code=EXIT_REFUSED,
        )
    return StateMove(environment, source, target, kept, state)


def _state_at(target: GuardedStore) -> State | None:
    """The state in the new place; None if there is none, or one that was moved away."""
    try:
        state = target.load()
    except StateMoved:
        return None
    return state if state.serial else None

"""Reads and edits the state. No object of the account is read or changed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from novita_infra.api.limits.shared_limits import cache_folder
from novita_infra.manifests.project.discovery import check_not_empty
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import EXIT_REFUSED, nearest_address, problem
from novita_infra.model.records import Record
from novita_infra.model.refactoring import MovedRecord, StateEdits
from novita_infra.operations.identity import check_state, renamed
from novita_infra.operations.opening.simulated import sim_db
from novita_infra.operations.session import ProjectOptions, located
from novita_infra.state.guarded import GuardedStore
from novita_infra.state.locks.lock_holders import run_of_ci
from novita_infra.state.locks.locking import locked_blocking
from novita_infra.state.opening import open_store
from novita_infra.state.process_identity import this_process
from novita_infra.state.seen_versions import check_newest, remember_version
from novita_infra.state.state import LastRun, State, edited
from novita_infra.state.store import Store

Report: TypeAlias = Callable[[str], None]
"""Shows a message about a wait for the lock."""


def ignored(_: str) -> None:
    """Shows nothing."""


def store_of(where: ProjectOptions) -> GuardedStore:
    """The store of the environment, found without evaluating a manifest."""
    place = located(where)
    return open_store(place.state, place.environment, project=place.name)


@contextmanager
def locked_store(
    where: ProjectOptions, operation: str, *, report: Report, sound: bool = True
) -> Iterator[GuardedStore]:
    """Holds the lock of the state. `report` shows a wait for it.

    Raises Problems if this machine has seen a newer version, unless the state need not be `sound`.
    """
    store, cache = store_of(where), cache_folder(os.environ)
    with locked_blocking(store, operation, max_wait=where.lock_timeout, report=report):
        if sound:
            store.load()
            check_newest(cache, store)
        yield store
        remember_version(cache, store, known=True)


def load_state(where: ProjectOptions, *, report: Report = ignored) -> State:
    """The state of the environment. Takes no lock. `report` shows that there is none.

    Raises Problems if it is that of another project, and where there is neither a state nor a project.
    """
    store = store_of(where)
    state = _load(store, where)
    if not state.serial:
        check_not_empty(where.path)
        report(f"There is no state at {store.describe()}. If there was one, look for its objects: novita-infra orphans")
    return state


def forget(
    where: ProjectOptions, addresses: tuple[Address, ...], *, dry_run: bool = False, report: Report = ignored
) -> tuple[Record, ...]:
    """Removes the records from the state and returns them; the objects remain. `report` shows a wait for the lock.

    A `dry_run` saves nothing. Raises Problems if one is not recorded.
    """
    with locked_store(where, "state rm", report=report) as store:
        state = _load(store, where)
        removed = tuple(_recorded(state, address) for address in addresses)
        remaining = {address: record for address, record in state.records.items() if address not in addresses}
        if not dry_run:
            store.save(replace(state, records=remaining, last_run=this_edit("state rm")))
        return removed


def move_record(
    where: ProjectOptions, source: Address, target: Address, *, dry_run: bool = False, report: Report = ignored
) -> State:
    """Gives a record another address of the same kind, and every need that names it too. A `dry_run` saves nothing."""
    with locked_store(where, "state mv", report=report) as store:
        state = _load(store, where)
        _recorded(state, source)
        if target.type != source.type:
            raise problem(f"{source} cannot become {target}, which is of another kind", "move within one kind")
        if target == source:
            raise problem(f"both addresses are {source}", "nothing is left to move")
        if target in state.records:
            raise problem(
                f"{target} is already recorded",
                f"choose another name, or give that record one first: novita-infra state mv {target} TARGET",
            )
        state = edited(state, StateEdits((MovedRecord(source, target),)))
        return state if dry_run else store.save(replace(state, last_run=this_edit("state mv")))


def rename_state(where: ProjectOptions, source: str, *, report: Report = ignored) -> State:
    """Makes the state of `source` (`project/environment`) that of the project. Raises Problems if it is of another."""
    place = located(where)
    with locked_store(where, "state rename", report=report) as store:
        state = store.load()
        if not state.serial:
            raise problem(
                f"there is no state at {store.describe()}",
                "an apply makes one; if there was one, put it back together with its journal",
                code=EXIT_REFUSED,
            )
        if f"{state.project}/{state.environment}" != source:
            raise problem(
                f"{store.describe()} is the state of {state.project}/{state.environment}, not of {source}",
                "name the project and the environment that the state has now",
                code=EXIT_REFUSED,
            )
        return store.save(replace(renamed(state, place), last_run=this_edit("state rename")))


def recorded(where: ProjectOptions, address: Address) -> Record:
    """The record of one resource. Raises Problems if there is none."""
    return _recorded(load_state(where), address)


def reset_sim(where: ProjectOptions) -> Path:
    """Empties the simulator's account of the project; returns the file that held it."""
    path = sim_db(located(where).root)
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()
    return path


def _load(store: Store, where: ProjectOptions) -> State:
    state = store.load()
    check_state(located(where), state, place=store.describe())
    return state


def this_edit(operation: str) -> LastRun:
    """The note on the edit that a command of this process makes now."""
    return LastRun(operation, this_process(), time.time(), ci=run_of_ci(os.environ))


def _recorded(state: State, address: Address) -> Record:
    record = state.records.get(address)
    if record is None:
        raise problem(f"there is no record of {address}", nearest_address(address, state.records))
    return record

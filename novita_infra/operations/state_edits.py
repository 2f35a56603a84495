"""Reads and edits the state. No object of the account is read or changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from novita_infra.manifests.project.locating import locate
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import nearest, problem
from novita_infra.model.records import Record
from novita_infra.operations.session import ProjectOptions, sim_db
from novita_infra.state.locking import locked_blocking
from novita_infra.state.opening import open_backend
from novita_infra.state.state import State
from novita_infra.state.store import Store


def store_of(where: ProjectOptions) -> Store:
    """The store of the environment, found without evaluating a manifest."""
    place = locate(where.path, environment=where.environment)
    return open_backend(place.state).store(place.environment, project=place.name)


def load_state(where: ProjectOptions) -> State:
    """The state of the environment. Takes no lock."""
    return store_of(where).load()


def forget(where: ProjectOptions, addresses: tuple[Address, ...]) -> tuple[Record, ...]:
    """Removes the records from the state and returns them; the objects remain.

    Raises Problems if one is not recorded.
    """
    store = store_of(where)
    with locked_blocking(store, "state rm", max_wait=where.lock_timeout):
        state = store.load()
        removed = tuple(_recorded(state, address) for address in addresses)
        remaining = {address: record for address, record in state.records.items() if address not in addresses}
        store.save(replace(state, records=remaining))
        return removed


def move_record(where: ProjectOptions, source: Address, target: Address) -> State:
    """Gives a record another address of the same kind, and every need that names it too."""
    store = store_of(where)
    with locked_blocking(store, "state mv", max_wait=where.lock_timeout):
        state = store.load()
        record = _recorded(state, source)
        if target.type != source.type:
            raise problem(f"{source} is a {source.type} and cannot become a {target.type}", "move within one kind")
        if target in state.records:
            raise problem(f"{target} is already recorded", "remove it with `state rm` first, or choose another name")
        records = {address: item for address, item in state.records.items() if address != source}
        records[target] = replace(record, address=target)
        renamed = {
            address: replace(item, needs=tuple(sorted(target if need == source else need for need in item.needs)))
            for address, item in records.items()
        }
        return store.save(replace(state, records=dict(sorted(renamed.items()))))


def recorded(where: ProjectOptions, address: Address) -> Record:
    """The record of one resource. Raises Problems if there is none."""
    return _recorded(load_state(where), address)


def reset_sim(where: ProjectOptions) -> Path:
    """Empties the simulator's account of the project; returns the file that held it."""
    path = sim_db(locate(where.path, environment=where.environment).root)
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()
    return path


def _recorded(state: State, address: Address) -> Record:
    record = state.records.get(address)
    if record is None:
        raise problem(f"there is no record of {address}", nearest(str(address), [str(item) for item in state.records]))
    return record

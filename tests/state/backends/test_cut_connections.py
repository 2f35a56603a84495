"""Stores on servers whose connections are cut at any byte, or that restart: what was confirmed is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import pytest
from fault_proxy import FaultProxy, fault_proxy
from server_places import postgres_objects, postgres_settings, s3_objects
from servers import address_of, own_server
from state_values import write_changes

from novita_infra.model.addresses import Address
from novita_infra.model.records import Record
from novita_infra.state.guarded import GuardedBackend
from novita_infra.state.locks.locking import locked_blocking
from novita_infra.state.objects.objects import AnswerLost, Object, ObjectChange, Objects, OutOfReach
from novita_infra.state.objects.place import ObjectPlace
from novita_infra.state.store import Store

pytestmark = pytest.mark.process
_T = TypeVar("_T")


class MendedObjects:
    """Objects whose connection works again after each failure."""

    def __init__(self, objects: Objects, mend: Callable[[], object]) -> None:
        self._objects = objects
        self._mend = mend
        self.failures: list[str] = []

    def describe(self, key: str = "") -> str:
        return self._objects.describe(key)

    def read(self, key: str) -> Object | None:
        return self._mended(lambda: self._objects.read(key))

    def read_all(self, prefix: str) -> Mapping[str, Object]:
        return self._mended(lambda: self._objects.read_all(prefix))

    def keys(self, prefix: str) -> Sequence[str]:
        return self._mended(lambda: self._objects.keys(prefix))

    def snapshot(self) -> MendedObjects:
        return self

    def write(self, changes: Sequence[ObjectChange]) -> Sequence[str]:
        return self._mended(lambda: self._objects.write(changes))

    def _mended(self, call: Callable[[], _T]) -> _T:
        try:
            return call()
        except (OutOfReach, AnswerLost) as error:
            self.failures.append(type(error).__name__)
            self._mend()
            raise


def store_on(objects: Objects) -> Store:
    return GuardedBackend(ObjectPlace(objects)).store("dev", project="training")


def record(number: int) -> Record:
    return Record(Address("instance", f"a{number}"), f"i-{number}")


@contextmanager
def proxied(server: str, folder: Path) -> Iterator[tuple[FaultProxy, MendedObjects]]:
    """The objects of the test behind a proxy."""
    address = urlsplit(address_of(server))
    with fault_proxy(str(address.hostname), address.port or 5432) as proxy:
        if server == "postgres":
            url = urlsplit(str(postgres_settings(folder)["url"]))
            objects: Objects = postgres_objects(
                folder, url=url._replace(netloc=f"{url.username}@{proxy.address}").geturl()
            )
        else:
            objects = s3_objects(server, folder, endpoint=f"http://{proxy.address}")
        yield proxy, MendedObjects(objects, proxy.heal)


@pytest.mark.parametrize("side", ["sent", "answered"])
@pytest.mark.parametrize("server", ["postgres", "seaweedfs"])
def test_a_run_whose_connection_is_cut_at_any_byte_goes_on(server: str, side: str, tmp_path: Path) -> None:
    with proxied(server, tmp_path) as (proxy, objects):
        store = store_on(objects)
        places = (0, 1, 40, 200, 500, 900)
        with locked_blocking(store, "apply"):
            state = store.load()
            with store.journal(state) as journal:
                for number, place in enumerate(places):
                    proxy.cut_after(**{side: place})
                    asyncio.run(write_changes(journal, [record(number)]))
                    proxy.heal()
        assert len(objects.failures) >= 3
        assert {item.id for item in store_on(objects).load().records.values()} == {
            f"i-{number}" for number in range(len(places))
        }


def test_a_run_goes_on_when_its_database_was_restarted() -> None:
    with own_server("postgres") as server:
        objects = MendedObjects(postgres_objects(Path("/"), url=server.address), lambda: None)
        store = store_on(objects)
        with locked_blocking(store, "apply"):
            state = store.load()
            with store.journal(state) as journal:
                asyncio.run(write_changes(journal, [record(0)]))
                server.stop()
                server.start()
                asyncio.run(write_changes(journal, [record(1)]))
        assert objects.failures
        assert {item.id for item in store_on(objects).load().records.values()} == {"i-0", "i-1"}


def test_a_run_goes_on_when_its_server_of_s3_was_restarted(tmp_path: Path) -> None:
    with own_server("seaweedfs") as server:
        objects = MendedObjects(s3_objects("seaweedfs", tmp_path, endpoint=server.address), lambda: None)
        store = store_on(objects)
        with locked_blocking(store, "apply"):
            state = store.load()
            with store.journal(state) as journal:
                asyncio.run(write_changes(journal, [record(0)]))
                server.stop()
                server.start()
                asyncio.run(write_changes(journal, [record(1)]))
        assert {item.id for item in store_on(objects).load().records.values()} == {"i-0", "i-1"}

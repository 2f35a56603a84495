"""State and journal in a document on a server that keeps states as GitLab does, also when it fails in the middle."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from fault_proxy import fault_proxy
from state_server import StateServer, state_server
from state_values import A, B, write_changes

from novita_infra.model.diagnostics import Problems
from novita_infra.model.records import Record
from novita_infra.state.backend import Overtaken
from novita_infra.state.backends.http.client import Access, HttpClient
from novita_infra.state.backends.http.locks import HttpLock
from novita_infra.state.backends.http.place import Addresses, HttpPlace
from novita_infra.state.backends.http.storage import HttpStorage
from novita_infra.state.guarded import GuardedStore
from novita_infra.state.state import new_state
from novita_infra.state.store import LockRefused

DEV = "/infra-dev"
ACCESS = Access(username="ada", password="the-password-of-ada", retries=2)


@pytest.fixture
def server() -> Iterator[StateServer]:
    """A server without states."""
    with state_server() as served:
        yield served


def place_on(server: StateServer, root: Path, *, access: Access = ACCESS, address: str = "") -> HttpPlace:
    """The place on the server, as another process opens it."""
    state = f"{address or server.address}/infra-{{environment}}"
    addresses = Addresses(("POST", state), ("LOCK", f"{state}/lock"), ("UNLOCK", f"{state}/lock"))
    return HttpPlace(HttpClient(access, sleep=lambda _: None), addresses, root, now=lambda: 1_800_000_000.0)


@pytest.fixture
def storage(server: StateServer, tmp_path: Path) -> HttpStorage:
    """The storage of `dev`."""
    return place_on(server, tmp_path).storage("dev")


def locked(storage: HttpStorage, operation: str = "apply") -> HttpLock:
    lock = storage.try_lock(operation)
    assert isinstance(lock, HttpLock)
    return lock


def refused(call: Any) -> str:
    with pytest.raises(Problems) as caught:
        call()
    return str(caught.value)


def stored(server: StateServer, path: str = DEV) -> Any:
    return json.loads(server.states[path][-1])


def test_the_document_has_a_rising_serial_and_one_lineage(server: StateServer, storage: HttpStorage) -> None:
    storage.replace(b"first", storage.read())
    storage.replace(b"second", storage.read(), b"trail\n")
    with_journal = storage.begin(b"second", b"header\n", storage.read())
    with_journal.append(b"line\n")
    documents = [json.loads(data) for data in server.states[DEV]]
    assert [document["serial"] for document in documents] == [1, 2, 3, 4]
    assert len({document["lineage"] for document in documents}) == 1
    assert len({document["mark"] for document in documents}) == 4
    assert (documents[3]["state"], documents[3]["journal"]) == ("second", "header\nline\n")
    assert documents[3]["environment"] == "dev"


def test_the_last_five_states_are_kept_the_newest_first(storage: HttpStorage) -> None:
    for number in range(8):
        storage.replace(b"%d" % number, storage.read())
    assert [storage.read_version(version).state for version in storage.versions()] == [b"6", b"5", b"4", b"3", b"2"]


def test_the_state_before_and_its_trail_are_kept_as_one_version(storage: HttpStorage) -> None:
    assert storage.versions() == ()
    storage.replace(b"first", storage.read())
    storage.replace(b"second", storage.read(), b"trail\n")
    (version,) = storage.versions()
    kept = storage.read_version(version)
    assert (version.at, kept.state, kept.journal) == (1_800_000_000.0, b"first", b"trail\n")


def test_bytes_that_are_no_text_are_kept(storage: HttpStorage) -> None:
    data = bytes(range(256))
    storage.replace(data, storage.read())
    storage.replace(data[::-1], storage.read())
    assert storage.read().state == data[::-1]
    assert storage.read_version(storage.versions()[0]).state == data


def test_a_wave_of_events_costs_one_write(server: StateServer, storage: HttpStorage) -> None:
    store = GuardedStore(storage, partial(new_state, "training", "dev"))
    state = store.save(store.load())

    async def wave(journal: Any) -> None:
        await asyncio.gather(*(write_changes(journal, [Record(A, str(number))]) for number in range(50)))

    with store.journal(state) as journal:
        before = len(server.states[DEV])
        asyncio.run(wave(journal))
    assert len(server.states[DEV]) - before <= 2  # the first event is on its way when the others come


def test_a_write_over_another_is_refused(server: StateServer, storage: HttpStorage, tmp_path: Path) -> None:
    seen = storage.read()
    other = place_on(server, tmp_path).storage("dev")
    other.replace(b"other", other.read())
    with pytest.raises(Overtaken):
        storage.replace(b"mine", seen)
    with pytest.raises(Overtaken):
        storage.begin(b"mine", b"header\n", seen)
    assert storage.read().state == b"other"
    assert server.locks == {}


@pytest.mark.parametrize("knows_ids", [True, False])
def test_a_run_whose_lock_was_taken_away_writes_nothing(server: StateServer, tmp_path: Path, knows_ids: bool) -> None:
    """A server that knows no ids is compared with what the run wrote last."""
    server.knows_ids = knows_ids
    old, new = (place_on(server, tmp_path).storage("dev") for _ in range(2))
    locked(old)
    journal = old.begin(b"state", b"header\n", old.read())
    journal.append(b"1\n")
    holder = new.break_lock()
    assert holder is not None
    assert holder.operation == "apply"
    lock = locked(new, "destroy")
    new.replace(b"next", new.read())
    lock.release()
    assert refused(lambda: journal.append(b"2\n")) == (
        f"the lock of {server.address}{DEV} was taken away from this run; it stopped before its next call; run the "
        "command again: it goes on from what is recorded"
    )
    assert stored(server)["state"] == "next"


def test_a_writer_without_a_lock_is_refused_while_another_run_holds_it(
    server: StateServer, storage: HttpStorage
) -> None:
    server.locks[DEV] = {
        "ID": "7",
        "Operation": "OperationTypeApply",
        "Who": "bob@ci",
        "Created": "2026-01-02",
        "Info": "",
    }
    assert refused(lambda: storage.replace(b"x", storage.read())) == (
        f"the state is locked by `apply` of bob, process ? on ci, since 2026-01-02 ({server.address}{DEV}); wait for "
        "its end, or give --lock-timeout; this server never ends a lock by itself: if that run is dead, novita-infra "
        "state lock break"
    )


@pytest.mark.parametrize("action", ["lose", "cut"])
@pytest.mark.parametrize("method", ["GET", "POST", "LOCK", "UNLOCK"])
def test_a_request_whose_answer_is_lost_is_done_once(
    server: StateServer, storage: HttpStorage, action: str, method: str
) -> None:
    locked(storage).release()
    getattr(server, action).extend([method, method])
    lock = locked(storage)
    journal = storage.begin(b"state", b"header\n", storage.read())
    journal.append(b"line\n")
    lock.release()
    assert (server.lose, server.cut, server.locks) == ([], [], {})
    assert [json.loads(data)["serial"] for data in server.states[DEV]] == [1, 2]
    assert stored(server)["journal"] == "header\nline\n"


def test_a_server_out_of_order_is_named_after_the_last_attempt(server: StateServer, storage: HttpStorage) -> None:
    storage.replace(b"x", storage.read())
    server.status = 503
    server.requests.clear()
    assert refused(storage.read) == (
        f"{server.address}{DEV} cannot be reached: it answered 503: out of order; look at the network and at the "
        "server; then run the command again: it goes on where it stopped"
    )
    assert len(server.requests) == 3
    server.status = 0
    assert storage.read().state == b"x"


def test_a_server_that_restarts_in_the_middle_is_gone_on_with(tmp_path: Path) -> None:
    kept = StateServer()
    with state_server(kept):
        port = urlsplit(kept.address).port or 0
        storage = place_on(kept, tmp_path).storage("dev")
        lock = locked(storage)
        journal = storage.begin(b"state", b"header\n", storage.read())
    assert "Connection refused" in refused(storage.read)
    with state_server(kept, port=port):
        journal.append(b"line\n")
        lock.release()
    assert stored(kept)["journal"] == "header\nline\n"


@pytest.mark.slow
@pytest.mark.parametrize("direction", ["sent", "answered"])
def test_a_network_cut_at_any_byte_makes_a_write_whole_or_not_at_all(
    server: StateServer, tmp_path: Path, direction: str
) -> None:
    port = urlsplit(server.address).port or 0
    with fault_proxy("127.0.0.1", port) as proxy:
        storage = place_on(server, tmp_path, address=f"http://{proxy.address}").storage("dev")
        locked(storage)
        journal = storage.begin(b"state", b"", storage.read())
        proxy.cut_after()
        journal.append(b"first\n")
        whole = proxy.sent if direction == "sent" else proxy.answered
        lines = b"first\n"
        for number, cut in enumerate(range(0, whole, whole // 25)):
            proxy.cut_after(**{direction: cut})
            line = b"%d\n" % number
            before = len(server.states[DEV])
            assert "cannot be reached" in refused(partial(journal.append, line))
            proxy.heal()
            assert storage.read().journal in {lines, lines + line}
            assert len(server.states[DEV]) - before in {0, 1}
            lines = storage.read().journal or b""
            journal = storage.begin(b"state", lines, storage.read())
        assert proxy.cuts > 0


def test_a_wrong_password_is_named_and_never_shown(server: StateServer, tmp_path: Path) -> None:
    storage = place_on(server, tmp_path, access=Access("ada", "a-wrong-password")).storage("dev")
    assert refused(storage.read) == (
        f"{server.address}{DEV} refuses access (401): you said Basic (secret); check username and password, or "
        "bearerToken, under state: in novita-infra.yaml"
    )


def test_a_bearer_token_is_sent(server: StateServer, tmp_path: Path) -> None:
    server.token = "the-token"
    assert place_on(server, tmp_path, access=Access(token="the-token")).storage("dev").read().state is None


def test_a_server_without_locks_is_refused(server: StateServer, tmp_path: Path) -> None:
    server.status = 405
    place = place_on(server, tmp_path)
    place._listed.add("dev")
    assert refused(lambda: place.storage("dev").try_lock("apply")) == (
        f"{server.address}{DEV}/lock answers 405: out of order; it must know LOCK: check state.lockAddress and "
        "state.lockMethod"
    )


def test_the_state_of_a_terraform_is_not_overwritten(server: StateServer, storage: HttpStorage) -> None:
    server.states[DEV] = [b'{"version":4,"terraform_version":"1.9.0","serial":3,"lineage":"x","resources":[]}']
    message = (
        f"{server.address}{DEV} holds a state of Terraform; write another address under state: in novita-infra.yaml"
    )
    for call in (storage.read, lambda: storage.replace(b"x", storage.read())):
        assert refused(call) == message


def test_two_environments_on_one_address_are_refused(server: StateServer, tmp_path: Path) -> None:
    one = f"{server.address}/infra"
    addresses = Addresses(("POST", one), ("LOCK", f"{one}/lock"), ("UNLOCK", f"{one}/lock"))
    place = HttpPlace(HttpClient(ACCESS), addresses, tmp_path)
    dev, prod = place.storage("dev"), place.storage("prod")
    dev.replace(b"state", dev.read())
    assert place.environments() == ("dev",)
    assert refused(prod.read) == (
        f"{one} holds the state of the environment dev, not of prod; put {{environment}} into all addresses under "
        "state: in novita-infra.yaml"
    )


@pytest.mark.parametrize("data", [b"", b" \n"], ids=["empty", "blank"])
def test_an_empty_answer_is_no_state(server: StateServer, storage: HttpStorage, data: bytes) -> None:
    server.states[DEV] = [data]
    assert storage.read().state is None


HEAD = b'"serial": 1, "lineage": "x", "format": 1, "environment": "dev", "mark": "m"'


@pytest.mark.parametrize(
    "data", [b"<html>", b"[]", b'{"serial": 1}', b'{%b, "state": {"gzip": "AA"}}' % HEAD, b'{%b, "journal": 5}' % HEAD]
)
def test_what_is_no_document_is_named(server: StateServer, storage: HttpStorage, data: bytes) -> None:
    server.states[DEV] = [data]
    assert refused(storage.read) == (
        f"{server.address}{DEV} is damaged, or holds something else than a state of novita-infra; look at it with the "
        "tools of the server, which may keep earlier versions; GitLab does"
    )


@pytest.mark.parametrize(("data", "serial"), [(b'{"serial": 41, "line', 42), (b"<html>", 1_800_000_001)])
def test_a_damaged_document_is_replaced_by_a_repair_alone(
    server: StateServer, storage: HttpStorage, data: bytes, serial: int
) -> None:
    server.knows_ids = False
    sound = storage.read()
    server.states[DEV] = [data]
    assert "is damaged" in refused(lambda: storage.replace(b"x", sound))
    damaged = storage.read_damaged()
    assert (damaged.state, damaged.journal) == (data, None)
    server.states[DEV] = []
    with pytest.raises(Overtaken):
        storage.replace(b"mended", damaged)
    server.states[DEV] = [data]
    storage.replace(b"mended", damaged)
    assert (storage.read().state, stored(server)["serial"]) == (b"mended", serial)


def test_an_answer_with_another_checksum_is_asked_for_again(server: StateServer, tmp_path: Path) -> None:
    """A proxy that changes bytes is noticed by Content-MD5."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-MD5: AAAA\r\nConnection: close\r\n\r\nx"
        access = Access(retries=0)
        storage = place_on(server, tmp_path, access=access, address=f"http://127.0.0.1:{port}").storage("dev")

        async def answered() -> str:
            reading = asyncio.create_task(asyncio.to_thread(refused, storage.read))
            loop = asyncio.get_running_loop()
            listening.setblocking(False)
            connection, _ = await loop.sock_accept(listening)
            await loop.sock_recv(connection, 65536)
            await loop.sock_sendall(connection, answer)
            connection.close()
            return await reading

        assert "its answer does not match its checksum (Content-MD5)" in asyncio.run(answered())


def test_a_dead_process_of_this_machine_loses_its_lock(server: StateServer, storage: HttpStorage) -> None:
    locked(storage)
    note = json.loads(server.locks[DEV]["Info"])
    server.locks[DEV] |= {"Info": json.dumps(note | {"pid": 2**22 + 1})}
    assert isinstance(storage.try_lock("destroy"), HttpLock)


def test_a_lock_without_information_is_refused(server: StateServer, storage: HttpStorage) -> None:
    server.locks[DEV] = {}
    refusal = storage.try_lock("apply")
    assert isinstance(refusal, LockRefused)
    assert refusal.summary == f"the state is locked by `?` of ?, process ? on ?, since ? ({server.address}{DEV})"


def test_a_lock_that_was_taken_away_is_given_back_without_an_error(server: StateServer, storage: HttpStorage) -> None:
    lock = locked(storage)
    server.locks.clear()
    lock.release()
    assert storage.break_lock() is None


def test_locks_are_listed_by_environment(server: StateServer, tmp_path: Path) -> None:
    place = place_on(server, tmp_path)
    for name in ("prod", "dev"):
        locked(place.storage(name), f"apply of {name}")
    held = place_on(server, tmp_path).locks()
    assert [(lock.environment, lock.holder.operation) for lock in held if lock.holder] == [
        ("dev", "apply of dev"),
        ("prod", "apply of prod"),
    ]
    assert place.environments() == ()  # no state yet


def test_a_name_that_two_first_runs_lost_from_the_list_comes_back(server: StateServer, tmp_path: Path) -> None:
    for name in ("dev", "prod"):
        storage = place_on(server, tmp_path).storage(name)
        storage.replace(b"x", storage.read())
    del server.states["/infra--environments"][1:]
    assert place_on(server, tmp_path).environments() == ("dev",)
    locked(place_on(server, tmp_path).storage("prod")).release()
    assert place_on(server, tmp_path).environments() == ("dev", "prod")


def test_who_writes_a_journal_is_shown_to_readers(server: StateServer, storage: HttpStorage, tmp_path: Path) -> None:
    reader = place_on(server, tmp_path).storage("dev")
    lock = locked(storage)
    assert reader.lock_holder() is None
    storage.begin(b"state", b"header\n", storage.read()).append(b"line\n")
    holder = reader.lock_holder()
    assert holder is not None
    assert holder.operation == "apply"
    storage.replace(b"next", storage.read())
    lock.release()
    assert reader.lock_holder() is None


def test_a_login_in_an_address_is_not_shown(tmp_path: Path) -> None:
    state = "https://ada:hush@host/x?token=hush"
    place = HttpPlace(HttpClient(Access()), Addresses(("POST", state), ("LOCK", state), ("UNLOCK", state)), tmp_path)
    assert place.describe() == place.storage("dev").describe() == "https://host/x"


def test_changes_of_a_store_survive_a_killed_run(server: StateServer, storage: HttpStorage, tmp_path: Path) -> None:
    store = GuardedStore(storage, partial(new_state, "training", "dev"))
    with store.journal(store.load()) as journal:
        asyncio.run(write_changes(journal, [Record(A, "i-1"), Record(B, "i-2")]))
    next_run = GuardedStore(place_on(server, tmp_path).storage("dev"), partial(new_state, "training", "dev"))
    assert next_run.load().records == {A: Record(A, "i-1"), B: Record(B, "i-2")}

"""The places of other states of one account, and the locks of creates that the runs of a machine share."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from novita_infra.api.client import Client
from novita_infra.manifests.project.discovery import ManifestFiles
from novita_infra.manifests.project.loading import Project
from novita_infra.model.addresses import Address
from novita_infra.model.clock import RealClock
from novita_infra.model.records import PendingCall, Record
from novita_infra.model.resources import Live, Phase
from novita_infra.operations.known_places import KnownPlaces
from novita_infra.operations.ownership import CreateLocks, OtherOwners, OthersClaim, StatesOfOthers
from novita_infra.operations.session import ProjectOptions, Session
from novita_infra.state.opening import open_backend
from novita_infra.state.settings import StateSettings
from novita_infra.state.state import new_state
from novita_infra.state.store import LockRefused


def session_of(root: Path, *, account: str = "one", cache: Path | None = None) -> Session:
    """A session of an empty project in the folder, whose account is not called."""
    settings = StateSettings(root, {"path": "states"})
    project = Project(
        name=root.name,
        root=root,
        environment="default",
        environments=(),
        declared=(),
        outputs={},
        state=settings,
        files=ManifestFiles(root),
    )
    client: Any = Client(url="http://simulator.invalid", key="sk", clock=RealClock(), random=random.Random())
    store = open_backend(settings).store("default")
    return Session(
        ProjectOptions(path=root),
        project,
        store,
        client,
        RealClock(),
        "simulator",
        new_state("", "default"),
        account=account,
        cache=cache or root.parent / "cache",
    )


def test_known_places_are_those_of_other_projects_on_the_account(tmp_path: Path) -> None:
    one, two, other = (session_of(tmp_path / name, account=name[-1]) for name in ("a-1", "b-1", "c-2"))
    for session in (one, one, two, other):
        KnownPlaces(session).remember()
    places = KnownPlaces(one)
    assert [*places.others().values()] == [two.project.state]
    assert [*KnownPlaces(two).others().values()] == [one.project.state]
    assert places.folder is not None
    for name, content in (("no-json", b"{"), ("no-place", b"[]"), ("half", b'{"root": "/x"')):
        (places.folder / f"{name}.place").write_bytes(content)
    assert [*places.others().values()] == [two.project.state]
    (places.folder / "half.place").write_bytes(b'{"root": "/x", "options": {}}')  # written to its end
    assert StateSettings(Path("/x"), {}) in places.others().values()


def test_a_known_place_is_read_once_and_forgotten_with_its_file(tmp_path: Path) -> None:
    one, two = session_of(tmp_path / "one"), session_of(tmp_path / "two")
    KnownPlaces(two).remember()
    places = KnownPlaces(one)
    (found,) = places.others().values()
    assert next(iter(places.others().values())) is found
    assert places.folder is not None
    for path in places.folder.iterdir():
        path.unlink()
    assert places.others() == {}


@pytest.mark.parametrize("cache", ["cache", "file", ""])
def test_a_create_lock_is_held_against_all_runs_of_the_machine(cache: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder", encoding="ascii")
    one, two = (session_of(tmp_path / name, cache=tmp_path / cache) for name in ("one", "two"))
    if not cache:
        one.cache = two.cache = None
    first, again, neighbour = all_locks = [CreateLocks(session, "apply") for session in (one, one, two)]
    for _ in range(2):  # what a run opened for its first create serves the next ones
        lock = first.take("vpc a")
        assert not isinstance(lock, LockRefused)
        assert isinstance(again.take("vpc a"), LockRefused)
        for locks, name in ((first, "vpc b"), (neighbour, "vpc b")):
            other = locks.take(name)
            assert not isinstance(other, LockRefused)
            other.release()
        beside = neighbour.take("vpc a")
        assert isinstance(beside, LockRefused) == (cache == "cache")
        if not isinstance(beside, LockRefused):
            beside.release()
        lock.release()
    for locks in all_locks:
        locks.close()
    assert not [*tmp_path.rglob("*.lock")]


def test_states_are_asked_again_only_after_another_run(tmp_path: Path) -> None:
    session, address = session_of(tmp_path / "one"), Address("vpc", "net")
    prod = open_backend(session.project.state).store("prod")
    mark = "first"
    others = StatesOfOthers(session, lambda: mark)

    def put(id: str) -> None:
        prod.save(replace(prod.load(), records={address: Record(address, id)}))

    put("n-1")
    assert others.read().ids("vpc") == {"n-1"}
    put("n-2")  # no run does so without another mark
    assert others.read().ids("vpc") == {"n-1"}
    mark = "second"
    assert others.read().ids("vpc") == {"n-2"}
    mark = ""
    put("n-3")
    assert others.read().ids("vpc") == {"n-3"}, "a run is at work"


def test_a_state_that_could_not_be_read_is_asked_again(tmp_path: Path) -> None:
    session, address = session_of(tmp_path / "one"), Address("vpc", "net")
    prod = open_backend(session.project.state).store("prod")
    prod.save(replace(prod.load(), records={address: Record(address, "n-1")}))
    file = tmp_path / "one" / "states" / "prod.json"
    text = file.read_bytes()
    file.write_bytes(b"{")
    others = StatesOfOthers(session, lambda: "mark")
    assert others.read().ids("vpc") == frozenset()
    file.write_bytes(text)
    assert others.read().ids("vpc") == {"n-1"}


def test_a_create_without_an_answer_is_asked_for_again(tmp_path: Path) -> None:
    session, address = session_of(tmp_path / "one"), Address("vpc", "net")
    prod = open_backend(session.project.state).store("prod")
    pending = PendingCall("o", "create", 1.0, {"name": "net"}, account=session.account)
    prod.save(replace(prod.load(), records={address: Record(address, "", pending=pending)}))
    others = StatesOfOthers(session, lambda: "mark")
    assert others.read().unanswered
    prod.save(replace(prod.load(), records={address: Record(address, "n-1")}))
    assert not others.read().unanswered


def test_an_unmarked_object_that_another_project_of_the_machine_records_is_claimed(tmp_path: Path) -> None:
    one, two = session_of(tmp_path / "one"), session_of(tmp_path / "two")
    address = Address("vpc", "net")
    state = replace(one.state, records={address: Record(address, "n-1")})
    one.store.save(state)
    live = Live("n-1", "net", Phase.READY, "ready", {})
    assert OtherOwners(two).claim(live, address) is None
    KnownPlaces(one).remember()
    assert OtherOwners(two).claim(live, address) == OthersClaim(
        "is recorded in the state of another project on this machine"
    )
    owners = OtherOwners(two)
    assert owners.claim(replace(live, id="n-2"), address) is None
    one.store.save(replace(one.store.load(), records={address: Record(address, "n-2")}))
    assert owners.claim(replace(live, id="n-2"), address) is None, "the states of others are read once"

"""The account file: a world is the same after reopening and after a kill, and only one process opens it."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from draws import draws
from hypothesis import given, settings
from hypothesis import strategies as st

import novita_infra
from novita_infra.simulator import AccountInUse, Fault, ForeignLink, HandClock, Trouble, UnknownFormat, open_world
from novita_infra.simulator.errors import ApiRefusal
from novita_infra.simulator.http.control import world_state
from novita_infra.simulator.world.cloud import instances, storages
from novita_infra.simulator.world.engine.account_file import AccountFile
from novita_infra.simulator.world.engine.cloud_records import CLOUD_RECORDS, Instance
from novita_infra.simulator.world.engine.llm_records import Delivery
from novita_infra.simulator.world.engine.records import ScenarioEvent

pytestmark = pytest.mark.process


def test_a_world_is_loaded_from_its_account_file(make_cloud: Any, tmp_path: Path) -> None:
    first = make_cloud(tmp_path / "sim.db", seed=7)
    storage, network, auth = first.storage(), first.network(), first.auth()
    first.running(networkStorages=[{"Id": storage, "mountPoint": "/d"}], networkId=network, imageAuthId=auth)
    first.running(billingMode="monthly", month=1)
    first.endpoint()
    first.prewarm()
    first.machine(name="young")
    before = world_state(first.world)
    first.world.close()
    second = make_cloud(tmp_path / "sim.db")
    assert world_state(second.world) | {"calls": 0} == before | {"calls": 0}
    assert second.world.used == first.world.used
    assert second.world.sums == first.world.sums


def test_lifecycles_continue_after_reopening_an_account_file(make_cloud: Any, tmp_path: Path) -> None:
    interrupted, straight = make_cloud(tmp_path / "a.db"), make_cloud(tmp_path / "b.db")
    keys = [cloud.machine() for cloud in (interrupted, straight)]
    interrupted.world.close()
    again = make_cloud(tmp_path / "a.db")
    for cloud in (again, straight):
        cloud.pass_(30)
    assert again.instance(keys[0]) == straight.instance(keys[1])
    assert again.storage() == straight.storage()


def test_time_never_goes_back_between_openings(make_cloud: Any, tmp_path: Path) -> None:
    first = make_cloud(tmp_path / "sim.db")
    first.pass_(500_000)
    key = first.machine()
    first.world.close()
    second = make_cloud(tmp_path / "sim.db")
    assert second.clock() < first.clock()
    assert world_state(second.world)["now"] == first.clock()
    second.pass_(200)
    assert second.status(key) == "running"


def test_only_changes_are_written_to_the_account_file(make_cloud: Any, tmp_path: Path) -> None:
    cloud = make_cloud(tmp_path / "sim.db")
    keys = [cloud.storage() for _ in range(3)]
    written: list[Any] = []
    book = cloud.world._book
    write = book.write

    def watched(rows: Any, meta: Any, contents: Any) -> None:
        written.extend(rows)
        write(rows, meta, contents)

    book.write = watched
    cloud.post("networkstorage/update", {"storageId": keys[1], "storageName": "new"})
    assert [(kind, key) for kind, key, _ in written] == [("storages", keys[1])]
    cloud.get("networkstorages/list")
    assert len(written) == 1


def test_a_world_whose_file_has_no_room_goes_on_and_writes_all_once_there_is(make_cloud: Any, tmp_path: Path) -> None:
    cloud, failures = make_cloud(tmp_path / "sim.db"), list[OSError]()
    world = cloud.world
    world.on_unsaved = failures.append
    first = cloud.storage()
    (pages,) = world._book._db.execute("PRAGMA page_count").fetchone()
    world._book._db.execute(f"PRAGMA max_page_count={pages}")
    keys = [cloud.storage() for _ in range(60)]
    cloud.post("networkstorage/delete", {"storageId": first})
    assert [str(error) for error in failures] == [f"[Errno 5] database or disk is full: '{tmp_path / 'sim.db'}'"]
    assert world.unsaved is not None
    world._book._db.execute("PRAGMA max_page_count=100000")
    keys.append(cloud.storage())
    assert world.unsaved is None
    before = world_state(world)
    world.close()
    assert world_state(make_cloud(tmp_path / "sim.db").world) | {"calls": 0} == before | {"calls": 0}
    assert len(keys) == 61


def test_a_second_process_cannot_open_an_account_file(tmp_path: Path) -> None:
    world = open_world(tmp_path / "sim.db", now=HandClock())
    with pytest.raises(AccountInUse, match=r"sim\.db"):
        AccountFile(tmp_path / "sim.db", patience=0)
    world.close()
    open_world(tmp_path / "sim.db", now=HandClock()).close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a link to another user")
@pytest.mark.parametrize("mode", [0o777, 0o1777])
def test_an_account_file_is_not_opened_through_the_link_of_another_user(mode: int, tmp_path: Path) -> None:
    public = tmp_path / "public"
    public.mkdir()
    public.chmod(mode)
    link = public / "sim.db"
    link.symlink_to(tmp_path / "victim")
    os.lchown(link, 12345, 12345)
    with pytest.raises(ForeignLink, match=r"public/sim\.db is a link to .*victim"):
        open_world(link, now=HandClock())
    (tmp_path / "own.db").symlink_to(link)
    with pytest.raises(ForeignLink, match=r"public/sim\.db is a link to .*victim"):
        open_world(tmp_path / "own.db", now=HandClock())
    (public / "folder").symlink_to(tmp_path)
    os.lchown(public / "folder", 12345, 12345)
    with pytest.raises(ForeignLink, match="public/folder is a link to"):
        open_world(public / "folder" / "other.db", now=HandClock())
    assert not (tmp_path / "victim").exists()
    os.lchown(link, os.geteuid(), -1)
    open_world(link, now=HandClock()).close()
    assert (tmp_path / "victim").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("end", ["-wal", "-journal", "-shm"])
def test_no_file_beside_an_account_file_is_written_through_a_link(end: str, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / f"sim.db{end}").symlink_to(victim)
    with suppress(AccountInUse, UnknownFormat):
        open_world(tmp_path / "sim.db", now=HandClock()).close()
    assert victim.read_text() == "mine"


def test_a_file_that_is_no_account_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("no database at all, " * 100)
    with pytest.raises(UnknownFormat):
        open_world(tmp_path / "text.db", now=HandClock())
    later = sqlite3.connect(tmp_path / "later.db")
    later.execute("PRAGMA user_version=99")
    later.close()
    with pytest.raises(UnknownFormat, match="99"):
        open_world(tmp_path / "later.db", now=HandClock())


@settings(max_examples=draws(15), deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["create", "stop", "start", "delete", "edit", "storage", "reopen"]), st.integers(0, 90)
        ),
        max_size=12,
    )
)
def test_any_history_survives_reopening_the_account_file(history: list[tuple[str, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sim.db"
        kept, memory = _Both(path), _Both(None)
        for act, seconds in history:
            for one in (kept, memory):
                one.do(act, seconds)
            assert world_state(kept.world)["objects"] == world_state(memory.world)["objects"]
        kept.world.close()


class _Both:
    """One of two worlds with the same history. `reopen` has an effect only for the one with a file."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.clock = HandClock()
        self.world = open_world(path, now=self.clock, seed=3)

    def do(self, act: str, seconds: int) -> None:
        self.clock.advance(seconds)
        self.world.advance()
        if act == "reopen":
            self.world.save()
            if self.path is not None:
                self.world.close()
                self.world = open_world(self.path, now=self.clock)
            return
        first = next((one.id for one in self.world.instances), "none")
        try:
            match act:
                case "create":
                    changes = Instance(
                        id="", name="m", kind="gpu", product="4090.16c62g", gpus=1, cluster="", image="a:1", rootfs=20
                    )
                    instances.create(self.world, changes, months=0)
                case "storage":
                    storages.create(self.world, name="d", size=10, cluster="us-ca-nas-2")
                case "edit":
                    instances.edit(self.world, first, ports=None, grow=1)
                case "stop" | "start" | "delete":
                    getattr(instances, act)(self.world, first)
        except ApiRefusal:
            pass
        self.world.save()


SERVER = """
import sys
from novita_infra.simulator import HandClock, open_world
from novita_infra.simulator.http.serving import serve_world
serve_world(open_world(sys.argv[1], now=HandClock()))
"""


def start(path: Path) -> tuple[subprocess.Popen[str], str]:
    env = os.environ | {"PYTHONPATH": str(Path(novita_infra.__file__).parents[1])}
    process = subprocess.Popen([sys.executable, "-c", SERVER, str(path)], stdout=subprocess.PIPE, text=True, env=env)
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def call(address: str, path: str, body: Any) -> Any:
    request = urllib.request.Request(  # noqa: S310 - the loopback
        f"{address}/gpu-instance/openapi/v1/{path}",
        data=json.dumps(body).encode(),
        headers={"Authorization": "Bearer sk_x", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - the loopback
        return json.loads(answer.read() or b"null")


def test_a_kill_loses_nothing_that_was_answered(tmp_path: Path, a_machine: Any) -> None:
    path = tmp_path / "sim.db"
    process, address = start(path)
    assert address.startswith("http://127.0.0.1:")
    keys = [call(address, "gpu/instance/create", a_machine())["id"] for _ in range(5)]
    call(address, "gpu/instance/delete", {"instanceId": keys[0]})
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.stdout is not None
    process.stdout.close()
    world = open_world(path, now=HandClock())
    assert [one.id for one in world.instances] == keys
    assert world.instances.get(keys[0]).status == "toRemove"  # type: ignore[union-attr] # it is there, as just asserted
    world.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_gracefully(tmp_path: Path, a_machine: Any, number: signal.Signals) -> None:
    process, address = start(tmp_path / "sim.db")
    call(address, "gpu/instance/create", a_machine())
    process.send_signal(number)
    rest, _ = process.communicate(timeout=10)
    assert (process.returncode, rest) == (0, "")


def test_stale_lists_do_not_change_the_account_file(make_cloud: Any, tmp_path: Path) -> None:
    cloud = make_cloud(tmp_path / "sim.db")
    cloud.world.faults.add(Fault(kind=Trouble.STALE, seconds=60, count=None))
    key = cloud.machine()
    assert cloud.get("gpu/instances")["total"] == 0
    cloud.world.close()
    assert make_cloud(tmp_path / "sim.db").status(key) == "pending"


def test_records_of_older_account_files_are_read() -> None:
    values = {"id": "e", "created": 1.0, "ahead": [[2.0, "!do"]], "scenario": "s", "act": {}, "older": ["no"]}
    assert ScenarioEvent.of_values(values).refusals == ["no"]
    attempt = {"id": "t", "created": 1.0, "ahead": [], "url": "http://127.0.0.1", "older": ["HTTP 500"]}
    assert Delivery.of_values(attempt).outcomes == ["HTTP 500"]


def test_cloud_records_and_the_tables_of_a_world_agree(cloud: Any) -> None:
    tables = {name: table.record for name, table in cloud.world.tables.items()}
    assert list(tables.items())[: len(CLOUD_RECORDS)] == list(CLOUD_RECORDS.items())
    assert all(record.LABEL in record.__slots__ for record in CLOUD_RECORDS.values() if record.LABEL)

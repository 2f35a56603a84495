"""Links: a linked state is one state for all its checkouts, and no file is opened through a planted link."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from local_store import LocalStore
from state_values import A, B, write_changes

from novita_infra.model.diagnostics import EXIT_REFUSED, Problems
from novita_infra.model.records import Record
from novita_infra.state.backends.local.files import LocalFiles
from novita_infra.state.locks.locking import locked_blocking
from novita_infra.state.private_files import refuse_foreign_link
from novita_infra.state.recovery.kept import read_kept
from novita_infra.state.recovery.repair import put_back, recovered
from novita_infra.state.state import LastRun
from novita_infra.state.store import LockRefused, StateLost

NEIGHBOURS = ("dev.journal", "dev.json.backup", "dev.json.lock", "dev.json.tmp", "dev.journal.backup")


def _relative(one: Path, shared: Path) -> None:
    one.mkdir()
    (one / "dev.json").symlink_to(os.path.relpath(shared / "dev.json", one))


def _absolute(one: Path, shared: Path) -> None:
    one.mkdir()
    (one / "dev.json").symlink_to(shared / "dev.json")


def _chain(one: Path, shared: Path) -> None:
    one.mkdir()
    (one / "dev.json").symlink_to("next.json")
    (one / "next.json").symlink_to(shared / "dev.json")


def _folder(one: Path, shared: Path) -> None:
    one.symlink_to(shared)


def _folder_and_file(one: Path, shared: Path) -> None:
    between = one.with_name(f"{one.name}-between")
    _absolute(between, shared)
    one.symlink_to(between)


LINKS: dict[str, Callable[[Path, Path], None]] = {
    "a relative link": _relative,
    "an absolute link": _absolute,
    "a link to a link": _chain,
    "a linked folder": _folder,
    "a link in a linked folder": _folder_and_file,
}


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """The folder of a saved state that two checkouts link to."""
    store = LocalStore(tmp_path / "shared" / "dev.json")
    store.save(replace(store.load(), records={A: Record(A, "i-1")}))
    return tmp_path / "shared"


@pytest.fixture(params=LINKS)
def checkouts(request: pytest.FixtureRequest, tmp_path: Path, shared: Path) -> list[Path]:
    """The state files of two checkouts."""
    paths = [tmp_path / name for name in ("one", "two")]
    for path in paths:
        LINKS[request.param](path, shared)
    return [path / "dev.json" for path in paths]


def test_a_run_with_a_linked_state_writes_beside_its_target(checkouts: list[Path], shared: Path) -> None:
    one, two = (LocalStore(path) for path in checkouts)
    links = [[path for path in (place, place.parent) if path.is_symlink()] for place in checkouts]
    state = one.load()
    with locked_blocking(one, "apply"):
        with one.journal(state) as journal:
            asyncio.run(write_changes(journal, [Record(B, "v-1")]))
            assert two.load().records.keys() == {A, B}
            assert {"dev.journal", "dev.json.backup", "dev.json.lock"} <= {path.name for path in shared.iterdir()}
            assert isinstance(two.try_lock("apply"), LockRefused)
        one.save(replace(one.load(), serial=state.serial))
    for places in links:
        assert all(path.is_symlink() for path in places)
    assert LocalStore(shared / "dev.json").load().records.keys() == {A, B}
    for path in checkouts:
        if path.parent.resolve() != shared:
            assert not [name for name in NEIGHBOURS if (path.parent / name).exists()]
    assert two.save(two.load()).records.keys() == {A, B}
    assert one.load() == two.load() == LocalStore(shared / "dev.json").load()


def test_links_of_other_names_share_the_lock_of_their_target(tmp_path: Path, shared: Path) -> None:
    (tmp_path / "prod.json").symlink_to(shared / "dev.json")
    lock = LocalStore(tmp_path / "prod.json").try_lock("apply")
    assert not isinstance(lock, LockRefused)
    assert isinstance(LocalStore(shared / "dev.json").try_lock("apply"), LockRefused)
    lock.release()


def test_a_damaged_linked_state_is_repaired_at_its_target(checkouts: list[Path], shared: Path) -> None:
    store = LocalStore(checkouts[0])
    store.save(replace(store.load(), records={B: Record(B, "v-1")}))
    before = store.load()
    (shared / "dev.json").write_bytes(b"{")
    with pytest.raises(Problems, match="novita-infra state repair"):
        store.load()
    storage = LocalFiles(checkouts[0])
    kept = read_kept(storage)
    found = recovered(kept)
    assert found is not None
    put_back(storage, kept, found, by=LastRun("state repair", "ada", 1.0))
    for path in (*checkouts, shared / "dev.json"):
        assert LocalStore(path).load().records == before.records


def test_a_link_whose_target_has_a_backup_alone_is_restored_from_it(tmp_path: Path, shared: Path) -> None:
    _absolute(tmp_path / "one", shared)
    store = LocalStore(tmp_path / "one" / "dev.json")
    store.save(store.load())
    (shared / "dev.json").unlink()
    with pytest.raises(StateLost, match=rf"its backup {shared}/dev\.json\.backup is"):
        store.load()


def test_a_link_to_itself_is_a_problem_and_no_crash(tmp_path: Path) -> None:
    (tmp_path / "dev.json").symlink_to("dev.json")
    with pytest.raises(Problems, match=r"dev\.json"):
        LocalStore(tmp_path / "dev.json").load()


def test_a_journal_beside_a_link_is_lost_state(tmp_path: Path, shared: Path) -> None:
    """A run of an earlier version left it there."""
    _absolute(tmp_path / "one", shared)
    (tmp_path / "one" / "dev.journal").write_bytes(b"")
    with pytest.raises(StateLost, match=rf"one/dev\.journal lies beside the link .* {shared}/dev\.journal"):
        LocalStore(tmp_path / "one" / "dev.json").load()


@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.parametrize("name", ["dev.json.tmp", "dev.json.lock", "dev.journal", "dev.json.backup.tmp"])
def test_no_file_is_written_through_a_link(name: str, exists: bool, tmp_path: Path, shared: Path) -> None:
    victim = tmp_path / "victim"
    if exists:
        victim.write_text("mine")
    (shared / name).symlink_to(victim)
    store = LocalStore(shared / "dev.json")
    refused = pytest.raises(Problems, match=rf"{name} is a link to .*victim")
    with refused as caught, locked_blocking(store, "apply"), store.journal(store.load()):
        pass
    assert caught.value.code == EXIT_REFUSED
    assert victim.exists() == exists
    assert not exists or victim.read_text() == "mine"
    assert (shared / name).is_symlink()


def test_a_leftover_temporary_file_is_replaced_by_a_private_one(shared: Path) -> None:
    (shared / "dev.json.tmp").write_text("torn")
    (shared / "dev.json.tmp").chmod(0o666)
    store = LocalStore(shared / "dev.json")
    store.save(store.load())
    assert (shared / "dev.json").stat().st_mode & 0o777 == 0o600
    assert not (shared / "dev.json.tmp").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a link to another user")
@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o770])
@pytest.mark.parametrize("linked", ["dev.json", "folder"])
def test_a_link_of_another_user_in_a_shared_folder_is_refused(
    linked: str, mode: int, tmp_path: Path, shared: Path
) -> None:
    public = tmp_path / "public"
    public.mkdir()
    link = public / linked
    link.symlink_to(shared / linked if linked == "dev.json" else shared)
    os.lchown(link, 12345, 12345)
    path = link if linked == "dev.json" else link / "dev.json"
    public.chmod(mode)
    for act in (LocalStore(path).load, lambda: LocalStore(path).try_lock("apply")):
        with pytest.raises(Problems, match=rf"{link} is a link to .* user 12345 made it") as caught:
            act()
        assert caught.value.code == EXIT_REFUSED
    public.chmod(0o755)
    assert LocalStore(path).load().records.keys() == {A}
    os.lchown(link, os.geteuid(), -1)
    public.chmod(mode)
    refuse_foreign_link(path)


def test_a_file_that_cannot_be_replaced_is_named(shared: Path) -> None:
    (shared / "dev.journal").mkdir()
    store = LocalStore(shared / "dev.json")
    with pytest.raises(Problems, match=r"dev\.journal: "):
        store.load()
    (shared / "dev.journal").rmdir()
    (shared / "dev.json.tmp").mkdir()
    with pytest.raises(Problems, match=r"dev\.json\.tmp: "):
        store.save(store.load())


def test_a_lock_of_many_brackets_is_no_crash(shared: Path) -> None:
    (shared / "dev.json.lock").write_text("[" * 5000)
    with locked_blocking(LocalStore(shared / "dev.json"), "apply"):
        pass
    assert not (shared / "dev.json.lock").exists()


def test_a_journal_that_is_a_link_is_refused_before_it_is_read(shared: Path) -> None:
    (shared / "dev.journal").symlink_to("/dev/zero")
    with pytest.raises(Problems, match=r"dev\.journal is a link to /dev/zero") as caught:
        LocalStore(shared / "dev.json").load()
    assert caught.value.code == EXIT_REFUSED


@pytest.fixture
def at_once() -> Iterator[None]:
    """Ends a test that waits for the other side of a pipe."""
    before = signal.signal(signal.SIGALRM, lambda *_: pytest.fail("it waits for a pipe"))
    signal.alarm(20)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("name", ["dev.json", "dev.journal", "dev.json.lock"])
def test_a_pipe_in_the_place_of_a_file_is_refused_at_once(name: str, tmp_path: Path) -> None:
    local = LocalStore(tmp_path / "dev.json")
    local.save(local.load())
    (tmp_path / name).unlink(missing_ok=True)
    os.mkfifo(tmp_path / name)
    with pytest.raises(Problems, match=rf"{name} is a pipe or a device, and no file") as caught:
        local.try_lock("apply") if name.endswith(".lock") else local.load()
    assert caught.value.code == EXIT_REFUSED


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("name", ["dev.json.tmp", "dev.json.backup", "dev.journal.backup"])
def test_a_pipe_beside_the_state_never_stops_a_save(name: str, tmp_path: Path) -> None:
    local = LocalStore(tmp_path / "dev.json")
    state = local.save(local.load())
    (tmp_path / name).unlink(missing_ok=True)
    os.mkfifo(tmp_path / name)
    with suppress(Problems):
        local.save(state)
    assert local.load().serial >= state.serial


@pytest.mark.usefixtures("at_once")
def test_a_device_in_the_place_of_a_state_is_refused(tmp_path: Path) -> None:
    (tmp_path / "dev.json").symlink_to("/dev/zero")
    with pytest.raises(Problems, match=r"is a pipe or a device, and no file"):
        LocalStore(tmp_path / "dev.json").load()

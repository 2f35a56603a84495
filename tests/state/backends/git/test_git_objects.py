"""Objects of a branch: one commit and one push for each write, whatever others do to the branch meanwhile."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from fault_proxy import fault_proxy
from git_server import GitServer, bare_repository, git, git_server, hook
from state_values import A, write_changes

from novita_infra.model.diagnostics import Problems
from novita_infra.model.records import Record
from novita_infra.state.backends.git.git_objects import GitObjects
from novita_infra.state.guarded import GuardedBackend, GuardedStore
from novita_infra.state.objects.objects import ABSENT, AnswerLost, Conflict, ObjectChange, ObjectTraits, OutOfReach
from novita_infra.state.objects.place import ObjectPlace
from novita_infra.state.objects.retrying import RetryingObjects
from novita_infra.state.process_identity import user_name
from novita_infra.state.state import new_state
from novita_infra.state.store import Journal

BRANCH = "novita-infra-state"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    """A git server with nothing on it."""
    with git_server(tmp_path / "served") as served:
        yield served


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    """An empty repository."""
    return bare_repository(tmp_path / "remote.git")


def at(url: str | Path, root: Path) -> GitObjects:
    """The objects in the repository, as another process opens them."""
    return GitObjects(f"file://{url}" if isinstance(url, Path) else url, BRANCH, root)


def create(key: str, data: bytes = b"1") -> ObjectChange:
    return ObjectChange(key, data, ABSENT)


def commits(repository: Path, ref: str = BRANCH) -> int:
    return int(git(repository, "rev-list", "--count", ref))


def test_a_write_is_one_commit_with_the_files_of_the_keys(remote: Path, tmp_path: Path) -> None:
    objects = at(remote, tmp_path)
    objects.write([create("dev/states/7", b"state\n"), create("dev/head", b"7\n")])
    objects.write([ObjectChange("dev/journal/7/0", b"line\n")])
    assert commits(remote) == 2
    assert git(remote, "ls-tree", "-r", "--name-only", BRANCH).split() == [
        "dev/head",
        "dev/journal/7/0",
        "dev/states/7",
    ]
    assert git(remote, "show", f"{BRANCH}:dev/states/7") == "state"


def test_a_commit_names_its_files_and_its_writer(remote: Path, tmp_path: Path) -> None:
    objects = at(remote, tmp_path)
    objects.write([create("dev/states/7"), create("dev/head")])
    objects.write([create("dev/journal/7/0"), ObjectChange("dev/states/7", None)])
    objects.write([create("prod/journal/7/0")])
    by = f" by {user_name()}@{os.uname().nodename}"
    assert git(remote, "log", "--format=%s", BRANCH).split("\n") == [
        f"prod: journal{by}",
        f"dev: journal, earlier states removed{by}",
        f"dev: state{by}",
    ]
    body = git(remote, "log", "-1", "--format=%b", f"{BRANCH}~1").split("\n")
    assert body[:3] == ["+ dev/journal/7/0", "- dev/states/7", ""]
    assert body[3].startswith("novita-infra ")


def test_leases_lie_in_a_ref_without_history(remote: Path, tmp_path: Path) -> None:
    objects = at(remote, tmp_path)
    objects.write([create("locks")])
    for text in (b"2", b"3"):
        objects.write([ObjectChange("locks", text)])
    ref = f"refs/novita-infra/{BRANCH}/locks"
    assert git(remote, "for-each-ref", "--format=%(refname)") == ref
    assert (commits(remote, ref), git(remote, "show", f"{ref}:locks")) == (1, "3")


def test_a_write_costs_one_push_and_no_fetch_where_nobody_else_writes(server: GitServer, tmp_path: Path) -> None:
    objects = at(server.url("state.git"), tmp_path)
    assert objects.read("dev/head") is None
    server.requests.clear()
    for number in range(3):
        objects.write([create(f"dev/journal/7/{number}"), create(f"dev/states/{number}")])
    assert server.pushes == 3
    assert [line for line in server.requests if "upload-pack" in line] == []


def test_a_load_of_a_state_with_its_journal_costs_one_fetch(server: GitServer, tmp_path: Path) -> None:
    writer, reader = (
        GuardedBackend(ObjectPlace(at(server.url("load.git"), tmp_path))).store("dev", project="training")
        for _ in range(2)
    )
    with writer.journal(writer.save(writer.load())) as journal:
        asyncio.run(write_changes(journal, [Record(A, "i-1")]))
    server.requests.clear()
    assert reader.load().records.keys() == {A}
    assert len([line for line in server.requests if line.startswith("GET") and "upload-pack" in line]) == 1


def test_a_commit_of_another_environment_costs_one_fetch_and_one_more_push(server: GitServer, tmp_path: Path) -> None:
    url = server.url("state.git")
    dev, prod = at(url, tmp_path), at(url, tmp_path)
    dev.write([create("dev/head")])
    prod.write([create("prod/head")])
    server.pushes = 0
    server.requests.clear()
    dev.write([create("dev/journal/7/0")])
    assert (server.pushes, commits(server.root / "state.git")) == (1, 3)
    fetches = [line for line in server.requests if line.startswith("GET") and "upload-pack" in line]
    assert len(fetches) == 1
    assert list(prod.keys("")) == ["dev/head", "dev/journal/7/0", "prod/head"]


def test_a_push_whose_answer_is_lost_is_found_to_be_done(server: GitServer, tmp_path: Path) -> None:
    objects = at(server.url("state.git"), tmp_path)
    objects.write([create("dev/head")])
    server.lose_pushes = 2
    with pytest.raises(AnswerLost, match=r"http://.*/state.git novita-infra-state: "):
        objects.write([create("dev/journal/7/0")])
    assert list(objects.keys("dev/journal/")) == ["dev/journal/7/0"]
    server.lose_pushes = 2
    RetryingObjects(objects, sleep=lambda _: None).write([create("dev/journal/7/1")])
    assert commits(server.root / "state.git") == 3


@pytest.mark.parametrize("key", ["dev/head", "locks"])
def test_a_push_that_libcurl_repeats_is_no_conflict(server: GitServer, tmp_path: Path, key: str) -> None:
    """The first request is carried out and not answered; the second finds the branch changed, by the first."""
    objects = at(server.url("state.git"), tmp_path)
    server.lose_pushes = 1
    objects.write([create(key, b"1")])
    assert (server.lose_pushes, server.pushes) == (0, 2)
    found = at(server.url("state.git"), tmp_path).read(key)
    assert found is not None
    assert found.data == b"1"


def test_a_push_that_did_not_arrive_is_made_again(server: GitServer, tmp_path: Path) -> None:
    objects = at(server.url("state.git"), tmp_path)
    server.cut_pushes = 2
    with pytest.raises(AnswerLost):
        objects.write([create("dev/head")])
    assert objects.read("dev/head") is None
    server.cut_pushes = 2
    RetryingObjects(objects, sleep=lambda _: None).write([create("dev/head")])
    assert commits(server.root / "state.git") == 1


def test_a_branch_that_was_reset_shows_what_it_has_and_refuses_later_versions(remote: Path, tmp_path: Path) -> None:
    objects = at(remote, tmp_path)
    objects.write([create("dev/head", b"1")])
    objects.write([ObjectChange("dev/head", b"2")])
    second = objects.read("dev/head")
    git(remote, "update-ref", f"refs/heads/{BRANCH}", f"{BRANCH}~1")
    with pytest.raises(Conflict):
        objects.write([ObjectChange("dev/head", b"3", second.version if second else "")])
    found = objects.read("dev/head")
    assert found is not None
    assert found.data == b"1"
    objects.write([ObjectChange("dev/head", b"3", found.version)])
    assert commits(remote) == 2


def test_a_branch_of_another_history_is_continued(remote: Path, tmp_path: Path) -> None:
    objects = at(remote, tmp_path)
    objects.write([create("dev/head", b"1")])
    tree = git(remote, "rev-parse", f"{BRANCH}^{{tree}}")
    commit = git(remote, "commit-tree", "-m", "squashed", tree)
    git(remote, "update-ref", f"refs/heads/{BRANCH}", commit)
    objects.write([ObjectChange("dev/head", b"2")])
    assert git(remote, "log", "--format=%s", BRANCH).split("\n") == [
        f"dev: state by {user_name()}@{os.uname().nodename}",
        "squashed",
    ]


def test_a_deleted_branch_is_an_empty_place(remote: Path, tmp_path: Path) -> None:
    objects = at(remote, tmp_path)
    objects.write([create("dev/head", b"1")])
    git(remote, "update-ref", "-d", f"refs/heads/{BRANCH}")
    with pytest.raises(Conflict):
        objects.write([ObjectChange("dev/head", b"2", "0" * 40)])
    assert list(objects.keys("")) == []
    objects.write([create("dev/head", b"2")])
    assert commits(remote) == 1


def test_a_long_history_is_not_fetched(remote: Path, tmp_path: Path) -> None:
    writer = at(remote, tmp_path)
    for number in range(6):
        writer.write([ObjectChange("dev/head", b"%d" % number)])
    reader = at(remote, tmp_path)
    assert reader.read("dev/head")
    reader.write([ObjectChange("dev/head", b"7")])
    assert commits(remote) == 7
    private = reader._branch._folder  # what it fetched
    assert git(private, "rev-list", "--count", "refs/novita-infra/fetched") == "1"


def test_a_protected_branch_is_refused_with_the_words_of_the_server(remote: Path, tmp_path: Path) -> None:
    hook(remote, "pre-receive", "echo 'GH006: Protected branch update failed' >&2; exit 1")
    with pytest.raises(Problems) as caught:
        at(remote, tmp_path).write([create("dev/head")])
    assert str(caught.value) == (
        f"the server refused the push to file://{remote} {BRANCH}: pre-receive hook declined "
        "GH006: Protected branch update failed; let this user or job push to it: the rules for protected branches in "
        "the settings of the repository"
    )


def test_a_ref_that_the_server_cannot_update_is_no_endless_loop(remote: Path, tmp_path: Path) -> None:
    objects = at(remote, tmp_path)
    objects.write([create("dev/head")])
    (remote / "refs" / "heads" / f"{BRANCH}.lock").touch()
    with pytest.raises(OutOfReach, match=f"{BRANCH}: the server refuses to update it, and it has not changed"):
        objects.write([ObjectChange("dev/head", b"2")])


def test_a_server_out_of_order_is_out_of_reach(server: GitServer, tmp_path: Path) -> None:
    objects = at(server.url("state.git"), tmp_path)
    objects.write([create("dev/head")])
    server.status = 503
    with pytest.raises(OutOfReach, match="The requested URL returned error: 503"):
        objects.read("dev/head")
    with pytest.raises(OutOfReach, match="The requested URL returned error: 503"):
        objects.write([ObjectChange("dev/head", b"2")])
    server.status = 0
    objects.write([ObjectChange("dev/head", b"2")])


def test_a_server_that_is_gone_is_out_of_reach_until_it_is_back(tmp_path: Path) -> None:
    with git_server(tmp_path / "served") as served:
        objects = at(served.url("state.git"), tmp_path)
        objects.write([create("dev/head", b"1")])
        port = urlsplit(served.address).port or 0
    with pytest.raises(OutOfReach, match="Failed to connect to"):
        objects.read("dev/head")
    with pytest.raises(OutOfReach, match="Failed to connect to"):
        objects.write([ObjectChange("dev/head", b"2")])
    with git_server(tmp_path / "served", port):
        objects.write([ObjectChange("dev/head", b"2")])
        found = at(served.url("state.git"), tmp_path).read("dev/head")
        assert found is not None
        assert found.data == b"2"


@pytest.mark.slow
@pytest.mark.parametrize("direction", ["sent", "answered"])
def test_a_network_cut_at_any_byte_makes_a_write_whole_or_not_at_all(
    server: GitServer, tmp_path: Path, direction: str
) -> None:
    """What a cut leaves is read back, and the write is made exactly once."""
    url = urlsplit(server.url("state.git"))
    repository = server.root / "state.git"
    with fault_proxy("127.0.0.1", url.port or 0) as proxy:
        objects = at(f"http://{proxy.address}{url.path}", tmp_path)
        objects.write([create("dev/head")])
        proxy.cut_after()
        objects.write([create("dev/states/0")])
        whole = proxy.sent if direction == "sent" else proxy.answered
        places = range(0, whole + 1, whole // 12)
        for number, place in enumerate(places, start=1):
            before = commits(repository)
            proxy.cut_after(**{direction: place})
            change = create(f"dev/journal/7/{number}", b"%d" % number)
            with suppress(AnswerLost, OutOfReach):
                objects.write([change])
            proxy.heal()
            assert commits(repository) - before in {0, 1}
            RetryingObjects(objects, sleep=lambda _: None).write([] if objects.read(change.key) else [change])
            assert commits(repository) - before == 1
        assert proxy.cuts >= len(places) // 2
        assert len(at(server.url("state.git"), tmp_path).keys("dev/journal/")) == len(places)


def test_a_call_ends_with_its_time_limit(tmp_path: Path) -> None:
    """The server takes the connection and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        objects = GitObjects(f"http://127.0.0.1:{silent.getsockname()[1]}/x.git", BRANCH, tmp_path, limit=0.3)
        with pytest.raises(OutOfReach, match=r"/x.git novita-infra-state: git took more than 0.3 s"):
            objects.read("dev/head")


def test_the_temporary_repository_is_removed_with_the_objects(remote: Path, tmp_path: Path) -> None:
    objects = at(remote, tmp_path)
    objects.write([create("dev/head")])
    private = objects._branch._folder
    assert private.is_dir()
    del objects
    assert not private.exists()


def test_the_place_is_described_as_git_does(tmp_path: Path) -> None:
    named = GitObjects("origin", BRANCH, tmp_path)
    assert named.describe() == "origin/novita-infra-state"
    assert named.describe("dev/head") == "origin/novita-infra-state:dev/head"
    assert named.describe("locks") == "origin/refs/novita-infra/novita-infra-state/locks:locks"
    by_url = GitObjects("https://ada:hush@host/x.git", BRANCH, tmp_path)
    assert by_url.describe("dev/head") == "https://host/x.git novita-infra-state:dev/head"


def test_a_wave_of_events_costs_one_push(server: GitServer, tmp_path: Path) -> None:
    place = ObjectPlace(at(server.url("state.git"), tmp_path), ObjectTraits(compressed=False))
    store = GuardedStore(place.storage("dev"), partial(new_state, "training", "dev"))
    state = store.save(store.load())

    async def wave(journal: Journal) -> None:
        await asyncio.gather(*(write_changes(journal, [Record(A, str(number))]) for number in range(50)))

    with store.journal(state) as journal:
        server.pushes = 0
        asyncio.run(wave(journal))
        assert server.pushes <= 2  # the first event is on its way when the others come
        server.pushes = 0
        asyncio.run(wave(journal))
    assert server.pushes <= 2
    assert at(server.url("state.git"), tmp_path).keys("dev/journal/")

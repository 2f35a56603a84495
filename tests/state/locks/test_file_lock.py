"""The lock: who holds it, who waits for it, and what becomes of it when its holder dies."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import local_store
import pytest
from local_store import LocalStore

import novita_infra
from novita_infra.model.diagnostics import Problems
from novita_infra.state.locks.locking import locked_blocking

pytestmark = pytest.mark.process

HOLDS = """
import sys
from pathlib import Path
from local_store import LocalStore
from novita_infra.state.locks.locking import locked_blocking
with locked_blocking(LocalStore(Path(sys.argv[1])), "apply"):
    print("held", flush=True)
    sys.stdin.read()
"""


def run(script: str, *arguments: Path) -> subprocess.Popen[str]:
    roots = (Path(novita_infra.__file__).parents[1], Path(local_store.__file__).parent)
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, roots))},
    )


@contextmanager
def child_that_holds(path: Path) -> Iterator[subprocess.Popen[str]]:
    with run(HOLDS, path) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == "held\n"
            yield child
        finally:
            child.kill()


def lock_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.lock")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "dev.json"


def test_a_second_store_of_the_same_process_is_refused_and_names_the_holder(path: Path) -> None:
    holder = LocalStore(path, now=lambda: 1_763_800_000.0)
    with locked_blocking(holder, "apply"):
        with pytest.raises(Problems) as caught, locked_blocking(LocalStore(path), "destroy"):
            pass
        message = str(caught.value)
    assert "locked by `apply` of " in message
    assert f"process {os.getpid()} on {os.uname().nodename}, since 2025-11-22 08:26:40 UTC" in message
    assert str(lock_of(path)) in message
    assert "--lock-timeout" in message


def test_a_released_lock_leaves_nothing_behind_and_can_be_had_again(path: Path) -> None:
    store = LocalStore(path)
    for _ in range(2):
        with locked_blocking(store, "apply"):
            assert json.loads(lock_of(path).read_text())["operation"] == "apply"
        assert list(path.parent.iterdir()) == []


def test_a_holder_that_has_only_just_begun_gets_a_moment_to_say_who_it_is(path: Path) -> None:
    with ExitStack() as first:
        first.enter_context(locked_blocking(LocalStore(path), "apply"))
        content = lock_of(path).read_bytes()
        lock_of(path).write_bytes(b"")
        pauses: list[float] = []

        def sleep(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == 3:
                lock_of(path).write_bytes(content)

        with (
            pytest.raises(Problems, match=f"process {os.getpid()} on"),
            locked_blocking(LocalStore(path), "destroy", sleep=sleep),
        ):
            pass
        assert len(pauses) == 3
        lock_of(path).write_bytes(b"")
        with (
            pytest.raises(Problems, match="has only just begun"),
            locked_blocking(LocalStore(path), "destroy", sleep=sleep),
        ):
            pass
        assert sum(pauses[3:]) == pytest.approx(0.5)


def test_a_lock_that_is_released_in_time_is_had(path: Path) -> None:
    with ExitStack() as first:
        first.enter_context(locked_blocking(LocalStore(path), "apply"))
        with locked_blocking(LocalStore(path), "destroy", max_wait=5, sleep=lambda _: first.close()):
            assert json.loads(lock_of(path).read_text())["operation"] == "destroy"


def test_the_lock_of_a_killed_process_is_taken_over(path: Path) -> None:
    with child_that_holds(path) as child:
        with pytest.raises(Problems, match=f"process {child.pid} on"), locked_blocking(LocalStore(path), "apply"):
            pass
        child.kill()
        child.wait()
        assert json.loads(lock_of(path).read_text())["pid"] == child.pid
        with locked_blocking(LocalStore(path), "apply"):
            assert json.loads(lock_of(path).read_text())["pid"] == os.getpid()


@pytest.mark.parametrize("left", ["", "{", "{" * 2000, "[]", "\x00\x00", '{"host": 5}', '{"pid": 1}'])
def test_a_lock_file_without_an_explanation_is_taken_over_when_the_kernel_says_it_is_free(
    path: Path, left: str
) -> None:
    path.parent.mkdir()
    lock_of(path).write_text(left)
    if left.startswith('{"'):
        with pytest.raises(Problems, match="locked on another machine by"), locked_blocking(LocalStore(path), "apply"):
            pass
        return
    with locked_blocking(LocalStore(path), "apply"):
        assert json.loads(lock_of(path).read_text())["pid"] == os.getpid()


def test_a_lock_file_of_another_machine_is_not_taken_over(path: Path) -> None:
    path.parent.mkdir()
    left = {"operation": "apply", "user": "ann", "pid": 7, "host": "far-away", "boot": "b", "since": "2025-11-22"}
    lock_of(path).write_text(json.dumps(left))
    message = "`apply` of ann, process 7 on far-away, since 2025-11-22"
    with pytest.raises(Problems, match=message) as caught, locked_blocking(LocalStore(path), "apply"):
        pass
    assert f"remove {lock_of(path)}" in str(caught.value)
    assert json.loads(lock_of(path).read_text()) == left


def test_a_lock_file_of_a_container_on_this_machine_is_taken_over(path: Path) -> None:
    with locked_blocking(LocalStore(path), "apply"):
        left = json.loads(lock_of(path).read_text())
    if not left["boot"]:
        pytest.skip("this system tells no boot id")
    lock_of(path).write_text(json.dumps(left | {"host": "a1b2c3"}))
    with locked_blocking(LocalStore(path), "apply"):
        pass


def test_a_removed_lock_file_is_not_removed_from_its_next_holder(path: Path) -> None:
    with ExitStack() as second:
        with locked_blocking(LocalStore(path), "apply"):
            lock_of(path).unlink()
            second.enter_context(locked_blocking(LocalStore(path), "destroy"))
        assert json.loads(lock_of(path).read_text())["operation"] == "destroy"
    assert not lock_of(path).exists()

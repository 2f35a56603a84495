"""Two runs at once, and runs that are cut off: each a process of its own against `sim serve`, as in a CI system."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml
from crashing import apply_hurried
from local_store import LocalStore
from processes import Cloud, Run, serving, wait_until

from novita_infra.model.addresses import Address

pytestmark = pytest.mark.process

MACHINE: dict[str, Any] = {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04"}
APPLY = ("apply", "--auto-approve")
LONG = 3600.0
"""Seconds after which every machine has come up, however slow its pull."""
SIGNALS = [signal.SIGINT, signal.SIGTERM]


class Place:
    """A project with a machine and another one that stands on it, and the cloud in which nothing moves by itself."""

    def __init__(self, folder: Path, cloud: Cloud, stack: ExitStack) -> None:
        self.folder, self.cloud = folder, cloud
        self.first, self.second = f"{folder.name}-1", f"{folder.name}-2"
        self._stack = stack
        head = {"apiVersion": "novita-infra/v1", "kind": "Project", "metadata": {"name": "two"}}
        (folder / "novita-infra.yaml").write_text(yaml.safe_dump(head), encoding="utf-8")
        self.declare(1)

    def declare(self, count: int) -> None:
        """Declares the first machine, or both."""
        documents = [
            {"apiVersion": "novita-infra/v1", "kind": "Instance", "metadata": {"name": self.first}, "spec": MACHINE},
            {
                "apiVersion": "novita-infra/v1",
                "kind": "Instance",
                "metadata": {"name": self.second},
                "lifecycle": {"dependsOn": [f"instance.{self.first}"]},
                "spec": MACHINE,
            },
        ]
        (self.folder / "main.yaml").write_text(yaml.safe_dump_all(documents[:count]), encoding="utf-8")

    def run(self, *words: str) -> Run:
        """The command, in the project's folder."""
        run = Run(*words, folder=self.folder, server=self.cloud.address, NOVITA_INFRA_CACHE=str(self.folder / "cache"))
        self._stack.callback(run.close)
        return run

    def apply_hurried(self) -> None:
        """Applies until all is done, without a process and without waiting."""
        self.cloud.advance(LONG)
        apply_hurried(self.folder, self.cloud.address)

    def machines(self) -> list[str]:
        """The ids of the first machine: one, unless it was bought twice."""
        return self.cloud.live("instances", self.first)

    def id_on_record(self) -> str:
        return LocalStore(self.folder / "state" / "default.json").load().records[Address("instance", self.first)].id


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with serving(time_scale=1) as (address, _):
        yield Cloud(address)


@pytest.fixture
def place(cloud: Cloud, tmp_path: Path) -> Iterator[Place]:
    with ExitStack() as stack:
        stack.callback(cloud.clear_faults)
        yield Place(tmp_path, cloud, stack)


def ended(runs: list[Run]) -> list[Run]:
    return [run for run in runs if run.is_over]


def test_of_two_applies_at_once_one_reports_the_lock_of_the_other(place: Place) -> None:
    runs = [place.run(*APPLY), place.run(*APPLY)]
    wait_until(lambda: bool(ended(runs)), "one of the two is turned away")
    (loser,) = ended(runs)
    (winner,) = (run for run in runs if run is not loser)
    assert loser.end() == 1
    assert "the state is locked by `apply` of " in loser.stderr
    assert f", process {winner.pid} on {os.uname().nodename}, since " in loser.stderr
    assert "wait for its end, or give --lock-timeout" in loser.stderr
    winner.until("its id is")
    place.cloud.advance(LONG)
    assert winner.end() == 0
    assert place.machines() == [place.id_on_record()]


def test_with_a_lock_timeout_the_second_apply_waits_for_the_first(place: Place) -> None:
    first = place.run(*APPLY)
    first.until("its id is")
    second = place.run(*APPLY, "--lock-timeout", "50s")
    second.until("waiting for its end, at most 50 s more")
    place.cloud.advance(LONG)
    assert (first.end(), second.end()) == (0, 0)
    assert "Apply complete: 1 created." in first.stderr
    assert "created" not in second.stderr
    assert place.machines() == [place.id_on_record()]


def test_two_checkouts_that_link_to_one_state_buy_once(place: Place, tmp_path_factory: pytest.TempPathFactory) -> None:
    first = place.run(*APPLY)
    first.until("its id is")
    place.cloud.advance(LONG)
    assert first.end() == 0
    root = tmp_path_factory.mktemp("checkouts")
    place.declare(2)
    (place.folder / "state").rename(root / "shared")
    links = [root / name / "state" / "default.json" for name in ("one", "two")]
    for link in links:
        shutil.copytree(place.folder, link.parents[1])
        link.parent.mkdir()
        link.symlink_to("../../shared/default.json")
    place.folder = links[0].parents[1]
    one = place.run(*APPLY)
    one.until("its id is")
    place.folder = links[1].parents[1]
    two = place.run(*APPLY, "--lock-timeout", "50s")
    two.until("waiting for its end, at most 50 s more")
    place.cloud.advance(LONG)
    assert (one.end(), two.end()) == (0, 0), one.stderr + two.stderr
    assert len(place.cloud.live("instances", place.second)) == 1
    assert place.machines() == [place.id_on_record()]
    for link in links:
        assert link.is_symlink()
        assert [path.name for path in link.parent.iterdir()] == ["default.json"]


@pytest.mark.parametrize("patience", ["0s", "50s"])
def test_one_plan_file_applied_by_two_at_once_is_applied_once(patience: str, place: Place) -> None:
    assert place.run("plan", "--out", "the.niplan").end() == 0
    runs = [place.run("apply", "the.niplan", "--lock-timeout", patience) for _ in range(2)]
    if patience == "0s":
        wait_until(lambda: bool(ended(runs)), "one of the two is turned away")
    wait_until(lambda: bool(place.machines()), "one of the two has bought the machine")
    place.cloud.advance(LONG)
    codes = [run.end() for run in runs]
    used = "nothing is left of it"
    if patience == "0s":
        assert sorted(codes) == [0, 1]
        assert "the state is locked by `apply`" in runs[codes.index(1)].stderr
    else:
        assert codes == [0, 0]
        assert sum(used in run.stderr for run in runs) == 1
    again = place.run("apply", "the.niplan")
    assert again.end() == 0
    assert used in again.stderr
    assert place.machines() == [place.id_on_record()]


@pytest.mark.parametrize("number", SIGNALS)
def test_an_interrupted_wait_reports_the_call_and_the_next_run_resumes(number: signal.Signals, place: Place) -> None:
    place.declare(2)
    run = place.run(*APPLY)
    run.until("its id is")
    run.interrupt(number)
    assert run.end() == 130
    (id,) = place.machines()
    assert "stopping: no new step starts" in run.stderr
    assert "In progress (the call was made, its end is not known yet):" in run.stderr
    assert f"instance.{place.first}: create ({id})" in run.stderr
    assert f"instance.{place.second}: create" in run.stderr.partition("Skipped:")[2]
    assert "Next: novita-infra apply   (it continues from here)" in run.stderr
    assert place.cloud.live("instances", place.second) == []
    following = place.run(*APPLY)
    following.until(f"instance.{place.first}: wait")
    place.cloud.advance(LONG)
    following.until(f"instance.{place.second}: create: its id is")
    place.cloud.advance(LONG)
    assert following.end() == 0
    assert "Apply complete: 1 created, 1 waited for." in following.stderr
    assert place.machines() == [id] == [place.id_on_record()]
    assert len(place.cloud.live("instances", place.second)) == 1


def test_an_interrupted_run_records_the_answer_of_a_call_in_flight(place: Place) -> None:
    place.declare(2)
    place.cloud.add_fault(kind="slow", operation="instances.create", position="after", seconds=1.5)
    run = place.run(*APPLY)
    wait_until(lambda: bool(place.machines()), "the machine is bought and its answer is on its way")
    run.interrupt(signal.SIGTERM)
    assert run.end() == 130
    assert [place.id_on_record()] == place.machines()
    assert f"its id is {place.id_on_record()}" in run.stderr


def test_a_second_signal_exits_at_once_and_the_next_run_resumes(place: Place) -> None:
    place.cloud.add_fault(kind="slow", operation="instances.create", position="after", seconds=50)
    run = place.run(*APPLY)
    wait_until(lambda: bool(place.machines()), "the machine is bought and its answer is on its way")
    run.interrupt(signal.SIGTERM)
    run.until("once more to exit at once")
    run.interrupt(signal.SIGTERM)
    assert run.end() == 130
    assert "Traceback" not in run.stderr
    assert run.stderr.endswith(
        "Interrupted. The calls that were sent are recorded; the next run looks for what they created.\n"
        "Next: novita-infra apply   (it continues from here)\n"
    )
    assert place.id_on_record() == ""
    place.apply_hurried()
    assert place.machines() == [place.id_on_record()]


def test_a_cancelled_ci_job_loses_nothing(place: Place) -> None:
    place.cloud.add_fault(kind="slow", operation="instances.create", position="after", seconds=50)
    run = place.run(*APPLY)
    wait_until(lambda: bool(place.machines()), "the machine is bought and its answer is on its way")
    run.interrupt(signal.SIGTERM)
    run.until("once more to exit at once")
    run.interrupt(signal.SIGKILL)
    assert run.end() == -signal.SIGKILL
    place.apply_hurried()
    assert place.machines() == [place.id_on_record()]


@pytest.mark.parametrize("words", [("plan",), APPLY, ("destroy",), ("drift",)])
def test_the_search_for_a_killed_create_is_reported(words: tuple[str, ...], place: Place) -> None:
    place.cloud.add_fault(kind="slow", operation="instances.create", position="before", seconds=50)
    calls = place.cloud.calls("instances.create")
    killed = place.run(*APPLY)
    wait_until(lambda: place.cloud.calls("instances.create") > calls, "the create is sent")
    killed.interrupt(signal.SIGKILL)
    killed.end()
    following = place.run(*words)
    following.until(f"instance.{place.first}: an earlier call got no answer; looking for what it did until ")
    following.interrupt(signal.SIGTERM)
    following.end()
    assert following.stderr.count("looking for") == 1


@pytest.mark.parametrize("number", SIGNALS)
def test_who_waits_for_the_lock_can_be_interrupted(number: signal.Signals, place: Place) -> None:
    first = place.run(*APPLY)
    first.until("its id is")
    second = place.run(*APPLY, "--lock-timeout", "50s")
    second.until("waiting for its end")
    second.interrupt(number)
    assert second.end() == 130
    assert not first.is_over
    assert "Traceback" not in second.stderr


@pytest.mark.parametrize("number", SIGNALS)
def test_a_run_that_only_reads_so_far_ends_at_once(number: signal.Signals, place: Place) -> None:
    place.cloud.add_fault(kind="slow", operation="products.*", seconds=50)
    run = place.run(*APPLY)
    wait_until((place.folder / "state" / "default.json.lock").exists, "the run has the lock")
    run.interrupt(number)
    assert run.end() == 130
    assert "Traceback" not in run.stderr
    assert not (place.folder / "state" / "default.json.lock").exists()

"""Clones of one project on several machines, whose state lies in one place: nothing is bought twice or forgotten.

Each clone has a folder and a cache of its own, as the jobs of a CI system have.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml
from processes import Cloud, Run, serving, wait_until
from state_backends import BACKENDS, manifest_part

from novita_infra.state.process_identity import user_name
from novita_infra.state.registry import DEFAULT, backend_names

pytestmark = pytest.mark.process

APPLY = ("apply", "--auto-approve")
LONG = 3600.0
"""Seconds after which every machine has come up, however slow its pull."""


class Team:
    """A project whose clones share a state, and the cloud in which nothing moves by itself."""

    def __init__(self, folder: Path, backend: str, cloud: Cloud, stack: ExitStack) -> None:
        self.folder, self.cloud, self.backend = folder, cloud, backend
        self.machine = f"m-{folder.name}"
        self._state = dict(manifest_part(backend, folder / "place"))
        if backend == DEFAULT:
            self._state |= {"path": str(folder / "place")}  # a folder that the machines share
        self._stack = stack

    def clone(self, name: str) -> Path:
        """A clone of the project."""
        folder = self.folder / name
        folder.mkdir()
        head = {"apiVersion": "novita-infra/v1", "kind": "Project", "metadata": {"name": "team"}, "state": self._state}
        (folder / "novita-infra.yaml").write_text(yaml.safe_dump(head), encoding="utf-8")
        self.declare(folder)
        return folder

    def declare(self, clone: Path, **spec: Any) -> None:
        document = {
            "apiVersion": "novita-infra/v1",
            "kind": "Instance",
            "metadata": {"name": self.machine},
            "spec": {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04", **spec},
        }
        (clone / "main.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")

    def run(self, clone: Path, *words: str) -> Run:
        """The command in a clone."""
        cache = str(clone / "cache")
        run = Run(*words, folder=clone, server=self.cloud.address, NOVITA_INFRA_CACHE=cache)
        self._stack.callback(run.close)
        return run

    def finish(self, run: Run) -> Run:
        """Lets the machines come up until the run has ended well."""
        self.cloud.advance(LONG)
        assert run.end() == 0, run.stderr
        return run

    def machines(self) -> list[str]:
        """The ids of the machine: one, unless it was bought twice."""
        return self.cloud.live("instances", self.machine)


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with serving(time_scale=1) as (address, _):
        yield Cloud(address)


@pytest.fixture(params=backend_names())
def team(request: pytest.FixtureRequest, cloud: Cloud, tmp_path: Path) -> Iterator[Team]:
    with ExitStack() as stack:
        yield Team(tmp_path, request.param, cloud, stack)


def test_of_two_clones_that_apply_at_once_one_works_and_one_is_refused(team: Team) -> None:
    clones = [team.clone(name) for name in ("one", "two")]
    runs = [team.run(clone, *APPLY) for clone in clones]
    wait_until(lambda: any(run.is_over for run in runs), "one of the two is turned away")
    (loser,) = (run for run in runs if run.is_over)
    (winner,) = (run for run in runs if run is not loser)
    assert loser.end() == 1
    assert f"the state is locked by `apply` of {user_name()}, process {winner.pid} on " in loser.stderr
    assert "--lock-timeout" in loser.stderr
    winner.until("its id is")
    team.finish(winner)
    again = team.run(clones[runs.index(loser)], *APPLY)
    assert again.end() == 0, again.stderr
    assert "created" not in again.stderr
    assert len(team.machines()) == 1


def test_a_clone_that_may_wait_goes_on_from_what_the_other_did(team: Team) -> None:
    one, two = team.clone("one"), team.clone("two")
    first = team.run(one, *APPLY)
    first.until("its id is")
    looking = team.run(two, "plan")
    looking.until("the state is being changed by `apply` of ")
    assert looking.end() == 0
    second = team.run(two, *APPLY, "--lock-timeout", "50s")
    second.until("waiting for its end, at most 50 s more")
    team.finish(first)
    assert second.end() == 0, second.stderr
    assert "created" not in second.stderr
    assert len(team.machines()) == 1


def test_the_next_job_goes_on_where_a_killed_runner_stopped(team: Team) -> None:
    killed = team.run(team.clone("one"), *APPLY)
    killed.until("its id is")
    killed.interrupt(signal.SIGKILL)
    killed.end()
    following = team.finish(team.run(team.clone("two"), *APPLY))
    assert "1 waited for" in following.stderr
    assert len(team.machines()) == 1
    last = team.run(team.clone("three"), "plan", "--detailed-exitcode")
    assert last.end() == 0, last.stderr


def test_a_plan_of_one_job_is_applied_once_by_others_and_finished_after_a_kill(team: Team) -> None:
    one, two, three = (team.clone(name) for name in ("one", "two", "three"))
    plan = team.folder / "the.niplan"
    assert team.run(one, "plan", "--out", str(plan)).end() == 0
    killed = team.run(two, "apply", str(plan))
    killed.until("its id is")
    killed.interrupt(signal.SIGKILL)
    killed.end()
    team.finish(team.run(three, "apply", str(plan)))
    again = team.run(two, "apply", str(plan))
    assert again.end() == 0, again.stderr
    assert "nothing is left of it" in again.stderr
    assert len(team.machines()) == 1


def test_a_plan_that_another_apply_overtook_is_refused_with_who_and_when(team: Team) -> None:
    one, two = team.clone("one"), team.clone("two")
    plan = team.folder / "the.niplan"
    assert team.run(one, "plan", "--out", str(plan)).end() == 0
    other = team.run(two, *APPLY)
    other.until("its id is")
    team.finish(other)
    late = team.run(one, "apply", str(plan))
    assert late.end() == 1, late.stderr
    assert f", process {other.pid} on " in late.stderr, late.stderr
    assert "`apply` of " in late.stderr
    assert len(team.machines()) == 1


@pytest.mark.parametrize(
    "team", [name for name, case in BACKENDS.items() if name in backend_names() and case.leases], indirect=True
)
def test_a_run_that_was_paused_with_the_lock_of_a_create_creates_nothing_beside_the_next(team: Team) -> None:
    """A network has no owner mark: of two environments, one at a time may create such as have one name."""
    net = f"net-{team.backend}"
    clones = [team.clone(name) for name in ("one", "two")]
    for clone in clones:
        text = f"{{apiVersion: novita-infra/v1, kind: VPC, metadata: {{name: {net}}}, spec: {{cluster: us-ca-nas-2}}}}"
        (clone / "main.yaml").write_text(text, encoding="utf-8")
        with (clone / "novita-infra.yaml").open("a", encoding="utf-8") as file:
            file.write("environments: {dev: {}, prod: {}}\n")
    team.cloud.add_fault(kind="slow", operation="networks.list", position="after", seconds=4, count=0)
    paused = team.run(clones[0], *APPLY, "--env", "dev")
    locks: Any = BACKENDS[team.backend].open_bytes(team.folder / "place")
    wait_until(lambda: f"vpc {net}" in locks._leases.table().names, "the run holds the lock of its create")
    paused.interrupt(signal.SIGSTOP)
    team.cloud.clear_faults()
    other = team.run(clones[1], *APPLY, "--env", "prod")
    team.finish(other)
    paused.interrupt(signal.SIGCONT)
    assert paused.end() == 5, paused.stderr
    assert "the locks of this run were taken over while it gave no sign of life" in " ".join(paused.stderr.split())
    assert len(team.cloud.live("networks", net)) == 1
    team.finish(team.run(clones[0], *APPLY, "--env", "dev"))
    assert len(team.cloud.live("networks", net)) == 2

"""Two clones with a committed state: one moves it to a branch and commits, the other one works on, and pulls later."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from git_repositories import GIT_ENVIRON, BareRepository
from processes import Cloud, Run, serving

pytestmark = pytest.mark.process

HEAD = "apiVersion: novita-infra/v1\nkind: Project\nmetadata: {name: team, id: the-team}\n"
MOVED = f"{HEAD}state: {{backend: git}}\n"


class Clones:
    """A repository, its clones, and the account of all."""

    def __init__(self, folder: Path, cloud: Cloud, stack: ExitStack) -> None:
        self.folder, self.cloud = folder, cloud
        self._stack = stack
        self.origin = BareRepository.made(folder / "origin.git")

    def clone(self, name: str) -> Path:
        self.git(self.folder, "clone", "--quiet", self.origin.url, name)
        return self.folder / name

    def git(self, folder: Path, *words: str, code: int = 0) -> None:
        done = subprocess.run(["git", *words], cwd=folder, env=GIT_ENVIRON, check=False, capture_output=True)
        assert done.returncode == code, done.stdout + done.stderr

    def commit(self, clone: Path) -> None:
        self.git(clone, "add", "-A")
        self.git(clone, "commit", "--quiet", "-m", "work")

    def push(self, clone: Path) -> None:
        self.commit(clone)
        self.git(clone, "push", "--quiet", "origin", "HEAD:main")

    def declare(self, clone: Path, *names: str) -> None:
        for name in names:
            text = (
                f"kind: VPC\napiVersion: novita-infra/v1\nmetadata: {{name: {name}}}\nspec: {{cluster: us-ca-nas-2}}\n"
            )
            (clone / f"{name}.yaml").write_text(text, encoding="utf-8")

    def run(self, clone: Path, *words: str, code: int = 0) -> str:
        """What the command writes on stderr, on one line."""
        cache = str(self.folder / f"cache-{clone.name}")
        run = Run(*words, folder=clone, server=self.cloud.address, NOVITA_INFRA_CACHE=cache)
        self._stack.callback(run.close)
        assert run.end() == code, run.stderr
        return " ".join(run.stderr.split())


@pytest.fixture
def clones(tmp_path: Path) -> Iterator[Clones]:
    """A repository with a project whose state is committed, from which a clone `one` was made."""
    with ExitStack() as stack:
        address, _ = stack.enter_context(serving(time_scale=600))
        made = Clones(tmp_path, Cloud(address), stack)
        one = made.clone("one")
        made.git(one, "checkout", "--quiet", "-b", "main")
        (one / "novita-infra.yaml").write_text(HEAD, encoding="utf-8")
        (one / ".gitignore").write_text("state/*.lock\nstate/*.backup\nstate/*.history/\n", encoding="utf-8")
        made.declare(one, "a")
        made.run(one, "apply", "--auto-approve")
        made.push(one)
        yield made


def move(clones: Clones) -> None:
    """Moves the state in the clone `one`, and commits the note and the project file as the command says."""
    one = clones.folder / "one"
    message = clones.run(one, "state", "migrate", "--to", "git", "--auto-approve")
    assert "Commit the note in state, too: it tells other clones where the state is." in message
    (one / "novita-infra.yaml").write_text(MOVED, encoding="utf-8")
    clones.push(one)


def test_a_clone_that_pulls_the_move_uses_the_new_place(clones: Clones) -> None:
    two = clones.clone("two")
    clones.run(two, "plan", "--detailed-exitcode")
    move(clones)
    clones.git(two, "pull", "--quiet", "origin", "main")
    clones.run(two, "plan", "--detailed-exitcode")
    (two / "novita-infra.yaml").write_text(HEAD, encoding="utf-8")
    assert "was moved to the backend git by" in clones.run(two, "plan", code=5)


@pytest.mark.parametrize("side", ["--ours", "--theirs", ""])
def test_a_clone_that_applied_before_it_pulled_the_move_buys_and_forgets_nothing(clones: Clones, side: str) -> None:
    two = clones.clone("two")
    move(clones)
    clones.declare(two, "b")
    clones.run(two, "apply", "--auto-approve")
    clones.commit(two)
    clones.git(two, "pull", "--quiet", "--no-rebase", "origin", "main", code=1)  # a conflict in state/default.json
    if side:
        clones.git(two, "checkout", side, "state/default.json")
    (id,) = clones.cloud.live("networks", "b")
    refused = clones.run(two, "plan", code=5)
    assert "this machine has seen version" in refused  # which the next job of a CI system has not
    clones.run(two, "state", "repair", "--auto-approve")
    refused = clones.run(two, "plan", code=5)
    if side != "--theirs":
        assert "state/default.json is a copy of this state from before it was moved to" in refused
        assert f"records what the moved one does not: vpc.b ({id})" in refused
        assert f"novita-infra orphans --adopt vpc.b --id {id}" in refused
    clones.run(two, "apply", "--auto-approve", code=5)
    clones.run(two, "orphans", "--adopt", "vpc.b", "--id", id)
    clones.run(two, "plan", "--detailed-exitcode")
    clones.run(two, "apply", "--auto-approve")
    assert clones.cloud.live("networks", "b") == [id]


def test_a_place_that_holds_no_state_beside_one_that_was_not_moved_is_refused(clones: Clones) -> None:
    two = clones.clone("two")
    (two / "novita-infra.yaml").write_text(MOVED, encoding="utf-8")
    refused = clones.run(two, "plan", code=5)
    assert "origin/novita-infra-state:default/head holds no state, and state/default.json holds version" in refused
    assert "put back the earlier `state:`, then move the state: novita-infra state migrate --to git" in refused
    clones.run(two, "apply", "--auto-approve", code=5)
    (two / "novita-infra.yaml").write_text(HEAD, encoding="utf-8")
    clones.run(two, "state", "migrate", "--to", "git", "--auto-approve")
    (two / "novita-infra.yaml").write_text(MOVED, encoding="utf-8")
    clones.run(two, "plan", "--detailed-exitcode")
    assert len(clones.cloud.live("networks", "a")) == 1


def test_what_was_deleted_since_the_move_is_not_missed(clones: Clones) -> None:
    two = clones.clone("two")
    move(clones)
    one = clones.folder / "one"
    clones.declare(one, "c")
    (one / "a.yaml").unlink()
    clones.run(one, "apply", "--auto-approve")
    (two / "novita-infra.yaml").write_text(MOVED, encoding="utf-8")  # and the old state, which was not committed there
    clones.declare(two, "c")
    (two / "a.yaml").unlink()
    clones.run(two, "plan", "--detailed-exitcode")

"""A day of a team on GitHub and on GitLab: the very steps of the pipelines, a real repository, a served cloud.

A request is planned, commented, merged and applied. The next one loses data: it is refused, permitted and merged, and
its runner is killed in the middle. At night somebody has renamed a storage by hand: an issue is opened, and closed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from forges import Request, SimulatedForge, simulated_forge
from git_server import bare_repository, git
from processes import Cloud, serving
from runners import Event, JobRun, Runner

from novita_infra.cli import root

pytestmark = pytest.mark.process

LONG = 3600.0
PROJECT = """\
apiVersion: novita-infra/v1
kind: Project
metadata: {name: fleet, id: team-fleet}
environments: {prod: {}}
defaultEnvironment: prod
"""
STORAGE = """\
apiVersion: novita-infra/v1
kind: NetworkStorage
metadata: {name: data}
spec: {cluster: us-ca-nas-2, sizeGb: 20}
"""
MACHINE = """\
---
apiVersion: novita-infra/v1
kind: Instance
metadata: {name: worker}
spec: {product: {gpu: RTX 4090}, image: "ubuntu:22.04", networkStorages: [{storage: data, mountPath: /data}]}
"""


class Team:
    """People with a clone, and the runners of their forge."""

    def __init__(self, forge: SimulatedForge, cloud: Cloud, folder: Path) -> None:
        self.forge, self.cloud = forge, cloud
        self.origin = bare_repository(folder / "origin.git")
        self.clone = folder / "clone"
        git(folder, "clone", "--quiet", self.origin.as_uri(), str(self.clone))
        git(self.clone, "checkout", "--quiet", "-b", "main")
        self.runner = Runner(forge, self.origin, folder, cloud.address)

    def commit(self, branch: str, **files: str) -> str:
        """A commit on a branch that begins at the newest main; it is pushed."""
        git(self.clone, "checkout", "--quiet", "-B", branch)
        for name, text in files.items():
            (self.clone / f"{name}.yaml").write_text(text, encoding="utf-8")
        git(self.clone, "add", "--all")
        git(self.clone, "commit", "--quiet", "--message", branch)
        git(self.clone, "push", "--quiet", "--force", "origin", branch)
        return git(self.clone, "rev-parse", "HEAD")

    def open(self, branch: str, **files: str) -> Request:
        return self.forge.open_request(self.commit(branch, **files))

    def plan(self, request: Request) -> JobRun:
        (run,) = self.runner.run(Event(request.head, request=request)).values()
        return run

    def merge(self, request: Request) -> Event:
        """Somebody merges the request; the event of the push."""
        git(self.clone, "checkout", "--quiet", "main")
        git(self.clone, "merge", "--quiet", "--no-ff", "--message", f"Merge {request.number}", request.head)
        git(self.clone, "push", "--quiet", "origin", "main")
        request.merged = git(self.clone, "rev-parse", "HEAD")
        return Event(request.merged, branch="main")

    def one(self, event: Event) -> JobRun:
        (run,) = self.runner.run(event).values()
        return run

    def night(self) -> JobRun:
        return self.one(Event(git(self.clone, "rev-parse", "origin/main")))

    def rename_by_hand(self, name: str) -> None:
        """Somebody renames the storage in the console."""
        headers = {"Authorization": "Bearer sk_test"}
        paths = "/gpu-instance/openapi/v1/networkstorages/list", "/gpu-instance/openapi/v1/networkstorage/update"
        with httpx.Client(base_url=self.cloud.address, headers=headers) as http:
            (storage,) = http.get(paths[0]).raise_for_status().json()["data"]
            http.post(paths[1], json={"storageId": storage["storageId"], "storageName": name}).raise_for_status()


@pytest.fixture(params=["github", "gitlab"])
def team(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Team]:
    with simulated_forge(request.param) as forge, serving(time_scale=1) as (address, _):
        yield Team(forge, Cloud(address), tmp_path)


def set_up(team: Team) -> None:
    """The first commit: the pipeline, as `ci init` writes it."""
    (team.clone / "novita-infra.yaml").write_text(PROJECT, encoding="utf-8")
    ended = CliRunner().invoke(root, ["ci", "init", team.forge.system, str(team.clone)])
    assert ended.exit_code == 0, ended.output
    assert "state: {backend: git}" in (team.clone / "novita-infra.yaml").read_text()
    team.commit("main")


def test_a_day_of_gitops_from_the_request_to_the_closed_issue(team: Team) -> None:
    set_up(team)
    forge = team.forge

    first = team.open("storage", fleet=STORAGE)
    planned = team.plan(first)
    assert planned.code == 0, planned.output
    assert "1 to create" in forge.ours(first)[0]
    applied = team.one(team.merge(first))
    assert applied.code == 0, applied.output
    assert "### Applied" in forge.ours(first)[1]

    second = team.open("move", fleet=STORAGE.replace("us-ca-nas-2", "us-dallas-nas-2") + MACHINE)
    assert team.plan(second).code == 5
    (label,) = (name for name in forge.labels if name.startswith("novita-infra: allow "))
    assert label in forge.ours(second)[0]
    forge.put_label(second, label, "grace")
    permitted = team.plan(second)
    assert permitted.code == 0, permitted.output
    assert len(forge.ours(second)) == 1

    merged = team.merge(second)
    killed = team.runner.begin(merged)
    killed.until("instance.worker: create: its id is")
    killed.kill()
    assert len(team.cloud.live("instances", "worker")) == 1
    team.cloud.advance(LONG)
    again = team.one(merged)
    assert again.code == 0, again.output
    assert "this run finishes what is left of it" in again.output
    assert len(team.cloud.live("instances", "worker")) == 1
    assert label not in forge.labels
    assert "### Applied" in forge.ours(second)[1]

    assert team.night().code == 0
    assert forge.open_issues() == []
    team.rename_by_hand("renamed")
    assert team.night().code == 0
    (issue,) = forge.open_issues()
    assert issue.title == "Drift: project fleet, environment prod"
    team.rename_by_hand("data")
    healed = team.night()
    assert healed.code == 0, healed.output
    assert forge.open_issues() == []

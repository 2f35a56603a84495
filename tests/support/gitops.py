"""The jobs of a pipeline, run in this process as a runner would: with the variables of a job, and its event."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from forges import Request, SimulatedForge, job_environment
from machines_account import account

from novita_infra.simulator.world.cloud import storages

BASE = "b" * 40
VARIABLES = ("GITHUB_", "GITLAB_", "CI_", "NOVITA_INFRA_GITLAB_")


def commit(number: int) -> str:
    """A commit."""
    return f"{number:040x}"


@dataclass
class Jobs:
    """The jobs of a project on one forge."""

    forge: SimulatedForge
    run: Callable[..., Result]
    """Runs the command in this process."""
    folder: Path
    patch: pytest.MonkeyPatch
    stem: str = "small-default"
    commits: int = 0
    files: dict[str, bytes] = field(default_factory=dict)

    def new_commit(self) -> str:
        self.commits += 1
        return commit(self.commits)

    def request(self, **more: Any) -> Request:
        """A request with one commit."""
        return self.forge.open_request(self.new_commit(), **more)

    def plan(
        self,
        request: Request,
        *words: str,
        keeps: bool = True,
        head: str = "",
        token: str = "",
        summary: Path | None = None,
    ) -> Result:
        """The job that plans the request, and keeps the plan if it succeeds. `head` is another commit of it."""
        seen = replace(request, head=head or request.head)
        ended = self._job({"commit": seen.head, "request": seen}, "plan", *words, token=token, summary=summary)
        file = self.folder / f"{self.stem}.niplan"
        if keeps and (ended.exit_code == 0 or self.forge.system == "gitlab"):
            name = f"novita-infra-{self.stem}" if self.forge.system == "github" else f"plan {self.stem}"
            files = {file.name: file.read_bytes()} if file.exists() else {}
            self.forge.keep(name, files, request, succeeded=ended.exit_code == 0)
        return ended

    def merge(self, request: Request) -> None:
        request.merged = self.new_commit()

    def apply(self, request: Request, *words: str) -> Result:
        """The job after the merge, on another machine: no file of the job that planned is there."""
        (self.folder / f"{self.stem}.niplan").unlink(missing_ok=True)
        return self._job({"commit": request.merged, "branch": "main"}, "apply", *words)

    def push(self, *words: str) -> Result:
        """The job after a commit that no request has."""
        return self._job({"commit": self.new_commit(), "branch": "main"}, "apply", *words)

    def drift(self, *words: str) -> Result:
        return self._job({"commit": BASE}, "drift", *words)

    def rename_by_hand(self, name: str) -> None:
        """Somebody renames the storage in the console."""
        with account(self.folder) as world:
            (storage,) = world.storages
            storages.update(world, storage.id, name=name, size=None)

    def permit(self, request: Request, by: str) -> str:
        """A person puts the label that the comment names on the request."""
        label = self.label
        self.forge.put_label(request, label, by)
        return label

    @property
    def label(self) -> str:
        (label,) = (name for name in self.forge.labels if name.startswith("novita-infra: allow "))
        return label

    @property
    def approver(self) -> str:
        """A person who may merge."""
        return "ada" if self.forge.system == "github" else "grace"

    def _job(self, event: dict[str, Any], *words: str, token: str = "", summary: Path | None = None) -> Result:
        variables = job_environment(self.forge, event, self.folder / ".git")
        if summary:
            summary.touch()
            variables |= {"GITHUB_STEP_SUMMARY": str(summary)} if self.forge.system == "github" else {}
        if token:
            variables |= {name: token for name in variables if name.endswith("_TOKEN")}
        with self.patch.context() as patch:
            for name, text in variables.items():
                patch.setenv(name, text)
            return self.run("ci", *words, "--sim")

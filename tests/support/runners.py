"""Runners of GitHub Actions and GitLab CI, for the subset that our pipelines use: they run the very steps of the files.

A job gets a fresh checkout of its commit in a folder of its own, as each runner has one. `python -m pip install` does
nothing, since the command is there. Everything else is run by a shell.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import leaks
from forges import Request, SimulatedForge, job_environment
from git_server import git
from processes import HERE, environment
from quick_yaml import read_yaml

SHIM = f"""#!/bin/sh
case "$*" in
  "-m pip install "*) exit 0 ;;
  *) exec {sys.executable} "$@" ;;
esac
"""
COMMAND = f'#!/bin/sh\nexec {sys.executable} -m novita_infra "$@"\n'
WORKFLOW = ".github/workflows/novita-infra.yml"
EXPRESSION = re.compile(r"\$\{\{ *([\w.]+) *\}\}")


@dataclass
class Event:
    """Why a pipeline runs."""

    commit: str
    request: Request | None = None
    branch: str = ""

    @property
    def github_name(self) -> str:
        return "pull_request" if self.request else "push" if self.branch else "schedule"


@dataclass
class JobRun:
    """A job that was begun."""

    name: str
    code: int | None = None
    output: str = ""
    process: subprocess.Popen[str] | None = None

    def until(self, text: str) -> None:
        """Returns when the job has printed the text."""
        assert self.process is not None
        assert self.process.stdout is not None
        while text not in self.output:
            line = self.process.stdout.readline()
            assert line, f"{self.name} ended without {text!r}:\n{self.output}"
            self.output += line

    def kill(self) -> None:
        """The machine of the runner is gone."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.end()

    def end(self) -> int:
        """Waits for the end of the step; returns its exit code."""
        assert self.process is not None
        self.output += self.process.communicate(timeout=90)[0]
        self.code = self.process.returncode
        leaks.observe(self.output)
        return self.code


@dataclass
class Runner:
    """The runners of one forge."""

    forge: SimulatedForge
    origin: Path
    folder: Path
    server: str
    """The address of the simulated cloud."""
    secrets: Mapping[str, str] = field(default_factory=lambda: {"NOVITA_API_KEY": "sk_test"})
    count: int = 0

    def run(self, event: Event) -> dict[str, JobRun]:
        """Runs the jobs that the event starts, one after the other, to their end."""
        return {name: self._to_the_end(name, job, event) for name, job in self.jobs(event)}

    def begin(self, event: Event) -> JobRun:
        """Begins the only job of the event, and returns at its last step."""
        ((name, job),) = self.jobs(event)
        return self._begin(name, job, event)[0]

    def jobs(self, event: Event) -> Iterator[tuple[str, dict[str, Any]]]:
        """The jobs of the pipeline in the commit that the event starts."""
        if self.forge.system == "github":
            workflow = read_yaml(git(self.origin, "show", f"{event.commit}:{WORKFLOW}"))
            on = workflow[True]  # YAML 1.1 reads the key `on` as true
            assert event.github_name in on
            values = {"github.event_name": event.github_name}
            yield from ((name, job) for name, job in workflow["jobs"].items() if holds(job["if"], values))
            return
        pipeline: dict[str, Any] = {}
        for item in read_yaml(git(self.origin, "show", f"{event.commit}:.gitlab-ci.yml"))["include"]:
            pipeline |= read_yaml(git(self.origin, "show", f"{event.commit}:{item['local']}"))
        values = job_environment(self.forge, vars(event), self.folder)
        for name, job in pipeline.items():
            if not name.startswith(".") and any(holds(rule["if"], values) for rule in job["rules"]):
                yield name, {**pipeline[job["extends"]], **job}

    def _to_the_end(self, name: str, job: dict[str, Any], event: Event) -> JobRun:
        run, checkout, following = self._begin(name, job, event)
        code = run.end()
        kept = [step["with"] for step in following if step.get("uses", "").startswith("actions/upload-artifact@")]
        if kept and code == 0 and event.request:
            files = {kept[0]["path"]: (checkout / kept[0]["path"]).read_bytes()}
            self.forge.keep(kept[0]["name"], files, event.request, workflow=WORKFLOW)
        elif "artifacts" in job and event.request:
            paths = [path for path in job["artifacts"]["paths"] if code == 0]
            files = {path: (checkout / path).read_bytes() for path in paths}
            self.forge.keep(name, files, event.request, succeeded=code == 0)
        return run

    def _begin(self, name: str, job: dict[str, Any], event: Event) -> tuple[JobRun, Path, list[dict[str, Any]]]:
        """The job at its step with our command, its checkout, and the steps that follow."""
        self.count += 1
        work = self.folder / f"runner-{self.count}"
        checkout = work / "checkout"
        work.mkdir()
        for program, text in (("python", SHIM), ("novita-infra", COMMAND)):
            (work / program).write_text(text, encoding="utf-8")
            (work / program).chmod(0o755)
        variables = {
            **environment(),
            **job_environment(self.forge, vars(event), work),
            "PATH": f"{work}:{os.environ['PATH']}",
            "PYTHONPATH": str(HERE),
            "NOVITA_API_URL": self.server,
            "NOVITA_INFRA_CACHE": str(work / "cache"),
        }
        variables.pop("GITHUB_TOKEN", None)
        if self.forge.system == "gitlab":
            git(self.folder, "clone", "--quiet", self.origin.as_uri(), str(checkout))
            git(checkout, "checkout", "--quiet", event.commit)
            lines = [*job["before_script"], *job["script"]]
            return self._shell(name, "\n".join(lines), checkout, {**variables, **self.secrets}), checkout, []
        steps = list(job["steps"])
        while steps:
            step = steps.pop(0)
            if step.get("uses", "").startswith("actions/checkout@"):
                git(self.folder, "clone", "--quiet", self.origin.as_uri(), str(checkout))
                git(checkout, "checkout", "--quiet", event.commit)
            elif "run" in step:
                assert "${{" not in step["run"]
                given = {key: self._evaluated(text) for key, text in step.get("env", {}).items()}
                run = self._shell(name, step["run"], checkout, {**variables, **given})
                if "novita-infra ci" in step["run"]:
                    return run, checkout, steps
                assert run.end() == 0, run.output
            else:
                assert step["uses"].startswith("actions/setup-python@")
        raise AssertionError(f"{name} does not run our command")

    def _shell(self, name: str, script: str, folder: Path, variables: Mapping[str, str]) -> JobRun:
        process = subprocess.Popen(
            ["bash", "-e", "-o", "pipefail", "-c", script],
            cwd=folder,
            env=dict(variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        return JobRun(name, process=process)

    def _evaluated(self, text: str) -> str:
        def value(match: re.Match[str]) -> str:
            place = match[1]
            return self.forge.token if place == "github.token" else self.secrets[place.removeprefix("secrets.")]

        return EXPRESSION.sub(value, text)


def holds(condition: str, values: Mapping[str, str]) -> bool:
    """Whether a condition of `==`, `&&` and `||` holds."""

    def value(text: str) -> str:
        text = text.strip()
        return text[1:-1] if text[:1] in {"'", '"'} else values.get(text.removeprefix("$"), "")

    def equal(text: str) -> bool:
        left, right = text.split("==")
        return value(left) == value(right)

    return any(all(equal(part) for part in choice.split("&&")) for choice in condition.split("||"))

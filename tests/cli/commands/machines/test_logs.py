"""`logs`: the log of a machine and of workers, in text and JSON, and what is wrong with a question."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Invoke = Callable[..., Result]
Applied = Callable[..., Path]

FLEET = """\
apiVersion: novita-infra/v1
kind: Instance
metadata: {name: web}
spec:
  {image: nginx, product: {gpu: RTX 4090}, gpuCount: 1, rootDiskGb: 20, ports: [80/http], command: "env",
   env: {MODE: fast, HF_TOKEN: hugging-secret}}
---
apiVersion: novita-infra/v1
kind: Endpoint
metadata: {name: api}
spec:
  {image: nginx, product: {id: SL-serverless-3}, gpuCount: 1, ports: [80/http], healthPath: /,
   workers: {min: 2, max: 3, idleTimeout: 60, maxConcurrency: 1, requestTimeout: 60},
   scaling: {type: queue, value: 10}}
"""


@pytest.fixture
def machines(applied: Applied, project: Path) -> Path:
    """A project with a machine and an endpoint, which run."""
    return applied(project, {"fleet.yaml": FLEET})


def test_the_log_of_a_machine_is_that_of_its_program_without_secrets(run: Invoke, machines: Path) -> None:
    shown = run("logs", "instance.web", "--sim")
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert shown.stdout.startswith("+ env\n")
    assert "HF_TOKEN=(secret)\nMODE=fast\n" in shown.stdout
    assert shown.stdout.endswith("listening on 0.0.0.0:80\n")
    assert "hugging" not in run("logs", "instance.web", "--sim", "--raw").stdout
    assert run("logs", "instance.web", "--sim", "--tail", "1").stdout == "listening on 0.0.0.0:80\n"
    assert run("logs", "instance.web", "--sim", "--tail", "0").stdout == ""


def test_the_log_of_the_platform_is_another(run: Invoke, machines: Path) -> None:
    shown = run("logs", "instance.web", "--sim", "--system")
    assert shown.stdout.splitlines()[1] == "Pulling image nginx"
    assert "token" not in shown.output


def test_each_entry_is_a_line_of_json(run: Invoke, machines: Path) -> None:
    shown = run("logs", "instance.web", "--sim", "--json")
    entries = [json.loads(line) for line in shown.stdout.splitlines()]
    assert entries[0] == {"time": None, "text": "+ env"}
    worker = json.loads(run("logs", "endpoint.api", "--sim", "--json").stdout.splitlines()[0])
    assert worker["text"] == "Pulling image nginx"
    assert worker["time"].startswith("20")


def test_an_endpoint_has_the_logs_of_its_workers(run: Invoke, machines: Path) -> None:
    everything = run("logs", "endpoint.api", "--sim").stdout
    assert everything.count("Pulling image nginx\n") == 2
    refused = run("logs", "endpoint.api", "--sim", "--worker", "nobody")
    assert refused.exit_code == 1
    assert refused.stderr.startswith("error: endpoint.api has no worker nobody; known: ")
    worker = refused.stderr.split("known: ")[1].split(",")[0].strip()
    assert run("logs", "endpoint.api", "--sim", "--worker", worker).stdout.count("Pulling image nginx\n") == 1


def test_since_chooses_by_the_times_in_the_log(run: Invoke, machines: Path) -> None:
    assert run("logs", "endpoint.api", "--sim", "--since", "7d").stdout.count("Pulling image nginx\n") == 2
    assert run("logs", "endpoint.api", "--sim", "--since", "2999-01-01").stdout == ""
    untimed = run("logs", "instance.web", "--sim", "--since", "1h")
    assert untimed.stdout.startswith("+ env\n")
    assert untimed.stderr == "The entries of this log hold no time, so --since leaves none of them out.\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["instance.wob"], 'no object of this project is recorded as instance.wob; did you mean "instance.web"?'),
        (["instance.web", "--worker", "x"], "instance.web has no worker x; it has none now"),
        (["endpoint.api", "--system"], "the API shows no log of the platform for endpoint.api; its own log: novita-"),
        (["instance.web", "--system", "--worker", "x"], "--system and --worker exclude each other; a worker has one"),
        (["instance.web", "--raw", "--json"], "--raw and --json exclude each other"),
        (["instance.web", "--tail", "-1"], "-1 is not in the range x>=0"),
        (["instance.web", "--since", "soon"], '"soon" is no moment: write one such as'),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_question_that_has_no_answer_is_refused(run: Invoke, machines: Path, words: list[str], message: str) -> None:
    refused = run("logs", *words, "--sim")
    assert refused.exit_code == 1
    assert message in refused.output


def test_a_missing_machine_is_named_with_its_environment(run: Invoke, machines: Path) -> None:
    (machines / "novita-infra.yaml").write_text(
        "apiVersion: novita-infra/v1\nkind: Project\nmetadata: {name: small}\nenvironments: {prod: {}}\n"
    )
    assert run("apply", "--env", "prod", "--sim", "--auto-approve").exit_code == 0
    assert run("sim", "reset").exit_code == 0
    refused = run("logs", "instance.web", "--sim")
    assert refused.exit_code == 1
    assert re.fullmatch(
        r"error: default/instance.web \(\w+\), prod/instance.web \(\w+\) do not exist any more; "
        r"novita-infra plan shows what apply would do about it\n",
        refused.stderr,
    )

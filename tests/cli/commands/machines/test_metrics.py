"""`metrics`: a machine without figures, and what the API cannot show."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Invoke = Callable[..., Result]
Applied = Callable[..., Path]

MACHINE = """\
apiVersion: novita-infra/v1
kind: Instance
metadata: {name: web}
spec: {image: nginx, product: {gpu: RTX 4090}, gpuCount: 2, rootDiskGb: 20, power: running}
"""


@pytest.fixture
def machine(applied: Applied, project: Path) -> Path:
    """A project with a machine with two GPUs."""
    return applied(project, {"fleet.yaml": MACHINE})


def test_a_machine_that_does_not_run_has_no_figures(run: Invoke, machine: Path) -> None:
    (machine / "fleet.yaml").write_text(MACHINE.replace("running", "stopped"))
    assert run("apply", "--sim", "--auto-approve").exit_code == 0
    shown = run("metrics", "instance.web", "--sim")
    assert shown.exit_code == 0
    assert shown.stdout.startswith("instance.web has no figures from 20")
    assert shown.stdout.endswith("; its status is exited\n")
    assert json.loads(run("metrics", "instance.web", "--sim", "--json").stdout)["series"] == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["instance.wob"], 'no object of this project is recorded as instance.wob; did you mean "instance.web"?'),
        (["instance.web", "--since", "30s"], "--since is less than a minute ago, and the API shows no shorter time"),
        (["instance.web", "--since", "2999-01-01"], "--since is in the future"),
        (["instance.web", "--interval", "5"], "--interval is 5s, and the API shows no figures closer than 15s"),
        (["instance.web", "--since", "24h", "--interval", "15s"], "--interval 15s means more than 1000 figures; at le"),
        (["instance.web", "--since", "soon"], '"soon" is no moment: write one such as'),
        (["instance.web", "--interval", "often"], '"often" is no duration'),
        (["instance.web", "--svg", "no/where.svg"], "no/where.svg"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_the_api_cannot_show_is_refused(run: Invoke, machine: Path, words: list[str], message: str) -> None:
    refused = run("metrics", *words, "--sim")
    assert refused.exit_code == 1
    assert message in refused.stderr

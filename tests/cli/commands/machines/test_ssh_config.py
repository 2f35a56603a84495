"""`ssh-config`: the machines as hosts of ssh, as text, as JSON and as a file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Invoke = Callable[..., Result]
Applied = Callable[..., Path]

MACHINES = """\
apiVersion: novita-infra/v1
kind: Instance
metadata: {name: web, labels: {team: a}}
spec: {image: nginx, product: {gpu: RTX 4090}, gpuCount: 1, rootDiskGb: 20}
---
apiVersion: novita-infra/v1
kind: Instance
metadata: {name: worker}
forEach: ["1", "x y"]
spec: {image: nginx, product: {gpu: RTX 4090}, gpuCount: 1, rootDiskGb: 20}
---
apiVersion: novita-infra/v1
kind: Instance
metadata: {name: rests}
spec: {image: nginx, product: {gpu: RTX 4090}, gpuCount: 1, rootDiskGb: 20, power: stopped}
"""


@pytest.fixture
def machines(applied: Applied, project: Path) -> Path:
    """A project with machines, one of which is stopped."""
    return applied(project, {"fleet.yaml": MACHINES})


def test_each_machine_is_a_host_by_its_address_and_its_id(run: Invoke, machines: Path) -> None:
    shown = run("ssh-config", "--sim", "--json")
    assert (shown.exit_code, shown.stderr) == (0, "Left out: instance.rests is stopped\n")
    found = json.loads(shown.stdout)
    assert [item["machine"] for item in found] == ["instance.web", 'instance.worker["1"]', 'instance.worker["x y"]']
    assert [item["names"][0] for item in found] == ["instance.web", "instance.worker.1", "instance.worker.x.y"]
    web = found[0]
    assert web["options"] == {
        "HostKeyAlias": web["names"][1],
        "StrictHostKeyChecking": "accept-new",
        "UserKnownHostsFile": f'"{machines}/.novita-infra/known_hosts"',
    }
    assert run("ssh-config", "label:team=a", "--sim").stdout == (
        f"Host instance.web {web['names'][1]}\n"
        f"    HostName {web['host']}\n    Port {web['port']}\n    User root\n"
        f"    HostKeyAlias {web['names'][1]}\n    StrictHostKeyChecking accept-new\n"
        f'    UserKnownHostsFile "{machines}/.novita-infra/known_hosts"\n'
    )


def test_the_file_is_replaced_whole(run: Invoke, machines: Path) -> None:
    (machines / "hosts").write_text("Host old\n" * 99)
    written = run("ssh-config", "--sim", "--out", "hosts")
    assert (written.exit_code, written.stdout) == (0, "")
    assert written.stderr.endswith(
        f"Wrote 3 hosts. To include the file, begin ~/.ssh/config with: Include {machines}/hosts\n"
    )
    assert (machines / "hosts").read_text() == run("ssh-config", "--sim").stdout


def test_an_empty_account_has_no_hosts(run: Invoke, project: Path) -> None:
    assert run("ssh-config", "--sim").stdout == "# no machine lets its user in\n"
    assert run("ssh-config", "--sim", "--json").stdout == "[]\n"


def test_a_word_that_means_nothing_is_reported(run: Invoke, machines: Path) -> None:
    refused = run("ssh-config", "instance.wob", "--sim")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr.startswith("error: no object of this project is recorded as instance.wob; did you mean")


def test_a_folder_that_does_not_exist_is_named(run: Invoke, machines: Path) -> None:
    refused = run("ssh-config", "--sim", "--out", "nowhere/hosts")
    assert refused.exit_code == 1
    assert refused.stderr.endswith("error: nowhere/hosts: No such file or directory\n")

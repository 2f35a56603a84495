"""An account with machines, made once: each test gets a copy of the project with its simulated account."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from manifest_files import endpoint, project_file

FLEET = """\
apiVersion: novita-infra/v1
kind: Instance
metadata: {name: trainer, labels: {team: research}}
spec: {product: {gpu: RTX 4090}, cluster: us-ca-nas-2, image: "ubuntu:22.04", rootDiskGb: 80, power: running}
---
apiVersion: novita-infra/v1
kind: Instance
metadata: {name: spare, labels: {team: web}}
spec: {product: {gpu: RTX 4090}, cluster: us-ca-nas-2, image: "ubuntu:22.04", power: stopped}
""" + endpoint("api", least=0, most=3)
PROJECT = project_file(name="small")

Invoke = Callable[..., Result]


@pytest.fixture
def machines(applied: Callable[..., Path], project: Path) -> Path:
    """The project with machines, in the folder in which the command runs."""
    return applied(project, {"novita-infra.yaml": PROJECT, "machines.yaml": FLEET})

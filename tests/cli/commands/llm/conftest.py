"""A project with an endpoint in the simulator, whose worker starts with the first call."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import manifest_files as files
import pytest
from click.testing import CliRunner, Result

from novita_infra.cli import root

FLEET = files.endpoint("api", least=1, most=3)
PROJECT = files.project_file(name="small")


@pytest.fixture
def endpoint(project: Path, applied: Callable[..., Path]) -> Path:
    """The folder of the project, after an apply."""
    return applied(project, {"novita-infra.yaml": PROJECT, "fleet.yaml": FLEET})


@pytest.fixture
def piped() -> Callable[..., Result]:
    """Runs the command in the process with a text on its stdin."""
    return lambda text, *words: CliRunner().invoke(root, list(words), prog_name="novita-infra", input=text)

"""The jobs of a small project on each of the two forges."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from forges import SimulatedForge, simulated_forge
from gitops import VARIABLES, Jobs

from tests.cli.conftest import Invoke


@pytest.fixture(params=["github", "gitlab"])
def forge(request: pytest.FixtureRequest) -> Iterator[SimulatedForge]:
    with simulated_forge(request.param) as forge:
        yield forge


@pytest.fixture
def jobs(forge: SimulatedForge, run: Invoke, project: Path, monkeypatch: pytest.MonkeyPatch) -> Jobs:
    for name in [name for name in os.environ if name.startswith(VARIABLES)]:
        monkeypatch.delenv(name)
    (project / ".git").mkdir()
    return Jobs(forge, run, project, monkeypatch)

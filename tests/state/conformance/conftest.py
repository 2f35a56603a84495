"""Runs every test of the suite on every registered state backend."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from state_backends import BACKENDS, BackendCase, cases

from novita_infra.state.store import StateBackend, Store


@dataclass(frozen=True, slots=True)
class Place:
    """An empty place of one backend, opened as often as a test asks: each time as another process would."""

    name: str
    case: BackendCase
    folder: Path

    def backend(self) -> StateBackend:
        return self.case.open(self.folder)

    def store(self, environment: str = "dev") -> Store:
        return self.backend().store(environment, project="training")

    def damage(self, environment: str = "dev") -> None:
        self.case.damage(self.folder, environment)


@pytest.fixture(params=cases(BACKENDS))
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """One empty place for a test."""
    return Place(request.param, BACKENDS[request.param], tmp_path)


@pytest.fixture(params=cases(BACKENDS))
def new_place(request: pytest.FixtureRequest) -> Callable[[], object]:
    """Makes an empty place for each example of a property."""

    @contextmanager
    def make() -> Iterator[Place]:
        with TemporaryDirectory() as folder:
            yield Place(request.param, BACKENDS[request.param], Path(folder))

    return make

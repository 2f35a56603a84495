"""Runs every test of the suite on every registered state backend."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from draws import draws
from hypothesis import given, settings
from hypothesis import strategies as st
from state_backends import BACKENDS, BackendCase, cases, places_in_turn

from novita_infra.state.store import StateBackend, Store


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Gives each test its places. Those that are nearly alike take turns from one test of a module to the next."""
    for fixture in {"place", "places"}.intersection(metafunc.fixturenames):
        tests = [name for name in vars(metafunc.module) if name.startswith("test_")]
        names = places_in_turn(tests.index(metafunc.function.__name__))
        suits = getattr(metafunc.function, "suits", lambda _: True)
        metafunc.parametrize(fixture, cases(name for name in names if suits(BACKENDS[name])), indirect=True)


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


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """One empty place for a test."""
    return Place(request.param, BACKENDS[request.param], tmp_path)


@dataclass(frozen=True, slots=True)
class Places:
    """Empty places of one backend, one for each example of a property."""

    name: str

    @contextmanager
    def new(self) -> Iterator[Place]:
        with TemporaryDirectory() as folder:
            yield Place(self.name, BACKENDS[self.name], Path(folder))

    def check(self, rule: Callable[..., None], *examples: st.SearchStrategy[Any], count: int) -> None:
        """Checks the rule with so many examples, fewer where each is costly."""
        settings(max_examples=draws(BACKENDS[self.name].times(count)))(given(*examples)(rule))()


@pytest.fixture
def places(request: pytest.FixtureRequest) -> Places:
    """The places for the examples of a property."""
    return Places(request.param)

"""A part of the crash matrix: each row at one of its points under one profile. The whole: `make crash-matrix`."""

from __future__ import annotations

from itertools import cycle
from pathlib import Path

import pytest
from crash_cases import Case, rows
from crashing import Point, happens, survives

from novita_infra.kinds import KINDS
from novita_infra.kinds.field import Replaces
from novita_infra.simulator import PROFILES
from novita_infra.state.registry import DEFAULT, backend_names

pytestmark = pytest.mark.crash

ROWS = tuple(rows())


def cells() -> list[tuple[Case, Point, str]]:
    """Points and profiles take turns; a row that has not the point whose turn it is takes the next."""
    turns, profiles = cycle(Point), cycle(PROFILES)
    return [(case, next(point for point in turns if happens(case, point)), next(profiles)) for case in ROWS]


@pytest.mark.parametrize(("case", "point", "profile"), cells(), ids=str)
def test_a_run_that_is_killed_is_finished_by_the_next_without_orphan_or_double(
    case: Case, point: Point, profile: str, tmp_path: Path
) -> None:
    survives(case, point, tmp_path, profile=profile)


def cells_of_backends() -> list[tuple[str, Case, Point]]:
    """For each backend but the files, every point, each at another row."""
    turns = cycle(ROWS[::7])
    return [
        (name, next(case for case in turns if happens(case, point)), point)
        for name in backend_names()
        if name != DEFAULT
        for point in Point
    ]


@pytest.mark.parametrize(("backend", "case", "point"), cells_of_backends(), ids=str)
def test_a_run_whose_state_is_shared_is_finished_by_the_next(
    backend: str, case: Case, point: Point, tmp_path: Path
) -> None:
    survives(case, point, tmp_path, backend=backend)


@pytest.mark.parametrize(("case", "point", "profile"), cells()[::5], ids=str)
def test_a_saved_plan_that_is_killed_is_finished_by_the_same_command(
    case: Case, point: Point, profile: str, tmp_path: Path
) -> None:
    survives(case, point, tmp_path, saved=True, profile=profile)


def test_the_matrix_has_every_call_of_every_kind() -> None:
    titles = {(case.kind, case.title.split()[0].rstrip(":")) for case in ROWS}
    wanted = {
        (kind.type, call.name)
        for kind in KINDS.values()
        for call in (kind.api.create, *kind.api.updates, kind.api.delete)
        if call is kind.api.create or not kind.api.completes
    }
    wanted |= {
        (kind.type, "replace")
        for kind in KINDS.values()
        if any(isinstance(item.change, Replaces) for item in kind.fields)
    }
    assert titles == wanted | {("instance", "moved")}


def test_the_part_that_runs_here_has_every_point_kind_and_profile() -> None:
    assert {point for _, point, _ in cells()} == set(Point)
    assert {case.kind for case, *_ in cells()} == set(KINDS)
    assert {profile for *_, profile in cells()} == set(PROFILES)

"""Worlds of the simulator for tests: opened with options, and what the state of a project needs of one."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from novita_infra.manifests.project.locating import locate
from novita_infra.manifests.validation.documents import PROJECT_FILE
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import EXIT_REFUSED, Problems, nearest, problem
from novita_infra.model.frozen import dataclass
from novita_infra.planning.saved.plan_file import is_plan_file
from novita_infra.simulator import (
    PROFILES,
    SCENARIOS,
    AccountInUse,
    BadScenario,
    ForeignLink,
    HandClock,
    Scenario,
    UnknownFormat,
    World,
    open_world,
    scaled,
    scenario_of,
)
from novita_infra.state.opening import open_backend
from novita_infra.state.settings import StateSettings
from novita_infra.testing.scenario_files import read_scenario

_SUFFIXES: Final = (".yaml", ".yml", ".json")


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldOptions:
    """The options of a world."""

    scenario: str | Path | Mapping[str, Any] = ""
    """The name of a built-in scenario, a scenario file, or the content of one; empty for none."""
    seed: int = 0
    profile: str = "live"
    time_scale: float = 1.0
    """Simulated seconds in one real second; at 0 time stands still until it is advanced."""
    db: Path | None = None
    """The file that keeps the account; without one the account ends with the process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedState:
    """The live objects that the state of a project records."""

    ids: frozenset[str]
    unanswered: tuple[Address, ...]
    """Resources whose create has no answer: the next apply looks for their objects."""


def open_with_options(options: WorldOptions) -> World:
    """A world with these options. Raises Problems if it cannot be opened."""
    if options.profile not in PROFILES:
        raise problem(f"there is no profile {options.profile!r}", nearest(options.profile, list(PROFILES)))
    try:
        return open_world(
            options.db,
            now=scaled(time.time, options.time_scale) if options.time_scale else HandClock(time.time()),
            seed=options.seed,
            quirks=PROFILES[options.profile],
            scenario=scenario(options.scenario) if options.scenario else None,
        )
    except AccountInUse as error:
        raise problem(str(error), "stop that process, or choose another --db") from error
    except UnknownFormat as error:
        raise problem(str(error), "choose another --db") from error
    except ForeignLink as error:
        raise problem(str(error), "choose another --db", code=EXIT_REFUSED) from error


def scenario(source: str | Path | Mapping[str, Any]) -> Scenario:
    """The scenario of a name, of a file, or of plain data. Raises Problems, with the place in a file."""
    if isinstance(source, Mapping):
        try:
            return scenario_of(source)
        except BadScenario as error:
            raise problem(str(error)) from error
    if isinstance(source, Path) or source.endswith(_SUFFIXES):
        file = read_scenario(Path(source))
        try:
            return scenario_of(file.data)
        except BadScenario as error:
            raise problem(str(error), origin=file.origin(error.field)) from error
    if source not in SCENARIOS:
        hint = f"{nearest(source, list(SCENARIOS))}; `novita-infra sim scenarios` lists them, and a file ends in .yaml"
        raise problem(f"there is no scenario {source!r}", hint)
    return SCENARIOS[source]


def is_project(folder: Path) -> bool:
    """Whether the folder is the root of a project."""
    return (folder / PROJECT_FILE).is_file()


def recorded_state(path: Path) -> RecordedState:
    """The records of all environments of the project at a folder, a manifest or a plan file.

    Raises Problems if they cannot be read.
    """
    backend = open_backend(_state_settings(path))
    states = [backend.store(name).load() for name in backend.environments()]
    records = [record for state in states for record in state.records.values()]
    return RecordedState(
        ids=frozenset(id for record in records for id in (record.id, *record.retired) if id),
        unanswered=tuple(record.address for record in records if not record.id),
    )


def _state_settings(path: Path) -> StateSettings:
    """The settings of the project's state. That no environment is chosen does not matter: all of them are read."""
    if path.is_file() and is_plan_file(path):
        path = Path()  # a plan is applied to the project in the current folder
    with suppress(Problems):
        return locate(path).state
    return StateSettings(path if path.is_dir() else path.parent)

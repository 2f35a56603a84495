"""Rehearsals on the simulator: a world from what a person asks for, and what the books know of it. No terminal."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from novita_infra.manifests.project.locating import locate
from novita_infra.manifests.validation.documents import PROJECT_FILE
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Problems, nearest, problem
from novita_infra.planning.saved.plan_file import is_plan_file, read_plan
from novita_infra.simulator import (
    PROFILES,
    SCENARIOS,
    AccountInUse,
    BadScenario,
    HandClock,
    Scenario,
    UnknownFormat,
    World,
    open_world,
    scaled,
    scenario_of,
)
from novita_infra.state.opening import open_backend, settings_from
from novita_infra.state.settings import StateSettings
from novita_infra.testing.scenario_files import read_scenario

_SUFFIXES: Final = (".yaml", ".yml", ".json")


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldOptions:
    """The world that is asked for."""

    scenario: str | Path | Mapping[str, Any] = ""
    """The name of a scenario that ships, a scenario file, or what such a file holds; empty for a calm day."""
    seed: int = 0
    profile: str = "live"
    time_scale: float = 1.0
    """Simulated seconds in one real second; at 0 time stands still until it is moved."""
    db: Path | None = None
    """The file that keeps the account; without one it ends with the process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedState:
    """What the books of a project know of live objects."""

    ids: frozenset[str]
    unanswered: tuple[Address, ...]
    """Resources whose create was never answered: the next apply looks for what it may have made."""


def open_with_options(wish: WorldOptions) -> World:
    """The world as asked for. Raises Problems where it cannot be had."""
    if wish.profile not in PROFILES:
        raise problem(f"there is no profile {wish.profile!r}", nearest(wish.profile, list(PROFILES)))
    try:
        return open_world(
            wish.db,
            now=scaled(time.time, wish.time_scale) if wish.time_scale else HandClock(time.time()),
            seed=wish.seed,
            quirks=PROFILES[wish.profile],
            scenario=scenario(wish.scenario) if wish.scenario else None,
        )
    except (AccountInUse, UnknownFormat) as wrong:
        raise problem(str(wrong), "stop that process, or choose another --db") from wrong


def scenario(said: str | Path | Mapping[str, Any]) -> Scenario:
    """The scenario of a name, of a file, or of plain data. Raises Problems, with the place in a file."""
    if isinstance(said, Mapping):
        try:
            return scenario_of(said)
        except BadScenario as wrong:
            raise problem(str(wrong)) from wrong
    if isinstance(said, Path) or said.endswith(_SUFFIXES):
        file = read_scenario(Path(said))
        try:
            return scenario_of(file.data)
        except BadScenario as wrong:
            raise problem(str(wrong), origin=file.origin(wrong.field)) from wrong
    if said not in SCENARIOS:
        hint = f"{nearest(said, list(SCENARIOS))}; `novita-infra sim scenarios` lists them, and a file ends in .yaml"
        raise problem(f"there is no scenario {said!r}", hint)
    return SCENARIOS[said]


def is_project(folder: Path) -> bool:
    """Whether the folder is a project's own."""
    return (folder / PROJECT_FILE).is_file()


def recorded_state(path: Path) -> RecordedState:
    """The books of the project at a folder, a manifest or a plan file, of all its environments together.

    Raises Problems where they cannot be read.
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
        setting = read_plan(path).setting
        return settings_from(setting.state, Path(setting.root))
    with suppress(Problems):
        return locate(path).state
    return StateSettings(path if path.is_dir() else path.parent)

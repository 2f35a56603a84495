"""The lock files in `requirements/` agree with the version ranges in `pyproject.toml` and in the files `*.in`."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
GROUPS: dict[str, list[Any]] = PYPROJECT["dependency-groups"]
LOCKS = {
    name: (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    for name in ("dev", "fuzz", "runtime", "sdk")
}
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;]+)(?P<rest>.*(?:\n[ ]+--hash=\S+.*)*)", re.MULTILINE)


def _pins(lock: str) -> dict[str, Version]:
    return {canonicalize_name(match["name"]): Version(match["version"]) for match in PIN.finditer(LOCKS[lock])}


def _group(name: str) -> list[Requirement]:
    """The requirements of a dependency group and of the groups that it includes."""
    requirements: list[Requirement] = []
    for entry in GROUPS[name]:
        requirements += [Requirement(entry)] if isinstance(entry, str) else _group(entry["include-group"])
    return requirements


RUNTIME = [Requirement(text) for text in PYPROJECT["project"]["dependencies"]]
LISTS = {
    name: (ROOT / "requirements" / f"{name}.in").read_text(encoding="utf-8").splitlines() for name in ("fuzz", "sdk")
}
LOCKED = [
    *(("runtime", requirement) for requirement in [*RUNTIME, *_group("build")]),
    *(("dev", requirement) for requirement in [*RUNTIME, *_group("dev")]),
    *(
        (name, Requirement(line.partition(" #")[0]))
        for name, lines in LISTS.items()
        for line in lines
        if not line.startswith("#")
    ),
]


@pytest.mark.parametrize(("lock", "requirement"), LOCKED, ids=lambda value: str(getattr(value, "name", value)))
def test_the_lock_pins_every_dependency_within_its_range(lock: str, requirement: Requirement) -> None:
    pinned = _pins(lock).get(canonicalize_name(requirement.name))
    assert pinned is not None
    assert pinned in requirement.specifier, "run: make lock KEEP=1"


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_of_the_lock_has_hashes(lock: str) -> None:
    assert [match["name"] for match in PIN.finditer(LOCKS[lock]) if "--hash=sha256:" not in match["rest"]] == []
    lines = LOCKS[lock].splitlines()
    assert [line for line in lines if not line.startswith((" ", "#")) and not PIN.match(line)] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_names_no_index_and_no_local_path(lock: str) -> None:
    assert re.findall(r".*(?:://|index-url|find-links|@ |file:).*", LOCKS[lock]) == []


def test_the_runtime_lock_is_a_part_of_the_development_lock() -> None:
    assert _pins("runtime").items() <= _pins("dev").items()


def test_the_build_group_repeats_the_requirements_of_the_build_system() -> None:
    assert sorted(GROUPS["build"]) == sorted(PYPROJECT["build-system"]["requires"])

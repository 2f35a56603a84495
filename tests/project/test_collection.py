"""The ids of the tests: the same on every machine, at every time, with every hash seed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
WORDS = (sys.executable, "-m", "pytest", "--collect-only", "-q", "--assert=plain", "-p", "no:xdist", "tests")
RUNS = ({"PYTHONHASHSEED": "4000000000", "TZ": "UTC-9"}, {"PYTHONHASHSEED": "1", "TZ": "UTC"})
OF_A_MACHINE = re.compile(re.escape(str(ROOT)) + r"|/tmp/|0x[0-9a-f]{6,}")
"""This folder, a temporary one, an object in memory."""


def _collected(run: dict[str, str]) -> list[str]:
    """The ids in their order, as a process with that hash seed and time zone collects them."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(WORDS, cwd=ROOT, env={**others, **run}, stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    return [line for line in done.stdout.splitlines() if "::" in line]


def _own(session: pytest.Session) -> list[str] | None:
    """The ids of this process, whose hash seed is random; None if it collected only a part of the suite."""
    option, args = session.config.option, session.config.args
    is_part = option.markexpr or option.keyword or option.deselect or option.ignore or option.ignore_glob
    if is_part or {(ROOT / name).resolve() for name in args} != {TESTS} or "PYTHONHASHSEED" in os.environ:
        return None
    return [item.nodeid for item in session.items]


def test_ids_and_order_depend_on_no_hash_seed_time_or_machine(request: pytest.FixtureRequest) -> None:
    first = _collected(RUNS[0])
    second = _own(request.session) or _collected(RUNS[1])
    assert len(first) > 1000
    assert first == second
    assert len(first) == len(set(first))
    assert [id for id in first if OF_A_MACHINE.search(id)] == []

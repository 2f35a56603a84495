"""The ids of the tests: the same on every machine, at every time, with every hash seed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]
WORDS = (sys.executable, "-m", "pytest", "--collect-only", "-q", "--assert=plain", "-p", "no:xdist", "tests")
RUNS = ({"PYTHONHASHSEED": "1", "TZ": "UTC"}, {"PYTHONHASHSEED": "4000000000", "TZ": "UTC-9"})
OF_A_MACHINE = re.compile(re.escape(str(ROOT)) + r"|/tmp/|0x[0-9a-f]{6,}")
"""This folder, a temporary one, an object in memory."""


def _ids() -> Iterator[list[str]]:
    """The ids in their order, as processes with different hash seeds and time zones collect them."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    runs = [subprocess.Popen(WORDS, cwd=ROOT, env={**others, **run}, stdout=subprocess.PIPE, text=True) for run in RUNS]
    for run in runs:
        text, _ = run.communicate()
        assert run.returncode == 0, text[-2000:]
        yield [line for line in text.splitlines() if "::" in line]


def test_ids_and_order_depend_on_no_hash_seed_time_or_machine() -> None:
    first, second = _ids()
    assert len(first) > 1000
    assert first == second
    assert len(first) == len(set(first))
    assert [id for id in first if OF_A_MACHINE.search(id)] == []

"""`make crash-matrix`: every operation of every kind, killed at every point, as a table. Exits with 1 on any failure.

Each profile of the simulator is one table. `--every-edit` takes every edit that is known, at each of its calls; words
choose the rows that hold all of them. `BACKEND` in the environment names the backend that keeps the states.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

from crash_cases import Case, every_edit, rows
from crashing import Point, happens, survives
from state_backends import manifest_part

from novita_infra.simulator import PROFILES
from novita_infra.state.registry import DEFAULT

EVERY: Final = "--every-edit"
BACKEND: Final = os.environ.get("BACKEND") or DEFAULT
WORKERS: Final = 2 * (os.cpu_count() or 1)
"""A cell mostly waits."""


def main(words: Iterable[str]) -> int:
    """Prints the tables; the exit code."""
    words = list(words)
    if BACKEND != DEFAULT:
        with tempfile.TemporaryDirectory() as folder:
            manifest_part(BACKEND, Path(folder))  # a server that is used from here on runs for all tables
    return max([_table(profile, words) for profile in PROFILES])


def _table(profile: str, words: list[str]) -> int:
    """Prints the table of a profile, and what went wrong in each cell that failed."""
    chosen = [case for case in (every_edit() if EVERY in words else rows()) if _is_meant(case, words)]
    cells = [(case, point) for case in chosen for point in Point if happens(case, point)]
    width = max(len(str(case)) for case in chosen)
    _say(f"{profile:{width}}  {'  '.join(point.value for point in Point)}")
    begun, failures = time.monotonic(), []
    with ProcessPoolExecutor(WORKERS) as pool:
        outcomes = pool.map(partial(_outcome, profile), *zip(*cells, strict=True))
        for case in chosen:
            texts = [next(outcomes) if happens(case, point) else None for point in Point]
            marks = ["–" if text is None else "✗" if text else "✓" for text in texts]
            spaced = (f"{mark:^{len(point.value)}}" for mark, point in zip(marks, Point, strict=True))
            _say(f"{case!s:{width}}  {'  '.join(spaced)}".rstrip())
            failures += [f"{case}, {point.value}:\n{text}" for point, text in zip(Point, texts, strict=True) if text]
    _say(f"\n{len(cells)} cells in {time.monotonic() - begun:.0f} s, {len(failures)} failed.")
    _say("– : the call is done when it is answered, so there is no wait", *failures)
    return 1 if failures else 0


def _say(*texts: str) -> None:
    sys.stdout.write("\n\n".join(texts) + "\n")
    sys.stdout.flush()


def _is_meant(case: Case, words: Iterable[str]) -> bool:
    return all(word in str(case) for word in words if word != EVERY)


def _outcome(profile: str, case: Case, point: Point) -> str:
    """What went wrong; empty where all holds."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            survives(case, point, Path(folder), profile=profile, backend=BACKEND)
        except Exception as error:  # noqa: BLE001 -- one cell must not end the others
            return f"{type(error).__name__}: {error}"
    return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

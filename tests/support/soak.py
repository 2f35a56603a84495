"""Thousands of histories: `python soak.py COUNT [SEED]`. The same seed and count play the same histories.

A soak that was stopped goes on where it was when it is given its seed again. What ends badly is shrunk, and kept as a
regression case beside the journeys.
"""

# ruff: noqa: T201 -- a command prints

from __future__ import annotations

import multiprocessing
import os
import random
import sys
import time
from pathlib import Path
from typing import Final

from histories import History, histories
from hypothesis import HealthCheck, Verbosity, given, seed, settings
from playing import Violation, play

from novita_infra.encoding import digests

BLOCK: Final = 50
"""Histories that are drawn from one seed."""
ROOT: Final = Path(__file__).parents[2]
REGRESSIONS: Final = ROOT / "tests" / "journeys" / "regressions"

digests.COST = 1  # as in the suite


def soak(count: int, start: int) -> int:
    """Plays so many histories on all processors; the number of those blocks that ended badly."""
    print(f"seed {start}: `make soak COUNT={count} SEED={start}` plays the same histories", flush=True)
    done_file = ROOT / ".soak" / f"{start}.done"
    done_file.parent.mkdir(exist_ok=True)
    done = {int(word) for word in done_file.read_text().split()} if done_file.exists() else set()
    blocks = [block for block in range(-(-count // BLOCK)) if block not in done]
    if done:
        print(f"{len(done) * BLOCK} histories were played before", flush=True)
    began, bad = time.monotonic(), 0
    with multiprocessing.Pool(os.cpu_count()) as pool:
        for number, (block, violation) in enumerate(
            pool.imap_unordered(_block, ((start, block) for block in blocks)), 1
        ):
            if violation:
                bad += 1
                print(violation, flush=True)
            else:
                with done_file.open("a", encoding="ascii") as file:
                    file.write(f"{block}\n")
            elapsed = time.monotonic() - began
            print(f"{number * BLOCK} histories in {elapsed:.0f} s, {bad} violations", flush=True)
    return bad


def _block(what: tuple[int, int]) -> tuple[int, str]:
    """Plays one block; returns what went wrong, if anything."""
    start, block = what
    worst: list[History] = []

    @seed(start * 1_000_003 + block)
    @settings(
        max_examples=BLOCK,
        deadline=None,
        database=None,
        verbosity=Verbosity.quiet,
        report_multiple_bugs=False,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(histories())
    def ends_well(history: History) -> None:
        try:
            play(history)
        except Violation:
            worst[:] = [history]
            raise

    try:
        ends_well()
    except Violation as violation:
        path = REGRESSIONS / f"seed-{start}-block-{block}.json"
        worst[0].save(path)
        return block, f"{violation}\nkept in {path.relative_to(ROOT)}"
    return block, ""


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    words = [word for word in sys.argv[2:] if word]
    sys.exit(soak(wanted, int(words[0]) if words else random.SystemRandom().randrange(1_000_000)) > 0)

"""How much processor time this checkout takes against an older one: the same work in both, in turns.

`python benchmarks/older.py OLD [--rounds N] [ROW ...]`. OLD is a checkout with its environment in `.venv`, such as one
that `git worktree add` made. Each checkout does the work with its own `benchmarks/` and packages. The median of the
ratios of all pairs counts: other programs slow both halves of a pair, and processor time hides most of their part.
Exits with 1 where a ratio is above the bar.
"""

from __future__ import annotations

import argparse
import importlib
import multiprocessing
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

BAR: Final = 1.03
STARTS: Final = 10
"""How many processes a row of start-up measures together."""


def processor_time(*, of_children: bool = True) -> float:
    """The seconds that this process and its ended children have taken."""
    who = [resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN] if of_children else [resource.RUSAGE_SELF]
    return sum(usage.ru_utime + usage.ru_stime for usage in map(resource.getrusage, who))


# --- the rows: each takes the module of a checkout's benchmark and returns seconds of processor time ---


def applied(manifests: Callable[[Any], Any], parallelism: int | None) -> Callable[[Any], float]:
    """An apply of `apply.py`, from its plan to the saved state, without the server."""

    def work(benchmark: Any) -> float:
        benchmark.time = SimpleNamespace(monotonic=time.monotonic, perf_counter=time.process_time)
        ours, theirs = multiprocessing.Pipe()
        benchmark.measure(list(manifests(benchmark)), parallelism, theirs)
        return float(ours.recv())

    return work


def planned(count: int) -> Callable[[Any], float]:
    """One `plan` command over so many unchanged resources."""

    def work(benchmark: Any) -> float:
        os.environ["BENCH_PASSWORD"] = "pretended"
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "all.yaml").write_text(benchmark.manifests(count), encoding="utf-8")
            benchmark.aside(benchmark.prepare, Path(folder))
            benchmark.measured(Path(folder))  # compiles what is imported
            begun = processor_time()
            benchmark.measured(Path(folder))
            return processor_time() - begun

    return work


def started(benchmark: Any) -> float:
    """Several times `novita-infra --help`."""
    begun = processor_time()
    for _ in range(STARTS):
        subprocess.run(benchmark.COMMANDS["novita-infra --help"], check=True, stdout=subprocess.DEVNULL)  # noqa: S603 -- our own command
    return processor_time() - begun


def called(benchmark: Any) -> float:
    """1,000 calls through the client, without the server."""
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("fork").Process(target=benchmark.serve, args=(theirs,), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{ours.recv()}"
    begun = processor_time(of_children=False)
    benchmark.measure(benchmark.ours, url, in_flight=10)
    server.kill()
    return processor_time(of_children=False) - begun


def governed(benchmark: Any) -> float:
    """1,000 calls of a process beside another one that shares its limits."""
    row = benchmark.measure("free", processes=2, calls=1000, in_flight=10)
    return float(row["cpu"])


def read(benchmark: Any) -> float:
    """Reading and loading of manifests."""
    begun = processor_time()
    benchmark.main([3000])
    return processor_time() - begun


def simulated(benchmark: Any) -> float:
    """Everything that the benchmark of the simulator does, with its servers."""
    begun = processor_time()
    benchmark.main()
    return processor_time() - begun


def killed(benchmark: Any) -> float:
    """Runs that are killed and applied again, with their simulators."""
    begun = processor_time()
    benchmark.main(1, 7)
    return processor_time() - begun


ROWS: Final[dict[str, tuple[str, Callable[[Any], float]]]] = {
    "help": ("startup", started),
    "plan-10": ("plan", planned(10)),
    "plan-3000": ("plan", planned(3000)),
    "creates-10": ("apply", applied(lambda it: it.storages(), 10)),
    "creates": ("apply", applied(lambda it: it.storages(), None)),
    "api": ("api_overhead", called),
    "governor": ("governor", governed),
    "reading": ("reading", read),
    "simulator": ("simulator", simulated),
    "fleet-10": ("apply", applied(lambda it: it.networks(it.fleet()), 10)),
    "fleet": ("apply", applied(lambda it: it.networks(it.fleet()), None)),
    "killed": ("killed", killed),
}
"""By name: the benchmark and its work. The last three take minutes."""
QUICK: Final = [*ROWS][:-3]


def measured(checkout: Path, row: str) -> float:
    """The seconds of one row in a process of the checkout."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("NOVITA_", "PYTHON"))}
    command: list[Path | str] = [checkout / ".venv" / "bin" / "python", __file__, str(checkout), "--measure", row]
    done = subprocess.run(command, cwd=checkout, env=environ, capture_output=True, text=True, check=False)  # noqa: S603 -- our own code
    if done.returncode:
        raise SystemExit(f"{row} in {checkout}:\n{done.stderr}")
    return float(done.stdout.split()[-1])


def main() -> int:
    """Prints a line for each row; 1 where one is over."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--measure", choices=ROWS, help=argparse.SUPPRESS)
    parser.add_argument("rows", nargs="*", metavar="row", help=f"{', '.join(ROWS)}; by default the quick ones")
    asked = parser.parse_intermixed_args()
    old, new = asked.old.resolve(), Path(__file__).resolve().parents[1]
    if asked.measure:
        name, work = ROWS[asked.measure]
        sys.path[0] = str(old / "benchmarks")
        print("\n", work(importlib.import_module(name)))
        return 0
    fine = True
    print(f"{'processor time':<16}{'old s':>8}{'new s':>8}{'ratio':>8}{'least':>8}   (bar: {BAR})")
    for row in asked.rows or QUICK:
        pairs = []
        for turn in range(asked.rounds):
            order = (old, new) if turn % 2 else (new, old)
            seconds = {checkout: measured(checkout, row) for checkout in order}
            pairs.append((seconds[old], seconds[new]))
        olds, news = zip(*pairs, strict=True)
        ratio = statistics.median(ours / theirs for theirs, ours in pairs)
        fine = fine and ratio <= BAR
        print(
            f"{row:<16}{statistics.median(olds):>8.3f}{statistics.median(news):>8.3f}{ratio:>8.3f}"
            f"{min(news) / min(olds):>8.3f}{'' if ratio <= BAR else '   over'}",
            flush=True,
        )
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())

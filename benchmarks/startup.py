"""How long `novita-infra --help` takes against `python -c "import click"`; the bar is 1.5 times.

`python benchmarks/startup.py`. The two take turns, so that a slow minute hits both; the least time counts.
"""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Final

ROUNDS: Final = 25
BAR: Final = 1.5
COMMANDS: Final = {
    "import click": [sys.executable, "-c", "import click"],
    "novita-infra --help": [sys.executable, "-m", "novita_infra", "--help"],
}


def main() -> int:
    """Prints both times and their ratio; 1 where the ratio is above the bar."""
    least = dict.fromkeys(COMMANDS, float("inf"))
    for _ in range(ROUNDS):
        for name, command in COMMANDS.items():
            least[name] = min(least[name], _seconds(command))
    for name, seconds in least.items():
        sys.stdout.write(f"{name:<20} {seconds * 1000:6.1f} ms\n")
    base, ours = least.values()
    sys.stdout.write(f"{'ratio':<20} {ours / base:6.2f}    (bar: {BAR})\n")
    return int(ours / base > BAR)


def _seconds(command: list[str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 -- our own commands
    return time.perf_counter() - begun


if __name__ == "__main__":
    sys.exit(main())

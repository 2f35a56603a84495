"""What a batch of 50,000 requests (60 MB) costs this machine: the check, and the results joined in another order.

Run it as `python benchmarks/batches.py`. The ratio is the processor time to that of reading the same lines with `json`;
the memory is the most that the process had.
"""

from __future__ import annotations

import asyncio
import json
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from novita_infra.batches.checking import check_input
from novita_infra.batches.joining import input_rows, join_results

LINES = 50_000
MOST_MB = 150


def make(folder: Path) -> tuple[Path, Path]:
    """The input, and the results in another order."""
    requests, results = folder / "requests", folder / "results"
    body = {"model": "m/x", "messages": [{"role": "user", "content": "word " * 220}], "max_tokens": 9}
    with requests.open("w") as file:
        for number in range(LINES):
            file.write(json.dumps({"custom_id": f"row-{number}", "body": body}) + "\n")
    order = list(range(LINES))
    random.Random(1).shuffle(order)  # noqa: S311  # no secret hangs on it
    response = {"status_code": 200, "body": {"choices": [{"message": {"content": "answer " * 150}}]}}
    with results.open("w") as file:
        for number in order:
            file.write(json.dumps({"custom_id": f"row-{number}", "response": response, "error": None}) + "\n")
    return requests, results


def read(*paths: Path) -> None:
    """Reads each line, which is the least that has to be done."""
    for path in paths:
        with path.open("rb") as file:
            for line in file:
                json.loads(line)


def measure(work: Callable[[], object]) -> float:
    """Seconds of the processor."""
    began = time.process_time()
    work()
    return time.process_time() - began


def main() -> int:
    """Prints the table; 1 if the memory is over its bound."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        requests, results = make(folder)
        rows = (
            ("check", lambda: check_input(requests), lambda: read(requests)),
            (
                "join",
                lambda: asyncio.run(join_results(input_rows(requests), [results], folder / "joined")),
                lambda: read(requests, results),
            ),
        )
        for title, work, least in rows:
            spent, bare = measure(work), measure(least)
            print(f"{title:<6} {spent:6.2f} s   {spent / bare:5.2f} x reading the lines")
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"memory {most:6.0f} MB  (at most {MOST_MB})")
    return int(most > MOST_MB)


if __name__ == "__main__":
    sys.exit(main())

"""Times the commands that show lists, each with an account of 10,000 objects of its own sort, at 50 ms a call.

`python benchmarks/listing.py [COMMAND ...]` prints a line for each command: its seconds as a process of its own with
`--json`, the seconds of processor time in these, the calls that the simulator counted (`sim serve --latency-ms 50`, in
another process), and the fewest calls that show so much: pages of the lists, or one for each object where the API has
no list of it. A command should take at most 3 s, and calls in the ratio of 1. COUNT=1000 takes smaller accounts.
Only `idle` may take longer: it reads the figures of each machine, and 10,000 calls with 64 in flight take 7.8 s.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import httpx
from machines_account import running

from novita_infra.cli import root
from novita_infra.simulator import World, open_world
from novita_infra.simulator.routes.market import catalogue as catalogue_routes
from novita_infra.simulator.world.engine.account_records import ApiKey, Meter, Payment, TeamBudget
from novita_infra.simulator.world.engine.cloud_records import Job, Template
from novita_infra.simulator.world.llm import models
from novita_infra.simulator.world.market import catalogue

COUNT: Final = int(os.environ.get("COUNT", "10000"))
LATENCY_MS: Final = 50
DAY: Final = 86_400
PAGE: Final = 100
"""Objects of a page of most lists."""
BILL_PAGE: Final = 1_000
"""Lines of a page of a bill."""
MARCH: Final = ("--since", "2026-03", "--until", "2026-04")
MARCH_BEGAN: Final = 1_772_323_200
"""2026-03-01 in Unix seconds."""

Fill = Callable[[World], None]


@dataclass(frozen=True)
class Sort:
    """One command with its account."""

    words: tuple[str, ...]
    fill: Fill
    """Puts its objects into the account."""
    pages: int
    """The fewest calls that show them all."""
    of: str
    """What is counted in `pages`."""
    market: bool = False
    """Whether the market has COUNT products and models."""

    @property
    def name(self) -> str:
        return " ".join(word for word in self.words if not word.startswith("-") and not word[0].isdigit())


def _nothing(_: World) -> None:
    pass


def _machines(world: World) -> None:
    for number in range(COUNT):
        day = world.moment - DAY
        machine = running(f"{number:016x}", day, f"m{number}", started=day, idle=world.moment - DAY / 2)
        world.instances.add(machine)


def _jobs(world: World) -> None:
    for number in range(COUNT):
        world.jobs.add(
            Job(id=f"j{number}", created=world.moment, type="saveImage", instance=f"{number:016x}", state="success")
        )


def _templates(world: World) -> None:
    for number in range(COUNT):
        world.templates.add(
            Template(
                id=str(20_000 + number),
                created=world.moment,
                name=f"t{number}",
                type="instance",
                channel="community",
                image="ubuntu:22.04",
                rootfs=60,
            )
        )


def _meters(world: World) -> None:
    for number in range(COUNT):
        since = MARCH_BEGAN + number % (20 * DAY)
        world.meters.add(
            Meter(
                id=f"m{number}",
                created=MARCH_BEGAN,
                category="gpu",
                owner=f"{number:016x}",
                product="RTX 4090 24GB",
                units=1,
                price=35_000,
                since=since,
                until=since + 3600,
            )
        )


def _payments(kind: str) -> Fill:
    def fill(world: World) -> None:
        for number in range(COUNT):
            at = MARCH_BEGAN + number % (20 * DAY)
            world.payments.add(
                Payment(
                    id=f"p{number}",
                    created=at,
                    kind=kind,
                    amount=100_000,
                    owner=f"{number:016x}",
                    product="RTX 4090 24GB",
                    price=100_000,
                    months=1,
                )
            )

    return fill


def _keys(world: World) -> None:
    for number in range(COUNT):
        world.api_keys.add(
            ApiKey(id=f"key_{number:08x}", created=world.moment, name=f"k{number}", masked="sk_***", digest=f"{number}")
        )
        world.budgets.add(TeamBudget(id=f"key_{number:08x}", created=world.moment, type="Recurring", limit=100_000))


def _market() -> None:
    """Replaces the catalogue by one of COUNT products in a cluster each, and COUNT models.

    A tenth of the products is for CPU, a tenth for serverless.
    """
    places = catalogue.CLUSTERS
    made = [
        [
            replace(some[at % len(some)], id=f"{some[0].id}.{at}", clusters=(places[at % len(places)].id,))
            for at in range(count)
        ]
        for some, count in (
            (catalogue.GPU_PRODUCTS, COUNT * 8 // 10),
            (catalogue.CPU_PRODUCTS, COUNT // 10),
            (catalogue.SERVERLESS_PRODUCTS, COUNT // 10),
        )
    ]
    catalogue._BY_ID.update(  # noqa: SLF001 -- a market of its own takes no option
        {product.id: product for products in made for product in products}
    )
    names = ("GPU_PRODUCTS", "CPU_PRODUCTS", "SERVERLESS_PRODUCTS")
    for name, products in zip(names, made, strict=True):
        setattr(catalogue_routes, name, tuple(products))
    known = models.MODELS
    models.MODELS = tuple(replace(known[at % len(known)], id=f"vendor/m{at}") for at in range(COUNT))  # type: ignore[assignment, misc]


SORTS: Final = (
    Sort(("ps",), _machines, COUNT // PAGE, "machines / 100"),
    Sort(("sweep", "--dry-run"), _machines, COUNT // PAGE, "machines / 100"),
    Sort(("balance",), _machines, COUNT // PAGE, "machines / 100"),
    Sort(("idle",), _machines, COUNT // PAGE + COUNT, "machines / 100, and one for the figures of each"),
    Sort(("jobs",), _jobs, COUNT // PAGE, "jobs / 100"),
    Sort(("templates",), _templates, COUNT // PAGE, "templates / 100"),
    Sort(("billing", "usage", *MARCH), _meters, 10, "one for each category"),
    Sort(("billing", "fixed-term", *MARCH), _payments("monthly_new_buy"), 6, "one for each category"),
    Sort(("billing", "transactions", *MARCH), _payments("recharge"), COUNT // PAGE, "transactions / 100"),
    Sort(("billing", "keys", *MARCH), _keys, 1, "one for the span"),
    Sort(("keys",), _keys, 1, "one list"),
    Sort(("budgets", "list"), _keys, 2, "one for members, one for the keys of each"),
    Sort(("offers",), _nothing, 3 + 1 + 1 + 9 + 9, "products by mode, clusters, and the stock of each", market=True),
    Sort(
        ("offers", "--type", "serverless"),
        _nothing,
        max(COUNT // 10 // PAGE, 1),
        "serverless products / 100",
        market=True,
    ),
    Sort(("products",), _nothing, 3 + 1 + COUNT // 10 // PAGE, "v1, and serverless products / 100", market=True),
    Sort(("clusters",), _nothing, 1 + 9, "the list, and one for each cluster", market=True),
    Sort(("models",), _nothing, 1, "one list", market=True),
)


def main(wanted: list[str]) -> None:
    """Prints the line of each command."""
    print(f"{'command':<26} {'seconds':>8} {'cpu':>7} {'calls':>7} {'pages':>7} {'ratio':>6}")
    with tempfile.TemporaryDirectory() as folder:
        for number, sort in enumerate(SORTS):
            if wanted and sort.words[0] not in wanted:
                continue
            path = Path(folder, f"{number}.db")
            world = open_world(path, now=time.time)
            sort.fill(world)
            world.save()
            world.close()
            with _serving(path, market=sort.market) as address:
                seconds, cpu, rows = _timed(sort.words, address, folder)
                calls = sum(httpx.get(f"{address}/_sim/state", timeout=60).json()["calls"].values())
            assert rows >= 1, sort.words
            ratio = calls / sort.pages
            print(f"{sort.name:<26} {seconds:>8.2f} {cpu:>7.2f} {calls:>7,} {sort.pages:>7,} {ratio:>6.2f}  {sort.of}")
            sys.stdout.flush()


def _timed(words: tuple[str, ...], address: str, folder: str) -> tuple[float, float, int]:
    """The seconds of the command with --json, its processor time, and how many lines it printed."""
    settings = {
        **os.environ,
        "NOVITA_API_URL": address,
        "NOVITA_API_KEY": "sk_bench",
        "NOVITA_INFRA_CACHE": str(Path(folder, "cache")),
    }
    out = Path(folder, "out")
    with (
        out.open("wb") as file,
        subprocess.Popen(  # noqa: S603 -- our own command
            [sys.executable, "-m", "novita_infra", *words, "--json"], env=settings, cwd=folder, stdout=file
        ) as process,
    ):
        began = time.perf_counter()
        _, status, used = os.wait4(process.pid, 0)
        taken = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{words}: {process.returncode}")
    return taken, used.ru_utime + used.ru_stime, out.read_bytes().count(b"\n")


@contextmanager
def _serving(path: Path, *, market: bool) -> Iterator[str]:
    """`sim serve` over the account file, with a large market if that is wanted."""
    child = [sys.executable, __file__, "--serve", "market" if market else "", str(path)]
    with subprocess.Popen(  # noqa: S603 -- our own command
        child, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().rstrip("\n")
        finally:
            process.terminate()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        if sys.argv[2]:
            _market()
        root(["sim", "serve", "--port", "0", "--latency-ms", str(LATENCY_MS), "--db", sys.argv[3]])
    else:
        main(sys.argv[1:])

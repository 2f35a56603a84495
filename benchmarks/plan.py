"""How long a plan of unchanged resources takes, how much memory and how many calls, against the simulator.

Time and memory are those of one whole command with the simulator in it. The calls are counted by a plan that is made
here, against the pages that the lists of the kinds have. Exits with 1 where ten times the resources take more than
twelve times the time, or where memory or calls are more than we promise.

Usage: python benchmarks/plan.py [COUNT ...]
"""

from __future__ import annotations

import asyncio
import math
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

from novita_infra.api.client import Client
from novita_infra.api.transport.in_process import InProcess
from novita_infra.model.clock import RealClock
from novita_infra.operations.applying import apply_plan
from novita_infra.operations.opening.account import SIMULATOR
from novita_infra.operations.opening.simulated import sim_db
from novita_infra.operations.plans.planning import plan_project
from novita_infra.operations.session import (
    ProjectOptions,
    Session,
    open_session,
    state_locked,
    validate_project,
)
from novita_infra.operations.state.edits import store_of
from novita_infra.simulator import open_world
from novita_infra.simulator.http.app import build_app
from novita_infra.simulator.http.lost_answers import LostAnswer

RUNS: Final = 3
MEMORY_MB: Final = 200
SECONDS: Final = 4.0
"""What 10,000 resources may take on the machine that the figure was set on: told, and not judged."""
GROWTH: Final = 1.2
"""How many times its share of the time each of ten times as many resources may take."""
PAGE: Final = 100
LISTS: Final = {"instances.list": "instance", "templates.list": "template", "storages.list": "network_storage"}
"""The lists that come in pages, with their kinds."""
OTHERS: Final = 6
"""Calls beside those: the credentials, which come at once, the clusters, and the products of each way of billing."""
CLUSTERS = ("us-dallas-nas-2", "us-ca-nas-2", "as-sgp-2", "eu-de-1", "us-ca-6", "5")


def manifests(count: int) -> str:
    """So many resources: of ten, two instances, three templates, three storages and two credentials."""
    documents = []
    for index in range(count):
        cluster = CLUSTERS[index // 10 % len(CLUSTERS)]
        match index % 10:
            case 0 | 1:
                kind = "Instance"
                spec = (
                    f"product: {{id: 4090.16c96g.v2}}\n  cluster: '{cluster}'\n  image: ubuntu:22.04\n"
                    f"  ports: [80/http]\n  env: {{INDEX: '{index}', STAGE: bench}}"
                )
            case 2 | 3 | 4:
                kind, spec = "Template", f"image: ubuntu:22.04\n  rootDiskGb: 60\n  command: run {index}"
            case 5 | 6 | 7:
                kind, spec = "NetworkStorage", f"cluster: {CLUSTERS[index % 3]}\n  sizeGb: 10"
            case _:
                kind, spec = "RegistryAuth", f"username: bot-{index}\n  password: {{fromEnv: BENCH_PASSWORD}}"
        documents.append(f"apiVersion: novita-infra/v1\nkind: {kind}\nmetadata: {{name: r{index}}}\nspec:\n  {spec}\n")
    return "---\n".join(documents)


async def apply(where: ProjectOptions) -> None:
    """Makes everything that the project declares."""
    async with open_session(where, os.environ, in_flight=50) as session, state_locked(session, "apply"):
        plan = await plan_project(session)
        result = await apply_plan(session, plan, emit=lambda _: None, stop=asyncio.Event())
        failed = [f"{end.step.key}: {end.reason}" for end in result.ends if end.reason]
        assert result.succeeded, failed[:3]


def measured(folder: Path) -> tuple[float, float]:
    """Seconds and MB of one `plan` command; it must find nothing to do."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "novita_infra", "plan", str(folder), "--sim", "--detailed-exitcode"]
    child = os.posix_spawn(
        sys.executable, command, os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    )
    _, status, usage = os.wait4(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0, "the plan is not empty"
    return time.perf_counter() - begun, usage.ru_maxrss / 1024


def prepare(folder: Path) -> None:
    """Makes everything that the project declares. In a process of its own, whose memory no child inherits."""
    asyncio.run(apply(ProjectOptions(path=folder, sim=True)))


def count_calls(folder: Path) -> None:
    """Makes a plan of the same account here; raises RuntimeError where its calls are not the pages of the lists."""
    where, world = ProjectOptions(path=folder), open_world(sim_db(folder), now=time.time)
    project = validate_project(where, os.environ)
    made = Counter(item.address.type for item in project.declared)

    async def plan() -> None:
        transport = InProcess(build_app(world), lost=LostAnswer)
        chance = random.Random()  # noqa: S311 -- jitter, no secret
        url, clock = "http://simulator.invalid", RealClock()
        async with Client(url=url, key="sk_bench", clock=clock, random=chance, transport=transport) as client:
            store = store_of(where)
            session = Session(where, project, store, client, clock, SIMULATOR, store.load(), sim=True)
            if not (await plan_project(session)).empty:
                raise RuntimeError("the plan is not empty")

    asyncio.run(plan())
    pages = {name: math.ceil(made[kind] / PAGE) for name, kind in LISTS.items()}
    calls = dict(world.calls)
    world.close()
    if {name: calls[name] for name in LISTS} != pages or sum(calls.values()) != sum(pages.values()) + OTHERS:
        raise RuntimeError(f"the calls are {calls}, and the pages {pages}")
    print(f"{sum(made.values()):>6} unchanged resources: {sum(calls.values())} calls for {sum(pages.values())} pages")


def aside(function: Callable[[Path], None], folder: Path) -> None:
    """Does it in another process."""
    process = multiprocessing.get_context("spawn").Process(target=function, args=(folder,))
    process.start()
    process.join()
    if process.exitcode:
        raise RuntimeError(f"{function.__name__} failed")


def main() -> int:
    """Measures each count and prints the ratios to the first."""
    os.environ["BENCH_PASSWORD"] = "pretended"
    counts = [int(text) for text in sys.argv[1:]] or [1_000, 10_000]
    first: tuple[int, float] | None = None
    fine = True
    for count in counts:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "all.yaml").write_text(manifests(count), encoding="utf-8")
            aside(prepare, Path(folder))
            runs = [measured(Path(folder)) for _ in range(RUNS)]
            aside(count_calls, Path(folder))
        seconds, memory = min(run[0] for run in runs), max(run[1] for run in runs)
        first = first or (count, seconds)
        times, ratio = count / first[0], seconds / first[1]
        fine = fine and memory < MEMORY_MB and ratio <= times * GROWTH
        print(
            f"{count:>6} unchanged resources: {seconds:.2f} s (best of {RUNS}), {memory:.0f} MB; "
            f"{ratio:.1f} times the time for {times:g} times the resources"
        )
    print(f"promised: 10,000 in {SECONDS:g} s, {MEMORY_MB} MB, ten times as many in {10 * GROWTH:g} times the time")
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())

"""How long a plan of unchanged resources takes and how much memory, as one whole command against the simulator.

Prints seconds, the ratio of 10,000 resources to 1,000, and the peak memory.

Usage: python benchmarks/plan.py [COUNT ...]
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

from novita_infra import workflows
from novita_infra.workflows import Where

RUNS = 3
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


async def apply(where: Where) -> None:
    """Makes everything that the project declares."""
    async with workflows.opened(where, os.environ, in_flight=50) as session:
        with workflows.locked(session, "apply"):
            plan = await workflows.make_plan(session)
            result = await workflows.apply_plan(
                session, plan, parallelism=50, emit=lambda _: None, stop=asyncio.Event()
            )
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


def main() -> None:
    """Measures each count and prints the ratios to the first."""
    os.environ["BENCH_PASSWORD"] = "pretended"
    counts = [int(text) for text in sys.argv[1:]] or [1_000, 10_000]
    first: tuple[int, float] | None = None
    for count in counts:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "all.yaml").write_text(manifests(count), encoding="utf-8")
            asyncio.run(apply(Where(path=Path(folder), sim=True)))
            runs = [measured(Path(folder)) for _ in range(RUNS)]
        seconds, memory = min(run[0] for run in runs), max(run[1] for run in runs)
        first = first or (count, seconds)
        ratio = seconds / first[1]
        print(
            f"{count:>6} unchanged resources: {seconds:.2f} s (best of {RUNS}), {memory:.0f} MB; "
            f"{ratio:.1f} times the time for {count / first[0]:g} times the resources"
        )


if __name__ == "__main__":
    main()

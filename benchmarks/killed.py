"""Killed in the middle of creating 100 things and applied again until done: how many doubles and orphans are left.

`python benchmarks/killed.py [ROUNDS] [SEED]`. For each kind `apply` runs in a process of its own against the simulator
in another, and SIGKILL ends it after a random number of creates has reached the server, with calls in flight: some on
their way, some done and not yet answered. Exits with 1 where anything is left over. A round takes up to two minutes for
each kind: what was not answered counts as absent only when the service cannot be at it any more.
"""

from __future__ import annotations

import collections
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx

from novita_infra.model.records import Record
from novita_infra.simulator import Fault, Limits, Position, Trouble, open_world, scaled
from novita_infra.simulator.http.serving import serve_world
from novita_infra.state.opening import open_backend
from novita_infra.state.settings import StateSettings

THINGS: Final = 100
TIME_SCALE: Final = 100
PEERS: Final = "Terraform 1.0.3: 5 to 20 doubles; alchemy 0.94: 99 to 100"
_CLUSTER: Final = "cluster: us-dallas-nas-2"
_ENDPOINT: Final = (
    "product: {gpu: RTX 4090}, ports: [80/http], healthPath: /, scaling: {type: queue, value: 10}, "
    "image: 'nginx:1.27', workers: {min: 1, max: 3, idleTimeout: 60, maxConcurrency: 8, requestTimeout: 600}"
)
KINDS: Final = {
    # what a manifest calls it: (the simulator's table, its create, what tells one from another, the spec)
    "Instance": ("instances", "instances.create", "name", "product: {gpu: RTX 4090}, image: 'ubuntu:22.04'"),
    "Template": ("templates", "templates.create", "name", "image: 'ubuntu:22.04', rootDiskGb: 60"),
    "NetworkStorage": ("storages", "storages.create", "name", f"{_CLUSTER}, sizeGb: 10"),
    "VPC": ("networks", "networks.create", "name", _CLUSTER),
    "RegistryAuth": ("registry_auths", "registry_auths.save", "name", "username: bot, password: {fromEnv: BENCH}"),
    "ImagePrewarm": ("prewarms", "prewarms.create", "image", f"image: 'ubuntu:{{index}}', {_CLUSTER}"),
    "Endpoint": ("endpoints", "endpoints.create", "name", _ENDPOINT),
}


def main(rounds: int, seed: int) -> int:
    """Prints a line for each kind; 1 where a double or an orphan is left."""
    chance = random.Random(seed)  # noqa: S311 -- when to kill, no secret
    print(f"{THINGS} things of a kind, killed in the middle and applied again; {rounds} rounds, seed {seed}\n")
    print(f"{'kind':<16}{'killed after':>20}{'in flight':>14}{'runs':>8}{'doubles':>10}{'orphans':>10}")
    left = 0
    for kind in KINDS:
        told = [_round(kind, chance.randint(5, THINGS - 5)) for _ in range(rounds)]
        columns = [", ".join(str(item[name]) for item in told) for name in ("after", "in_flight", "runs")]
        doubles, orphans = (sum(item[name] for item in told) for name in ("doubles", "orphans"))
        print(f"{kind:<16}{columns[0]:>20}{columns[1]:>14}{columns[2]:>8}{doubles:>10}{orphans:>10}", flush=True)
        left += doubles + orphans
    print(f"\npeers on the same work: {PEERS}")
    return int(left > 0)


def _round(kind: str, after: int) -> dict[str, int]:
    """One run killed, then applied until nothing is left to do; what is live then, held against the books."""
    table, create, identity, _ = KINDS[kind]
    with tempfile.TemporaryDirectory() as folder, _serving() as server:
        project = Path(folder)
        (project / "all.yaml").write_text(_manifests(kind), encoding="utf-8")
        reached = _kill(project, server, create, after=after)
        in_flight = reached - sum(bool(record.id) for record in _records(project))
        runs = 1
        while _run(project, server, "apply", "--auto-approve"):
            runs += 1
            assert runs < 5, f"{kind}: it does not converge"
        assert _run(project, server, "plan", "--detailed-exitcode") == 0, f"{kind}: the second plan is not empty"
        live = _state(server)["objects"][table]
        owned = collections.Counter(record.id for record in _records(project))
    names = {item[identity] for item in live}
    assert len(names) == THINGS == owned.total(), f"{kind}: {len(names)} live, {owned.total()} on record"
    return {
        "after": reached,
        "in_flight": in_flight,
        "runs": runs,
        "doubles": len(live) - len(names),
        "orphans": sum(owned[item["id"]] != 1 for item in live),
    }


def _manifests(kind: str) -> str:
    spec = KINDS[kind][3]
    return "---\n".join(
        f"apiVersion: novita-infra/v1\nkind: {kind}\nmetadata: {{name: thing-{index}}}\n"
        f"spec: {{{spec.replace('{index}', str(index))}}}\n"
        for index in range(THINGS)
    )


def _kill(project: Path, server: str, create: str, *, after: int) -> int:
    """How many creates reached the server before the run was dead."""
    command = _command("apply", str(project), "--auto-approve")
    quiet = subprocess.DEVNULL
    child = subprocess.Popen(command, env=_environment(project, server), stdout=quiet, stderr=quiet)  # noqa: S603 -- our own command
    while _state(server)["calls"].get(create, 0) < after:
        assert child.poll() is None, "the run ended by itself"
        time.sleep(0.002)
    child.kill()
    assert child.wait() == -signal.SIGKILL, "the run ended by itself"
    return int(_state(server)["calls"][create])


def _run(project: Path, server: str, word: str, *options: str) -> int:
    command = _command(word, str(project), *options)
    return subprocess.run(command, env=_environment(project, server), capture_output=True, check=False).returncode  # noqa: S603 -- our own command


def _records(project: Path) -> tuple[Record, ...]:
    return tuple(open_backend(StateSettings(project)).store("default").load().records.values())


def _state(server: str) -> dict[str, Any]:
    state: dict[str, Any] = json.loads(httpx.get(f"{server}/_sim/state").content)
    return state


def _command(*words: str) -> list[str]:
    return [sys.executable, "-m", "novita_infra", *words]


def _environment(project: Path, server: str) -> dict[str, str]:
    others = {name: value for name, value in os.environ.items() if not name.startswith("NOVITA_")}
    ours = {"NOVITA_API_URL": server, "NOVITA_API_KEY": "sk_bench", "NOVITA_INFRA_CACHE": str(project / "cache")}
    return {**others, **ours, "BENCH": "pretended"}


@contextlib.contextmanager
def _serving() -> Iterator[str]:
    command = [sys.executable, __file__, "serve"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 -- this file
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(timeout=20)
        process.stdout.close()


def _serve() -> int:
    """The simulator with room for everything; each create takes a while before its effect and after it."""
    limits = Limits(prewarm_tasks=2 * THINGS, networks=2 * THINGS)
    world = open_world(None, now=scaled(time.time, TIME_SCALE), limits=limits)
    for _, create, _, _ in KINDS.values():
        for position in Position:
            world.faults.add(
                Fault(kind=Trouble.SLOW, operation=create, position=position, seconds=0.01, up_to=0.1, count=None)
            )
    return serve_world(world)


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        sys.exit(_serve())
    numbers = [int(text) for text in sys.argv[1:]]
    sys.exit(main(*(numbers + [1, random.randrange(10**6)][len(numbers) :])))  # noqa: S311 -- a seed, printed

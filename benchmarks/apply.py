"""How long `apply` takes, against what the work itself takes: a server in another process that answers after 50 ms.

`python benchmarks/apply.py [creates|fleet]`. The first part makes 1,000 things of one call each, with ten calls in
flight and with as many as the client finds good; the second a fleet of 1,000 in chains, fans and diamonds that take 1
to 30 s each to come up. The bound is what no program can beat: the longest path through the graph, or the calls by how
many are in flight. The journal is written as always. Exits with 1 where a ratio or the memory is over what we promise.
"""

from __future__ import annotations

import asyncio
import json
import math
import multiprocessing
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from novita_infra.cli import collect_seldom
from novita_infra.operations.applying import apply_plan
from novita_infra.operations.plans.planning import plan_project
from novita_infra.operations.session import ProjectOptions, open_session, state_locked

THINGS: Final = 1000
LATENCY: Final = 0.05
"""Seconds that the server takes for every answer."""
SHORTEST, LONGEST = 1, 30
"""Seconds that a thing of the fleet takes to come up."""
MEMORY_MB: Final = 150
PEERS: Final = (
    "the same 1,000 creates elsewhere: Terraform 1.0.3 with a Python provider 10.6 s at 10 and 12.3 s at 50; "
    "alchemy 0.94, all at once and no journal, 1.99 s; a bare program 1.12 s at 50"
)
CLUSTER: Final = {"id": "c1", "name": "C1", "supportNetworkStorage": True, "supportInstanceNetwork": True}


# --- the server ---


@dataclass(slots=True)
class World:
    """What the server has made: storages are there at once, networks take the seconds that end their name."""

    storages: list[dict[str, Any]] = field(default_factory=list)
    networks: list[dict[str, Any]] = field(default_factory=list)
    ready: list[float] = field(default_factory=list)

    def answer(self, method: str, target: str, body: bytes) -> Any:
        """The answer to one request."""
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        match method, parts.path.rsplit("/openapi/v1", 1)[-1]:
            case "GET", "/billing/balance/detail":
                return {"availableBalance": "100000000"}
            case "GET", "/clusters":
                return {"data": [CLUSTER]}
            case "POST", "/networkstorage/create":
                asked = json.loads(body)
                self.storages.append({"storageId": f"s{len(self.storages)}", **asked})
                return {"storageId": self.storages[-1]["storageId"]}
            case "GET", "/networkstorages/list":
                return {"data": _page(self.storages, query, "pageNo"), "total": len(self.storages)}
            case "POST", "/network/create":
                asked = json.loads(body)
                self.networks.append({"Id": f"n{len(self.networks)}", **asked})
                self.ready.append(time.monotonic() + int(asked["name"].rsplit("-", 1)[1]))
                return {"network": {"id": self.networks[-1]["Id"]}}
            case "GET", "/network":
                return {"network": self._shown(int(query["networkId"][1:]))}
            case "GET", "/networks":
                shown = [self._shown(index) for index in range(len(self.networks))]
                return {"networks": _page(shown, query, "pageNum"), "total": len(shown)}
            case "GET", "/gpu/instances" | "/endpoints" | "/templates" | "/image/prewarm" as path:
                # A project without a state looks for objects with its owner mark.
                return {path.split("/")[-1] if path != "/image/prewarm" else "data": [], "total": 0}
        raise ValueError(f"{method} {target} is not part of this benchmark")

    def _shown(self, index: int) -> dict[str, Any]:
        is_ready = time.monotonic() >= self.ready[index]
        return {**self.networks[index], "state": {"state": "ready" if is_ready else "creating", "error": ""}}


def _page(items: list[dict[str, Any]], query: dict[str, str], number: str) -> list[dict[str, Any]]:
    page, size = max(1, int(query.get(number, 1))), int(query.get("pageSize", 10))
    return items[(page - 1) * size : page * size]


def serve(told: Connection) -> None:
    """Answers every request after LATENCY seconds, on a port that it tells first."""
    world = World()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii")
                method, target, _ = head.split(" ", 2)
                length = next(
                    (line[15:] for line in head.lower().split("\r\n") if line.startswith("content-length:")), "0"
                )
                body = await reader.readexactly(int(length))
                data = json.dumps(world.answer(method, target, body)).encode()
                await asyncio.sleep(LATENCY)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
                writer.write(b"Content-Length: %d\r\n\r\n%s" % (len(data), data))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def run() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        told.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


# --- the work ---


@dataclass(frozen=True, slots=True)
class Node:
    """A thing of the fleet."""

    name: str
    seconds: int
    needs: tuple[str, ...] = ()


def fleet() -> list[Node]:
    """Chains of four, fans of one and five, diamonds of four: 1,000 things, the same on every run."""
    chance = random.Random(4)  # noqa: S311 -- a fleet, no secret
    nodes: list[Node] = []

    def node(*needs: Node) -> Node:
        seconds = chance.randint(SHORTEST, LONGEST)
        nodes.append(Node(f"t{len(nodes)}-{seconds}", seconds, tuple(need.name for need in needs)))
        return nodes[-1]

    for _ in range(100):
        node(node(node(node())))
    for _ in range(60):
        hub = node()
        for _ in range(5):
            node(hub)
    for _ in range(60):
        top = node()
        node(node(top), node(top))
    return nodes


def longest_path(nodes: list[Node]) -> float:
    """Seconds of the longest path: each thing takes a call and the time that it needs to come up."""
    until: dict[str, float] = {}
    for node in nodes:  # what a thing needs stands before it
        until[node.name] = max((until[need] for need in node.needs), default=0.0) + LATENCY + node.seconds
    return max(until.values())


def storages() -> Iterator[str]:
    """Manifests of things that one call makes."""
    for index in range(THINGS):
        yield f"kind: NetworkStorage\nmetadata: {{name: s{index}}}\nspec: {{cluster: c1, sizeGb: 10}}\n"


def networks(nodes: list[Node]) -> Iterator[str]:
    """Manifests of the fleet."""
    for node in nodes:
        needs = ", ".join(f"vpc.{need}" for need in node.needs)
        yield (
            f"kind: VPC\nmetadata: {{name: {node.name}}}\nlifecycle: {{dependsOn: [{needs}]}}\nspec: {{cluster: c1}}\n"
        )


def measure(manifests: list[str], parallelism: int | None, told: Connection) -> None:
    """Applies the manifests to a new server; tells the seconds from the plan to the saved state, and the peak in MB."""
    collect_seldom()  # as the command does
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "all.yaml").write_text(
            "---\n".join(f"apiVersion: novita-infra/v1\n{text}" for text in manifests), encoding="ascii"
        )
        environ = {
            "NOVITA_API_URL": f"http://127.0.0.1:{ours.recv()}",
            "NOVITA_API_KEY": "sk_bench",
            "NOVITA_INFRA_CACHE": str(Path(folder, "cache")),
        }
        told.send(asyncio.run(apply_in(Path(folder), environ, parallelism)))
    told.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    server.kill()


async def apply_in(folder: Path, environ: dict[str, str], parallelism: int | None) -> float:
    """Applies the project in the folder; the seconds from the plan to the saved state."""
    options = ProjectOptions(path=folder)
    async with open_session(options, environ, in_flight=parallelism) as session, state_locked(session, "apply"):
        plan = await plan_project(session)
        began = time.perf_counter()
        result = await apply_plan(session, plan, emit=lambda _: None, stop=asyncio.Event())
        took = time.perf_counter() - began
    if not result.succeeded:
        raise RuntimeError(next(end.reason for end in result.ends if end.reason))
    return took


# --- the table ---


def row(name: str, manifests: list[str], *, parallelism: int | None, bound: float, most: float) -> bool:
    """Measures and prints one row; whether it is within `most` seconds and the memory that we promise."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=measure, args=(manifests, parallelism, theirs))
    process.start()
    theirs.close()  # so that a process that dies is noticed
    took, memory = ours.recv(), ours.recv()
    process.join()
    is_fine: bool = took <= most and memory < MEMORY_MB
    print(
        f"{name:<34}{took:>8.2f}{bound:>10.2f}{took / bound:>8.3f}{most / bound:>10.3f}{memory:>7.0f}"
        f"{'' if is_fine else '   over':<8}",
        flush=True,
    )
    return is_fine


def creates() -> bool:
    """1,000 creates of one call."""
    made = list(storages())
    calls = THINGS * LATENCY
    fine = row("1,000 creates, 10 in flight", made, parallelism=10, bound=calls / 10, most=1.15 * calls / 10)
    # By itself the client goes up to 64 in flight.
    return row("1,000 creates, as it finds good", made, parallelism=None, bound=calls / 64, most=2.0) and fine


def whole_fleet() -> bool:
    """A fleet of 1,000 whose things take their time."""
    nodes = fleet()
    made = list(networks(nodes))
    path = longest_path(nodes)
    fine = True
    for name, parallelism in (("fleet, as it finds good", None), ("fleet, 10 in flight", 10)):
        bound = max(path, math.ceil(len(nodes) * LATENCY / (parallelism or 64)))
        fine = row(name, made, parallelism=parallelism, bound=bound, most=1.05 * bound) and fine
    return fine


PARTS: Final[dict[str, Callable[[], bool]]] = {"creates": creates, "fleet": whole_fleet}


def main(*names: str) -> int:
    """Prints the table; 1 where a row is over."""
    print(f"{'':<34}{'seconds':>8}{'bound':>10}{'ratio':>8}{'promised':>10}{'MB':>7}")
    fine = [PARTS[name]() for name in names or PARTS]
    print(PEERS)
    return 0 if all(fine) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

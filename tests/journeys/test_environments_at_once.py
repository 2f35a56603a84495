"""Environments that create an object of one name at the same time: each ends with its own, without a person.

Networks and credentials are created by an answer without an id, and carry no owner mark.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from rig import Rig

from novita_infra.api.client import Client
from novita_infra.applying.events import Result
from novita_infra.operations.session import Session
from novita_infra.simulator import Fault, Position, Trouble

HERE = "us-dallas-nas-2"
NETWORK = ("VPC", "it", {"cluster": HERE})
STORAGE = ("NetworkStorage", "it", {"cluster": HERE, "sizeGb": 10})
CREDENTIAL = ("RegistryAuth", "it", {"username": "u", "password": {"fromEnv": "PASSWORD"}})
SEEDS = 8
"""Histories of the property; 300 of them take five minutes."""


def environments(folder: Path, *names: str, resource: Any = NETWORK, **lists: Any) -> list[Rig]:
    """A project's environments, whose runs share one account and one clock."""
    head = {"apiVersion": "novita-infra/v1", "kind": "Project", "metadata": {"name": "rig"}}
    rigs = [Rig(folder, environ={"PASSWORD": f"secret-of-{name}"}, **lists) for name in names]
    rigs[0].write("novita-infra.yaml", {**head, "environments": {name: {} for name in names}})
    rigs[0].declare(resource)
    for rig, name in zip(rigs, names, strict=True):
        rig.environment, rig.world, rig.clock = name, rigs[0].world, rigs[0].clock
    return rigs


def apply_at_once(rigs: Iterable[Rig], *, delays: Iterable[float] = ()) -> list[Result]:
    """Applies all at the same time, or each after its own delay."""
    rigs = list(rigs)
    pauses = [*delays, *(0.0 for _ in rigs)][: len(rigs)]

    async def one(rig: Rig, pause: float) -> Result:
        await asyncio.sleep(pause)
        return await rig.applying()

    async def work() -> list[Result]:
        return await asyncio.gather(*(one(rig, pause) for rig, pause in zip(rigs, pauses, strict=True)))

    return rigs[0].clock.run(work())


def assert_each_has_one(rigs: list[Rig]) -> None:
    """Every environment records one object, every object is recorded once, and the next plans are empty."""
    recorded = [record.id for rig in rigs for record in rig.state().records.values()]
    assert sorted(recorded) == rigs[0].live_ids()
    assert len(recorded) == len(set(recorded)) == len(rigs)
    assert all(rig.plan().empty for rig in rigs)


@pytest.mark.parametrize("resource", [NETWORK, STORAGE, CREDENTIAL], ids=lambda item: item[0])
@pytest.mark.parametrize("count", [2, 3])
def test_environments_that_create_one_name_at_once_each_get_their_own(
    resource: Any, count: int, tmp_path: Path
) -> None:
    rigs = environments(tmp_path, *("dev", "prod", "test")[:count], resource=resource)
    assert all(result.succeeded for result in apply_at_once(rigs))
    assert_each_has_one(rigs)


class Neighbour(Rig):
    """A project of its own folder, on a machine whose runs share a cache."""

    def _session(self, client: Client) -> Session:
        session = super()._session(client)
        session.cache = self.folder.parent / "cache"
        return session


@pytest.mark.parametrize("delays", [(0, 0), (0, 1), (0, 40)])
@pytest.mark.parametrize("resource", [NETWORK, CREDENTIAL], ids=lambda item: item[0])
@pytest.mark.parametrize("lost", [False, True])
def test_projects_of_one_machine_that_create_one_name_at_once_each_get_their_own(
    resource: Any, delays: tuple[float, ...], lost: bool, tmp_path: Path
) -> None:
    rigs: list[Rig] = []
    for name in ("one", "two"):
        rig = Neighbour(tmp_path / name, environ={"PASSWORD": f"secret-of-{name}"})
        rig.declare(resource)
        rig.world, rig.clock = (rigs or [rig])[0].world, (rigs or [rig])[0].clock
        rigs.append(rig)
    if lost:
        rigs[0].world.faults.add(Fault(kind=Trouble.LOST, operation="*.create", position=Position.AFTER, count=2))
        rigs[0].world.faults.add(Fault(kind=Trouble.LOST, operation="*.save", position=Position.AFTER, count=2))
    assert all(result.succeeded for result in apply_at_once(rigs, delays=delays))
    assert_each_has_one(rigs)
    kept = {path.suffix for path in (tmp_path / "cache").rglob("*") if path.is_file()}
    assert kept - {".json", ".run"} == {".place"}, "no lock is left"


def one_of(choice: random.Random, kind: str) -> Fault:
    """A create whose answer is lost, before or after its effect, or that takes effect later; or lists that lag."""
    trouble = choice.choice([Trouble.LOST, Trouble.LOST, Trouble.LATE, Trouble.STALE])
    if trouble is Trouble.STALE:
        return Fault(kind=trouble, operation="*.list", seconds=choice.uniform(1, 20), count=None)
    position = choice.choice([Position.BEFORE, Position.AFTER])
    return Fault(
        kind=trouble,
        operation=kind,
        position=position,
        seconds=choice.uniform(1, 50),
        skip=choice.randrange(3),
        count=choice.randrange(1, 4),
    )


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(SEEDS))
def test_environments_each_get_their_own_whatever_is_lost_or_cut_off(seed: int, tmp_path: Path) -> None:
    choice = random.Random(seed)
    resource, operation = choice.choice(
        [(NETWORK, "networks.create"), (STORAGE, "storages.create"), (CREDENTIAL, "registry_auths.save")]
    )
    rigs = environments(tmp_path, *("dev", "prod", "test")[: choice.choice([2, 2, 3])], resource=resource)
    for _ in range(choice.randrange(1, 4)):
        rigs[0].world.faults.add(one_of(choice, operation))

    async def one(rig: Rig) -> None:
        await asyncio.sleep(choice.choice([0.0, choice.uniform(0, 5), choice.uniform(0, 200)]))
        run = asyncio.ensure_future(rig.applying())
        await asyncio.wait({run}, timeout=choice.choice([None, choice.uniform(0, 5), choice.uniform(0, 150)]))
        run.cancel()  # as a killed process: its lock ends with it, and its journal remains
        await asyncio.gather(run, return_exceptions=True)
        if not run.cancelled() and isinstance(error := run.exception(), AssertionError):
            raise error

    async def work(rigs: list[Rig]) -> None:
        await asyncio.gather(*map(one, rigs))

    for _ in range(2):
        rigs[0].clock.run(work(choice.sample(rigs, choice.randrange(1, len(rigs) + 1))))
    rigs[0].world.faults.clear()
    for _ in range(2):
        apply_at_once(rigs, delays=[choice.uniform(0, 100) for _ in rigs])
    results = apply_at_once(rigs, delays=[choice.uniform(0, 100) for _ in rigs])
    assert all(result.succeeded for result in results)
    assert_each_has_one(rigs)
    if resource is CREDENTIAL:
        passwords = {auth.id: auth.password for auth in rigs[0].world.registry_auths}
        for rig in rigs:
            assert passwords[rig.record("registry_auth.it").id] == rig.environ["PASSWORD"]

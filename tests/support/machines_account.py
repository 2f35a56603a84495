"""The simulated account of a project in a folder, to change it by hand."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from novita_infra.simulator import World, open_world
from novita_infra.simulator.world.engine.cloud_records import Instance


@contextmanager
def account(project: Path) -> Iterator[World]:
    """The simulated account of a project, to change it by hand."""
    world = open_world(project / ".novita-infra" / "sim.db", now=time.time)
    try:
        yield world
        for payment in world.payments:
            world.payments.touch(payment)  # only what changes is written, and the time with it
        world.save()
    finally:
        world.close()


def running(id: str, created: float, name: str, **more: Any) -> Instance:
    """A machine that runs, which somebody made without us."""
    return Instance(
        id=id,
        created=created,
        name=name,
        product="4090.16c62g",
        gpus=1,
        image="ubuntu:22.04",
        cluster="us-ca-nas-2",
        rootfs=60,
        status="running",
        **more,
    )


def named(world: World, name: str) -> Instance:
    """The one instance of that name."""
    (found,) = (item for item in world.instances if item.name == name)
    return found

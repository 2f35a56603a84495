"""Durations and sequences of events that several resources share."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Final

from novita_infra.simulator.world.engine.settings import UNPULLABLE
from novita_infra.simulator.world.engine.world import World

_LARGEST: Final = 25 * 10**9
"""The largest image in bytes, but for those that are too large."""
Steps = list[tuple[float, str]]
_EXITS: Final = re.compile(r"\bexit\s+([1-9][0-9]{0,2})\b")


def pullable(world: World, image: str) -> bool:
    """Whether the image can be pulled."""
    return UNPULLABLE not in image and not any(fnmatchcase(image, pattern) for pattern in world.unpullable)


def pull_seconds(world: World, image: str, cluster: str) -> float:
    """Seconds that a machine of the cluster takes to pull an image. A prewarmed image is much faster."""
    warm = any(task.image == image and task.cluster == cluster and task.state == "Succeeded" for task in world.prewarms)
    if warm:
        return world.timings.pull_prewarmed
    low, high = world.timings.pull
    return low + world.dice(high - low + 1, "pull", image)


def worker_pull_seconds(world: World, image: str, cluster: str) -> float:
    """Seconds that a worker of an endpoint takes to pull an image. A large one takes minutes."""
    pull = pull_seconds(world, image, cluster)
    if pull == world.timings.pull_prewarmed:
        return pull
    return max(pull, world.timings.cold_start * image_bytes(world, image) / _LARGEST)


def image_bytes(world: World, image: str) -> int:
    """The size of an image in bytes: 1 to 25 GB by its name, and 120 GB for a name with `too-large`."""
    if "too-large" in image:
        return 120 * 10**9
    return 10**9 + world.dice(_LARGEST - 10**9, "bytes", image)


def exit_code(*commands: str) -> int:
    """The code with which a program ends at once; 0 if it runs on. A command with `exit 3` ends with 3."""
    match = _EXITS.search(" ".join(commands))
    return int(match[1]) if match else 0


def starting(world: World, image: str, cluster: str, *, commands: Sequence[str]) -> Steps:
    """The events from the creation of a container to its start, or to the report of its failure."""
    if not pullable(world, image):
        return [(0.0, "pulling"), (world.timings.pull_trouble, "!pull-failed")]
    pull = pull_seconds(world, image, cluster)
    if exit_code(*commands):
        return [(0.0, "pulling"), (pull, "starting"), (world.timings.starting, "!crashed")]
    return [(0.0, "pulling"), (pull, "running")]

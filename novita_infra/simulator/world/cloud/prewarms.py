"""Prewarm tasks: each brings one image to a cluster."""

from __future__ import annotations

from collections.abc import Sequence

from novita_infra.simulator.errors import ApiRefusal, no_such
from novita_infra.simulator.world.cloud.lifecycles import image_bytes, pullable
from novita_infra.simulator.world.cloud.registry_auths import auth_of
from novita_infra.simulator.world.engine.cloud_records import Prewarm
from novita_infra.simulator.world.engine.world import World
from novita_infra.simulator.world.market import catalogue


def prewarm_of(world: World, key: str) -> Prewarm:
    """The task with this id. Raises RESOURCE_NOT_FOUND."""
    task = world.prewarms.get(key)
    if task is None:
        raise no_such(f"prewarm task {key!r}")
    return task


def create(world: World, task: Prewarm) -> Prewarm:
    """Creates a task. Finished tasks count in the quota until they are deleted."""
    catalogue.cluster_of(task.cluster)
    if task.auth:
        auth_of(world, task.auth)
    for product in task.products:
        if product not in {one.id for one in catalogue.GPU_PRODUCTS + catalogue.CPU_PRODUCTS}:
            raise no_such(f"product {product!r}")
    if len(world.prewarms) >= world.limits.prewarm_tasks:
        raise ApiRefusal(
            "OPERATION_LIMIT",
            f"at most {world.limits.prewarm_tasks} prewarm tasks",
            metadata={"limit": str(world.limits.prewarm_tasks)},
        )
    task.id, task.created, task.size = world.new_id("prewarm"), world.moment, image_bytes(world, task.image)
    world.prewarms.add(task)
    low, high = world.timings.pull
    pull = low + world.dice(high - low + 1, "prewarm", task.image)
    world.expect(world.prewarms, task, [(world.timings.prewarm_wait, "Running"), (pull, "!done")])
    return task


def edit(world: World, key: str, *, note: str) -> None:
    """Changes the note, which is the only field that can change."""
    task = prewarm_of(world, key)
    task.note = note
    world.prewarms.touch(task)


def delete(world: World, keys: Sequence[str]) -> None:
    """Removes tasks, all or none."""
    for task in [prewarm_of(world, key) for key in dict.fromkeys(keys)]:
        world.prewarms.remove(task)


def on_event(world: World, task: Prewarm, event: str) -> None:
    """Handles the next event of a task: its new state, and at the end the result of the pull."""
    if event != "!done":
        task.state = event
        return
    task.done = int(world.moment)
    if not pullable(world, task.image):
        task.state, task.reasons = "Failed", [f"pull {task.image}: manifest unknown"]
    elif task.size > world.limits.prewarm_gb * 10**9:
        task.state, task.reasons = "Failed", [f"image is larger than {world.limits.prewarm_gb} GB"]
    else:
        task.state, task.reasons = "Succeeded", ["all nodes have the image"]

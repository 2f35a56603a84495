"""Events of the platform on machines: freezes, reclaims and node failures."""

from __future__ import annotations

from novita_infra.simulator.world.cloud.instances import LEAVING, enter, migrate, on_event
from novita_infra.simulator.world.engine.cloud_records import Instance
from novita_infra.simulator.world.engine.world import World
from novita_infra.simulator.world.market import catalogue


def freeze(world: World, instance: Instance) -> None:
    """Freezes a machine that is not paid for."""
    if instance.status in LEAVING | {"exited", "freezing"}:
        return
    enter(world, instance, "freezing")
    world.expect(world.instances, instance, [(world.timings.freezing, "exited")])


def reclaim(world: World, instance: Instance) -> None:
    """Reclaims a spot machine: it gets notice, then it is stopped."""
    if instance.spot != "running" or instance.status != "running":
        return
    instance.spot, instance.reclaim = "notified", int(world.moment + world.timings.spot_notice)
    world.expect(
        world.instances,
        instance,
        [(world.timings.spot_notice, "!reclaiming"), (world.timings.stopping, "!terminated")],
    )


def lose_node(world: World, instance: Instance) -> None:
    """Fails the node of a machine. The machine moves if it has automatic migration, else it stops with an error."""
    if instance.status != "running":
        return
    product = catalogue.product_of(instance.product)
    if instance.migrates and catalogue.free(world, product, instance.cluster) >= instance.gpus:
        migrate(world, instance.id, job="autoInstanceMigrate")
        return
    instance.error, instance.error_text = "NodeFailure", "the node of this instance has failed"
    on_event(world, instance, "exited")
    world.expect(world.instances, instance, [])

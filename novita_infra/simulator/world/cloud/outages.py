"""What befalls machines without anybody's order: they freeze, are reclaimed, and their nodes fail."""

from __future__ import annotations

from novita_infra.simulator.world.cloud.instances import LEAVING, enter, migrate, on_event
from novita_infra.simulator.world.engine.cloud_records import Instance
from novita_infra.simulator.world.engine.world import World
from novita_infra.simulator.world.market import catalogue


def freeze(world: World, instance: Instance) -> None:
    """Take a machine out of service because it is not paid for."""
    if instance.status in LEAVING | {"exited", "freezing"}:
        return
    enter(world, instance, "freezing")
    world.expect(world.instances, instance, [(world.timings.freezing, "exited")])


def reclaim(world: World, instance: Instance) -> None:
    """Take a spot machine back: notice is given, then it is stopped."""
    if instance.spot != "running" or instance.status != "running":
        return
    instance.spot, instance.reclaim = "notified", int(world.moment + world.timings.spot_notice)
    world.expect(
        world.instances,
        instance,
        [(world.timings.spot_notice, "!reclaiming"), (world.timings.stopping, "!terminated")],
    )


def lose_node(world: World, instance: Instance) -> None:
    """A hardware fault: the machine moves by itself where that was wished for, else it stops with an error."""
    if instance.status != "running":
        return
    product = catalogue.product_of(instance.product)
    if instance.migrates and catalogue.free(world, product, instance.cluster) >= instance.gpus:
        migrate(world, instance.id, job="autoInstanceMigrate")
        return
    instance.error, instance.error_text = "NodeFailure", "the node of this instance has failed"
    on_event(world, instance, "exited")
    world.expect(world.instances, instance, [])

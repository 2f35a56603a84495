"""Private networks: ready soon after the create, used by machines of their cluster, removed when empty."""

from __future__ import annotations

from collections.abc import Iterator

from novita_infra.simulator.errors import ApiRefusal, invalid
from novita_infra.simulator.world.engine.cloud_records import Instance, Network
from novita_infra.simulator.world.engine.world import World
from novita_infra.simulator.world.market import catalogue


def network_of(world: World, key: str) -> Network:
    """The network with this id. Raises NETWORK_NOT_FOUND."""
    network = world.networks.get(key)
    if network is None:
        raise ApiRefusal("NETWORK_NOT_FOUND", f"network {key!r} not found")
    return network


def create(world: World, *, name: str, cluster: str) -> Network:
    """Creates a network. It can be used when it is ready."""
    where = catalogue.cluster_of(cluster)
    if not where.vpc:
        raise invalid("clusterId", f"{where.name} has no instance networks")
    if len(world.networks) >= world.limits.networks:
        raise ApiRefusal("NETWORK_MAX_LIMIT", f"at most {world.limits.networks} networks")
    key = world.new_id("network")
    segment = f"10.{world.dice(256, 'segment', key)}.{world.dice(256, 'part', key)}.0/24"
    network = world.networks.add(
        Network(id=key, created=world.moment, name=name or f"vpc-{key[:6]}", cluster=cluster, segment=segment)
    )
    world.expect(world.networks, network, [(world.timings.network, "ready")])
    return network


def rename(world: World, key: str, *, name: str) -> None:
    """Renames a network."""
    network = network_of(world, key)
    network.name = name
    world.networks.touch(network)


def delete(world: World, key: str) -> None:
    """Removes a network without machines."""
    network = network_of(world, key)
    user = next(network_members(world, key), None)
    if user is not None:
        raise ApiRefusal("NETWORK_IN_USE", f"network {key} holds instance {user.id}")
    world.networks.remove(network)


def network_members(world: World, key: str) -> Iterator[Instance]:
    """The machines in the network that are not removed."""
    return (instance for instance in world.instances if instance.network == key and instance.status != "removed")


def check_use(world: World, key: str, *, cluster: str) -> None:
    """Checks that a machine may join: the network is ready and in its cluster. An empty key is no network."""
    if not key:
        return
    network = network_of(world, key)
    if network.cluster != cluster:
        raise invalid("networkId", f"network {key} is in cluster {network.cluster}, not in {cluster}")
    if network.state != "ready":
        raise ApiRefusal("DEPENDENT_RESOURCE_STATE", f"network {key} is {network.state}")


def assign(world: World, key: str, *, wished: str = "") -> str:
    """The address for a new machine in the network: the wished one, else the next. Nobody else may have it."""
    network = network_of(world, key)
    prefix = network.segment.rsplit(".", 1)[0]
    taken = {instance.ip for instance in network_members(world, key)}
    if wished:
        if wished not in {f"{prefix}.{last}" for last in range(2, 255)}:
            raise invalid("ip", f"must be an address of {network.segment}, from {prefix}.2 to {prefix}.254")
        if wished in taken:
            raise ApiRefusal("CONFLICT", f"the address {wished} of network {key} is taken")
        return wished
    order = [*range(network.next_ip, 255), *range(2, network.next_ip)]
    last = next((last for last in order if f"{prefix}.{last}" not in taken), 0)
    if not last:
        raise ApiRefusal("NETWORK_MAX_LIMIT", f"network {key} has no free address")
    network.next_ip = max(network.next_ip, last + 1)
    world.networks.touch(network)
    return f"{prefix}.{last}"


def on_event(_world: World, network: Network, event: str) -> None:
    """Handles the next event of a network: its new state."""
    network.state = event

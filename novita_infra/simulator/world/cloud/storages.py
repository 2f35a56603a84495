"""Network storages: they grow, machines and endpoints mount them, and they outlive machines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from novita_infra.simulator.errors import ApiRefusal, invalid
from novita_infra.simulator.world.engine.cloud_records import Storage
from novita_infra.simulator.world.engine.world import World
from novita_infra.simulator.world.market import budgets, catalogue, money

SMALLEST = 10
"""The smallest storage in GB."""


def storage_of(world: World, key: str) -> Storage:
    """The storage with this id. Raises NETWORK_STORAGE_NOT_FOUND."""
    storage = world.storages.get(key)
    if storage is None:
        raise ApiRefusal("NETWORK_STORAGE_NOT_FOUND", f"network storage {key!r} not found")
    return storage


def create(world: World, *, name: str, size: int, cluster: str) -> Storage:
    """Creates a storage of `size` GB. Requires a positive balance and a cluster with network storage."""
    where = catalogue.cluster_of(cluster)
    if not where.storage:
        raise ApiRefusal("CUR_CLUSTER_NETWORK_STORAGE_NOT_SUPPORT", f"{where.name} has no network storage")
    if size < SMALLEST:
        raise invalid("storageSize", f"must be at least {SMALLEST} GB")
    _check_largest(world, size)
    budgets.check_funds(world)
    storage = Storage(id=world.new_uuid("storage"), created=world.moment, name=name, size=size, cluster=cluster)
    money.begin_storage(world, storage)
    return world.storages.add(storage)


def _check_largest(world: World, size: int) -> None:
    if size > world.limits.storage_gb:
        raise ApiRefusal(
            "NETWORK_STORAGE_TOO_LARGE",
            f"network storage may have at most {world.limits.storage_gb} GB",
            metadata={"limit": str(world.limits.storage_gb)},
        )


def update(world: World, key: str, *, name: str | None, size: int | None) -> None:
    """Renames and grows a storage. A smaller size is refused."""
    storage = storage_of(world, key)
    if size is not None:
        if size < storage.size:
            raise invalid("storageSize", f"must not be below the present {storage.size} GB")
        _check_largest(world, size)
    if size is not None and size != storage.size:
        storage.size = size
        money.begin_storage(world, storage)
    storage.name = storage.name if name is None else name
    world.storages.touch(storage)


def delete(world: World, key: str) -> None:
    """Removes a storage and its data, unless it is mounted."""
    storage = storage_of(world, key)
    user = _user(world, key)
    if user:
        raise ApiRefusal("NETWORK_STORAGE_IN_USE", f"network storage {key} is mounted by {user}")
    money.end_storage(world, storage)
    world.storages.remove(storage)


def _user(world: World, key: str) -> str:
    """A machine or endpoint that mounts the storage and is not gone."""
    for instance in world.instances:
        if instance.status != "removed" and any(mount["id"] == key for mount in instance.mounts):
            return f"instance {instance.id}"
    for endpoint in world.endpoints:
        if any(mount.get("id") == key for mount in endpoint.mounts):
            return f"endpoint {endpoint.id}"
    return ""


def check_mounts(world: World, mounts: Sequence[Mapping[str, str]], *, cluster: str, field: str) -> None:
    """Checks that every storage exists in the cluster of its user."""
    for mount in mounts:
        storage = storage_of(world, mount["id"])
        if storage.cluster != cluster:
            raise invalid(field, f"network storage {storage.id} is in cluster {storage.cluster}, not in {cluster}")

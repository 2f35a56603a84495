"""Instances: create, change and remove machines, and the statuses that they pass through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from novita_infra.simulator.errors import ApiRefusal, invalid, no_such, not_allowed
from novita_infra.simulator.world.cloud import jobs, networks, storages
from novita_infra.simulator.world.cloud.lifecycles import Steps, exit_code, starting
from novita_infra.simulator.world.cloud.registry_auths import auth_of
from novita_infra.simulator.world.engine.cloud_records import Instance
from novita_infra.simulator.world.engine.world import World
from novita_infra.simulator.world.market import budgets, catalogue, money
from novita_infra.simulator.world.market.catalogue import ProductEntry

SMALLEST_ROOTFS: Final = 10
LEAVING: Final = frozenset({"toRemove", "removing", "removed"})
UNBORN: Final = frozenset({"pending", "toCreate", "creating"})


def instance_of(world: World, key: str) -> Instance:
    """The instance with this id. Raises RESOURCE_NOT_FOUND with the status of the profile."""
    instance = world.instances.get(key)
    if instance is None:
        raise no_such(f"instance {key!r}", status=world.quirks.absent_instance_status)
    return instance


def staying(world: World, key: str) -> Instance:
    """The instance with this id. Raises OPERATION_LIMIT if it is being removed."""
    instance = instance_of(world, key)
    if instance.status in LEAVING:
        raise not_allowed(f"instance {key} is being removed")
    return instance


def create(world: World, new: Instance, *, months: int, clusters: Sequence[str] = ()) -> Instance:
    """Creates a machine. A refusal changes nothing. An empty cluster is chosen at random.

    `months` above 0 buys a monthly machine. `clusters` are several to choose from, instead of one in `new`: the machine
    gets the first that has room and all that it mounts and joins.
    """
    product = catalogue.instance_product(new.product, new.kind)
    if new.billing not in product.billing:
        raise ApiRefusal("UNSUPPORTED_BILLING_MODE", f"{product.name} is not offered as {new.billing}")
    if len(world.instances) >= world.limits.instances:
        raise ApiRefusal("CREATE_INSTANCE_LIMIT", f"at most {world.limits.instances} instances")
    _check_rootfs(product, new)
    if new.auth:
        auth_of(world, new.auth)
    fitting = _fitting(world, new, clusters or [new.cluster])
    budgets.check_funds(world, money.term_price(new, months) if months else 0)
    roomy = (one for one in fitting if one and catalogue.free(world, product, one) >= new.gpus)
    cluster = next(roomy, fitting[0]) or catalogue.place(world, product, new.gpus)
    catalogue.check_places(world, product, cluster, new.gpus)
    new.ip = networks.assign(world, new.network, wished=new.ip) if new.network else ""
    catalogue.take(world, product, cluster, new.gpus)
    new.cluster, new.holds = cluster, True
    new.id = world.new_id("instance")
    new.created = world.moment
    new.node = world.dice(64, "node", new.id)
    new.spot = "running" if new.billing == "spot" else ""
    world.instances.add(new)
    if months:
        money.buy(world, new, months=months, renewal=False)
    times = world.timings
    birth: Steps = [(times.pending, "toCreate"), (times.to_create, "creating")]
    world.expect(
        world.instances,
        new,
        [*birth, *_after(times.creating, starting(world, new.image, cluster, commands=_commands(new)))],
    )
    return new


def _fitting(world: World, new: Instance, clusters: Sequence[str]) -> list[str]:
    """Those of the clusters that have all that the machine mounts and joins. Raises the first refusal if none has.

    An empty cluster stands for any.
    """
    fitting: list[str] = []
    refusals: list[ApiRefusal] = []
    for cluster in clusters:
        if cluster:
            catalogue.cluster_of(cluster)
        try:
            if cluster:
                storages.check_mounts(world, new.mounts, cluster=cluster, field="networkStorages")
                networks.check_use(world, new.network, cluster=cluster)
            elif new.mounts or new.network:
                raise invalid("clusterId", "is required where a network storage or a VPC is named")
            fitting.append(cluster)
        except ApiRefusal as refusal:
            refusals.append(refusal)
    if not fitting:
        raise refusals[0]
    return fitting


def _check_rootfs(product: ProductEntry, new: Instance) -> None:
    if new.kind == "cpu":
        new.rootfs = product.disk
        return
    new.rootfs = max(new.rootfs, SMALLEST_ROOTFS)
    if new.rootfs > product.max_rootfs:
        raise invalid("rootfsSize", f"{product.name} has at most {product.max_rootfs} GB")


def _commands(instance: Instance) -> tuple[str, str]:
    return instance.entrypoint, instance.command


def _after(wait: float, steps: Steps) -> Steps:
    (first, event), *rest = steps
    return [(wait + first, event), *rest]


def _check_status(world: World, instance: Instance, *, among: frozenset[str], what: str) -> None:
    """Refuses a start, a stop or a restart in another status, such as the start of a running machine.

    The service was seen to give only the message. Its reason is not known.
    """
    if instance.status in among:
        return
    if world.quirks.vague_states:
        raise ApiRefusal("VALIDATOR_PARAM", "invalid state change")
    raise not_allowed(f"instance {instance.id} is {instance.status}; only a {what}")


def start(world: World, key: str) -> Instance:
    """Starts a stopped machine. Its place may be taken by then (INSUFFICIENT_RESOURCE)."""
    instance = staying(world, key)
    _check_status(world, instance, among=frozenset({"exited"}), what="stopped one can be started")
    if (instance.billing == "monthly" and instance.ends <= world.moment) or money.funds_left(world) <= 0:
        raise ApiRefusal("EXPIRED_OR_BALANCE_NOT_ENOUGH", f"instance {key} has expired or the balance is not enough")
    if instance.billing != "monthly":
        budgets.check_funds(world)
    take_place(world, instance)
    if instance.spot:
        instance.spot, instance.reclaim = "running", 0  # the spot purchase is repeated
    enter(world, instance, "toStart")
    times = world.timings
    world.expect(
        world.instances,
        instance,
        [
            (times.turning, "starting"),
            *_after(times.starting, starting(world, instance.image, instance.cluster, commands=_commands(instance))),
        ],
    )
    return instance


def stop(world: World, key: str) -> Instance:
    """Stops a running machine, or one whose image cannot be pulled."""
    instance = staying(world, key)
    _check_status(world, instance, among=frozenset({"running", "pulling"}), what="running one can be stopped")
    enter(world, instance, "toStop")
    world.expect(world.instances, instance, [(world.timings.turning, "stopping"), (world.timings.stopping, "exited")])
    return instance


def restart(world: World, key: str) -> None:
    """Restarts the container of a running machine."""
    instance = staying(world, key)
    _check_status(world, instance, among=frozenset({"running"}), what="running one can be restarted")
    enter(world, instance, "toRestart")
    world.expect(
        world.instances, instance, [(world.timings.turning, "restarting"), (world.timings.restarting, "running")]
    )


def delete(world: World, key: str) -> None:
    """Removes a machine in any status. A monthly one is refused; one that is being removed is not touched."""
    instance = instance_of(world, key)
    if instance.billing == "monthly" and instance.ends > world.moment:
        raise ApiRefusal(
            "PREPAID_INSTANCE_NOT_SUPPORT_RELEASE", f"instance {key} is a monthly one and cannot be released"
        )
    if instance.status in LEAVING:
        return
    remove_instance(world, instance)


def remove_instance(world: World, instance: Instance) -> None:
    """Starts the removal of a machine, for any caller."""
    enter(world, instance, "toRemove")
    times = world.timings
    world.expect(
        world.instances,
        instance,
        [(times.turning, "removing"), (times.removing, "removed"), (times.removed, "!gone")],
    )


def edit(world: World, key: str, *, grow: int = 0, **changes: Any) -> None:
    """Sets attributes that are not None, such as all ports, and grows the system disk by `grow` GB."""
    instance = staying(world, key)
    if grow:
        product = catalogue.product_of(instance.product)
        if instance.rootfs + grow > product.max_rootfs or instance.kind == "cpu":
            raise invalid("expandRootDisk", f"{product.name} has at most {product.max_rootfs} GB")
    check_ports(changes.get("ports") or (), instance.tools, field="ports")
    _set(instance, {attribute: value for attribute, value in changes.items() if value is not None})
    instance.rootfs += grow
    if grow and instance.status not in UNBORN:
        money.end_disk(world, instance)
        money.begin_disk(world, instance)
    world.instances.touch(instance)


def check_ports(ports: Sequence[Any], tools: Sequence[Any], *, field: str) -> None:
    """Refuses more than 15 ports, those of the tools included."""
    if len(ports) + len(tools) > 15:
        raise invalid(field, "ports and tools may have at most 15 ports together")


def _set(instance: Instance, changes: Mapping[str, Any]) -> None:
    for attribute, value in changes.items():
        setattr(instance, attribute, value)


def upgrade(world: World, key: str, *, save: bool, **configuration: Any) -> None:
    """Replaces the container and its whole configuration, given by attribute. `save` keeps its data."""
    instance = staying(world, key)
    if instance.status in UNBORN | {"migrating", "freezing"}:
        raise not_allowed(f"instance {key} is {instance.status}")
    if configuration["auth"]:
        auth_of(world, configuration["auth"])
    storages.check_mounts(world, configuration["mounts"], cluster=instance.cluster, field="networkVolume.volumeMounts")
    starts = instance.holds or world.quirks.upgrade_starts
    if starts:
        take_place(world, instance)
    _set(instance, configuration)
    if not save:
        _new_container(instance)
    was_stopped = instance.status in {"exited", "toStop", "stopping"}
    enter(world, instance, "toReset")
    end = [(0.0, "exited")] if was_stopped and not world.quirks.upgrade_starts else None
    steps = end or starting(world, instance.image, instance.cluster, commands=_commands(instance))
    world.expect(
        world.instances,
        instance,
        [(world.timings.turning, "resetting"), *_after(world.timings.resetting, steps)],
    )


def migrate(world: World, key: str, *, job: str = "instanceMigrate") -> None:
    """Moves a machine to another node. The data of the container is lost. Raises MIGRATE_INSUFFICIENT_RESOURCE."""
    instance = staying(world, key)
    if instance.status not in {"running", "exited"}:
        raise not_allowed(f"instance {key} is {instance.status}; only a running or stopped one can be migrated")
    product = catalogue.product_of(instance.product)
    if catalogue.free(world, product, instance.cluster) < instance.gpus:
        raise ApiRefusal("MIGRATE_INSUFFICIENT_RESOURCE", f"no other node with {product.name} is free")
    back = instance.status
    enter(world, instance, "migrating")
    jobs.begin_job(world, instance, job, lasting=world.timings.migrating)
    _new_container(instance)
    instance.node = (instance.node + 1) % 64
    world.expect(world.instances, instance, [(world.timings.migrating, back)])


def _new_container(instance: Instance) -> None:
    instance.container += 1
    instance.used_gb = 0


def set_terminal(world: World, key: str, *, enabled: bool) -> None:
    """Switches the web terminal of a machine."""
    instance = staying(world, key)
    instance.terminal = enabled
    world.instances.touch(instance)


def set_auto_migrate(world: World, key: str, *, enabled: bool, disk: bool) -> None:
    """Sets whether a machine moves to another node after a hardware fault."""
    instance = staying(world, key)
    instance.migrates, instance.migrates_disk = enabled, disk
    world.instances.touch(instance)


def take_place(world: World, instance: Instance) -> None:
    """Takes the places of a machine in the stock, unless it has them. Raises INSUFFICIENT_RESOURCE."""
    if not instance.holds:
        catalogue.take(world, catalogue.product_of(instance.product), instance.cluster, instance.gpus)
        instance.holds = True


def leave_place(world: World, instance: Instance) -> None:
    """Gives the places of a machine back to the stock, if it has them."""
    if instance.holds:
        catalogue.give_back(world, catalogue.product_of(instance.product), instance.cluster, instance.gpus)
        instance.holds = False


def enter(world: World, instance: Instance, status: str) -> None:
    """Sets the first status of a new sequence of events, and clears earlier errors."""
    instance.status, instance.error, instance.error_text = status, "", ""
    world.instances.touch(instance)


def on_event(world: World, instance: Instance, event: str) -> None:
    """Handles the next event of a machine."""
    match event:
        case "!pull-failed":
            instance.error = "ImagePullFailed"
            instance.error_text = f"image {instance.image} cannot be pulled: manifest unknown"
        case "!crashed":
            instance.error = "ContainerExited"
            instance.error_text = f"the container exited with code {exit_code(*_commands(instance))}"
        case "!gone":
            world.instances.remove(instance)
        case "!reclaiming":
            instance.spot, instance.status = "reclaiming", "stopping"
        case "!terminated":
            instance.spot = "terminated"
            on_event(world, instance, "exited")
        case "pulling":
            instance.status = event
            money.begin_instance(world, instance)
            money.begin_disk(world, instance)
        case "running":
            instance.status, instance.started = event, world.moment
            instance.spot = "running" if instance.billing == "spot" else ""
            instance.used_gb = max(instance.used_gb, 1)
            money.begin_instance(world, instance)
            money.begin_disk(world, instance)
        case "exited":
            instance.status, instance.stopped = event, world.moment
            money.end_instance(world, instance)
            if instance.billing != "monthly" or instance.ends <= world.moment:
                leave_place(world, instance)
        case "removed":
            instance.status = event
            money.end_instance(world, instance)
            money.end_disk(world, instance)
            leave_place(world, instance)
        case _:
            instance.status = event

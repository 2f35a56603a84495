"""Monthly machines: months are bought, renewed, and renewed automatically."""

from __future__ import annotations

from collections.abc import Sequence

from novita_infra.simulator.errors import ApiRefusal, not_allowed
from novita_infra.simulator.world.cloud.instances import UNBORN, leave_place, staying, take_place
from novita_infra.simulator.world.engine.world import World
from novita_infra.simulator.world.market import budgets, catalogue, money


def renew(world: World, key: str, *, months: int) -> None:
    """Buys more months for a monthly machine."""
    instance = staying(world, key)
    if instance.status in UNBORN | {"pulling"}:
        raise ApiRefusal("CREATING_INSTANCE_NOT_SUPPORT_RENEWAL", f"instance {key} is still being created")
    if instance.billing != "monthly":
        raise ApiRefusal("UNSUPPORTED_BILLING_MODE", f"instance {key} is not a monthly one")
    budgets.check_funds(world, money.term_price(instance, months))
    money.buy(world, instance, months=months, renewal=True)
    world.instances.touch(instance)


def convert(world: World, key: str, *, months: int) -> None:
    """Converts a pay-as-you-go machine to a monthly one. It cannot be undone."""
    instance = staying(world, key)
    product = catalogue.product_of(instance.product)
    if instance.billing != "onDemand" or "monthly" not in product.billing or instance.kind != "gpu":
        raise ApiRefusal("UNSUPPORTED_BILLING_MODE", f"instance {key} cannot become a monthly one")
    if instance.status in UNBORN:
        raise not_allowed(f"instance {key} is {instance.status}")
    budgets.check_funds(world, money.term_price(instance, months))
    take_place(world, instance)
    money.end_instance(world, instance)
    money.end_disk(world, instance)
    instance.billing = "monthly"
    money.buy(world, instance, months=months, renewal=False)
    world.instances.touch(instance)


def leave_subscription(world: World, key: str) -> None:
    """Converts a monthly machine to pay as you go, at once. Nothing is paid back.

    The API lists this direction in v2 only, and does not say what becomes of the months that are left.
    """
    instance = staying(world, key)
    if instance.billing != "monthly":
        raise ApiRefusal("UNSUPPORTED_BILLING_MODE", f"instance {key} is not a monthly one")
    if instance.status in UNBORN:
        raise not_allowed(f"instance {key} is {instance.status}")
    budgets.check_funds(world)
    if (term := world.terms.get(key)) is not None:
        world.terms.remove(term)
    instance.billing, instance.ends, instance.renews = "onDemand", -1, 0
    money.begin_disk(world, instance)
    if instance.status == "exited":
        leave_place(world, instance)
    else:
        money.begin_instance(world, instance)
    world.instances.touch(instance)


def set_auto_renew(world: World, keys: Sequence[str], *, enabled: bool, months: int) -> None:
    """Switches the automatic renewal of several machines, all or none."""
    chosen = [staying(world, key) for key in keys]
    for instance in chosen:
        if enabled and instance.billing != "monthly":
            raise ApiRefusal("UNSUPPORTED_BILLING_MODE", f"instance {instance.id} is not a monthly one")
    for instance in chosen:
        instance.renews = months if enabled else 0
        world.instances.touch(instance)

"""What an instance costs: by the hour or the term, with its root disk. Pure.

A subscription is shown at the list price of the months that are declared, spread over them; what it buys now is apart.
"""

from __future__ import annotations

from novita_infra.kinds.instance_calls import FREE_ROOT_GB
from novita_infra.kinds.pricing import DAY, DISK, MONTH, Cost, PriceList
from novita_infra.kinds.shapes import object_of, objects_of, text_of
from novita_infra.resources import Spec, Value

_MODES = {"onDemand": "on demand", "spot": "spot"}


def costs(spec: Spec, prices: PriceList) -> tuple[Cost, ...]:
    """What an instance of this spec, with its product chosen, costs as long as it is there.

    A stopped one pays for its disk alone, unless it is a subscription.
    """
    product = text_of(object_of(spec.get("product")).get("id"))
    if _is_cpu(spec, product, prices):
        running = prices.cost(f"cpu/{product}/onDemand", prices.names.get(f"cpu/{product}", product or "CPU machine"))
        return () if spec.get("power") == "stopped" else (running,)  # its disk comes with the product
    mode = spec.get("billingMode") or "onDemand"
    if mode == "monthly":
        return (_term(spec, spec.get("months"), prices, hours=MONTH), *_disk(spec, mode))
    if spec.get("power") == "stopped":
        return _disk(spec, mode)
    return (*_by_the_hour(spec, product, mode, prices), *_disk(spec, mode))


def buys(before: Spec | None, after: Spec, prices: PriceList) -> tuple[Cost, ...]:
    """The months that are bought when an instance (None for a new one) becomes so."""
    if after.get("billingMode") != "monthly":
        return ()
    had = before.get("months") if before is not None and before.get("billingMode") == "monthly" else 0
    wanted = after.get("months")
    if not isinstance(wanted, int) or not isinstance(had, int) or wanted <= had:
        return ()
    return (_term(after, wanted - had, prices, hours=0),)


def _is_cpu(spec: Spec, product: str, prices: PriceList) -> bool:
    named = "cpu" in object_of(spec.get("product")) or spec.get("type") == "cpu"
    return named or (f"cpu/{product}" in prices.names and f"gpu/{product}" not in prices.names)


def _by_the_hour(spec: Spec, product: str, mode: str, prices: PriceList) -> tuple[Cost, ...]:
    """The GPUs; where another offer may have to be taken, what it would cost more."""
    gpus, name = spec.get("gpuCount") or 1, _name(spec, product, prices)
    line = prices.cost(f"gpu/{product}/{mode}", f"{name}, {_MODES.get(mode, mode)}", quantity=gpus, unit="GPU")
    dearest = max(
        (
            (price, text_of(offer.get("id")))
            for offer in objects_of(object_of(spec.get("product")).get("offers"))
            if (price := prices.prices.get(f"gpu/{offer.get('id')}/{offer.get('billingMode') or 'onDemand'}")) is not None
        ),
        default=(0, ""),
    )
    if line.price is None or dearest[0] <= line.price:
        return (line,)
    what = f"more for {prices.names.get(f'gpu/{dearest[1]}', dearest[1])}, where only that is free"
    return (line, Cost(what, dearest[0] - line.price, quantity=gpus, least=0, unit="GPU"))


def _term(spec: Spec, months: Value, prices: PriceList, *, hours: int) -> Cost:
    """So many months of it. How a number of months that is not on the list is paid is not documented."""
    product, gpus = text_of(object_of(spec.get("product")).get("id")), spec.get("gpuCount") or 1
    name = _name(spec, product, prices)
    if not isinstance(months, int):
        return Cost(f"{name}, a subscription of months unknown", None, quantity=gpus, hours=hours, unit="GPU")
    what, key = f"{name}, {months} month{'' if months == 1 else 's'}", f"gpu/{product}/monthly/{months}"
    return prices.cost(key, what, quantity=gpus, hours=hours * months, unit="GPU")


def _disk(spec: Spec, mode: str) -> tuple[Cost, ...]:
    """What the root disk has beyond the free GB. What it costs a subscription is not documented."""
    size = spec.get("rootDiskGb")
    if not isinstance(size, int) or size <= FREE_ROOT_GB:
        return ()
    what, price = f"root disk beyond {FREE_ROOT_GB} GB", None if mode == "monthly" else DISK
    return (Cost(what, price, quantity=size - FREE_ROOT_GB, hours=DAY, unit="GB"),)


def _name(spec: Spec, product: str, prices: PriceList) -> str:
    wish = object_of(spec.get("product"))
    return (
        prices.names.get(f"gpu/{product}") or text_of(wish.get("name")) or text_of(wish.get("gpu")) or product or "GPU"
    )

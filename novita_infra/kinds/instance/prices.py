"""The costs of an instance: by the hour or by the term, with its root disk. Pure.

A subscription costs the list price of the declared months, spread over them. The purchase itself is a cost of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from novita_infra.api.json_values import object_of, objects_of, text_of
from novita_infra.catalogue.prices import DAY, DISK, MONTH, Cost, PriceList
from novita_infra.kinds.instance.forms import FREE_ROOT_GB
from novita_infra.model.values import Spec, Value

_MODES: Final = {"onDemand": "on demand", "spot": "spot"}


def costs(spec: Spec, prices: PriceList) -> tuple[Cost, ...]:
    """The running costs of an instance of this spec with a resolved product.

    A stopped instance pays only for its disk, unless it is a subscription.
    """
    product = object_of(spec.get("product"))
    if _is_cpu(spec, product, prices):
        return () if spec.get("power") == "stopped" else (_machine(product, prices),)
    mode = spec.get("billingMode") or "onDemand"
    if mode == "monthly":
        return (_term(spec, spec.get("months"), prices, hours=MONTH), *_disk(spec, mode))
    if spec.get("power") == "stopped":
        return _disk(spec, mode)
    return (*_by_the_hour(product, spec.get("gpuCount") or 1, mode, prices), *_disk(spec, mode))


def purchases(before: Spec | None, after: Spec, prices: PriceList) -> tuple[Cost, ...]:
    """The months that are bought when an instance (None for a new one) changes to the spec."""
    if after.get("billingMode") != "monthly":
        return ()
    had = before.get("months") if before is not None and before.get("billingMode") == "monthly" else 0
    months = after.get("months")
    if not isinstance(months, int) or not isinstance(had, int) or months <= had:
        return ()
    return (_term(after, months - had, prices, hours=0),)


def _is_cpu(spec: Spec, product: Mapping[str, Value], prices: PriceList) -> bool:
    id = product.get("id")
    named = "cpu" in product or spec.get("type") == "cpu"
    return named or (f"cpu/{id}" in prices.names and f"gpu/{id}" not in prices.names)


def _machine(product: Mapping[str, Value], prices: PriceList) -> Cost:
    """The cost of a CPU machine, disk included."""
    id = text_of(product.get("id"))
    return prices.cost(f"cpu/{id}/onDemand", prices.names.get(f"cpu/{id}") or text_of(product.get("cpu")) or "CPU")


def _by_the_hour(product: Mapping[str, Value], gpus: Value, mode: Value, prices: PriceList) -> tuple[Cost, ...]:
    """The cost of the GPUs; and the extra cost of the dearest other offer that may have to be used."""
    what = f"{_name(product, prices)}, {_MODES.get(mode, mode) if isinstance(mode, str) else 'mode unknown'}"
    if not isinstance(gpus, int) or not isinstance(mode, str):
        return (Cost(what, None),)
    line = prices.cost(f"gpu/{product.get('id')}/{mode}", what, quantity=gpus, unit="GPU")
    if "offers" not in product:
        return (line,)
    offered = [
        (prices.prices.get(f"gpu/{offer.get('id')}/{offer.get('billingMode') or 'onDemand'}", 0), offer.get("id"))
        for offer in objects_of(product["offers"])
    ]
    dearest, id = max(offered, key=lambda offer: offer[0], default=(0, ""))
    if line.price is None or dearest <= line.price:
        return (line,)
    more = f"more for {prices.names.get(f'gpu/{id}', id)}, where only that is free"
    return (line, Cost(more, dearest - line.price, quantity=gpus, least=0, unit="GPU"))


def _term(spec: Spec, months: Value, prices: PriceList, *, hours: int) -> Cost:
    """The cost of a number of months. The price of a number that is not listed is not documented."""
    product, gpus = object_of(spec.get("product")), spec.get("gpuCount") or 1
    name = _name(product, prices)
    if not isinstance(gpus, int):
        return Cost(f"{name}, a subscription of GPUs of a number unknown", None, hours=hours)
    if not isinstance(months, int):
        return Cost(f"{name}, a subscription of months unknown", None, quantity=gpus, hours=hours, unit="GPU")
    what, key = f"{name}, {months} month{'' if months == 1 else 's'}", f"gpu/{product.get('id')}/monthly/{months}"
    return prices.cost(key, what, quantity=gpus, hours=hours * months, unit="GPU")


def _disk(spec: Spec, mode: Value) -> tuple[Cost, ...]:
    """The cost of the root disk beyond the free GB. Its price for a subscription is not documented."""
    size = spec.get("rootDiskGb")
    if size is not None and not isinstance(size, int):
        return (Cost("root disk, of a size unknown", None),)
    if size is None or size <= FREE_ROOT_GB:
        return ()
    what, price = f"root disk beyond {FREE_ROOT_GB} GB", None if mode == "monthly" else DISK
    return (Cost(what, price, quantity=size - FREE_ROOT_GB, hours=DAY, unit="GB"),)


def _name(product: Mapping[str, Value], prices: PriceList) -> str:
    names = (prices.names.get(f"gpu/{product.get('id')}"), *(product.get(key) for key in ("name", "gpu", "id")))
    return next((name for name in names if isinstance(name, str) and name), "GPU")

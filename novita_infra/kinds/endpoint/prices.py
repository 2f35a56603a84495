"""The costs of an endpoint: its workers, from the fewest to the most. Pure.

The price of a worker's disks beyond the free GB is not documented, so it is unknown.
"""

from __future__ import annotations

from collections.abc import Iterator

from novita_infra.api.json_values import object_of, text_of
from novita_infra.catalogue.prices import DAY, Cost, PriceList
from novita_infra.model.values import Spec, Value

ROOT_GB = 100
"""The root disk of a worker in GB where none is declared."""


def costs(spec: Spec, prices: PriceList) -> tuple[Cost, ...]:
    """The running costs of the workers of an endpoint of this spec with a resolved product.

    Workers are charged from their start to their release (guides/serverless-gpus-pricing), by GPU and hour.
    """
    return tuple(_lines(spec, prices))


def _lines(spec: Spec, prices: PriceList) -> Iterator[Cost]:
    workers, product = object_of(spec.get("workers")), object_of(spec.get("product"))
    id, gpus = text_of(product.get("id")), spec.get("gpuCount") or 1
    fewest, most = workers.get("min"), workers.get("max")
    if not isinstance(fewest, int) or not isinstance(most, int):
        yield Cost("workers, of a number unknown", None)
        return
    name = prices.names.get(f"serverless/{id}") or text_of(product.get("gpu")) or id
    what = f"{name}, {fewest} to {most} workers" if fewest != most else f"{name}, workers"
    if not isinstance(gpus, int):
        yield Cost(f"{what}, of GPUs of a number unknown", None)
        return
    yield prices.cost(f"serverless/{id}/onDemand", what, quantity=most * gpus, least=fewest * gpus, unit="GPU")
    yield from _disk("root disk", spec.get("rootDiskGb") or ROOT_GB, prices.free_root_gb, workers=(fewest, most))
    local = object_of(spec.get("localStorage")).get("sizeGb")
    yield from _disk("local disk", local or 0, prices.free_local_gb, workers=(fewest, most))


def _disk(name: str, size: Value, free: int | None, *, workers: tuple[int, int]) -> Iterator[Cost]:
    if not isinstance(size, int):
        yield Cost(f"{name}, of a size unknown", None)
        return
    excess = size - (free or 0)
    if excess > 0:
        beyond = f" beyond {free} GB" if free is not None else ""
        fewest, most = workers
        yield Cost(f"{name}{beyond}", None, quantity=excess * most, least=excess * fewest, hours=DAY, unit="GB")

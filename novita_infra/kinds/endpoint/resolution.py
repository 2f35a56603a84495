"""What follows for an endpoint from the other manifests and from the catalogue: pure, and asks nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from novita_infra.api.json_values import int_of, object_of, objects_of, text_of
from novita_infra.catalogue.products import Catalogue
from novita_infra.catalogue.stock import StockNeed, StockQuery
from novita_infra.kinds.kind import SpecError
from novita_infra.kinds.toolkit.checks import env_faults, mount_faults, port_faults
from novita_infra.kinds.toolkit.lookup import find_product
from novita_infra.kinds.toolkit.placement import placed
from novita_infra.model.diagnostics import nearest
from novita_infra.model.resources import Live
from novita_infra.model.values import Ref, Spec, Value


def inherit(spec: Spec, lookup: Callable[[str, Value], Spec | None]) -> Spec:
    """The cluster of the first storage that is declared too."""
    if spec.get("cluster") is not None:
        return spec
    for mount in objects_of(spec.get("networkStorages")):
        cluster = (lookup("network_storage", mount.get("storage")) or {}).get("cluster")
        if cluster is not None:
            return {**spec, "cluster": cluster}
    return spec


def check(spec: Spec) -> Iterator[SpecError]:
    """What the schema cannot see: numbers against each other, reserved ports, paths used twice, a missing cluster."""
    workers = object_of(spec.get("workers"))
    least, most = workers.get("min"), workers.get("max")
    if isinstance(least, int) and isinstance(most, int) and least > most:
        yield SpecError(("workers", "min"), f"min {least} is more than max {most}", "min may be at most max")
    yield from port_faults(spec.get("ports"), most=1)
    yield from env_faults(spec.get("env"))
    yield from mount_faults(spec.get("networkStorages"), taken=[object_of(spec.get("localStorage")).get("mountPath")])
    storages = [mount.get("storage") for mount in objects_of(spec.get("networkStorages"))]
    # Where a storage is declared here too, with its place left open, one is found for both.
    if storages and spec.get("cluster") is None and not any(isinstance(storage, Ref) for storage in storages):
        hint = "name the cluster of the storage; it is known by itself only where the storage is declared here too"
        yield SpecError(("networkStorages",), "network storages need a cluster", hint)


def choose(spec: Spec, catalogue: Catalogue, live: Live | None) -> tuple[Spec, tuple[SpecError, ...]]:
    """The product and the cluster as ids, and what the account's limits have against the spec."""
    chosen, faults = placed(spec, catalogue, live)
    wish = object_of(chosen.get("product"))
    if isinstance(wish.get("gpu"), str):
        kept = text_of(object_of(live.values.get("product")).get("id")) if live else ""
        cluster = next((item for item in catalogue.clusters if item.id == chosen.get("cluster")), None)
        path = ("product", "gpu")
        found = find_product(catalogue.serverless, wish["gpu"], path=path, cluster=cluster, kept=kept)
        if isinstance(found, SpecError):
            faults = (*faults, found)
        else:
            chosen = {**chosen, "product": {**wish, "id": found.id}}
    return chosen, (*faults, *_limit_faults(chosen, catalogue.endpoint_limits, live))


def takes(spec: Spec, catalogue: Catalogue) -> tuple[StockNeed, ...]:
    """What the workers that are always there take of the stock; those that come with the load come if they can."""
    id, place = object_of(spec.get("product")).get("id"), spec.get("cluster")
    if not isinstance(id, str) or not int_of(object_of(spec.get("workers")).get("min")):
        return ()
    product = next((item for item in catalogue.serverless if item.id == id), None)
    ask = StockQuery("serverless", place if isinstance(place, str) else "")
    return (StockNeed(ask, id, product.name if product else id),)


_LIMITS: Final = {
    ("gpuCount",): "GPUNum",
    ("workers", "min"): "WorkerNum",
    ("workers", "max"): "WorkerNum",
    ("workers", "idleTimeout"): "FreeTimeout",
    ("workers", "maxConcurrency"): "ConcurrencyNum",
    ("workers", "requestTimeout"): "RequestTimeout",
    ("rootDiskGb",): "RootfsSize",
    ("localStorage", "sizeGb"): "LocalVolumeSize",
}
"""What bounds a value of the spec: `min...` and `max...` of serverless-query-endpoint-limit."""


def _limit_faults(spec: Spec, limits: Mapping[str, Any], live: Live | None) -> Iterator[SpecError]:
    """Values out of the account's limits; what a live endpoint already has is not judged anew."""
    policy = "QueueWaitTime" if object_of(spec.get("scaling")).get("type") == "queue" else "RequestNum"
    has = live.values if live else {}
    for path, limit in {**_LIMITS, ("scaling", "value"): policy}.items():
        value, least, most = _at(spec, path), limits.get(f"min{limit}"), limits.get(f"max{limit}")
        if not isinstance(value, int) or value == _at(has, path):
            continue
        if isinstance(least, int) and isinstance(most, int) and not least <= value <= most:
            name = ".".join(path)
            summary, hint = f"{name} {value} is out of the account's limits", f"{least} to {most} is possible"
            yield SpecError(path, summary, hint, impossible=True)
    version, versions = spec.get("minCudaVersion"), limits.get("cudaVersionList")
    if isinstance(version, str) and versions and version not in (*versions, "any", has.get("minCudaVersion")):
        yield SpecError(("minCudaVersion",), f"no CUDA version {version}", nearest(version, versions), impossible=True)


def _at(spec: Spec, path: tuple[str, ...]) -> Value:
    value: Value = spec
    for name in path:
        value = object_of(value).get(name)
    return value

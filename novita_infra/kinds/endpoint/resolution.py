"""The resolution of an endpoint's spec by the other manifests and the catalogue, and its checks. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from novita_infra.api.json_values import int_of, object_of, objects_of, text_of
from novita_infra.catalogue.products import Catalogue, Product
from novita_infra.catalogue.stock import StockNeed, StockQuery
from novita_infra.kinds.kind import SpecError
from novita_infra.kinds.toolkit.checks import choice_errors, env_errors, mount_errors, port_errors
from novita_infra.kinds.toolkit.lookup import find_product, still_satisfies
from novita_infra.kinds.toolkit.placement import with_cluster_id
from novita_infra.model.diagnostics import nearest
from novita_infra.model.resources import Live
from novita_infra.model.values import Ref, Spec, Value


def inherit(spec: Spec, lookup: Callable[[str, Value], Spec | None]) -> Spec:
    """The spec with the cluster of its first declared storage."""
    if spec.get("cluster") is not None:
        return spec
    for mount in objects_of(spec.get("networkStorages")):
        cluster = (lookup("network_storage", mount.get("storage")) or {}).get("cluster")
        if cluster is not None:
            return {**spec, "cluster": cluster}
    return spec


def check(spec: Spec) -> Iterator[SpecError]:
    """The errors that the schema cannot find: contradicting numbers, reserved ports, paths used twice, no cluster."""
    workers = object_of(spec.get("workers"))
    least, most = workers.get("min"), workers.get("max")
    if isinstance(least, int) and isinstance(most, int) and least > most:
        yield SpecError(("workers", "min"), f"min {least} is more than max {most}", "min may be at most max")
    yield from choice_errors(object_of(spec.get("product")), path=("product",))
    yield from port_errors(spec.get("ports"), most=1)
    yield from env_errors(spec.get("env"))
    yield from mount_errors(spec.get("networkStorages"), taken=[object_of(spec.get("localStorage")).get("mountPath")])
    storages = [mount.get("storage") for mount in objects_of(spec.get("networkStorages"))]
    # For a declared storage with an open cluster, planning chooses one for both.
    if storages and spec.get("cluster") is None and not any(isinstance(storage, Ref) for storage in storages):
        hint = "name the cluster of the storage; it is known without that only if the storage is declared here too"
        yield SpecError(("networkStorages",), "network storages need a cluster", hint)


def resolve_spec(
    spec: Spec, catalogue: Catalogue, live: Live | None, recorded: Spec | None = None, /
) -> tuple[Spec, tuple[SpecError, ...]]:
    """The spec with product and cluster as ids, and its errors, those against the account's limits included."""
    chosen, errors = with_cluster_id(spec, catalogue, live)
    wish = object_of(chosen.get("product"))
    if isinstance(wish.get("gpu"), str):
        current = text_of(object_of(live.values.get("product")).get("id")) if live else ""
        cluster = next((item for item in catalogue.clusters if item.id == chosen.get("cluster")), None)
        found: Product | SpecError | None = None
        if not still_satisfies(wish["gpu"], recorded, kept=current):
            found = find_product(
                catalogue.serverless,
                wish["gpu"],
                path=("product", "gpu"),
                cluster=cluster,
                kept=current,
                cheapest="choose" in wish,
            )
        if isinstance(found, SpecError):
            errors = (*errors, found)
        else:
            chosen = {**chosen, "product": {**wish, "id": found.id if found else current}}
    return chosen, (*errors, *_limit_errors(chosen, catalogue.endpoint_limits, live))


def stock_needed(spec: Spec, catalogue: Catalogue) -> tuple[StockNeed, ...]:
    """The stock that the minimum of workers needs. Workers for more load start only if stock is free."""
    id, place = object_of(spec.get("product")).get("id"), spec.get("cluster")
    if not isinstance(id, str) or not int_of(object_of(spec.get("workers")).get("min")):
        return ()
    product = next((item for item in catalogue.serverless if item.id == id), None)
    query = StockQuery("serverless", place if isinstance(place, str) else "")
    return (StockNeed(query, id, product.name if product else id),)


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
"""By path in the spec: its limit, `min...` and `max...` of serverless-query-endpoint-limit."""


def _limit_errors(spec: Spec, limits: Mapping[str, Any], live: Live | None) -> Iterator[SpecError]:
    """Values out of the account's limits. A value that the live endpoint already has is not checked again."""
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

"""The resolution of an endpoint's spec by the other manifests and the catalogue, and its checks. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from novita_infra.api.json_values import filled, int_of, object_of, objects_of, text_of
from novita_infra.catalogue.products import Catalogue, Cluster, Product
from novita_infra.catalogue.stock import StockNeed, StockQuery
from novita_infra.kinds.kind import SpecError
from novita_infra.kinds.toolkit.checks import choice_errors, env_errors, mount_errors, port_errors
from novita_infra.kinds.toolkit.lookup import best_of, matching, no_product, still_satisfies
from novita_infra.kinds.toolkit.placement import with_cluster_id
from novita_infra.kinds.toolkit.wishes import (
    ASK_FOR_LESS,
    SCHEMAS,
    clusters_of_region,
    clusters_with,
    fulfilling,
    has_wish,
    is_too_dear,
    why_too_dear,
    wish_of,
)
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
    product = object_of(spec.get("product"))
    yield from choice_errors(product, path=("product",))
    if "id" in product and has_wish(product):
        summary, hint = "the id names one product", "leave out minGpuMemoryGb, maxPricePerHour and region"
        yield SpecError(("product", "id"), summary, hint)
    yield from port_errors(spec.get("ports"), most=1)
    yield from env_errors(spec.get("env"))
    yield from mount_errors(spec.get("networkStorages"), taken=[object_of(spec.get("localStorage")).get("mountPath")])
    storages = [mount.get("storage") for mount in objects_of(spec.get("networkStorages"))]
    # For a declared storage with an open cluster, planning chooses one for both.
    if storages and spec.get("cluster") is None and not any(isinstance(storage, Ref) for storage in storages):
        hint = "name the cluster of the storage; it is known without that only if the storage is declared here too"
        yield SpecError(("networkStorages",), "network storages need a cluster", hint)


def resolve_new_endpoint(
    spec: Spec, catalogue: Catalogue, live: Live | None, recorded: Spec | None = None, /
) -> tuple[Spec, tuple[SpecError, ...]]:
    """As `resolve_spec`, for an endpoint that replaces the live one."""
    return resolve_spec(spec, catalogue, live, recorded, replacing=True)


def resolve_spec(
    spec: Spec, catalogue: Catalogue, live: Live | None, recorded: Spec | None = None, /, *, replacing: bool = False
) -> tuple[Spec, tuple[SpecError, ...]]:
    """The spec with product and cluster as ids, and its errors, those against the account's limits included."""
    chosen, errors = with_cluster_id(spec, catalogue, live)
    wish = object_of(chosen.get("product"))
    if "id" not in wish and (isinstance(wish.get("gpu"), str) or has_wish(wish)):
        found = _product(chosen, wish, catalogue, live, recorded=recorded, replacing=replacing)
        if isinstance(found, SpecError):
            errors = (*errors, found)
        else:
            id, cluster = found
            placed = {"cluster": cluster} if cluster else {}
            chosen = {**chosen, **placed, "product": {**wish, "id": id}}
    return chosen, (*errors, *_limit_errors(chosen, catalogue.endpoint_limits, live))


def _product(
    spec: Spec,
    wish: Mapping[str, Value],
    catalogue: Catalogue,
    live: Live | None,
    *,
    recorded: Spec | None,
    replacing: bool,
) -> tuple[str, str] | SpecError:
    """The ids of the product, and of the cluster where a region decides it."""
    name, region, place = text_of(wish.get("gpu")), wish.get("region"), spec.get("cluster")
    current = text_of(object_of(live.values.get("product")).get("id")) if live else ""
    here = text_of(live.values.get("cluster")) if live else ""
    same = _is_same(wish, recorded, kept=current) and not (replacing and has_wish(wish))
    if same and not region:
        return current, ""
    clusters: tuple[Cluster, ...] | None = None
    if isinstance(region, str):
        regional = clusters_of_region(catalogue, region, beside=text_of(place), path=("product", "region"))
        if isinstance(regional, SpecError):
            return regional
        clusters = regional
    if same and clusters is not None and any(item.id == here for item in clusters):
        return current, here
    named = matching(catalogue.serverless, name) if name else catalogue.serverless
    if name and not named:
        return no_product(catalogue.serverless, name, path=("product", "gpu"))
    asked = wish_of(wish, mode="", clusters=clusters)
    fitting, reason = fulfilling(named, asked, catalogue)
    cheap = tuple(item for item in fitting if not is_too_dear(item, asked))
    found: Product | SpecError | None = next(
        (item for item in (cheap if replacing else fitting) if item.id == current), None
    )
    if found is None and not cheap:
        why = reason or why_too_dear(fitting, asked)
        return SpecError(("product",), f"no product fits: {why}", ASK_FOR_LESS, impossible=True)
    if found is None:
        path = ("product", "gpu") if name else ("product",)
        cluster = next((item for item in catalogue.clusters if item.id == place), None)
        found = best_of(cheap, name, path=path, cluster=cluster, cheapest="choose" in wish)
    if isinstance(found, SpecError):
        return found
    places = [item.id for item in clusters_with(found, clusters or ())]
    return found.id, here if here in places else next(iter(places), "")


def _is_same(wish: Mapping[str, Value], recorded: Spec | None, *, kept: str) -> bool:
    """Whether the live product, by its id, is what this very wish gave before."""
    before, name = object_of((recorded or {}).get("product")), text_of(wish.get("gpu"))
    named = still_satisfies(name, recorded, kept=kept) if name else bool(kept) and before.get("id") == kept
    return named and all(before.get(key) == wish.get(key) for key in SCHEMAS)


def stock_needed(spec: Spec, catalogue: Catalogue) -> tuple[StockNeed, ...]:
    """The stock that the minimum of workers needs. Workers for more load start only if stock is free."""
    id, place = object_of(spec.get("product")).get("id"), spec.get("cluster")
    if not isinstance(id, str) or not int_of(object_of(spec.get("workers")).get("min")):
        return ()
    product = next((item for item in catalogue.serverless if item.id == id), None)
    query = StockQuery("serverless", place if isinstance(place, str) else "")
    return (StockNeed(query, id, product.name if product else id),)


def spec_needing(need: StockNeed, _product: Product) -> Spec:
    """The fields of an endpoint that needs this stock; empty for stock of machines."""
    if need.query.part != "serverless":
        return {}
    return filled({"product": {"gpu": need.name} if need.name else {"id": need.id}, "cluster": need.query.cluster})


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

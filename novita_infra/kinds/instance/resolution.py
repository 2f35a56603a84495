"""The resolution of an instance's spec by its template, its storages, its VPC and the catalogue. Pure.

It reads manifests, the catalogue, and the live object if one exists.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Final, Literal

from novita_infra.api.json_values import filled, int_of, object_of, objects_of, text_of
from novita_infra.catalogue.products import Catalogue, Product
from novita_infra.catalogue.stock import StockNeed, StockQuery
from novita_infra.kinds.instance.forms import is_cpu
from novita_infra.kinds.instance.offers import declared_offers, offers_in_order, resolve_offers
from novita_infra.kinds.instance.validation import cpu_errors
from novita_infra.kinds.kind import SpecError
from novita_infra.kinds.toolkit.lookup import find_product, is_offered, still_satisfies
from novita_infra.kinds.toolkit.placement import with_cluster_id
from novita_infra.model.diagnostics import nearest
from novita_infra.model.resources import Live
from novita_infra.model.values import Spec, Value

INHERITED: Final = {
    **dict.fromkeys(("image", "command", "entrypoint", "ports", "env"), ("template",)),
    **dict.fromkeys(("rootDiskGb", "minCudaVersion"), ("template", "type", "product")),
    "registryAuth": ("template", "registryLogin"),
    "cluster": ("networkStorages", "vpc"),
}
"""By field that another resource may give: the fields on which that depends."""


def declared_ports(spec: Spec) -> Collection[str] | None:
    """The ports by the declared `ports` and `tools`; None where they are not known, or only the live object has any."""
    ports, tools = spec.get("ports"), objects_of(spec.get("tools"))
    if not isinstance(ports, list) or not all(isinstance(port, str) for port in ports):
        return None
    return [*(str(port) for port in ports), *(f"{tool.get('port')}/{tool.get('type')}" for tool in tools)]


def inherit(spec: Spec, lookup: Callable[[str, Value], Spec | None]) -> Spec:
    """The spec with the values of its template, and with the cluster of the storages or the VPC that it names."""
    return _with_cluster(_with_template(spec, lookup), lookup)


def _with_template(spec: Spec, lookup: Callable[[str, Value], Spec | None]) -> Spec:
    template = lookup("template", spec["template"]) if spec.get("template") is not None else None
    if not template:
        return spec
    names = ["image", "command", "entrypoint", "ports"]
    names += [] if "registryLogin" in spec else ["registryAuth"]
    names += [] if is_cpu(spec) else ["rootDiskGb", "minCudaVersion"]
    given = filled({name: template.get(name) for name in names})
    env = {**object_of(template.get("env")), **object_of(spec.get("env"))}
    return {**given, **spec, **({"env": env} if env else {})}


def _with_cluster(spec: Spec, lookup: Callable[[str, Value], Spec | None]) -> Spec:
    if spec.get("cluster") is not None:
        return spec
    storages = [item["storage"] for item in objects_of(spec.get("networkStorages")) if item.get("storage") is not None]
    named = [("network_storage", storage) for storage in storages]
    named += [("vpc", spec["vpc"])] if spec.get("vpc") is not None else []
    places = (place.get("cluster") for prefix, value in named if (place := lookup(prefix, value)))
    cluster = next((place for place in places if place is not None), None)
    return spec if cluster is None else {**spec, "cluster": cluster}


def resolve_new_instance(
    spec: Spec, catalogue: Catalogue, live: Live | None, recorded: Spec | None = None, /
) -> tuple[Spec, tuple[SpecError, ...]]:
    """As `resolve_spec`, for an instance that replaces the live one."""
    return resolve_spec(spec, catalogue, live, recorded, replacing=True)


def resolve_spec(
    spec: Spec, catalogue: Catalogue, live: Live | None, recorded: Spec | None = None, /, *, replacing: bool = False
) -> tuple[Spec, tuple[SpecError, ...]]:
    """The spec with the ids of its cluster and product. A live instance keeps a product that satisfies it."""
    chosen, misplaced = with_cluster_id(spec, catalogue, live)
    errors = list(misplaced)
    if spec.get("image") is None:
        hint = "declare it here; the template that is named is not known"
        errors.append(SpecError(("image",), "there is no image", hint))
    if spec.get("billingMode") == "monthly" and spec.get("months") is None and not _is_monthly(live):
        summary = "an instance that becomes monthly needs months"
        errors.append(SpecError(("billingMode",), summary, "add `months: 1`"))
    if declared_offers(spec):
        chosen, offer_problems = resolve_offers(chosen, catalogue, live, recorded, replacing=replacing)
        return chosen, (*errors, *offer_problems)
    product = _product(chosen, catalogue, live, recorded=recorded)
    if product is None:
        return chosen, tuple(errors)
    if isinstance(product, SpecError):
        return chosen, (*errors, product)
    chosen = {**chosen, "product": {**chosen["product"], "id": product.id}}
    if not is_cpu(chosen) and "type" not in chosen and any(item.id == product.id for item in catalogue.cpu):
        errors += cpu_errors(chosen)
        chosen["type"] = "cpu"
    path = ("product", next((key for key in ("id", "gpu", "cpu") if key in object_of(spec.get("product"))), ""))
    errors += _place_errors(path, chosen, product, catalogue=catalogue, live=live)
    return chosen, (*errors, *_product_errors(spec, product, live))


def _is_monthly(live: Live | None) -> bool:
    return live is not None and live.values.get("billingMode") == "monthly"


def _product(
    spec: Spec, catalogue: Catalogue, live: Live | None, *, recorded: Spec | None
) -> Product | SpecError | None:
    """The product that the spec names; None where that is not known yet."""
    declared = object_of(spec.get("product"))
    known = _products(spec, catalogue, live)
    if isinstance(declared.get("id"), str):
        exact = next((item for item in known if item.id == declared["id"]), None)
        if exact is not None:
            return exact
        hint = nearest(declared["id"], [item.id for item in known])
        return SpecError(("product", "id"), f'no product has the id "{declared["id"]}"', hint)
    key = next((key for key in ("gpu", "cpu") if isinstance(declared.get(key), str)), "")
    if not key:
        return None
    mode, kept = spec.get("billingMode", "onDemand"), _product_of(live).id
    if still_satisfies(declared[key], recorded, kept=kept):
        return next(item for item in known if item.id == kept)
    return find_product(
        known,
        declared[key],
        path=("product", key),
        mode=mode if isinstance(mode, str) else "",
        cluster=next((item for item in catalogue.clusters if item.id == spec.get("cluster")), None),
        kept=kept,
        cheapest="choose" in declared,
    )


def _products(spec: Spec, catalogue: Catalogue, live: Live | None) -> tuple[Product, ...]:
    """The products that the spec may name, and the live object's, which may no longer be listed."""
    if is_cpu(spec):
        listed = catalogue.cpu
    else:
        by_id = "id" in object_of(spec.get("product")) and "type" not in spec
        listed = (*catalogue.gpu, *catalogue.cpu) if by_id else catalogue.gpu
    kept = _product_of(live)
    return listed if not kept.id or any(item.id == kept.id for item in listed) else (*listed, kept)


def _product_of(live: Live | None) -> Product:
    product = object_of(live.values.get("product")) if live else {}
    return Product(text_of(product.get("id")), text_of(product.get("name")), available=False, price=None)


def _product_errors(spec: Spec, product: Product, live: Live | None) -> Iterator[SpecError]:
    mode, size = spec.get("billingMode"), spec.get("rootDiskGb")
    now = live.values.get("billingMode") if live else None
    if isinstance(mode, str) and mode != now and not is_offered(product, mode):
        hint = f"it is offered {' or '.join(product.billing_modes)}"
        yield SpecError(("billingMode",), f"{product.name} ({product.id}) is not offered {mode}", hint, impossible=True)
    if not isinstance(size, int):
        return
    has = live.values.get("rootDiskGb") if live and _product_of(live).id == product.id else None
    if size == has:
        return
    if size < product.min_root_gb:
        # The service would create a larger disk than declared, and every later plan would shrink it.
        summary = f"{size} GB are less than the least root disk of {product.name} ({product.id})"
        yield SpecError(("rootDiskGb",), summary, f"at least {product.min_root_gb} GB are needed", impossible=True)
    if product.max_root_gb and size > product.max_root_gb:
        summary = f"{size} GB are more than the largest root disk of {product.name} ({product.id})"
        yield SpecError(("rootDiskGb",), summary, f"at most {product.max_root_gb} GB are possible", impossible=True)


def _place_errors(
    path: tuple[str, ...], spec: Spec, product: Product, *, catalogue: Catalogue, live: Live | None
) -> Iterator[SpecError]:
    """The error that the cluster never has the product: waiting would not help."""
    has = (_product_of(live).id, live.values.get("cluster")) if live else ()
    cluster = next((item for item in catalogue.clusters if item.id == spec.get("cluster")), None)
    if cluster is None or not product.clusters or has == (product.id, cluster.id):
        return
    if {cluster.id, cluster.name}.isdisjoint(product.clusters):
        summary = f"there is no {product.name} in cluster {cluster.id} ({cluster.name})"
        yield SpecError(path, summary, f"clusters that have it: {', '.join(product.clusters)}", impossible=True)


def stock_needed(spec: Spec, catalogue: Catalogue) -> tuple[StockNeed, ...]:
    """The stock that a new machine needs: one of its GPU offers, or one CPU product."""
    return tuple(need for offer in offers_in_order(spec) if (need := _stock_need(offer.spec, catalogue)) is not None)


def _stock_need(spec: Spec, catalogue: Catalogue) -> StockNeed | None:
    id, place = object_of(spec.get("product")).get("id"), spec.get("cluster")
    cluster, mode = place if isinstance(place, str) else "", text_of(spec.get("billingMode")) or "onDemand"
    part: Literal["gpu", "cpu"] = "cpu" if is_cpu(spec) else "gpu"
    count = int_of(spec.get("gpuCount"), 1) or 1 if part == "gpu" else 1
    product = next((item for item in getattr(catalogue, part) if item.id == id), None)
    if not isinstance(id, str):
        return None
    return StockNeed(StockQuery(part, cluster, mode, count), id, product.name if product else id)


def spec_needing(need: StockNeed, product: Product) -> Spec:
    """The fields of a machine that needs this stock; empty for stock of endpoints."""
    query = need.query
    if query.part not in {"gpu", "cpu"}:
        return {}
    fields = {
        "product": {query.part: need.name} if need.name else {"id": need.id},
        "cluster": query.cluster,
        "gpuCount": query.gpus if query.gpus > 1 else None,
        "billingMode": query.mode if query.mode != "onDemand" else None,
        "months": min(product.monthly, default=None) if query.mode == "monthly" else None,
    }
    return filled(fields)

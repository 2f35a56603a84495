"""The lookup of a product by its name, memory, price, stock, place and billing mode."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final, Literal

from novita_infra.catalogue.prices import usd
from novita_infra.catalogue.products import MEMORY, UNIT, Catalogue, Cluster, Product
from novita_infra.catalogue.stock import StockQuery
from novita_infra.kinds.kind import SpecError
from novita_infra.kinds.toolkit.field_schemas import TEXT
from novita_infra.kinds.toolkit.lookup import best_of, matching, no_product, price_in_mode
from novita_infra.kinds.toolkit.wishes import (
    ASK_FOR_LESS,
    SCHEMAS,
    Wish,
    affordable,
    clusters_wanted,
    clusters_with,
    memory_of,
    wish_of,
)
from novita_infra.lookups.found import Criteria, NoAnswer
from novita_infra.lookups.lookup import ALL, CHOOSE, LookupType, Match, Matches, Needs, ReadSoFar
from novita_infra.model.values import Value

_MOST_PLACES: Final = 3
"""The most clusters that a text names."""
_PATH: Final = ("gpu",)
_FOR_ENDPOINTS: Final = "endpoint"


def _part(criteria: Criteria) -> Literal["gpu", "cpu", "serverless"]:
    if criteria.get("use") == _FOR_ENDPOINTS:
        return "serverless"
    return "cpu" if "cpu" in criteria else "gpu"


def _needs(criteria: Criteria, known: ReadSoFar) -> Needs:
    part = _part(criteria)
    parts = frozenset({"clusters", part, *((MEMORY,) if part == "gpu" else ())})
    if not criteria.get("inStock") or not known.catalogue.clusters:
        return Needs(parts=parts)
    places = _places(criteria, known.catalogue)
    if places is None or isinstance(places, NoAnswer):
        return Needs(parts=parts)
    return Needs(parts=parts, stock=frozenset(_query(criteria, item) for item in places))


def _find(criteria: Criteria, known: ReadSoFar) -> Matches | NoAnswer:
    catalogue, part = known.catalogue, _part(criteria)
    name = str(criteria.get("cpu") or criteria.get("gpu") or "")
    listed: Sequence[Product] = getattr(catalogue, part)
    products = matching(listed, name) if name else listed
    if not products:
        error = no_product(listed, name, path=())
        return NoAnswer(error.summary, error.hint)
    places = _places(criteria, catalogue)
    if isinstance(places, NoAnswer):
        return places
    wish = wish_of(criteria, mode=criteria.get("billingMode", ""), clusters=places)
    cheap, reason = affordable(products, wish, catalogue)
    if not cheap:
        return NoAnswer(f"no product fits: {reason}", ASK_FOR_LESS)
    free = tuple(item for item in cheap if _is_free(item, criteria, places, known))
    if not free:
        return NoAnswer(f"no product is free: {', '.join(dict.fromkeys(item.name for item in cheap))}", ASK_FOR_LESS)
    return _matches(free, criteria, known, wish)


def _matches(products: tuple[Product, ...], criteria: Criteria, known: ReadSoFar, wish: Wish) -> Matches:
    """The products, the best one first, then by price."""
    cluster = wish.clusters[0] if wish.clusters and len(wish.clusters) == 1 else None
    best = best_of(products, "", path=_PATH, mode=wish.mode, cluster=cluster, cheapest=True)
    several = isinstance(best_of(products, "", path=_PATH, mode=wish.mode, cluster=cluster), SpecError)
    ordered = sorted(products, key=lambda item: (item != best, price_in_mode(item, wish.mode) or 0, item.id))
    return Matches(tuple(_match(item, criteria, known, wish) for item in ordered), same=not several)


def _places(criteria: Criteria, catalogue: Catalogue) -> tuple[Cluster, ...] | NoAnswer | None:
    """The clusters that the criteria allow; None for any."""
    named, region = criteria.get("cluster", ""), criteria.get("region", "")
    found = clusters_wanted(catalogue, cluster=named, region=region)
    return NoAnswer(found.summary, found.hint) if isinstance(found, SpecError) else found


def _query(criteria: Criteria, cluster: Cluster) -> StockQuery:
    part = _part(criteria)
    mode = criteria.get("billingMode", "onDemand")
    return StockQuery(part, cluster.id, mode if part == "gpu" else "onDemand")


def _is_free(product: Product, criteria: Criteria, places: Iterable[Cluster] | None, known: ReadSoFar) -> bool:
    """Whether the product is free where it is wanted; a cluster that may not be asked counts as the whole list does."""
    if not criteria.get("inStock"):
        return True
    if places is None:
        return product.available
    stocks = [known.stock.get(_query(criteria, item)) for item in clusters_with(product, places)]
    return any(
        product.available if stock is None else any(item.id == product.id and item.available for item in stock)
        for stock in stocks
    )


def _match(product: Product, criteria: Criteria, known: ReadSoFar, wish: Wish) -> Match:
    price, clusters = price_in_mode(product, wish.mode), clusters_with(product, known.catalogue.clusters)
    here = [item.id for item in clusters if wish.clusters is None or item in wish.clusters]
    where = f"in {', '.join(here)}" if len(here) <= _MOST_PLACES else f"in {len(here)} clusters"
    words = [f"{product.name} ({product.id})", _price(price, criteria), where]
    return Match(
        key=product.id,
        text=", ".join(words if product.available else (*words, "none free")),
        attributes={
            "id": product.id,
            "name": product.name,
            "pricePerHour": None if price is None or wish.mode == "monthly" else _usd(price),
            "gpuMemoryGb": memory_of(product, known.catalogue),
            "clusters": here,
            "billingModes": list(product.billing_modes),
            "inStock": product.available,
        },
    )


def _price(price: int | None, criteria: Criteria) -> str:
    if price is None:
        return "price not known"
    per = "" if "cpu" in criteria else " per GPU"
    return (
        f"{usd(price)} for the shortest term{per}"
        if criteria.get("billingMode") == "monthly"
        else f"{usd(price)}/h{per}"
    )


def _usd(price: int) -> Value:
    """USD, exact."""
    return Decimal(price) / UNIT


LOOKUP: Final = LookupType(
    name="product",
    summary="A product to rent.",
    criteria={
        "gpu": {**TEXT, "description": "The name of a GPU product, or a part of it."},
        "cpu": {**TEXT, "description": "The name of a CPU product, or a part of it."},
        "use": {
            "enum": ["instance", _FOR_ENDPOINTS],
            "default": "instance",
            "description": "What it is for: endpoints have products of their own.",
        },
        **SCHEMAS,
        "cluster": {**TEXT, "description": "The cluster that must have it, by id or name."},
        "billingMode": {
            "enum": ["onDemand", "spot", "monthly"],
            "description": "The mode in which it must be offered, and whose price counts. Default: that on demand.",
        },
        "inStock": {
            "type": "boolean",
            "default": False,
            "description": "Whether it must be free now, where it is wanted.",
        },
        CHOOSE: {
            "enum": ["cheapest", ALL],
            "description": "What to take where products fit that differ: the cheapest that is free, or `all`, by id.",
        },
    },
    one_of=("gpu", "cpu", *SCHEMAS),
    attributes={
        "id": "its id",
        "name": "its name",
        "pricePerHour": "USD per hour (and GPU) in the billing mode; null where none is known, and for monthly",
        "gpuMemoryGb": "the memory of one GPU in GB; null where none is known",
        "clusters": "the ids of the clusters that have it and are wanted",
        "billingModes": "the modes in which it is offered",
        "inStock": "whether it is free in any cluster",
    },
    example={"gpu": "RTX", "minGpuMemoryGb": 24, "maxPricePerHour": 0.5, "choose": "cheapest"},
    needs=_needs,
    find=_find,
    narrowing="gpu, minGpuMemoryGb, maxPricePerHour, region, cluster, billingMode or inStock",
)

"""What the market offers: products in clusters with their stock, and what is free instead of something. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any, Final, Literal, TypeAlias

from novita_infra.catalogue.prices import usd
from novita_infra.catalogue.products import MEMORY, Catalogue, Cluster, Product
from novita_infra.catalogue.stock import Stock, StockNeed, StockQuery, listed_products
from novita_infra.kinds.kind import Kind
from novita_infra.kinds.toolkit.lookup import distinct_names, in_braces, is_offered, matching
from novita_infra.kinds.toolkit.wishes import Wish, affordable, clusters_with, hourly_price, memory_of
from novita_infra.model.frozen import dataclass
from novita_infra.model.values import Spec, Value

ProductPart: TypeAlias = Literal["gpu", "cpu", "serverless"]
"""A part of the catalogue that lists products."""
MOST_ALTERNATIVES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferFilter:
    """Which offers are wanted."""

    parts: tuple[ProductPart, ...]
    name: str = ""
    """The name of the product, or a part of it; empty for any."""
    wish: Wish = Wish()
    gpus: int = 1
    free: bool = False
    """Whether only what is free is wanted."""

    def query(self, part: ProductPart, cluster: str) -> StockQuery:
        """The query of the stock in a cluster."""
        if part == "gpu":
            return StockQuery(part, cluster, self.wish.mode or "onDemand", self.gpus)
        return StockQuery(part, cluster)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketOffer:
    """A product in a cluster."""

    need: StockNeed
    """What an object of it needs. Its name is empty where a manifest must name the id."""
    product: Product
    cluster: Cluster
    price: Fraction | None
    """The price of all GPUs per hour in the billing mode, in 1/100000 USD; None for an unknown one, and for 0, by which
    the API says that a mode is not offered."""
    free: bool | None
    """None where the stock of the cluster is not known."""


def offer_queries(catalogue: Catalogue, wanted: OfferFilter) -> frozenset[StockQuery]:
    """The stock that must be known: of each cluster that may have one of the products."""
    return frozenset(
        wanted.query(part, cluster.id)
        for part, products in _products(catalogue, wanted)[0].items()
        for product in products
        for cluster in _places(product, catalogue, wanted)
    )


def market_offers(
    catalogue: Catalogue, stock: Mapping[StockQuery, Sequence[Product] | None], wanted: OfferFilter
) -> tuple[tuple[MarketOffer, ...], str]:
    """The offers, those of each part by price; without any, why there is none.

    `stock` has the answers to `offer_queries`, and None for a query that was refused. A product that the answer for a
    cluster does not hold is not offered there.
    """
    by_part, reason = _products(catalogue, wanted)
    by_id = {query: None if found is None else {item.id: item for item in found} for query, found in stock.items()}
    found = [offer for part, products in by_part.items() for offer in _offers(part, products, by_id, catalogue, wanted)]
    offers = tuple(sorted((item for item in found if item.free or not wanted.free), key=_order(wanted.parts)))
    if not offers and not reason:
        names = ", ".join(dict.fromkeys(item.name for products in by_part.values() for item in products))
        reason = f"none is free: {names}" if found else f"no cluster offers it: {names}"
    return offers, reason


def _products(catalogue: Catalogue, wanted: OfferFilter) -> tuple[dict[ProductPart, tuple[Product, ...]], str]:
    """By part, the products that are wanted; without any, why there is none."""
    found, reasons = {}, []
    for part in wanted.parts:
        listed: tuple[Product, ...] = getattr(catalogue, part)
        named = matching(listed, wanted.name) if wanted.name else listed
        found[part], reason = affordable(named, wanted.wish, catalogue) if named else ((), "the API lists no product")
        reasons.append(reason)
    return found, "" if any(found.values()) else next(iter(reasons), "")


def _places(product: Product, catalogue: Catalogue, wanted: OfferFilter) -> tuple[Cluster, ...]:
    places = wanted.wish.clusters
    return clusters_with(product, catalogue.clusters if places is None else places)


def _offers(
    part: ProductPart,
    products: Sequence[Product],
    stock: Mapping[StockQuery, Mapping[str, Product] | None],
    catalogue: Catalogue,
    wanted: OfferFilter,
) -> Iterator[MarketOffer]:
    names = distinct_names(getattr(catalogue, part))
    for product in products:
        hourly = hourly_price(product, wanted.wish.mode)
        for cluster in _places(product, catalogue, wanted):
            query = wanted.query(part, cluster.id)
            listed = stock.get(query)
            here = product if listed is None else listed.get(product.id)
            if here is not None:
                yield MarketOffer(
                    need=StockNeed(query, product.id, product.name if product.name in names else ""),
                    product=replace(
                        product,
                        max_root_gb=here.max_root_gb or product.max_root_gb,
                        inventory="" if listed is None else here.inventory,
                    ),
                    cluster=cluster,
                    price=Fraction(hourly) * wanted.gpus if hourly else None,
                    free=None if listed is None else here.available,
                )


def _order(parts: Sequence[ProductPart]) -> Callable[[MarketOffer], tuple[Any, ...]]:
    def key(offer: MarketOffer) -> tuple[Any, ...]:
        price, place = offer.price, (offer.product.name, offer.product.id, offer.cluster.id)
        return parts.index(offer.need.query.part), price is None, price or Fraction(0), not offer.free, *place

    return key


# --- alternatives ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Alternative:
    """A product that is free instead of one that is not."""

    query: StockQuery
    """The stock in which it is free."""
    product: Product
    price: int | Fraction
    """Per hour and GPU in the billing mode, in 1/100000 USD."""
    elsewhere: bool
    """Whether it is free in another cluster than the wanted one; which one is not known."""


def alternatives(needs: Sequence[StockNeed], stock: Stock, catalogue: Catalogue) -> tuple[Alternative, ...]:
    """The cheapest products that are free: first where one is needed, then in other clusters.

    They are of the same list, billing mode and number of GPUs, and have no less GPU memory, as far as it is known.
    """
    taken = {(need.query, need.id) for need in needs}
    least = min((memory for need in needs if (memory := _memory(need, catalogue)) is not None), default=0)
    queries, others = alternative_queries(needs)
    here = list(_free(queries, stock, catalogue))
    known = all(listed_products(query, stock, catalogue) is not None for query in queries)
    # What is free where it is needed may be free nowhere else.
    ids = {product.id for _, product in here}
    elsewhere = [item for item in _free(others, stock, catalogue) if known and item[1].id not in ids]
    found: dict[str, Alternative] = {}
    for free in ([item for item in here if (item[0], item[1].id) not in taken], elsewhere):
        fitting = [
            Alternative(query, product, price, elsewhere=free is elsewhere)
            for query, product in free
            if is_offered(product, query.mode) and (memory_of(product, catalogue) or least) >= least
            if (price := hourly_price(product, query.mode))
        ]
        for item in sorted(fitting, key=lambda item: (item.price, item.product.name, item.product.id)):
            found.setdefault(item.product.id, item)
    return tuple(found.values())[:MOST_ALTERNATIVES]


def _free(queries: Iterable[StockQuery], stock: Stock, catalogue: Catalogue) -> Iterator[tuple[StockQuery, Product]]:
    """The free products by query."""
    for query in queries:
        for product in listed_products(query, stock, catalogue) or ():
            if product.available:
                yield query, product


def alternative_queries(needs: Iterable[StockNeed]) -> tuple[tuple[StockQuery, ...], tuple[StockQuery, ...]]:
    """The stock that shows alternatives: where something is needed, and in any cluster."""
    here = tuple(dict.fromkeys(need.query for need in needs))
    anywhere = dict.fromkeys(replace(query, cluster="") for query in here)
    return here, tuple(query for query in anywhere if query not in here)


def alternative_parts(needs: Iterable[StockNeed]) -> frozenset[str]:
    """The parts of the catalogue that show alternatives, beside the stock."""
    parts = {need.query.part for need in needs}
    return frozenset({*parts, *((MEMORY,) if "gpu" in parts else ())})


def alternatives_in_words(found: Iterable[Alternative], kind: Kind, catalogue: Catalogue) -> str:
    """The alternatives as lines of a manifest of the kind, with their prices; empty without any."""
    places: dict[str, list[str]] = {}
    for item in found:
        cluster = item.query.cluster
        place = "in another cluster" if item.elsewhere else f"in {cluster}" if cluster else "now"
        places.setdefault(place, []).append(_in_words(item, kind, catalogue))
    return "; ".join(f"free {place}: {', '.join(texts)}" for place, texts in places.items())


def manifest_lines(spec: Spec) -> Iterator[str]:
    """The fields of a spec as lines of YAML: `product: {gpu: RTX 4090 24GB}`."""
    for name, value in spec.items():
        yield f"{name}: {_flow(value)}"


def _memory(need: StockNeed, catalogue: Catalogue) -> int | None:
    listed: tuple[Product, ...] = getattr(catalogue, need.query.part)
    return next((memory_of(item, catalogue) for item in listed if item.id == need.id), None)


def _in_words(item: Alternative, kind: Kind, catalogue: Catalogue) -> str:
    product, part = item.product, item.query.part
    name = product.name if product.name in distinct_names(getattr(catalogue, part)) else ""
    needing = kind.market.spec_needing
    spec = needing(StockNeed(item.query, product.id, name), product) if needing else {}
    named = {key: value for key, value in spec.items() if key == kind.placement.product}
    per = "" if part == "cpu" else " per GPU"
    return f"`{' '.join(manifest_lines(named))}` at {usd(item.price)}/h{per}"


def _flow(value: Value | Any) -> str:
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{name}: {_flow(item)}' for name, item in value.items())}}}"
    return in_braces(value) if isinstance(value, str) else str(value)

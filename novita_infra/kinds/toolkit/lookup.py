"""Looks up products and clusters in the catalogue by name. Pure.

A name that nothing matches is a SpecError. Missing stock is none: it may change until the create.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from novita_infra.catalogue.products import Catalogue, Cluster, Product
from novita_infra.kinds.kind import SpecError
from novita_infra.model.diagnostics import nearest

Named = TypeVar("Named", Cluster, Product)


def find_cluster(
    catalogue: Catalogue, name: str, *, path: tuple[str | int, ...] = ("cluster",), kept: str = ""
) -> str | SpecError:
    """The id of the cluster of that id or name, or of the only one with the name as a part of its own.

    `kept` is the id of the live object's cluster, which wins where it matches.
    """
    if kept and name == kept:
        return kept
    found = matching(catalogue.clusters, name)
    if kept and any(item.id == kept for item in found):
        return kept
    if len(found) == 1:
        return found[0].id
    if not found:
        known = [text for item in catalogue.clusters for text in (item.id, item.name)]
        return SpecError(path, f'no cluster "{name}"', nearest(name, known))
    names = ", ".join(f"{item.id} ({item.name})" for item in found)
    return SpecError(path, f'"{name}" may be any of several clusters', f"name one of {names}")


def find_product(
    products: Sequence[Product],
    name: str,
    *,
    path: tuple[str | int, ...] = ("product",),
    mode: str = "",
    cluster: Cluster | None = None,
    kept: str = "",
) -> Product | SpecError:
    """The product of that id or name, or the best of those with the name as a part of their own.

    Best is: offered for the billing mode, offered in the cluster, available, cheapest, then the first by id.
    `kept` is the id of the live object's product, which wins where it matches.
    """
    found = matching(products, name)
    if not found:
        return SpecError(path, f'no product "{name}"', nearest(name, [item.name for item in products]))
    for item in found:
        if item.id == kept:
            return item
    return min(found, key=_preference(mode, cluster))


def matching(known: Sequence[Named], name: str) -> tuple[Named, ...]:
    """The items that a name matches: the one of that id, else those of that name, else those with it in their name.

    Upper and lower case are the same. A name that holds it as whole words comes before one that holds it inside a
    word, so that `RTX 4090` does not match an `RTX 4090D` where there is an `RTX 4090 24GB`.
    """
    text = name.strip().lower()
    if not text:
        return ()
    words = re.compile(rf"(?<!\w){re.escape(text)}(?!\w)")
    tests: tuple[Callable[[Named], bool], ...] = (
        lambda item: item.id == name,
        lambda item: item.name.lower() == text,
        lambda item: words.search(item.name.lower()) is not None,
        lambda item: text in item.name.lower(),
    )
    return next((found for test in tests if (found := tuple(filter(test, known)))), ())


def price_in_mode(product: Product, mode: str) -> int | None:
    """The price of the product in that billing mode: 1/100000 USD per hour, or for the fewest offered months."""
    match mode:
        case "spot":
            return product.spot_price
        case "monthly":
            return product.monthly[min(product.monthly)] if product.monthly else None
        case _:
            return product.price


def is_offered(product: Product, mode: str) -> bool:
    """Whether the product is offered in that billing mode. A product without listed modes counts as offered in all."""
    return not mode or not product.billing_modes or mode in product.billing_modes


def _preference(mode: str, cluster: Cluster | None) -> Callable[[Product], tuple[bool, bool, bool, float, str]]:
    places = {cluster.id, cluster.name} if cluster else set()

    def key(item: Product) -> tuple[bool, bool, bool, float, str]:
        here = not places or not item.clusters or not places.isdisjoint(item.clusters)
        cost = price_in_mode(item, mode)
        return not is_offered(item, mode), not here, not item.available, math.inf if cost is None else cost, item.id

    return key

"""Finds in the catalogue what a manifest wishes for: pure, and the same for the same catalogue.

A wish that nothing meets is a Fault. That nothing is free is none: creating will tell, by then it may have changed.
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
    catalogue: Catalogue, wish: str, *, path: tuple[str | int, ...] = ("cluster",), kept: str = ""
) -> str | SpecError:
    """The id of the cluster of that id or name, or of the only one whose name has the wish in it.

    `kept` is the id of the cluster where the object lives; it stays where it satisfies the wish.
    """
    if kept and wish == kept:
        return kept
    found = matching(catalogue.clusters, wish)
    if kept and any(item.id == kept for item in found):
        return kept
    if len(found) == 1:
        return found[0].id
    if not found:
        known = [text for item in catalogue.clusters for text in (item.id, item.name)]
        return SpecError(path, f'no cluster "{wish}"', nearest(wish, known))
    names = ", ".join(f"{item.id} ({item.name})" for item in found)
    return SpecError(path, f'"{wish}" may be any of several clusters', f"name one of {names}")


def find_product(
    products: Sequence[Product],
    wish: str,
    *,
    path: tuple[str | int, ...] = ("product",),
    mode: str = "",
    cluster: Cluster | None = None,
    kept: str = "",
) -> Product | SpecError:
    """The product of that id or name, or the best of those whose name has the wish in it.

    Best is: offered for the billing mode, offered in the cluster, available, cheapest, then the first by id.
    `kept` is the id of the product that the object has; it stays where it satisfies the wish.
    """
    found = matching(products, wish)
    if not found:
        return SpecError(path, f'no product "{wish}"', nearest(wish, [item.name for item in products]))
    for item in found:
        if item.id == kept:
            return item
    return min(found, key=_preference(mode, cluster))


def matching(known: Sequence[Named], wish: str) -> tuple[Named, ...]:
    """What the wish may mean: the one of that id, else those of that name, else those that have it in their name.

    Upper and lower case are the same. A name that has the wish as whole words comes before one that has it within a
    word, so that `RTX 4090` does not mean an `RTX 4090D` where there is an `RTX 4090 24GB`.
    """
    text = wish.strip().lower()
    if not text:
        return ()
    words = re.compile(rf"(?<!\w){re.escape(text)}(?!\w)")
    tests: tuple[Callable[[Named], bool], ...] = (
        lambda item: item.id == wish,
        lambda item: item.name.lower() == text,
        lambda item: words.search(item.name.lower()) is not None,
        lambda item: text in item.name.lower(),
    )
    return next((found for test in tests if (found := tuple(filter(test, known)))), ())


def price(product: Product, mode: str) -> int | None:
    """What the product costs in that billing mode: 1/100000 USD per hour, or for the fewest months that are offered."""
    match mode:
        case "spot":
            return product.spot_price
        case "monthly":
            return product.monthly[min(product.monthly)] if product.monthly else None
        case _:
            return product.price


def offers(product: Product, mode: str) -> bool:
    """Whether the product can be had in that billing mode; one that names no modes is believed to have all."""
    return not mode or not product.billing_modes or mode in product.billing_modes


def _preference(mode: str, cluster: Cluster | None) -> Callable[[Product], tuple[bool, bool, bool, float, str]]:
    places = {cluster.id, cluster.name} if cluster else set()

    def key(item: Product) -> tuple[bool, bool, bool, float, str]:
        here = not places or not item.clusters or not places.isdisjoint(item.clusters)
        cost = price(item, mode)
        return not offers(item, mode), not here, not item.available, math.inf if cost is None else cost, item.id

    return key

"""Looks up products and clusters in the catalogue by name. Pure.

A name that nothing matches is a SpecError, and so is one that matches several that differ: nothing is chosen without a
word of the manifest. Missing stock is no error: it may change until the create.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from novita_infra.api.json_values import object_of
from novita_infra.catalogue.prices import usd
from novita_infra.catalogue.products import NAMED_MEMORY, Catalogue, Cluster, Product
from novita_infra.kinds.kind import SpecError
from novita_infra.model.diagnostics import nearest
from novita_infra.model.values import Spec

_MOST_LISTED: Final = 20
"""The most candidates that a message lists."""
_UNQUOTED: Final = re.compile(r"(?!(?i:null|true|false|yes|no|on|off|y|n)\Z)[A-Za-z](?:[\w .()+/-]*[\w.()+/-])?")
"""A text that YAML reads as itself inside of braces."""

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
    cheapest: bool = False,
) -> Product | SpecError:
    """The product of that id or name, or the best of those with the name as a part of their own.

    Products of one name differ in nothing but size and place. Best is: offered for the billing mode, offered in the
    cluster, available, cheapest, then the first by id. Products of several names are an error, unless the `cheapest`
    is wanted. `kept` is the id of the live object's product, which wins where it matches.
    """
    found = matching(products, name)
    if not found:
        return no_product(products, name, path=path)
    for item in found:
        if item.id == kept:
            return item
    return best_of(found, name, path=path, mode=mode, cluster=cluster, cheapest=cheapest)


def no_product(products: Sequence[Product], name: str, *, path: tuple[str | int, ...]) -> SpecError:
    """The error that no product has the name."""
    return SpecError(path, f'no product "{name}"', nearest(name, [item.name for item in products]))


def best_of(
    found: Sequence[Product],
    name: str,
    *,
    path: tuple[str | int, ...],
    mode: str = "",
    cluster: Cluster | None = None,
    cheapest: bool = False,
) -> Product | SpecError:
    """The best of some products, as `find_product` says; `name` is what the manifest calls them, if anything."""
    if not cheapest and (error := ambiguity(found, name, path=path, mode=mode)) is not None:
        return error
    return min(found, key=_preference(mode, cluster))


def ambiguity(found: Sequence[Product], name: str, *, path: tuple[str | int, ...], mode: str) -> SpecError | None:
    """The error that several products fit that differ, with their prices; None where all have one name.

    `name` is what the manifest calls them; empty where it has only wishes.
    """
    models: dict[str, Product] = {}
    counts: dict[str, int] = {}
    for item in sorted(found, key=lambda item: (_cost(item, mode), item.name, item.id)):
        models.setdefault(_plain(item.name), item)
        counts[_plain(item.name)] = counts.get(_plain(item.name), 0) + 1
    if len(models) == 1:
        return None
    key = str(path[-1])
    unit = "" if key == "cpu" else " per GPU"
    listed = [
        f"{item.name} ({'from ' if counts[text] > 1 else ''}{_price_in_words(item, mode, unit)})"
        for text, item in list(models.items())[:_MOST_LISTED]
    ]
    more = f" and {len(models) - _MOST_LISTED} more" if len(models) > _MOST_LISTED else ""
    first = next(iter(models.values())).name
    if not name:
        hint = f"name one of them (`gpu: {in_braces(first)}`), or add `choose: cheapest` for the cheapest that is free"
        return SpecError(path, f"several products fit that differ: {', '.join(listed)}{more}", hint)
    hint = (
        f"name one of them (`{key}: {in_braces(first)}`), or write `{{{key}: {in_braces(name)}, choose: cheapest}}` "
        "for the cheapest that is free"
    )
    return SpecError(path, f'"{name}" may be any of several products: {", ".join(listed)}{more}', hint)


def still_satisfies(wish: str, recorded: Spec | None, *, kept: str) -> bool:
    """Whether the live product, by its id, is what this very wish gave before: the catalogue may have changed since."""
    product = object_of((recorded or {}).get("product"))
    return bool(kept) and product.get("id") == kept and wish in (product.get("gpu"), product.get("cpu"))


def matching(known: Sequence[Named], name: str) -> tuple[Named, ...]:
    """The items that a name matches: the one of that id, else those of that name, else those with it in their name.

    Upper and lower case are the same. The name of a GPU without the size of its memory is a whole name, too. A name
    that holds it as whole words comes before one that holds it inside a word. So `RTX 4090` is an `RTX 4090 24GB`, and
    neither an `RTX 4090 D 24GB` nor an `RTX 4090D`.
    """
    text = _plain(name)
    if not text:
        return ()
    words = re.compile(rf"(?<!\w){re.escape(text)}(?!\w)")
    tests: tuple[Callable[[Named], bool], ...] = (
        lambda item: item.id == name,
        lambda item: _plain(item.name) == text,
        lambda item: NAMED_MEMORY.sub("", _plain(item.name)).rstrip() == text,
        lambda item: words.search(_plain(item.name)) is not None,
        lambda item: fits(item, name),
    )
    return next((found for test in tests if (found := tuple(filter(test, known)))), ())


def fits(item: Named, name: str) -> bool:
    """Whether a name may mean the item, however close others are."""
    return item.id == name or (bool(text := _plain(name)) and text in _plain(item.name))


def distinct_names(products: Sequence[Product]) -> frozenset[str]:
    """The names of products that each mean one of them, as `matching` reads a name."""
    counts = Counter(_plain(item.name) for item in products)
    ids = {item.id for item in products}
    return frozenset(item.name for item in products if counts[_plain(item.name)] == 1 and item.name not in ids)


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
        return not is_offered(item, mode), not here, not item.available, _cost(item, mode), item.id

    return key


def _cost(product: Product, mode: str) -> float:
    """The price for sorting: a product without one is the last."""
    price = price_in_mode(product, mode)
    return math.inf if price is None else price


def _price_in_words(product: Product, mode: str, unit: str) -> str:
    price = price_in_mode(product, mode)
    if price is None:
        return "price not known" if is_offered(product, mode) else f"not offered as {mode}"
    if mode != "monthly":
        return f"{usd(price)}/h{unit}"
    months = min(product.monthly)
    return f"{usd(price)} for {months} month{'' if months == 1 else 's'}{unit}"


def _plain(text: str) -> str:
    return " ".join(text.lower().split())


def in_braces(text: str) -> str:
    """The text as YAML inside of braces."""
    return text if _UNQUOTED.fullmatch(text) else json.dumps(text, ensure_ascii=False)

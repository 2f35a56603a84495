"""Wishes for a GPU product beside its name, and the products of the catalogue that fulfil them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any, Final

from novita_infra.catalogue.prices import MONTH, usd
from novita_infra.catalogue.products import MEMORY, UNIT, Catalogue, Cluster, Product
from novita_infra.kinds.kind import SpecError
from novita_infra.kinds.toolkit.field_schemas import TEXT
from novita_infra.kinds.toolkit.lookup import find_cluster, is_offered, matching, price_in_mode
from novita_infra.model.diagnostics import nearest
from novita_infra.model.frozen import dataclass
from novita_infra.model.values import Spec, Value

SCHEMAS: Final[Mapping[str, Any]] = {
    "minGpuMemoryGb": {
        "type": "integer",
        "minimum": 1,
        "description": "The least memory of a GPU, in GB.",
    },
    "maxPricePerHour": {
        "anyOf": [
            {"type": "number", "exclusiveMinimum": 0},
            {"type": "string", "pattern": r"^[0-9]+(\.[0-9]{1,5})?$", "examples": ["1.25"]},
        ],
        "description": "The most that a GPU may cost, in USD per hour.",
    },
    "region": {**TEXT, "description": "The clusters, by a part of their names: `US`, `California`, `us-ca-6`."},
}
"""The wishes that may stand beside the name of a GPU product, or instead of it."""


ASK_FOR_LESS: Final = "ask for less, or allow a higher price"
"""What to do where no product fulfils the wishes."""


def has_wish(product: Mapping[str, Value]) -> bool:
    """Whether a declared product has a wish beside its name, or instead of one."""
    return not SCHEMAS.keys().isdisjoint(product)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a product must have beside its name. Nothing is wished by default."""

    memory_gb: int = 0
    most: Decimal | None = None
    """The highest price per GPU and hour, in 1/100000 USD."""
    mode: str = ""
    """The billing mode, in which it is offered and whose price counts; empty for any, and the price on demand."""
    clusters: tuple[Cluster, ...] | None = None
    """The clusters of which one must have it; None for any."""


def price_limit(value: Value) -> Decimal | None:
    """A declared price of USD per hour in 1/100000 USD; None for none, and for one that is not known."""
    try:
        return None if value is None else Decimal(str(value)) * UNIT
    except InvalidOperation:
        return None


def find_region(
    catalogue: Catalogue, name: str, *, path: tuple[str | int, ...] = ("region",)
) -> tuple[Cluster, ...] | SpecError:
    """The clusters of a region: of that id or name, or with it as a part of their own."""
    found = matching(catalogue.clusters, name)
    if found:
        return found
    hint = nearest(name, [text for item in catalogue.clusters for text in (item.name, item.id)])
    if not hint.startswith("did you mean"):
        hint = nearest("", [f"{item.id} ({item.name})" for item in catalogue.clusters])
    return SpecError(path, f'no cluster is in the region "{name}"', hint)


def clusters_of_region(
    catalogue: Catalogue, name: str, *, beside: str = "", path: tuple[str | int, ...] = ("region",)
) -> tuple[Cluster, ...] | SpecError:
    """The clusters of a region; of these only `beside`, the id of a cluster that is wanted too, unless it is empty."""
    found = find_region(catalogue, name, path=path)
    if isinstance(found, SpecError) or not beside:
        return found
    listed = ", ".join(f"{item.id} ({item.name})" for item in found)
    summary = f'cluster {beside} is not in the region "{name}"'
    here = tuple(item for item in found if item.id == beside)
    return here or SpecError(path, summary, f"clusters in it: {listed}", impossible=True)


def clusters_wanted(
    catalogue: Catalogue, *, cluster: str = "", region: str = ""
) -> tuple[Cluster, ...] | SpecError | None:
    """The clusters by the id or name of one, and by the name of a region; None where neither is named."""
    found: str | SpecError = find_cluster(catalogue, cluster) if cluster else ""
    if isinstance(found, SpecError):
        return found
    if region:
        return clusters_of_region(catalogue, region, beside=found)
    return tuple(item for item in catalogue.clusters if item.id == found) if found else None


def memory_of(product: Product, catalogue: Catalogue) -> int | None:
    """The memory of one GPU in GB; None where neither an answer nor the name holds it."""
    return catalogue.gpu_memory.get(product.id) or product.gpu_memory_gb or None


def fulfilling(products: Sequence[Product], wish: Wish, catalogue: Catalogue) -> tuple[tuple[Product, ...], str]:
    """The products that fulfil the wish, whatever they cost; without any, why there is none."""
    for test, reason in _tests(wish, catalogue):
        left = tuple(item for item in products if test(item))
        if not left:
            return (), reason(products)
        products = left
    return tuple(products), ""


def hourly_price(product: Product, mode: str) -> int | Fraction | None:
    """The price per hour in that billing mode, in 1/100000 USD: that of a month by the hours of the shortest term."""
    price = price_in_mode(product, mode)
    return price if price is None or mode != "monthly" else Fraction(price, min(product.monthly) * MONTH)


def is_too_dear(product: Product, wish: Wish) -> bool:
    """Whether the product costs more than is wished. An unknown price does."""
    price = hourly_price(product, wish.mode)
    return wish.most is not None and (price is None or price > wish.most)


def why_too_dear(products: Iterable[Product], wish: Wish) -> str:
    """Why none of these is cheap enough: the cheapest of them."""
    priced = [(price, item.name) for item in products if (price := hourly_price(item, wish.mode)) is not None]
    if not priced:
        return "no price is known"
    price, name = min(priced)
    return f"the cheapest costs {usd(price)}/h per GPU ({name})"


def affordable(products: Sequence[Product], wish: Wish, catalogue: Catalogue) -> tuple[tuple[Product, ...], str]:
    """The products that fulfil the wish and its price; without any, why there is none."""
    fitting, reason = fulfilling(products, wish, catalogue)
    cheap = tuple(item for item in fitting if not is_too_dear(item, wish))
    return cheap, "" if cheap else reason or why_too_dear(fitting, wish)


def clusters_with(product: Product, clusters: Iterable[Cluster]) -> tuple[Cluster, ...]:
    """Those of the clusters that have the product."""
    return tuple(item for item in clusters if not product.clusters or {item.id, item.name} & {*product.clusters})


_Test = tuple[Callable[[Product], bool], Callable[[Sequence[Product]], str]]


def _tests(wish: Wish, catalogue: Catalogue) -> Iterator[_Test]:
    """Each wish that limits products, and the reason where none is left."""
    if wish.memory_gb:
        yield (
            lambda item: (memory_of(item, catalogue) or 0) >= wish.memory_gb,
            lambda products: _why_too_small(products, wish.memory_gb, catalogue),
        )
    if wish.mode:
        yield (lambda item: is_offered(item, wish.mode), lambda _: f"it is not offered as {wish.mode}")
    if wish.clusters is not None:
        clusters = wish.clusters
        names = ", ".join(f"{item.id} ({item.name})" for item in clusters)
        yield (lambda item: bool(clusters_with(item, clusters)), lambda _: f"it is not in {names}")


def _why_too_small(products: Iterable[Product], least: int, catalogue: Catalogue) -> str:
    known = [(memory, item.name) for item in products if (memory := memory_of(item, catalogue))]
    if not known:
        return "the memory of its GPU is not known"
    most, name = max(known)
    return f"the most memory is {most} GB ({name}), less than {least} GB"


def wish_of(declared: Mapping[str, Value], *, mode: str, clusters: tuple[Cluster, ...] | None) -> Wish:
    """The wish of a declared product. What is not known yet is not wished."""
    memory = declared.get("minGpuMemoryGb")
    return Wish(
        memory_gb=memory if isinstance(memory, int) else 0,
        most=price_limit(declared.get("maxPricePerHour")),
        mode=mode,
        clusters=clusters,
    )


def memory_part(products: Iterable[Spec]) -> tuple[str, ...]:
    """The part of the catalogue that declared products need beside the list of products."""
    return (MEMORY,) if any("minGpuMemoryGb" in item for item in products) else ()

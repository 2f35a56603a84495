"""The products that the API lists. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import ClassVar, Final

from novita_infra.catalogue.prices import usd
from novita_infra.catalogue.products import Catalogue, Product
from novita_infra.kinds.toolkit.wishes import memory_of
from novita_infra.model.frozen import dataclass
from novita_infra.views.content.listing import Listing, cell, fact

TYPES: Final = ("gpu", "cpu", "serverless")
"""The lists of products: of GPU instances, of CPU instances, and of endpoints."""


@dataclass(frozen=True, slots=True)
class MonthsPrice:
    """The price of some months that are paid at once, for one GPU."""

    months: int = fact("The number of months.")
    price: Fraction = fact("The price of all these months, in USD.")

    def __str__(self) -> str:
        return f"{usd(self.price)}/{f'{self.months} ' if self.months > 1 else ''}mo"


@dataclass(frozen=True, slots=True)
class DiskLimits:
    """The least and the largest root disk."""

    least: int = fact("The least size, in GB; 0 if it is not known.")
    most: int = fact("The largest size, in GB; 0 if it is not known.")

    def __str__(self) -> str:
        return f"{self.least}-{self.most}" if self.least != self.most else str(self.most or "-")


@dataclass(frozen=True, slots=True)
class MachineSize:
    """The size of a machine; of a GPU product, for each GPU."""

    gpu_memory_gb: int | None = fact("The memory of one GPU, in GB; null if it is not known, or there is none.")
    cores: int | None = fact("The CPU cores; null if they are not known.")
    ram_gb: int | None = fact("The memory, in GB; null if it is not known.")
    root_disk: DiskLimits = fact("The sizes that the root disk may have.")


@dataclass(frozen=True, slots=True)
class ProductRow:
    """A product, as the API lists it."""

    type: str = fact("The list that holds it: `gpu`, `cpu` (instances) or `serverless` (endpoints).", title="TYPE")
    name: str = fact("The name.", title="PRODUCT")
    id: str = fact("The id.", title="ID")
    free: bool = fact("Whether it is free in any cluster.", title="FREE")
    on_demand: Fraction | None = fact("The price on demand, per hour and GPU; null for none.", title="PER HOUR")
    spot: Fraction | None = fact("The price at spot, per hour and GPU; null for none.", title="SPOT")
    monthly: tuple[MonthsPrice, ...] = fact("The prices of months that are paid at once.")
    month: str = cell("MONTHLY")
    size: MachineSize = fact("The size of the machine.")
    gpu_memory: str = cell("VRAM GB")
    root_disk: str = cell("DISK GB")
    billing_modes: tuple[str, ...] = fact("The billing modes in which it is offered; empty if they are not listed.")
    clusters: tuple[str, ...] = fact("The clusters that have it, as the API names them; empty for every cluster.")
    where: str = cell("CLUSTERS")


@dataclass(frozen=True, slots=True)
class ProductListing(Listing):
    """The products that the account can rent, as `products --json` prints them."""

    name: ClassVar[str] = "products"
    row: ClassVar[type] = ProductRow
    empty: ClassVar[str] = "The API lists no product."

    rows: tuple[ProductRow, ...]


def product_listing(catalogue: Catalogue) -> ProductListing:
    """The products of the lists that were read: by type, price and name."""
    return ProductListing(tuple(_rows(catalogue)))


def months_prices(product: Product) -> tuple[MonthsPrice, ...]:
    """The prices of months, the shortest term first."""
    return tuple(MonthsPrice(months, Fraction(price)) for months, price in sorted(product.monthly.items()) if price)


def machine_size(product: Product, catalogue: Catalogue) -> MachineSize:
    """The size of a machine of the product."""
    return MachineSize(
        memory_of(product, catalogue),
        product.cores or None,
        product.ram_gb or None,
        DiskLimits(product.min_root_gb, product.max_root_gb),
    )


def price_or_none(price: int | None) -> Fraction | None:
    """A price; a price of 0 means that the mode is not offered."""
    return Fraction(price) if price else None


def _rows(catalogue: Catalogue) -> Iterator[ProductRow]:
    for part in TYPES:
        listed: tuple[Product, ...] = getattr(catalogue, part)
        for product in sorted(listed, key=lambda item: (not item.price, item.price, item.name, item.id)):
            yield _row(part, product, catalogue)


def _row(part: str, product: Product, catalogue: Catalogue) -> ProductRow:
    size, monthly = machine_size(product, catalogue), months_prices(product)
    return ProductRow(
        type=part,
        name=product.name,
        id=product.id,
        free=product.available,
        on_demand=price_or_none(product.price),
        spot=price_or_none(product.spot_price),
        monthly=monthly,
        month=str(monthly[0]) if monthly else "-",
        size=size,
        gpu_memory=str(size.gpu_memory_gb or "-"),
        root_disk=str(size.root_disk),
        billing_modes=product.billing_modes,
        clusters=product.clusters,
        where=", ".join(product.clusters) or "every",
    )

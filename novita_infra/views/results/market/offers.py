"""The offers of the market: a table by price, and what a manifest says to get the first one. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any, ClassVar

from novita_infra.catalogue.prices import usd
from novita_infra.catalogue.products import Catalogue, Product
from novita_infra.kinds.kind import Kind
from novita_infra.kinds.toolkit.market import MarketOffer, manifest_lines
from novita_infra.model.frozen import dataclass
from novita_infra.views.content.lines import Line, Tone, line
from novita_infra.views.content.listing import Listing, cell, fact
from novita_infra.views.results.market.products import (
    MachineSize,
    MonthsPrice,
    machine_size,
    months_prices,
    price_or_none,
)


@dataclass(frozen=True, slots=True)
class OfferPrices:
    """The prices of one GPU, or of a CPU machine."""

    on_demand: Fraction | None = fact("Per hour on demand, in USD; null for none.")
    spot: Fraction | None = fact("Per hour at spot, in USD; null for none.")
    monthly: tuple[MonthsPrice, ...] = fact("For some months at once.")


@dataclass(frozen=True, slots=True)
class OfferManifest:
    """What a manifest says to get the offer."""

    kind: str = fact("The kind of the manifest.")
    spec: Mapping[str, Any] = fact("Fields of its spec.")


@dataclass(frozen=True, slots=True)
class OfferCluster:
    """The cluster of an offer."""

    id: str = fact("The id.")
    name: str = fact("The name.")
    network_storage: bool = fact("Whether network storages are possible there.")
    vpc: bool = fact("Whether private networks are possible there.")

    def __str__(self) -> str:
        return self.id


@dataclass(frozen=True, slots=True)
class OfferRow:
    """A product in a cluster."""

    product: str = fact("The name of the product.", title="PRODUCT")
    id: str = fact("The id of the product.", title="ID")
    type: str = fact("The list that holds it: `gpu`, `cpu` (instances) or `serverless` (endpoints).")
    cluster: OfferCluster = fact("The cluster.", title="CLUSTER")
    free: bool | None = fact("Whether it is free there now; null if the API does not say.", title="FREE")
    inventory: str | None = fact("How much is free there, in a word of the API; null if it does not say.")
    per_hour: Fraction | None = fact(
        "The price of all GPUs per hour in the chosen billing mode, in USD; null if it is not known.", title="PER HOUR"
    )
    prices: OfferPrices = fact("The prices of one GPU, or of a CPU machine.")
    spot: str = cell("SPOT")
    month: str = cell("MONTHLY")
    size: MachineSize = fact("The size of the machine.")
    gpu_memory: str = cell("VRAM GB")
    root_disk: str = cell("DISK GB")
    features: str = cell("FEATURES")
    manifest: OfferManifest = fact("What a manifest says to get it.")


@dataclass(frozen=True, slots=True)
class OfferListing(Listing):
    """The offers of the market by price, as `offers --json` prints them."""

    name: ClassVar[str] = "offers"
    row: ClassVar[type] = OfferRow
    empty: ClassVar[str] = "No offer fits."

    rows: tuple[OfferRow, ...]
    reason: str = ""
    """Why there is none."""
    limit: int | None = None
    """The most offers that the text shows; None for all."""

    def lines(self) -> Iterator[Line]:
        """The table with the lines of a manifest; without rows, the reason."""
        if self.rows or not self.reason:
            yield from Listing.lines(self)
        else:
            yield line((f"No offer fits: {self.reason}.", Tone.CHANGE))

    def table(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """The titles of the columns, and the cells of each row that is shown."""
        return Listing.table(replace(self, rows=self.rows[: self.limit]))

    def closing(self) -> Iterator[Line]:
        shown, left = self.rows[: self.limit], self.rows[self.limit :] if self.limit else ()
        if left:
            types = " and ".join(f"{sum(row.type == name for row in left):,} {name}" for name in _types(left))
            yield line(f"{len(left):,} more offers ({types}): --limit 0 shows all.")
        names = {row.cluster.id: row.cluster.name for row in shown if row.cluster.name not in {"", row.cluster.id}}
        yield line()
        first = next((row for row in self.rows if row.free), self.rows[0])
        which = "the first that is free" if first.free else "the first one"
        yield line((f"For {which}, in the spec of an {first.manifest.kind}:", Tone.STRONG))
        for text in manifest_lines(first.manifest.spec):
            yield line(f"  {text}")
        if names:
            yield line()
            yield line("Clusters:")
            yield from (line(f"  {id}: {names[id]}") for id in sorted(names))


def offer_listing(
    offers: Iterable[MarketOffer],
    catalogue: Catalogue,
    kinds: Iterable[Kind],
    *,
    reason: str = "",
    limit: int | None = None,
) -> OfferListing:
    """The offers in their order; `kinds` say what a manifest says to get them. The text shows at most `limit`."""
    kinds = tuple(kinds)
    return OfferListing(tuple(_row(item, catalogue, kinds) for item in offers), reason, limit)


def _types(rows: Iterable[OfferRow]) -> list[str]:
    return list(dict.fromkeys(row.type for row in rows))


def _row(offer: MarketOffer, catalogue: Catalogue, kinds: tuple[Kind, ...]) -> OfferRow:
    product, cluster = offer.product, offer.cluster
    size, monthly = machine_size(product, catalogue), months_prices(product)
    features = (("network storage", cluster.network_storage), ("VPC", cluster.vpc))
    return OfferRow(
        product=product.name,
        id=product.id,
        type=offer.need.query.part,
        cluster=OfferCluster(cluster.id, cluster.name, cluster.network_storage, cluster.vpc),
        free=offer.free,
        inventory=product.inventory or None,
        per_hour=offer.price,
        prices=OfferPrices(price_or_none(product.price), price_or_none(product.spot_price), monthly),
        spot=_spot(product),
        month=str(monthly[0]) if monthly else "-",
        size=size,
        gpu_memory=str(size.gpu_memory_gb or "-"),
        root_disk=str(size.root_disk),
        features=", ".join(name for name, has in features if has) or "-",
        manifest=_manifest(offer, kinds),
    )


def _spot(product: Product) -> str:
    return usd(product.spot_price) if product.spot_price else "-"


def _manifest(offer: MarketOffer, kinds: tuple[Kind, ...]) -> OfferManifest:
    for kind in kinds:
        spec = kind.market.spec_needing(offer.need, offer.product) if kind.market.spec_needing else {}
        if spec:
            return OfferManifest(kind.name, spec)
    return OfferManifest("", {})

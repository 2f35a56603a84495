"""What is offered where, at what price, and whether it is free."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from novita_infra.api.errors import Refused
from novita_infra.catalogue.products import MEMORY, UNIT, Catalogue
from novita_infra.kinds.kind import SpecError
from novita_infra.kinds.toolkit.lookup import matching, no_product
from novita_infra.kinds.toolkit.market import MarketOffer, OfferFilter, ProductPart, market_offers, offer_queries
from novita_infra.kinds.toolkit.wishes import Wish, clusters_wanted
from novita_infra.model.diagnostics import Problems, problem
from novita_infra.model.frozen import dataclass
from novita_infra.operations.account.view import AccountView
from novita_infra.refresh.catalogue import read_catalogue, read_stock

ON_DEMAND: Final = "onDemand"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferOptions:
    """What the user asks of offers."""

    type: ProductPart | None = None
    """The list of products; None for those of GPU and CPU instances."""
    gpu: str = ""
    min_memory: int = 0
    """GB of one GPU."""
    max_price: Decimal | None = None
    """USD per hour and GPU."""
    cluster: str = ""
    region: str = ""
    billing: str = ""
    count: int = 1
    free: bool = False

    @property
    def parts(self) -> tuple[ProductPart, ...]:
        """The lists of products to read. What only GPU products have leaves the CPU products out."""
        if self.type is not None:
            return (self.type,)
        of_gpus = self.gpu or self.min_memory or self.count > 1 or self.billing not in {"", ON_DEMAND}
        return ("gpu",) if of_gpus else ("gpu", "cpu")


@dataclass(frozen=True, slots=True)
class FoundOffers:
    """The offers by price."""

    offers: tuple[MarketOffer, ...]
    reason: str
    """Why there is none; empty with offers."""
    catalogue: Catalogue


async def find_offers(view: AccountView, options: OfferOptions) -> FoundOffers:
    """The offers. Raises Problems for a product, a cluster or a region that does not exist, and ApiError.

    The calls are those of the lists, and one for each list and cluster that may offer something.
    """
    parts = options.parts
    catalogue = await read_catalogue(view.client, ("clusters", *parts, *((MEMORY,) if "gpu" in parts else ())))
    wanted = _filter(options, catalogue)
    answers = await read_stock(view.client, offer_queries(catalogue, wanted))
    stock = {query: None if isinstance(found, Refused) else found for query, found in answers.items()}
    offers, reason = market_offers(catalogue, stock, wanted)
    return FoundOffers(offers, reason, catalogue)


def _filter(options: OfferOptions, catalogue: Catalogue) -> OfferFilter:
    listed = [item for part in options.parts for item in getattr(catalogue, part)]
    if options.gpu and not matching(listed, options.gpu):
        raise _problem(no_product(listed, options.gpu, path=()))
    places = clusters_wanted(catalogue, cluster=options.cluster, region=options.region)
    if isinstance(places, SpecError):
        raise _problem(places)
    return OfferFilter(
        parts=options.parts,
        name=options.gpu,
        wish=Wish(
            memory_gb=options.min_memory,
            most=None if options.max_price is None else options.max_price * UNIT,
            mode=options.billing,
            clusters=places,
        ),
        gpus=options.count,
        free=options.free,
    )


def _problem(error: SpecError) -> Problems:
    return problem(error.summary, error.hint)

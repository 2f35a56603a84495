"""What of the catalogue is free in one cluster, and what an object takes of it: asked before anything is made. Pure.

The catalogue itself tells of all clusters together; a product that is free somewhere may not be free where it must be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from novita_infra.api.request import GPU, GPU_V2, Request, get
from novita_infra.catalogue.products import Catalogue, Cluster, Product

_MODE: Final = "onDemand"
_WORDS: Final[Mapping[str, str]] = {"onDemand": "", "monthly": " by the month", "spot": " at spot"}


@dataclass(frozen=True, slots=True, order=True)
class StockQuery:
    """A question about stock: which products can be deployed so."""

    part: Literal["gpu", "cpu", "serverless"]
    """The part of the catalogue that the answer looks like."""
    cluster: str = ""
    """The cluster's id; empty for any."""
    mode: str = _MODE
    """The billing mode; only GPU products have several."""
    gpus: int = 1
    """GPUs of one machine; only of GPU products."""

    @property
    def request(self) -> Request:
        """The call that asks it (gpu-instance-list-products, gpu-instance-list-cpu-products, gpus-v2-list-products)."""
        match self.part:
            case "gpu":
                where: dict[str, str | int] = {"clusterId": self.cluster} if self.cluster else {}
                count: dict[str, str | int] = {"gpuNum": self.gpus} if self.gpus > 1 else {}
                return get(f"{GPU}/products", billingMethod=self.mode, **where, **count)
            case "cpu":
                return get(f"{GPU}/cpu/products", clusterId=self.cluster)
            case "serverless":
                return get(f"{GPU_V2}/products", type="gpu", category="serverless", limit=100, region_ids=self.cluster)

    @property
    def in_catalogue(self) -> bool:
        """Whether the catalogue, once read, answers it already."""
        return not self.cluster and self.mode == _MODE and self.gpus == 1


Stock: TypeAlias = Mapping[StockQuery, Sequence[Product]]
"""The answers that there are; what could not be asked is missing."""


@dataclass(frozen=True, slots=True)
class StockNeed:
    """What an object takes: one product, in a place."""

    query: StockQuery
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Quota:
    """How many objects of a kind the account may have: the call that tells, and what its answer says."""

    request: Request
    read: Callable[[Any], tuple[int, int] | None]
    """How many there are, and how many there may be; None where the answer does not tell."""


def shortage(take: StockNeed, stock: Stock, catalogue: Catalogue) -> str:
    """Why it cannot be had, such as `no RTX 4090 24GB is free in us-ca-6`; empty where it can, or nobody knows."""
    ask = take.query
    listed = _listed(ask, stock, catalogue)
    if listed is None:
        return ""
    found = next((item for item in listed if item.id == take.id), None)
    where = f" in {cluster_label(catalogue.clusters, ask.cluster)}" if ask.cluster else " in any cluster"
    if found is None:
        count = f" for {ask.gpus} GPUs" if ask.gpus > 1 else ""
        return f"there is no {take.name or take.id}{where}{count}{_WORDS.get(ask.mode, '')}"
    return "" if found.available else f"no {take.name or take.id} is free{where}{_WORDS.get(ask.mode, '')}"


def cluster_label(clusters: Sequence[Cluster], id: str) -> str:
    """The cluster by its id and its name."""
    return next((f"{item.id} ({item.name})" for item in clusters if item.id == id and item.name), id)


def _listed(ask: StockQuery, stock: Stock, catalogue: Catalogue) -> Sequence[Product] | None:
    if ask in stock:
        return stock[ask]
    listed: Sequence[Product] = getattr(catalogue, ask.part)
    # A part that was not read, or answered nothing, tells nothing.
    return listed if ask.in_catalogue and listed else None

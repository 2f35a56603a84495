"""The stock of one cluster, and the stock that an object needs: checked before a create. Pure.

The catalogue covers all clusters together: a product that is free somewhere may not be free in the needed cluster.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

from novita_infra.api.request import GPU, GPU_V2, Request, get
from novita_infra.catalogue.products import Catalogue, Cluster, Product
from novita_infra.model.frozen import dataclass

_MODE: Final = "onDemand"
_WORDS: Final[Mapping[str, str]] = {"onDemand": "", "monthly": " by the month", "spot": " at spot"}


@dataclass(frozen=True, slots=True, order=True)
class StockQuery:
    """A query of stock: the products that can be deployed with this part, cluster, mode and number of GPUs."""

    part: Literal["gpu", "cpu", "serverless"]
    """The part of the catalogue that has the form of the answer."""
    cluster: str = ""
    """The cluster's id; empty for any."""
    mode: str = _MODE
    """The billing mode; only GPU products have several."""
    gpus: int = 1
    """GPUs of one machine; only of GPU products."""

    @property
    def request(self) -> Request:
        """The call of the query (gpu-instance-list-products, gpu-instance-list-cpu-products, gpus-v2-list-products)."""
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
        """Whether the catalogue itself answers the query."""
        return not self.cluster and self.mode == _MODE and self.gpus == 1


Stock: TypeAlias = Mapping[StockQuery, Sequence[Product]]
"""The answers by query; a query that failed is missing."""


@dataclass(frozen=True, slots=True)
class StockNeed:
    """The stock that an object needs: one product in one place."""

    query: StockQuery
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Quota:
    """The quota of the account for a kind: the request and the parser of its answer."""

    request: Request
    read: Callable[[Any], tuple[int, int] | None]
    """The number of objects and the limit; None where the answer has no numbers."""


def shortage(need: StockNeed, stock: Stock, catalogue: Catalogue) -> str:
    """The shortage, such as `no RTX 4090 24GB is free in us-ca-6`; empty where it is free, or not known."""
    query = need.query
    listed = listed_products(query, stock, catalogue)
    if listed is None:
        return ""
    found = next((item for item in listed if item.id == need.id), None)
    where = f" in {cluster_label(catalogue.clusters, query.cluster)}" if query.cluster else " in any cluster"
    if found is None:
        count = f" for {query.gpus} GPUs" if query.gpus > 1 else ""
        return f"there is no {need.name or need.id}{where}{count}{_WORDS.get(query.mode, '')}"
    return "" if found.available else f"no {need.name or need.id} is free{where}{_WORDS.get(query.mode, '')}"


def cluster_label(clusters: Sequence[Cluster], id: str) -> str:
    """The cluster by id and name."""
    return next((f"{item.id} ({item.name})" for item in clusters if item.id == id and item.name), id)


def listed_products(query: StockQuery, stock: Stock, catalogue: Catalogue) -> Sequence[Product] | None:
    """The products in the answer to the query, or in the catalogue that answers it; None where neither is known."""
    if query in stock:
        return stock[query]
    listed: Sequence[Product] = getattr(catalogue, query.part)
    # A part that was not read, or is empty, shows nothing.
    return listed if query.in_catalogue and listed else None

"""The clusters, with what is free in each. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from novita_infra.catalogue.products import Cluster, Product
from novita_infra.model.frozen import dataclass
from novita_infra.views.content.listing import Listing, cell, fact

_REGION: Final = re.compile(r"\(([^()]+)\)\s*\Z")
"""The region at the end of a cluster's name: `US-CA-06 (California)`."""


@dataclass(frozen=True, slots=True)
class ClusterRow:
    """A data centre."""

    id: str = fact("The id, as manifests name the cluster.", title="ID")
    name: str = fact("The name.", title="NAME")
    region: str | None = fact("The region, as the name says it; null if it does not.", title="REGION")
    network_storage: bool = fact("Whether network storages are possible.")
    vpc: bool = fact("Whether private networks are possible.")
    features: str = cell("FEATURES")
    free: tuple[str, ...] | None = fact(
        "The GPU products that are free there on demand; null if the API does not say.", title="FREE NOW"
    )


@dataclass(frozen=True, slots=True)
class ClusterListing(Listing):
    """The clusters of the account, as `clusters --json` prints them."""

    name: ClassVar[str] = "clusters"
    row: ClassVar[type] = ClusterRow
    empty: ClassVar[str] = "The API lists no cluster."

    rows: tuple[ClusterRow, ...]


def cluster_listing(clusters: Sequence[Cluster], stock: Mapping[str, Sequence[Product] | None]) -> ClusterListing:
    """The clusters by id. `stock` has the products of each by its id; None where it could not be read."""
    return ClusterListing(tuple(_row(item, stock.get(item.id)) for item in sorted(clusters, key=lambda item: item.id)))


def _row(cluster: Cluster, products: Sequence[Product] | None) -> ClusterRow:
    features = (("network storage", cluster.network_storage), ("VPC", cluster.vpc))
    region = _REGION.search(cluster.name)
    return ClusterRow(
        id=cluster.id,
        name=cluster.name,
        region=region[1] if region else None,
        network_storage=cluster.network_storage,
        vpc=cluster.vpc,
        features=", ".join(name for name, has in features if has) or "-",
        free=None if products is None else tuple(sorted({item.name for item in products if item.available})),
    )

"""What the account can rent: products and clusters, as read from the API, for choosing without a call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Cluster:
    """A data centre (gpu-instance-list-clusters)."""

    id: str
    name: str
    network_storage: bool
    vpc: bool


@dataclass(frozen=True, slots=True)
class Product:
    """Something to rent. Prices are integers in 1/100000 USD per hour (and GPU); None where none is given."""

    id: str
    name: str
    available: bool
    price: int | None
    spot_price: int | None = None
    monthly: Mapping[int, int] = field(default_factory=dict)
    """Months to the price of that many months, in 1/100000 USD."""
    billing_modes: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    """Cluster names (v1) or ids (v2); empty means every cluster."""
    min_root_gb: int = 0
    max_root_gb: int = 0


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The parts that were read; a part that nobody asked for is empty."""

    clusters: tuple[Cluster, ...] = ()
    gpu: tuple[Product, ...] = ()
    """Products of GPU instances."""
    cpu: tuple[Product, ...] = ()
    """Products of CPU instances."""
    serverless: tuple[Product, ...] = ()
    """Products of endpoints, which have ids of their own (serverless.md section 4)."""
    endpoint_limits: Mapping[str, Any] = field(default_factory=dict)
    """The answer of `GET /endpoint/limit`."""

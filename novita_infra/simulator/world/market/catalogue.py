"""The catalogue: clusters, products with prices, and free stock. Prices: 1/100000 USD."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from novita_infra.simulator.errors import ApiRefusal, no_such
from novita_infra.simulator.world.engine.records import Stock
from novita_infra.simulator.world.engine.world import World


@dataclass(frozen=True, slots=True)
class ClusterEntry:
    """A cluster in the catalogue."""

    id: str
    name: str
    storage: bool
    vpc: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductEntry:
    """A product in the catalogue, rented by GPU and hour."""

    id: str
    name: str
    gpu: str = ""
    """The GPU type; empty for CPU machines."""
    gpu_gb: int = 0
    category: str = "instance"
    cpus: int
    memory: int
    disk: int
    price: int
    spot: int = 0
    monthly: tuple[tuple[int, int], ...] = ()
    """Months, and the price of this many months per GPU."""
    max_rootfs: int = 2048
    clusters: tuple[str, ...] = ()
    """Cluster ids; empty means every cluster."""
    stock: int = 400
    """Places (GPUs, or CPU machines) per cluster, before the scale."""

    @property
    def billing(self) -> tuple[str, ...]:
        """Its billing modes."""
        return (
            "onDemand",
            *(("monthly",) if self.monthly else ()),
            *(("spot",) if self.spot else ()),
        )


CLUSTERS: Final = (
    ClusterEntry("us-dallas-nas-2", "US-01 (Dallas)", storage=True, vpc=True),
    ClusterEntry("us-ca-nas-2", "US-CA-02 (California)", storage=True, vpc=True),
    ClusterEntry("as-sgp-2", "AS-SGP-02 (Singapore)", storage=True, vpc=True),
    ClusterEntry("eu-de-1", "EU-DE-01 (Germany)", storage=True, vpc=False),
    ClusterEntry("us-ca-6", "US-CA-06 (California)", storage=False, vpc=True),
    ClusterEntry("cn-hongkong-1", "CN-HK-01 (Hong Kong)", storage=True, vpc=True),
    ClusterEntry("as-in-1", "AS-IN-01 (India)", storage=False, vpc=False),
    ClusterEntry("oc-au-1", "OC-AU-01 (Australia)", storage=False, vpc=False),
    ClusterEntry("5", "EU-GB-01 (United Kingdom)", storage=False, vpc=False),
)
_ALL: Final = ()
_US: Final = ("us-dallas-nas-2", "us-ca-nas-2", "us-ca-6")
_BIG: Final = ("us-dallas-nas-2", "us-ca-nas-2", "as-sgp-2", "eu-de-1")


def _months(price: int) -> tuple[tuple[int, int], ...]:
    """Monthly offers: 720 hours with 10, 15, 20 and 30 per cent off for 1, 3, 6 and 12 months."""
    return tuple(
        (months, price * 720 * months * per_cent // 100) for months, per_cent in ((1, 90), (3, 85), (6, 80), (12, 70))
    )


def _gpu(  # noqa: PLR0913 - a row of the price list
    key: str,
    name: str,
    memory: int,
    *,
    size: tuple[int, int, int],
    price: int,
    spot: int = 0,
    clusters: tuple[str, ...] = _ALL,
    stock: int = 400,
    rent_monthly: bool = True,
) -> ProductEntry:
    return ProductEntry(
        id=key,
        name=f"{name} {memory}GB",
        gpu=name,
        gpu_gb=memory,
        cpus=size[0],
        memory=size[1],
        disk=size[2],
        price=price,
        spot=spot,
        monthly=_months(price) if rent_monthly else (),
        clusters=clusters,
        stock=stock,
    )


GPU_PRODUCTS: Final = (
    _gpu("4090.16c62g", "RTX 4090", 24, size=(16, 62, 50), price=35_000, spot=18_000, clusters=_BIG),
    _gpu("4090.16c96g.v2", "RTX 4090", 24, size=(16, 96, 60), price=39_000, spot=20_000),
    _gpu("3090.16c92g", "RTX 3090", 24, size=(16, 92, 50), price=21_000, spot=11_000),
    _gpu("5090.16c96g", "RTX 5090", 32, size=(16, 96, 60), price=50_000, clusters=_US),
    _gpu("A100-80GB.14c240g", "A100 SXM", 80, size=(14, 240, 100), price=160_000, spot=80_000, clusters=_BIG),
    _gpu("H100-80GB.20c240g", "H100 SXM", 80, size=(20, 240, 100), price=235_000, spot=118_000, clusters=_BIG),
    _gpu("H200-141GB.20c240g", "H200 SXM", 141, size=(20, 240, 100), price=350_000, clusters=_US, stock=64),
    _gpu("L40S.16c96g", "L40S", 48, size=(16, 96, 60), price=55_000, spot=28_000),
    _gpu("RTX6000Ada.16c96g", "RTX 6000 Ada", 48, size=(16, 96, 60), price=70_000, clusters=_BIG, rent_monthly=False),
    _gpu("26", "A6000", 48, size=(12, 64, 50), price=45_000, stock=200, rent_monthly=False),
)
CPU_PRODUCTS: Final = tuple(
    ProductEntry(
        id=f"cpu.{cpus}c{memory}g",
        name=f"CPU {cpus}C {memory}GB",
        cpus=cpus,
        memory=memory,
        disk=disk,
        price=price,
        max_rootfs=disk,
    )
    for cpus, memory, disk, price in ((2, 4, 30, 4_000), (4, 8, 40, 8_000), (8, 16, 60, 16_000), (16, 64, 100, 40_000))
)
SERVERLESS_PRODUCTS: Final = tuple(
    ProductEntry(
        id=f"SL-serverless-{number}",
        name=f"{gpu} {memory}GB",
        gpu=gpu,
        gpu_gb=memory,
        category="serverless",
        cpus=cpus,
        memory=ram,
        disk=100,
        price=price,
        clusters=clusters,
        max_rootfs=500,
    )
    for number, gpu, memory, cpus, ram, price, clusters in (
        (1, "RTX 4090", 24, 16, 62, 67_000, _BIG),
        (2, "H100 SXM", 80, 20, 240, 430_000, _BIG),
        (3, "L40S", 48, 16, 96, 110_000, _ALL),
        (4, "A100 SXM", 80, 14, 240, 290_000, _BIG),
    )
)
_BY_ID: Final = {product.id: product for product in (*GPU_PRODUCTS, *CPU_PRODUCTS, *SERVERLESS_PRODUCTS)}
_FORMER_IDS: Final = {"3090.10c46g": "3090.16c92g"}
"""Products that had another id in earlier versions, and may still have it in account files."""
_CLUSTER_BY_ID: Final = {cluster.id: cluster for cluster in CLUSTERS}
_EVERYWHERE: Final = tuple(_CLUSTER_BY_ID)


def cluster_of(key: str) -> ClusterEntry:
    """The cluster with this id. Raises RESOURCE_NOT_FOUND."""
    cluster = _CLUSTER_BY_ID.get(key)
    if cluster is None:
        raise no_such(f"cluster {key!r}")
    return cluster


def product_of(key: str) -> ProductEntry:
    """The product with this id, of any catalogue. The id must have been checked before."""
    return _BY_ID[_FORMER_IDS.get(key, key)]


def products_like(pattern: str) -> list[ProductEntry]:
    """The products of every catalogue whose id matches the pattern."""
    return [product for product in _BY_ID.values() if fnmatchcase(product.id, pattern)]


def instance_product(key: str, kind: str) -> ProductEntry:
    """The product of an instance of this kind. Raises RESOURCE_NOT_FOUND."""
    product = _BY_ID.get(key)
    if product is None or product.category != "instance" or bool(product.gpu) != (kind == "gpu"):
        raise no_such(f"{kind} product {key!r}")
    return product


def serverless_product(key: str) -> ProductEntry:
    """The product of an endpoint. Its ids differ from those of the instance catalogue."""
    product = _BY_ID.get(key)
    if product is None or product.category != "serverless":
        raise ApiRefusal("SERVERLESS_PRODUCT_NOT_FOUND", f"serverless product {key!r} not found")
    return product


def clusters_of(product: ProductEntry) -> tuple[str, ...]:
    """The ids of the clusters that have the product."""
    return product.clusters or _EVERYWHERE


def capacity(world: World, product: ProductEntry, cluster: str) -> int:
    """The number of all places, taken or free. A serverless product has one pool, whose cluster is empty."""
    if product.category != "serverless" and cluster not in clusters_of(product):
        return 0
    changed = world.stock.get(f"{product.id}@{cluster}") if len(world.stock) else None
    return int(product.stock * world.limits.stock_scale) if changed is None else changed.places


def places_of(world: World, product: ProductEntry, cluster: str) -> tuple[int, int]:
    """The number of free places, and of all places."""
    places = capacity(world, product, cluster)
    return max(0, places - world.used.get((product.id, cluster), 0)), places


def free(world: World, product: ProductEntry, cluster: str) -> int:
    """The number of free places."""
    return places_of(world, product, cluster)[0]


def set_stock(world: World, *, products: str, clusters: str, places: int | None) -> None:
    """Sets the places of all matching products in all matching clusters; None restores the catalogue."""
    for product in _BY_ID.values():
        homes = clusters_of(product) if product.category == "instance" else ("",)
        for cluster in homes:
            if not fnmatchcase(product.id, products) or not fnmatchcase(cluster, clusters):
                continue
            changed = world.stock.get(f"{product.id}@{cluster}")
            if changed is not None:
                world.stock.remove(changed)
            if places is not None:
                world.stock.add(Stock(id=f"{product.id}@{cluster}", created=world.moment, places=places))


def check_places(world: World, product: ProductEntry, cluster: str, places: int) -> None:
    """Raises INSUFFICIENT_RESOURCE unless as many places are free."""
    if free(world, product, cluster) < places:
        raise ApiRefusal("INSUFFICIENT_RESOURCE", f"no {product.name} is free in {cluster or 'any cluster'}")


def take(world: World, product: ProductEntry, cluster: str, places: int) -> None:
    """Takes places. Raises INSUFFICIENT_RESOURCE."""
    check_places(world, product, cluster, places)
    world.used[product.id, cluster] += places


def give_back(world: World, product: ProductEntry, cluster: str, places: int) -> None:
    """Frees places."""
    world.used[product.id, cluster] -= places


def place(world: World, product: ProductEntry, places: int) -> str:
    """A cluster with enough free places, chosen by the seed. Raises INSUFFICIENT_RESOURCE."""
    fit = [cluster for cluster in clusters_of(product) if free(world, product, cluster) >= places]
    if not fit:
        raise ApiRefusal("INSUFFICIENT_RESOURCE", f"no {product.name} is free in any cluster")
    return fit[world.dice(len(fit), "place", product.id, world.new_id("place"))]

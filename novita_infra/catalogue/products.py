"""The catalogue of the account: products and clusters, with the requests and the parser of each part.

`kinds.toolkit.lookup` looks up in it without a call.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field, fields, replace
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from novita_infra.api.json_values import flag_of, int_of, object_of, objects_of, text_of, texts_of
from novita_infra.api.request import GPU, GPU_V2, Request, get
from novita_infra.catalogue.images import IMAGES, AccountImage, images_in
from novita_infra.catalogue.keys import KEYS_WITH_POLICIES, ListedKey, keys_in
from novita_infra.catalogue.models import LanguageModel, parse_models
from novita_infra.model.frozen import dataclass

UNIT: Final = 100_000
"""Prices are whole numbers of 1/100000 USD."""
MEMORY: Final = "gpu_memory"
"""The part of the catalogue with the memory of GPUs; see Catalogue."""
IMAGE_LIST: Final = "images"
"""The part of the catalogue with the images that the account can use."""
NAMED_MEMORY: Final = re.compile(r"[ (](\d{1,4}) ?gi?b?\)?\Z", re.IGNORECASE)
"""The memory of a GPU at the end of the name of its product, as in `RTX 4090 24GB`."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A data centre (gpu-instance-list-clusters)."""

    id: str
    name: str
    network_storage: bool
    vpc: bool


@dataclass(frozen=True, slots=True)
class Product:
    """A product to rent. Prices are integers in 1/100000 USD per hour (and GPU); None for no price."""

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
    gpu_memory_gb: int = 0
    """The memory of one GPU; 0 where neither the answer nor the name holds it."""
    cores: int = 0
    """CPU cores of a machine (per GPU); 0 where the answer does not hold them."""
    ram_gb: int = 0
    """The memory of a machine (per GPU); 0 where the answer does not hold it."""
    inventory: str = ""
    """How much is free, in a word of the API; empty where the answer does not hold it."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The parts that were read; a part that was not read is empty."""

    clusters: tuple[Cluster, ...] = ()
    gpu: tuple[Product, ...] = ()
    """Products of GPU instances."""
    cpu: tuple[Product, ...] = ()
    """Products of CPU instances."""
    serverless: tuple[Product, ...] = ()
    """Products of endpoints, which have ids of their own (serverless.md section 4)."""
    endpoint_limits: Mapping[str, Any] = field(default_factory=dict)
    """The answer of `GET /endpoint/limit`."""
    gpu_memory: Mapping[str, int] = field(default_factory=dict)
    """By id of a GPU product: the memory of one GPU in GB. Only the list of v2 has it beside the name."""
    models: tuple[LanguageModel, ...] = ()
    """The language models."""
    keys: tuple[ListedKey, ...] = ()
    """The API keys that the key in use may see."""
    own_keys: tuple[str, ...] = ()
    """The ids of those that may be the key in use: a mask shows only the ends of a key."""
    images: tuple[AccountImage, ...] | None = None
    """The images that the account can use; None where they were not read, or cannot be."""

    @property
    def lacks_memory(self) -> bool:
        """Whether the memory of a GPU product is not known, or no product was read."""
        return not self.gpu or any(not (item.gpu_memory_gb or item.id in self.gpu_memory) for item in self.gpu)

    def filled_from(self, other: Catalogue) -> Catalogue:
        """This catalogue, with its missing parts from the other."""
        return Catalogue(
            **{name: getattr(self, name) or getattr(other, name) for name in (part.name for part in fields(self))}
        )


@dataclass(frozen=True, slots=True)
class Part:
    """How one part of the catalogue is read: its requests and the parser of their answers."""

    requests: tuple[Request, ...]
    """Independent of each other; `following` gives the next page of each."""
    parse: Callable[[Sequence[Any]], Any]
    """From the answers, in the order of the requests and their pages, to the value of the part; never raises."""
    optional: bool = False
    """Whether a plan does without it where this key may not read it."""

    def following(self, request: Request, answer: Any) -> Request | None:
        """The request for the next page, where the answer names one (gpus-v2-list-products: `next_cursor`)."""
        page = object_of(answer)
        cursor = text_of(page.get("next_cursor"))
        if not cursor or page.get("has_more") is False or cursor == request.query.get("cursor"):
            return None
        return replace(request, query={**request.query, "cursor": cursor})


def parse_catalogue(answers: Mapping[str, Sequence[Any]]) -> Catalogue:
    """The catalogue from the answers by part. Raises KeyError for an unknown part."""
    return Catalogue(**{name: PARTS[name].parse(pages) for name, pages in answers.items()})


def _clusters(pages: Sequence[Any]) -> tuple[Cluster, ...]:
    return tuple(
        Cluster(
            id=id,
            name=text_of(item.get("name")),
            network_storage=flag_of(item.get("supportNetworkStorage")),
            vpc=flag_of(item.get("supportInstanceNetwork")),
        )
        for id, item in _items(pages)
    )


def _gpu_products(pages: Sequence[Any]) -> tuple[Product, ...]:
    """From `/products`, one request per billing mode; a product in several answers counts once.

    Whether the answer for one mode holds the products of the others is not documented, so all modes are requested.
    """
    return tuple(
        Product(
            id=id,
            name=text_of(item.get("name")),
            available=_available(item.get("availableDeploy")),
            price=int_of(item.get("price")),
            spot_price=int_of(item.get("spotPrice")) or None,
            monthly=_monthly((offer.get("month"), int_of(offer.get("price"))) for offer in _of(item, "monthlyPrice")),
            billing_modes=tuple(texts_of(item.get("billingMethods"))),
            clusters=tuple(texts_of(item.get("regions"))),
            min_root_gb=int_of(item.get("minRootFS")) or 0,
            max_root_gb=int_of(item.get("maxRootFS")) or 0,
            gpu_memory_gb=_named_memory(text_of(item.get("name"))),
            cores=int_of(item.get("cpuPerGpu")) or 0,
            ram_gb=int_of(item.get("memoryPerGpu")) or 0,
            inventory=text_of(item.get("inventoryState")),
        )
        for id, item in _items(pages)
    )


def _cpu_products(pages: Sequence[Any]) -> tuple[Product, ...]:
    """From `/cpu/products`. The product fixes the root disk, and only billing by the hour exists."""
    return tuple(
        Product(
            id=id,
            name=text_of(item.get("name")),
            available=_available(item.get("availableDeploy")),
            price=int_of(item.get("price")),
            billing_modes=("onDemand",),
            min_root_gb=int_of(item.get("rootfsSize")) or 0,
            max_root_gb=int_of(item.get("rootfsSize")) or 0,
            cores=int_of(item.get("cpuNum")) or 0,
            ram_gb=int_of(item.get("memorySize")) or 0,
        )
        for id, item in _items(pages)
    )


_V2_MODES: Final = {"postpaid": "onDemand", "prepaid": "monthly", "spot": "spot"}


def _serverless_products(pages: Sequence[Any]) -> tuple[Product, ...]:
    """From `/gpus/v2/products` (gpus-v2-list-products)."""
    return tuple(_serverless_product(id, item) for id, item in _items(pages))


def _serverless_product(id: str, item: Mapping[str, Any]) -> Product:
    pricing = object_of(item.get("pricing"))
    precision = int_of(pricing.get("precision"), 5) or 0
    resources = object_of(item.get("resource_spec"))
    root = object_of(resources.get("rootfs"))
    return Product(
        id=id,
        name=text_of(item.get("name")),
        available=_available(item.get("deployable")),
        price=_amount(pricing.get("postpaid"), precision),
        spot_price=_amount(pricing.get("spot"), precision) or None,
        monthly=_monthly(
            (offer.get("duration_months"), _amount(offer, precision)) for offer in _of(pricing, "prepaid")
        ),
        billing_modes=tuple(_V2_MODES.get(mode, mode) for mode in texts_of(item.get("billing_methods"))),
        clusters=tuple(texts_of(item.get("region_ids"))),
        min_root_gb=int_of(root.get("min_gb")) or 0,
        max_root_gb=int_of(root.get("max_gb")) or 0,
        gpu_memory_gb=_gpu_memory(resources),
        cores=int_of(resources.get("cpu")) or 0,
        ram_gb=int_of(resources.get("memory_gb")) or 0,
        inventory=text_of(item.get("inventory_state")),
    )


def _gpu_memories(pages: Sequence[Any]) -> Mapping[str, int]:
    """From `/gpus/v2/products` (gpus-v2-list-products), whose ids are those of v1."""
    memories = ((id, _gpu_memory(object_of(item.get("resource_spec")))) for id, item in _items(pages))
    return {id: memory for id, memory in memories if memory}


def _named_memory(name: str) -> int:
    """The memory that the name of a GPU product tells, in GB; 0 for none."""
    found = NAMED_MEMORY.search(name)
    return int(found[1]) if found else 0


def _gpu_memory(resources: Mapping[str, Any]) -> int:
    """The memory of one GPU in GB; 0 for none."""
    return max(int_of(object_of(resources.get("gpu")).get("memory_gb")) or 0, 0)


def _keys(pages: Sequence[Any]) -> tuple[ListedKey, ...]:
    """From `/openapi/v2/user/key` (key-list-with-model-access)."""
    return tuple(key for page in pages for key in keys_in(page) if key.id)


def _endpoint_limits(pages: Sequence[Any]) -> Mapping[str, Any]:
    """From `/endpoint/limit` (serverless-query-endpoint-limit): numbers by name, and `cudaVersionList`."""
    limits: dict[str, Any] = {}
    for name, value in ((name, value) for page in pages for name, value in object_of(page).items()):
        number = int_of(value)
        limits[name] = texts_of(value) if isinstance(value, list) else value if number is None else number
    return limits


def _items(pages: Sequence[Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """The first object of each id under `data` of all answers, in the order of the ids; a bare list counts too."""
    found: dict[str, Mapping[str, Any]] = {}
    for page in pages:
        for item in objects_of(page.get("data") if isinstance(page, Mapping) else page):
            found.setdefault(text_of(item.get("id")), item)
    found.pop("", None)
    return sorted(found.items())


def _of(item: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    return objects_of(item.get(name))


def _available(value: Any) -> bool:
    """Whether the product is available; without a value it counts as available, and the create decides."""
    return True if value is None else flag_of(value)


def _monthly(offers: Iterable[tuple[Any, int | None]]) -> dict[int, int]:
    known = ((int_of(month), price) for month, price in offers)
    return {month: price for month, price in known if month and price is not None}


def _amount(price: Any, precision: int) -> int | None:
    """An amount of v2 (`final_price` / 10^precision USD) in 1/100000 USD, exact up to a unit; None for no amount."""
    item = object_of(price)
    value = item.get("final_price", item.get("base_price"))
    try:
        return int((Decimal(text_of(value)).scaleb(-precision) * UNIT).to_integral_value())
    except (InvalidOperation, OverflowError, ValueError):
        return None


_MODES: Final = ("onDemand", "monthly", "spot")

PARTS: Final[Mapping[str, Part]] = {
    "clusters": Part((get(f"{GPU}/clusters"),), _clusters),
    "gpu": Part(tuple(get(f"{GPU}/products", billingMethod=mode) for mode in _MODES), _gpu_products),
    "cpu": Part((get(f"{GPU}/cpu/products"),), _cpu_products),
    "serverless": Part(
        (get(f"{GPU_V2}/products", type="gpu", category="serverless", limit=100),), _serverless_products
    ),
    MEMORY: Part((get(f"{GPU_V2}/products", type="gpu", category="instance", limit=100),), _gpu_memories),
    "models": Part((get("/openai/v1/models"),), parse_models),
    "keys": Part((KEYS_WITH_POLICIES,), _keys),
    IMAGE_LIST: Part((IMAGES,), images_in, optional=True),
    "endpoint_limits": Part((get(f"{GPU}/endpoint/limit"),), _endpoint_limits),
}
"""How to read each part, by its name in Catalogue and in Resolution.catalogues."""

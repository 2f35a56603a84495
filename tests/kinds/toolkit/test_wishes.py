"""What a GPU product must have: its memory, its price, its place; and why nothing has it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from novita_infra.catalogue.products import Catalogue, Cluster, Product
from novita_infra.kinds import KINDS
from novita_infra.kinds.kind import SpecError
from novita_infra.kinds.toolkit.wishes import find_region, fulfilling, is_too_dear, price_limit, why_too_dear, wish_of
from novita_infra.model.resources import Live, Phase
from novita_infra.model.values import Spec

DALLAS = Cluster("us-dallas", "US-01 (Dallas)", network_storage=True, vpc=True)
FREMONT = Cluster("us-ca-6", "US-CA-06 (California)", network_storage=True, vpc=True)
BERLIN = Cluster("eu-de-1", "EU-DE-01 (Germany)", network_storage=True, vpc=True)


def product(id: str, name: str, price: int | None, **others: Any) -> Product:
    return Product(id, name, available=others.pop("available", True), price=price, **others)


CARDS = (
    product("3090", "RTX 3090 24GB", 21_000, clusters=("EU-DE-01 (Germany)",)),
    product("4090", "RTX 4090 24GB", 35_000, spot_price=18_000, billing_modes=("onDemand", "spot")),
    product("l40s", "L40S 48GB", 55_000, clusters=("US-01 (Dallas)", "US-CA-06 (California)")),
    product("h100", "H100 SXM 80GB", 235_000, clusters=("US-CA-06 (California)",)),
    product("odd", "Odd", None),
)
CATALOGUE = Catalogue(
    clusters=(DALLAS, FREMONT, BERLIN),
    gpu=CARDS,
    gpu_memory={"3090": 24, "4090": 24, "l40s": 48, "h100": 80},
    serverless=tuple(
        product(f"SL-{item.id}", item.name, item.price, gpu_memory_gb=memory, clusters=item.clusters)
        for item, memory in zip(CARDS, (24, 24, 48, 80, 0), strict=True)
    ),
)


def fitting(declared: Spec, *, mode: str = "", region: str = "") -> tuple[list[str], str]:
    clusters = find_region(CATALOGUE, region) if region else None
    assert not isinstance(clusters, SpecError)
    found, why = fulfilling(CARDS, wish_of(declared, mode=mode, clusters=clusters), CATALOGUE)
    return [item.id for item in found], why


def test_wishes_leave_the_products_that_fulfil_all_of_them() -> None:
    assert fitting({}) == (["3090", "4090", "l40s", "h100", "odd"], "")
    assert fitting({"minGpuMemoryGb": 40}) == (["l40s", "h100"], "")
    assert fitting({"minGpuMemoryGb": 24}, region="Germany") == (["3090", "4090"], "")
    assert fitting({}, mode="spot", region="US") == (["4090", "l40s", "h100", "odd"], "")


def test_a_wish_that_nothing_fulfils_gives_the_reason() -> None:
    assert fitting({"minGpuMemoryGb": 96}) == ([], "the most memory is 80 GB (H100 SXM 80GB), less than 96 GB")
    assert fitting({"minGpuMemoryGb": 48}, region="Germany") == ([], "it is not in eu-de-1 (EU-DE-01 (Germany))")
    found = fulfilling(CARDS[1:2], wish_of({}, mode="monthly", clusters=None), CATALOGUE)
    assert found == ((), "it is not offered as monthly")
    unknown = fulfilling(CARDS[4:], wish_of({"minGpuMemoryGb": 1}, mode="", clusters=None), CATALOGUE)
    assert unknown == ((), "the memory of its GPU is not known")


def test_a_price_is_exact_and_an_unknown_one_is_too_dear() -> None:
    assert price_limit("0.35001") == Decimal(35001)
    assert price_limit(0.1) == Decimal("10000.0")
    assert price_limit(None) is None
    wish = wish_of({"maxPricePerHour": 0.35}, mode="", clusters=None)
    assert [is_too_dear(item, wish) for item in CARDS] == [False, False, True, True, True]
    assert why_too_dear(CARDS[2:], wish) == "the cheapest costs $0.55/h per GPU (L40S 48GB)"
    assert why_too_dear(CARDS[4:], wish) == "no price is known"


def test_a_price_counts_in_the_billing_mode() -> None:
    wish = wish_of({"maxPricePerHour": "0.2"}, mode="spot", clusters=None)
    assert [is_too_dear(item, wish) for item in CARDS[:2]] == [True, False]


def test_a_monthly_price_counts_by_the_hour() -> None:
    item = product("m", "M", 50_000, monthly={3: 90_000_000, 1: 32_400_000}, billing_modes=("monthly",))
    wish = wish_of({"maxPricePerHour": "0.45"}, mode="monthly", clusters=None)
    assert not is_too_dear(item, wish)  # 324 USD for 720 hours
    assert is_too_dear(item, wish_of({"maxPricePerHour": "0.44999"}, mode="monthly", clusters=None))
    assert why_too_dear([item], wish) == "the cheapest costs $0.45/h per GPU (M)"


def test_a_region_is_every_cluster_with_it_in_its_name() -> None:
    assert find_region(CATALOGUE, "us") == (DALLAS, FREMONT)
    assert find_region(CATALOGUE, "California") == (FREMONT,)
    assert find_region(CATALOGUE, "us-ca-6") == (FREMONT,)
    error = find_region(CATALOGUE, "Californa", path=("product", "region"))
    assert error == SpecError(
        ("product", "region"),
        'no cluster is in the region "Californa"',
        'did you mean "US-CA-06 (California)"?',
    )


# --- as the product of a resource -----------------------------------------------------------------------------------

BASE: dict[str, dict[str, Any]] = {
    "instance": {"name": "a", "image": "ubuntu:22.04"},
    "endpoint": {"name": "a", "image": "ubuntu:22.04", "workers": {"min": 0, "max": 1}},
}
PREFIX = {"instance": "", "endpoint": "SL-"}
BOTH = pytest.mark.parametrize("kind", BASE)


def resolved(
    kind: str, wish: Spec, now: Live | None = None, recorded: Spec | None = None, **others: Any
) -> tuple[Spec, tuple[SpecError, ...]]:
    resolution = KINDS[kind].resolution
    assert resolution.resolve is not None
    return resolution.resolve({**BASE[kind], **others, "product": wish}, CATALOGUE, now, recorded)


def live(kind: str, id: str, cluster: str = "us-ca-6") -> Live:
    values = {"product": {"id": f"{PREFIX[kind]}{id}", "name": id}, "cluster": cluster, "billingMode": "onDemand"}
    return Live("x-1", "a", Phase.READY, "running", values)


@BOTH
def test_a_wish_stands_instead_of_a_name(kind: str) -> None:
    found, errors = resolved(kind, {"minGpuMemoryGb": 64})
    assert (found["product"]["id"], errors) == (f"{PREFIX[kind]}h100", ())


@BOTH
def test_a_wish_of_several_products_chooses_none_unless_the_cheapest_is_wanted(kind: str) -> None:
    wish = {"minGpuMemoryGb": 40}
    _, (error,) = resolved(kind, wish)
    assert (error.path, error.summary) == (
        ("product",),
        "several products fit that differ: L40S 48GB ($0.55/h per GPU), H100 SXM 80GB ($2.35/h per GPU)",
    )
    assert error.hint == (
        "name one of them (`gpu: L40S 48GB`), or add `choose: cheapest` for the cheapest that is free"
    )
    found, errors = resolved(kind, {**wish, "choose": "cheapest"})
    assert (found["product"]["id"], errors) == (f"{PREFIX[kind]}l40s", ())


@BOTH
def test_a_wish_beside_a_name_narrows_it(kind: str) -> None:
    found, errors = resolved(kind, {"gpu": "RTX", "maxPricePerHour": 0.3})
    assert (found["product"]["id"], errors) == (f"{PREFIX[kind]}3090", ())
    _, (error,) = resolved(kind, {"gpu": "RTX", "maxPricePerHour": 0.4})
    assert error.path == ("product", "gpu")


@BOTH
def test_a_region_gives_the_cluster_of_a_new_object(kind: str) -> None:
    found, errors = resolved(kind, {"gpu": "L40S", "region": "US"})
    assert (found["cluster"], errors) == ("us-dallas", ())
    found, errors = resolved(kind, {"gpu": "L40S", "region": "US"}, cluster="us-ca-6")
    assert (found["cluster"], errors) == ("us-ca-6", ())
    _, (error,) = resolved(kind, {"gpu": "L40S", "region": "US"}, cluster="eu-de-1")
    assert (error.path, error.summary) == (("product", "region"), 'cluster eu-de-1 is not in the region "US"')
    assert error.impossible


@BOTH
def test_an_object_keeps_a_product_that_fits_though_a_cheaper_one_appears(kind: str) -> None:
    wish = {"minGpuMemoryGb": 40, "choose": "cheapest"}
    found, errors = resolved(kind, wish, live(kind, "h100"))
    assert (found["product"]["id"], errors) == (f"{PREFIX[kind]}h100", ())


@BOTH
def test_an_object_that_does_not_fit_a_changed_wish_is_not_kept(kind: str) -> None:
    before = {"product": {"minGpuMemoryGb": 24, "id": f"{PREFIX[kind]}4090"}}
    found, errors = resolved(kind, {"minGpuMemoryGb": 40, "choose": "cheapest"}, live(kind, "4090"), before)
    assert (found["product"]["id"], errors) == (f"{PREFIX[kind]}l40s", ())
    found, _ = resolved(kind, {"gpu": "L40S", "region": "Dallas"}, live(kind, "l40s"))
    assert found["cluster"] == "us-dallas"


@BOTH
def test_an_object_is_kept_while_the_wish_stays_whatever_the_catalogue_says(kind: str) -> None:
    wish = {"minGpuMemoryGb": 40, "maxPricePerHour": 0.5}
    before = {"product": {**wish, "id": f"{PREFIX[kind]}gone"}}
    found, errors = resolved(kind, wish, live(kind, "gone"), before)
    assert (found["product"]["id"], errors) == (f"{PREFIX[kind]}gone", ())


@BOTH
def test_an_object_is_kept_in_a_region_whatever_else_is_in_it(kind: str) -> None:
    found, errors = resolved(kind, {"gpu": "L40S", "region": "US"}, live(kind, "l40s"))
    assert (found["cluster"], errors) == ("us-ca-6", ())


@BOTH
@pytest.mark.parametrize(
    ("wish", "why"),
    [
        ({"minGpuMemoryGb": 96}, "the most memory is 80 GB (H100 SXM 80GB), less than 96 GB"),
        ({"gpu": "H100", "maxPricePerHour": 1}, "the cheapest costs $2.35/h per GPU (H100 SXM 80GB)"),
        ({"gpu": "H100", "region": "Germany"}, "it is not in eu-de-1 (EU-DE-01 (Germany))"),
    ],
)
def test_a_wish_that_nothing_fulfils_is_an_error_with_the_reason(kind: str, wish: Spec, why: str) -> None:
    _, (error,) = resolved(kind, wish)
    assert (error.path, error.summary, error.impossible) == (("product",), f"no product fits: {why}", True)
    assert error.hint == "ask for less, or allow a higher price"


@BOTH
def test_an_unknown_name_beside_a_wish_is_an_error(kind: str) -> None:
    _, (error,) = resolved(kind, {"gpu": "RTX 4080", "minGpuMemoryGb": 1})
    assert error.path == ("product", "gpu")
    assert error.summary == 'no product "RTX 4080"'


def test_a_create_tries_every_product_and_place_that_fit_the_cheapest_first() -> None:
    offers = KINDS["instance"].market.offers
    assert offers is not None
    found, _ = resolved("instance", {"minGpuMemoryGb": 40, "region": "US", "choose": "cheapest"})
    tried = [(item.spec["product"]["id"], item.spec["cluster"]) for item in offers(found)]
    assert tried == [("l40s", "us-dallas"), ("l40s", "us-ca-6"), ("h100", "us-ca-6")]


def test_only_a_wish_for_memory_needs_the_list_with_it() -> None:
    for kind, wish, parts in (
        ("instance", {"gpu": "L40S"}, set()),
        ("instance", {"maxPricePerHour": 1}, set()),
        ("instance", {"minGpuMemoryGb": 1}, {"gpu_memory"}),
        ("instance", {"anyOf": [{"gpu": "L40S"}, {"minGpuMemoryGb": 1}]}, {"gpu_memory"}),
        ("endpoint", {"minGpuMemoryGb": 1}, set()),
    ):
        resolution = KINDS[kind].resolution
        assert resolution.parts_for({"product": wish}) - {*resolution.catalogues} == parts


@pytest.mark.parametrize(
    ("kind", "product", "error"),
    [
        ("instance", {"cpu": "4", "maxPricePerHour": 1}, ("cpu", "leave them out")),
        ("instance", {"anyOf": [{"gpu": "L40S"}], "region": "US"}, ("anyOf", "write them into each offer")),
        ("endpoint", {"id": "x", "region": "US"}, ("id", "leave out minGpuMemoryGb, maxPricePerHour and region")),
    ],
)
def test_a_wish_is_about_one_gpu_product(kind: str, product: Spec, error: tuple[str, str]) -> None:
    check = KINDS[kind].resolution.check
    assert check is not None
    (found,) = check({**BASE[kind], "product": product})
    assert (found.path, found.hint) == (("product", error[0]), error[1])

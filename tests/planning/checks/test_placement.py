"""Placement: one cluster for resources that must be together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from novita_infra.catalogue.prices import price_list
from novita_infra.catalogue.products import Catalogue, Cluster, Product
from novita_infra.catalogue.stock import StockQuery
from novita_infra.kinds import KINDS
from novita_infra.model.addresses import Address, Origin
from novita_infra.model.records import Record
from novita_infra.model.resources import Declared, Existing, Live, Phase
from novita_infra.model.values import Ref
from novita_infra.planning.checks.placement import PlacementInput, place_resources, placement_questions

CLUSTERS = tuple(
    Cluster(id, name, network_storage=storage, vpc=vpc)
    for id, name, storage, vpc in (
        ("a", "A", True, True),
        ("b", "B", True, True),
        ("c", "C", True, False),
        ("d", "D", False, True),
    )
)
GPU = (
    Product("g1", "G 1", available=True, price=300, clusters=("A", "B")),
    Product("g2", "G 2", available=True, price=200, clusters=("B", "C", "D")),
)
CATALOGUE = Catalogue(clusters=CLUSTERS, gpu=GPU)
STORAGE, NET, MACHINE = Address("network_storage", "s"), Address("vpc", "n"), Address("instance", "i")


def declared(address: Address, **spec: Any) -> Declared:
    return Declared(address, {"name": address.name, **spec}, Origin("m.yaml", 1, 1))


def group(product: str = "G", *, net: bool = True) -> dict[Address, Declared]:
    mounts = [{"storage": Ref(STORAGE), "mountPath": "/s"}]
    joined = {"vpc": Ref(NET)} if net else {}
    items = [
        declared(STORAGE, sizeGb=10),
        declared(
            MACHINE,
            product={"gpu": product, "choose": "cheapest"},
            image="u",
            networkStorages=mounts,
            **joined,
        ),
    ]
    items += [declared(NET)] if net else []
    return {item.address: item for item in items}


def ground(items: dict[Address, Declared], **more: Any) -> PlacementInput:
    return PlacementInput(
        declared=items, found={}, kinds=KINDS, catalogue=CATALOGUE, prices=price_list(CATALOGUE), **more
    )


def place(of: PlacementInput) -> str:
    (cluster,) = {item.spec["cluster"] for item in place_resources(of).declared.values()}
    return str(cluster)


def stock(**free: bool) -> dict[StockQuery, tuple[Product, ...]]:
    return {
        StockQuery("gpu", cluster): tuple(replace(item, available=there) for item in GPU)
        for cluster, there in free.items()
    }


def test_the_cheapest_place_that_has_everything_is_taken() -> None:
    assert place(ground(group())) == "b"
    assert place(ground(group(net=False))) == "b"
    assert place(ground(group("G 1"))) == "a"


def test_only_places_that_can_have_it_are_asked_about() -> None:
    assert placement_questions(ground(group())) == {StockQuery("gpu", "a"), StockQuery("gpu", "b")}
    assert placement_questions(ground(group(net=False))) == {
        StockQuery("gpu", "a"),
        StockQuery("gpu", "b"),
        StockQuery("gpu", "c"),
    }


def test_nothing_is_asked_where_no_place_is_open() -> None:
    items = group()
    fixed = {address: replace(item, spec={**item.spec, "cluster": "a"}) for address, item in items.items()}
    assert (placement_questions(ground(fixed)), place_resources(ground(fixed)).declared) == (frozenset(), {})
    alone = declared(MACHINE, product={"gpu": "G"}, image="u")
    assert placement_questions(ground({MACHINE: alone})) == frozenset()


def test_free_goes_before_cheap() -> None:
    assert place(ground(group(), stock=stock(a=True, b=False))) == "a"
    assert place(ground(group(), stock=stock(a=False, b=False))) == "b"


def test_what_is_there_decides_and_is_not_asked_about() -> None:
    live = Live("x", "s", Phase.READY, "ready", {"cluster": "a"})
    here = replace(ground(group()), found={STORAGE: Existing(Record(STORAGE, "x"), live=live)})
    assert (placement_questions(here), place(here)) == (frozenset(), "a")


def test_what_is_gone_goes_back_to_where_it_was_if_it_can() -> None:
    gone = {STORAGE: Existing(Record(STORAGE, "x", spec={"cluster": "a"}))}
    assert place(replace(ground(group()), found=gone)) == "a"
    assert place(replace(ground(group(), stock=stock(a=False, b=True)), found=gone)) == "b"


@given(st.permutations([STORAGE, NET, MACHINE]), st.permutations(CLUSTERS), st.permutations(GPU))
def test_the_place_is_the_same_for_any_order(
    addresses: list[Address], clusters: list[Cluster], products: list[Product]
) -> None:
    items = group()
    catalogue = Catalogue(clusters=tuple(clusters), gpu=tuple(products))
    mixed = replace(ground({address: items[address] for address in addresses}), catalogue=catalogue)
    assert place(mixed) == "b"


@given(
    st.dictionaries(st.sampled_from("abcd"), st.booleans()),
    st.sampled_from(["G", "G 1", "G 2"]),
    st.booleans(),
)
def test_a_placement_has_everything_or_a_finding(free: dict[str, bool], product: str, net: bool) -> None:
    found = place_resources(ground(group(product, net=net), stock=stock(**free)))
    (cluster,) = {item.spec["cluster"] for item in found.declared.values()}
    able = {"G": "abc", "G 1": "ab", "G 2": "bc"}[product]
    fits = [one for one in able if not net or one != "c"]
    assert cluster in fits
    lacks = all(free.get(one, True) is False for one in fits)
    assert bool(found.findings) == lacks
    assert lacks or free.get(cluster, True)

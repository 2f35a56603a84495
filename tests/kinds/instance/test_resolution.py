"""What an instance takes from its template, its storages and the catalogue, and what is wrong with what it asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from novita_infra.catalogue.products import Catalogue, Cluster, Product
from novita_infra.kinds.instance import INSTANCE
from novita_infra.kinds.kind import SpecError
from novita_infra.model.addresses import Address
from novita_infra.model.resources import Live, Phase
from novita_infra.model.values import Ref, Secret, Spec, Value, joined_text

GPU: dict[str, Any] = {"name": "trainer", "product": {"gpu": "RTX 4090"}, "image": "pytorch"}
CPU: dict[str, Any] = {"name": "web", "product": {"cpu": "4 cores"}, "image": "nginx"}

CATALOGUE = Catalogue(
    clusters=(
        Cluster("5", "US-01 (Dallas)", network_storage=False, vpc=False),
        Cluster("us-ca-nas-2", "US-CA-06 (California)", network_storage=True, vpc=True),
    ),
    gpu=(
        Product("4090.a", "RTX 4090 24GB", available=True, price=35000, clusters=("US-01 (Dallas)",), min_root_gb=20),
        Product(
            "4090.b",
            "RTX 4090 24GB",
            available=True,
            price=36000,
            spot_price=18000,
            billing_modes=("onDemand", "spot"),
            clusters=("US-CA-06 (California)",),
        ),
        Product("h100", "H100 SXM 80GB", available=False, price=200000, billing_modes=("onDemand", "monthly")),
    ),
    cpu=(Product("cpu.4", "4 cores 8GB", available=True, price=4000, billing_modes=("onDemand",)),),
)


def live(product: str = "4090.b", name: str = "RTX 4090 24GB", **values: Any) -> Live:
    return Live("i-1", "trainer", Phase.READY, "running", {"product": {"id": product, "name": name}, **values})


def choose(spec: Spec, now: Live | None = None) -> tuple[Spec, tuple[SpecError, ...]]:
    assert INSTANCE.resolution.resolve is not None
    return INSTANCE.resolution.resolve(spec, CATALOGUE, now)


def chosen(spec: Spec, now: Live | None = None) -> Spec:
    found, faults = choose(spec, now)
    assert faults == ()
    return found


def faults_of(spec: Spec) -> list[tuple[str | int, ...]]:
    assert INSTANCE.resolution.check is not None
    return [fault.path for fault in INSTANCE.resolution.check(spec)]


# --- inheriting -----------------------------------------------------------------------------------------------------

TEMPLATE = Ref(Address("template", "notebook"))
STORAGE = Ref(Address("network_storage", "data"))
VPC = Ref(Address("vpc", "net"))
OTHERS: dict[tuple[str, Ref], Spec] = {
    ("template", TEMPLATE): {
        "name": "notebook",
        "readme": "# Notebook",
        "image": "jupyter",
        "registryAuth": Ref(Address("registry_auth", "hub")),
        "command": "start.sh",
        "entrypoint": "",
        "env": {"A": "template", "B": "template"},
        "ports": ["8888/http"],
        "rootDiskGb": 40,
        "minCudaVersion": "12.4",
    },
    ("network_storage", STORAGE): {"cluster": "us-ca-nas-2", "sizeGb": 10},
    ("vpc", VPC): {"cluster": "US-01 (Dallas)"},
}


def inherit(spec: Spec, others: Mapping[tuple[str, Any], Spec] = OTHERS) -> Spec:
    assert INSTANCE.resolution.inherit is not None

    def lookup(kind: str, value: Value) -> Spec | None:
        return others.get((kind, value))

    return INSTANCE.resolution.inherit(spec, lookup)


def test_a_template_gives_what_is_not_declared() -> None:
    spec = {"name": "a", "product": {"gpu": "RTX 4090"}, "template": TEMPLATE}
    given = OTHERS["template", TEMPLATE]
    names = ("image", "registryAuth", "command", "env", "ports", "rootDiskGb", "minCudaVersion")
    assert inherit(spec) == {**spec, **{name: given[name] for name in names}}


def test_what_is_declared_wins_over_the_template() -> None:
    spec = {**GPU, "template": TEMPLATE, "image": "mine", "ports": [], "rootDiskGb": 100, "command": ""}
    found = inherit(spec)
    assert {name: found[name] for name in spec} == spec


def test_the_env_is_merged_key_by_key() -> None:
    assert inherit({**GPU, "template": TEMPLATE, "env": {"B": "mine", "C": "mine"}})["env"] == {
        "A": "template",
        "B": "mine",
        "C": "mine",
    }


def test_a_cpu_instance_takes_no_disk_and_no_cuda_version_from_a_template() -> None:
    assert not inherit({**CPU, "template": TEMPLATE}).keys() & {"rootDiskGb", "minCudaVersion"}


def test_an_inline_credential_keeps_the_templates_credential_out() -> None:
    login = {"username": "u", "password": Secret("p", "env:P")}
    assert "registryAuth" not in inherit({**GPU, "template": TEMPLATE, "registryLogin": login})


def test_a_template_that_is_not_known_gives_nothing() -> None:
    spec = {**GPU, "template": "107672"}
    assert inherit(spec) == spec


def test_the_template_may_be_one_that_was_read_from_the_api() -> None:
    others = {("template", "107672"): {"image": "jupyter", "registryAuth": "", "ports": [], "env": {}}}
    assert inherit({"name": "a", "template": "107672"}, others) == {
        "name": "a",
        "template": "107672",
        "image": "jupyter",
    }


@pytest.mark.parametrize(
    ("named", "cluster"),
    [
        ({"networkStorages": [{"storage": STORAGE, "mountPath": "/data"}]}, "us-ca-nas-2"),
        ({"vpc": VPC}, "US-01 (Dallas)"),
        ({"vpc": VPC, "networkStorages": [{"storage": "s-9", "mountPath": "/data"}]}, "US-01 (Dallas)"),
        ({"vpc": VPC, "cluster": "5"}, "5"),
        ({"vpc": "net-9"}, None),
        ({}, None),
    ],
)
def test_an_instance_lives_in_the_cluster_of_what_it_names(named: dict[str, Any], cluster: str | None) -> None:
    assert inherit({**GPU, **named}).get("cluster") == cluster


# --- choosing -------------------------------------------------------------------------------------------------------


def test_the_cheapest_product_is_chosen_and_the_wish_is_kept() -> None:
    assert chosen(GPU)["product"] == {"gpu": "RTX 4090", "id": "4090.a"}


def test_the_product_is_one_of_the_cluster() -> None:
    found = chosen({**GPU, "cluster": "California"})
    assert (found["cluster"], found["product"]["id"]) == ("us-ca-nas-2", "4090.b")


def test_the_product_is_one_that_is_offered_in_the_billing_mode() -> None:
    assert chosen({**GPU, "billingMode": "spot"})["product"]["id"] == "4090.b", "the other names no spot price"
    found, faults = choose({**GPU, "product": {"gpu": "H100"}, "billingMode": "spot"})
    assert found["product"]["id"] == "h100"
    assert [(fault.path, fault.hint) for fault in faults] == [(("billingMode",), "it is offered onDemand or monthly")]


def test_a_billing_mode_that_a_live_instance_already_has_is_not_questioned() -> None:
    now = live("h100", "H100 SXM 80GB", billingMode="spot")
    assert choose({**GPU, "product": {"gpu": "H100"}, "billingMode": "spot"}, now)[1] == ()


def test_nothing_free_is_no_fault() -> None:
    assert chosen({**GPU, "product": {"gpu": "H100"}})["product"]["id"] == "h100"


def test_a_live_instance_keeps_its_product_while_it_satisfies_the_wish() -> None:
    assert chosen(GPU, live("4090.b"))["product"]["id"] == "4090.b"
    assert chosen({**GPU, "product": {"gpu": "H100"}}, live("4090.b"))["product"]["id"] == "h100"


def test_a_live_instance_keeps_a_product_that_is_no_longer_listed() -> None:
    assert chosen({**GPU, "product": {"gpu": "RTX 3090"}}, live("3090", "RTX 3090 24GB"))["product"]["id"] == "3090"
    assert chosen({**GPU, "product": {"id": "3090"}}, live("3090", ""))["product"] == {"id": "3090"}


def test_a_product_by_id_must_be_one() -> None:
    assert chosen({**GPU, "product": {"id": "4090.b"}})["product"] == {"id": "4090.b"}
    assert choose({**GPU, "product": {"id": "4090.c"}})[1] == (
        SpecError(("product", "id"), 'no product has the id "4090.c"', 'did you mean "4090.b"?'),
    )
    assert [fault.path for fault in choose({**GPU, "product": {"id": "RTX 4090 24GB"}})[1]] == [("product", "id")]


def test_a_cpu_is_chosen_among_cpus() -> None:
    assert chosen(CPU)["product"] == {"cpu": "4 cores", "id": "cpu.4"}
    assert [fault.path for fault in choose({**CPU, "product": {"cpu": "RTX 4090"}})[1]] == [("product", "cpu")]


def test_the_id_of_a_cpu_makes_it_a_cpu_instance() -> None:
    assert chosen({**CPU, "product": {"id": "cpu.4"}}) == {**CPU, "product": {"id": "cpu.4"}, "type": "cpu"}
    assert [fault.path for fault in choose({**GPU, "product": {"id": "cpu.4"}, "gpuCount": 2})[1]] == [("gpuCount",)]


def test_unknown_names_of_cluster_and_product_are_both_reported() -> None:
    found, faults = choose({**GPU, "cluster": "us-ca-nas-9", "product": {"gpu": "RTX 9090 24GB"}})
    assert [(fault.path, fault.hint) for fault in faults] == [
        (("cluster",), 'did you mean "us-ca-nas-2"?'),
        (("product", "gpu"), 'did you mean "RTX 4090 24GB"?'),
    ]
    assert found["product"] == {"gpu": "RTX 9090 24GB"}


def test_a_root_disk_below_what_the_product_needs_is_a_fault() -> None:
    _, faults = choose({**GPU, "rootDiskGb": 10})
    assert [(fault.path, fault.hint) for fault in faults] == [(("rootDiskGb",), "at least 20 GB are needed")]


def test_a_root_disk_that_a_live_instance_already_has_is_not_questioned() -> None:
    spec = {**GPU, "cluster": "5", "rootDiskGb": 10}
    assert chosen(spec, live("4090.a", cluster="5", rootDiskGb=10))["rootDiskGb"] == 10
    assert [error.path for error in choose(spec, live("4090.a", cluster="5", rootDiskGb=20))[1]] == [("rootDiskGb",)]


def test_an_image_that_no_known_template_gives_is_a_fault() -> None:
    spec = {"name": "a", "product": {"gpu": "RTX 4090"}, "template": "107672"}
    assert faults_of(spec) == []
    assert [fault.path for fault in choose(spec)[1]] == [("image",)]


def test_what_is_not_known_yet_is_left_alone() -> None:
    spec = {**GPU, "cluster": VPC, "product": {"gpu": joined_text(("RTX ", VPC))}}
    assert chosen(spec) == spec


def test_the_other_fields_are_left_alone() -> None:
    spec = {**GPU, "env": {"A": Secret("a", "env:A")}, "vpc": VPC, "power": "stopped", "billingMode": "onDemand"}
    assert chosen(spec) == {**spec, "product": {"gpu": "RTX 4090", "id": "4090.a"}}


# --- checking -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spec", [GPU, CPU, {**GPU, "billingMode": "monthly", "months": 1, "autoRenew": {"enabled": True}}]
)
def test_a_sound_spec_has_no_faults(spec: Spec) -> None:
    assert faults_of(spec) == []


@pytest.mark.parametrize(
    ("change", "paths"),
    [
        ({"image": None}, [("image",)]),
        ({"registryAuth": "a", "registryLogin": {"username": "u", "password": "p"}}, [("registryLogin",)]),
        ({"product": {"gpu": "a", "id": "b"}}, [("product", "id")]),
        ({"type": "cpu"}, [("type",)]),
        ({"ports": ["2222/tcp"]}, [("ports", 0)]),
        ({"ports": ["80/http", "80/tcp"]}, [("ports", 1)]),
        ({"ports": [f"{number}/http" for number in range(3000, 3016)]}, [("ports",)]),
        (
            {"ports": ["8888/http"], "tools": [{"name": "Jupyter", "port": 8888, "type": "http"}]},
            [("ports", 0)],
        ),
        ({"tools": [{"name": "Jupyter", "port": 2224, "type": "http"}]}, [("tools", 0, "port")]),
        ({"tools": [{"name": "Jupyter", "port": 1, "type": "http"}] * 2}, [("tools", 1, "port")]),
        ({"env": {"A": "a" * 4096}}, [("env", "A")]),
        (
            {"localStorage": {"mountPath": "/a"}, "networkStorages": [{"storage": "s", "mountPath": "/a"}]},
            [("networkStorages", 0, "mountPath")],
        ),
        ({"billingMode": "monthly"}, [("billingMode",)]),
        ({"months": 3}, [("months",)]),
        ({"billingMode": "spot", "months": 3, "autoRenew": {"enabled": True}}, [("months",), ("autoRenew",)]),
    ],
)
def test_each_fault_is_reported_once_at_its_place(change: dict[str, Any], paths: list[tuple[str | int, ...]]) -> None:
    assert faults_of({**GPU, **change}) == paths


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("gpuCount", 1),
        ("rootDiskGb", 20),
        ("billingMode", "onDemand"),
        ("months", 1),
        ("autoRenew", {"enabled": False}),
        ("minCudaVersion", "12.4"),
    ],
)
def test_a_cpu_instance_has_nothing_that_only_gpus_have(name: str, value: Any) -> None:
    assert faults_of({**CPU, name: value}) == [(name,)]
    assert faults_of({"image": "nginx", "product": {"id": "cpu.4"}, "type": "cpu", name: value}) == [(name,)]


def test_what_is_not_known_yet_or_secret_is_not_checked() -> None:
    ref, joined = Ref(Address("vpc", "net")), joined_text(("a", Secret("b", "env:B")))
    names = [field.name for field in INSTANCE.fields if field.name not in {"registryLogin", "months", "autoRenew"}]
    for value in (ref, joined, Secret("s", "env:S")):
        assert faults_of(dict.fromkeys(names, value)) == []


# --- names of several products --------------------------------------------------------------------------------------

ADA = Product("ada", "RTX 6000 Ada 48GB", available=True, price=70000)
WIDER = replace(CATALOGUE, gpu=(*CATALOGUE.gpu, ADA))
SEVERAL = [
    ({"gpu": "RTX"}, ("product", "gpu")),
    ({"anyOf": [{"gpu": "H100"}, {"gpu": "RTX"}]}, ("product", "anyOf", 1, "gpu")),
]


def resolved(
    product: dict[str, Any], now: Live | None = None, recorded: Spec | None = None, *, catalogue: Catalogue = WIDER
) -> tuple[Spec, tuple[SpecError, ...]]:
    assert INSTANCE.resolution.resolve is not None
    return INSTANCE.resolution.resolve({**GPU, "product": product}, catalogue, now, recorded)


@pytest.mark.parametrize(("product", "path"), SEVERAL)
def test_a_name_of_several_products_chooses_none(product: dict[str, Any], path: tuple[str | int, ...]) -> None:
    found, (error,) = resolved(product)
    assert error.path == path
    assert "RTX 4090 24GB (from $0.35/h per GPU), RTX 6000 Ada 48GB ($0.70/h per GPU)" in error.summary
    assert "id" not in found["product"]


@pytest.mark.parametrize(
    "product", [{"gpu": "RTX", "choose": "cheapest"}, {"anyOf": [{"gpu": "RTX", "choose": "cheapest"}]}]
)
def test_the_cheapest_of_several_products_is_taken_where_that_is_declared(product: dict[str, Any]) -> None:
    found, errors = resolved(product)
    assert (found["product"]["id"], errors) == ("4090.a", ())


@pytest.mark.parametrize("product", [{"gpu": "RTX"}, {"anyOf": [{"gpu": "RTX"}]}])
def test_a_live_instance_keeps_one_of_several_products(product: dict[str, Any]) -> None:
    found, errors = resolved(product, live("4090.b"))
    assert (found["product"]["id"], errors) == ("4090.b", ())


CHANGED = {
    "a closer name": replace(CATALOGUE, gpu=(*CATALOGUE.gpu, Product("new", "RTX 4090", available=True, price=1))),
    "another name": replace(CATALOGUE, gpu=(Product("4090.b", "GeForce", available=True, price=1), *CATALOGUE.gpu[:1])),
    "no longer listed": replace(CATALOGUE, gpu=(CATALOGUE.gpu[0],)),
    "nothing of that name": replace(CATALOGUE, gpu=(CATALOGUE.gpu[2],)),
}


@pytest.mark.parametrize("catalogue", CHANGED.values(), ids=CHANGED.keys())
@pytest.mark.parametrize("product", [{"gpu": "RTX 4090"}, {"anyOf": [{"gpu": "RTX 4090"}, {"gpu": "H100"}]}])
def test_a_changed_catalogue_replaces_no_product(product: dict[str, Any], catalogue: Catalogue) -> None:
    recorded = {**GPU, "product": {**product, "id": "4090.b"}}
    found, errors = resolved(product, live("4090.b"), recorded, catalogue=catalogue)
    assert (found["product"]["id"], errors) == ("4090.b", ())


def test_a_choice_stands_beside_a_name() -> None:
    for product in ({"id": "4090.a"}, {"anyOf": [{"gpu": "RTX 4090"}]}):
        assert faults_of({**GPU, "product": {**product, "choose": "cheapest"}}) == [("product", "choose")]
    anyof = {"anyOf": [{"id": "4090.a", "choose": "cheapest"}]}
    assert faults_of({**GPU, "product": anyof}) == [("product", "anyOf", 0, "choose")]

"""ImagePrewarm: a job that is found by listing and identified by image and place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from novita_infra.catalogue.products import Catalogue, Cluster, Product
from novita_infra.kinds.call import Target
from novita_infra.kinds.field import By, Replaces
from novita_infra.kinds.image_prewarm import IMAGE_PREWARM as KIND
from novita_infra.model.addresses import Address
from novita_infra.model.resources import Live, Phase
from novita_infra.model.values import Ref, Spec

IMAGE = "docker.io/pytorch/pytorch:2.6.0"
SPEC: Spec = {"image": IMAGE, "cluster": "us-ca-nas-2", "products": ["4090.16c62g"], "note": "trainers"}
ITEM: dict[str, Any] = {
    "id": "0123456789abcdef",
    "imageName": "pytorch",
    "imageUrl": IMAGE,
    "repositoryAuth": "auth-1",
    "clusterId": "us-ca-nas-2",
    "clusterName": "US-CA-NAS-2 (California)",
    "note": "trainers",
    "products": [{"productId": "4090.16c62g", "productName": "RTX 4090 24GB"}],
    "imageSize": "4509715660",
    "createTime": "1760000000",
    "completeTime": "1760000300",
    "state": "Succeeded",
    "reason": ["pulled on 4 nodes"],
}


def product(id: str, name: str, *clusters: str) -> Product:
    return Product(id=id, name=name, available=True, price=35000, clusters=clusters)


CATALOGUE = Catalogue(
    clusters=(Cluster(id="us-ca-nas-2", name="US-CA-NAS-2 (California)", network_storage=True, vpc=True),),
    gpu=(
        product("4090.16c62g", "RTX 4090 24GB", "US-CA-NAS-2 (California)"),
        product("4090.16c96g.v2", "RTX 4090 24GB"),
        product("4090.dallas", "RTX 4090 24GB", "US-01 (Dallas)"),
        product("4090d", "RTX 4090D 24GB"),
        product("h100", "H100 SXM 80GB"),
    ),
    cpu=(product("cpu.4c8g", "CPU 4 cores"),),
)


def test_a_create_sends_what_is_declared_and_no_more() -> None:
    request = KIND.api.create.request(Target("", {**SPEC, "registryAuth": "auth-1"}))
    assert (request.method, request.path) == ("POST", "/gpu-instance/openapi/v1/image/prewarm")
    assert request.body == {
        "imageUrl": IMAGE,
        "clusterId": "us-ca-nas-2",
        "repositoryAuth": "auth-1",
        "productIds": ["4090.16c62g"],
        "note": "trainers",
    }
    assert not request.repeatable
    least = KIND.api.create.request(Target("", {"image": IMAGE, "cluster": "us-ca-nas-2"}))
    assert least.body == {"imageUrl": IMAGE, "clusterId": "us-ca-nas-2"}


def test_an_edit_sends_the_note_alone() -> None:
    request = KIND.call("edit").request(Target("t1", {**SPEC, "note": "for all"}, KIND.api.read.parse(ITEM)))
    assert request.path == "/gpu-instance/openapi/v1/image/prewarm/edit"
    assert request.body == {"id": "t1", "note": "for all"}
    assert request.repeatable


def test_a_note_is_edited_while_the_pull_goes_on_and_not_on_a_failed_task() -> None:
    assert KIND.call("edit").allowed_phases == {Phase.READY, Phase.CHANGING}


def test_a_delete_sends_a_list_of_ids() -> None:
    request = KIND.api.delete.request(Target("t1", {}))
    assert request.path == "/gpu-instance/openapi/v1/image/prewarm/delete"
    assert request.body == {"ids": ["t1"]}


def test_tasks_are_listed_from_page_one_and_have_no_get() -> None:
    pages = KIND.api.read.pages
    assert (pages.path, pages.number, pages.first) == ("/gpu-instance/openapi/v1/image/prewarm", "page", 1)
    assert KIND.api.read.get is None


def test_the_documented_item_is_read_in_the_manifests_shape() -> None:
    found = KIND.api.read.parse(ITEM)
    assert found.values == {**SPEC, "registryAuth": "auth-1"}
    assert (found.id, found.name, found.phase) == ("0123456789abcdef", "pytorch", Phase.READY)
    assert found.outputs == {"id": "0123456789abcdef", "imageSize": 4509715660, "completedAt": 1760000300}


def test_what_is_not_set_is_read_as_empty() -> None:
    bare = {**ITEM, "repositoryAuth": "", "products": None, "note": "", "completeTime": "0"}
    found = KIND.api.read.parse(bare)
    assert found.values == {**SPEC, "registryAuth": "", "products": [], "note": ""}
    assert "completedAt" not in found.outputs


@pytest.mark.parametrize(
    ("state", "phase"),
    [
        ("Pending", Phase.CHANGING),
        ("Running", Phase.CHANGING),
        ("Succeeded", Phase.READY),
        ("Failed", Phase.FAILED),
        ("failed", Phase.FAILED),
        ("Throttled", Phase.CHANGING),
        (None, Phase.CHANGING),
    ],
)
def test_every_state_has_a_phase_and_an_unknown_one_keeps_waiting(state: Any, phase: Phase) -> None:
    assert KIND.api.read.parse({**ITEM, "state": state}).phase is phase


@pytest.mark.parametrize(
    "reason", [["no such image", "node 3"], {"a": "no such image", "b": "node 3"}, "no such image; node 3"]
)
def test_a_failure_is_reported_in_the_services_words(reason: Any) -> None:
    assert KIND.api.read.parse({**ITEM, "state": "Failed", "reason": reason}).trouble == "no such image; node 3"


def test_the_reasons_of_a_success_are_no_trouble() -> None:
    assert KIND.api.read.parse(ITEM).trouble == ""


def test_only_the_note_changes_in_place() -> None:
    assert {item.name for item in KIND.fields if isinstance(item.change, By)} == {"note"}
    assert all(isinstance(item.change, Replaces) for item in KIND.fields if item.name != "note")


def test_tasks_are_distinguished_by_image_cluster_and_products() -> None:
    found = KIND.api.read.parse(ITEM)
    assert KIND.api.matches(SPEC, found)
    assert KIND.api.matches({**SPEC, "note": "another"}, found)
    others: list[Spec] = [{"image": "x"}, {"cluster": "5"}, {"products": []}, {"products": ["h100"]}]
    assert not any(KIND.api.matches({**SPEC, **other}, found) for other in others)


def chosen(products: Any, live: Live | None = None) -> tuple[Any, tuple[Any, ...]]:
    assert KIND.resolution.resolve is not None
    spec, faults = KIND.resolution.resolve({**SPEC, "cluster": "california", "products": products}, CATALOGUE, live)
    assert spec["cluster"] == "us-ca-nas-2"
    return spec["products"], faults


def test_a_name_means_every_such_product_of_the_cluster() -> None:
    assert chosen(["RTX 4090"]) == (["4090.16c62g", "4090.16c96g.v2"], ())


def test_an_id_means_itself_wherever_it_is_sold() -> None:
    assert chosen(["4090.dallas", "h100", "cpu.4c8g"]) == (["4090.dallas", "cpu.4c8g", "h100"], ())


def test_a_task_stays_as_it_is_while_it_satisfies_the_names() -> None:
    assert chosen(["RTX 4090"], KIND.api.read.parse(ITEM)) == (["4090.16c62g"], ())


def test_a_task_that_lacks_a_declared_product_is_replaced() -> None:
    found, _ = chosen(["RTX 4090", "H100"], KIND.api.read.parse(ITEM))
    assert found == ["4090.16c62g", "4090.16c96g.v2", "h100"]


def test_an_unknown_product_is_a_fault_at_its_place() -> None:
    _, faults = chosen(["RTX 4090", "H10O SXM"])
    assert [(fault.path, fault.hint) for fault in faults] == [(("products", 1), 'did you mean "H100 SXM 80GB"?')]


def test_no_products_means_all_and_stays_so() -> None:
    assert chosen([]) == ([], ())


def test_products_that_are_not_known_yet_are_left_alone() -> None:
    later = Ref(Address("instance", "trainer"), "productId")
    assert chosen([later, "H100"]) == ([later, "H100"], ())


def test_a_changed_catalogue_replaces_no_task() -> None:
    assert KIND.resolution.resolve is not None
    task = replace(KIND.api.read.parse(ITEM), values={**SPEC, "products": ["4090.16c62g", "delisted", "4090.d"]})
    closer = Product("4090.d", "RTX 4090 D 24GB", available=True, price=1)
    catalogue = replace(CATALOGUE, gpu=(*CATALOGUE.gpu, closer))
    spec, faults = KIND.resolution.resolve({**SPEC, "products": ["RTX 4090"]}, catalogue, task)
    assert (spec["products"], faults) == (["4090.16c62g", "4090.d", "delisted"], ())
    spec, _ = KIND.resolution.resolve({**SPEC, "products": ["RTX 4090 D"]}, catalogue, task)
    assert spec["products"] == ["4090.d"]

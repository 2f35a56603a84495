"""Prewarm tasks: their operations, states and quota."""

from __future__ import annotations

from typing import Any

import pytest

from novita_infra.simulator import Limits


def test_a_prewarm_runs_to_its_end(cloud: Any) -> None:
    key = cloud.prewarm(productIds=["4090.16c62g"], note="for training")
    (task,) = cloud.get("image/prewarm")["data"]
    assert len(key) == 16
    assert task["products"] == [{"productId": "4090.16c62g", "productName": "RTX 4090 24GB"}]
    assert (task["id"], task["state"], task["completeTime"], task["imageName"]) == (key, "Pending", "0", "train")
    assert task["imageSize"].isdecimal()
    cloud.pass_(3)
    assert cloud.get("image/prewarm", state="Running")["total"] == 1
    cloud.pass_(100)
    (task,) = cloud.get("image/prewarm", name="TRAINING", clusterId="us-ca-nas-2")["data"]
    assert task["state"] == "Succeeded"
    assert int(task["completeTime"]) > int(task["createTime"])
    assert isinstance(task["reason"], list)


@pytest.mark.parametrize("image", ["docker.io/team/does-not-exist:1", "docker.io/team/too-large:1"])
def test_a_prewarm_of_an_image_that_cannot_be_pulled_fails(cloud: Any, image: str) -> None:
    cloud.prewarm(imageUrl=image)
    cloud.pass_(100)
    (task,) = cloud.get("image/prewarm", state="Failed")["data"]
    assert task["reason"]


def test_finished_prewarms_hold_the_quota_until_they_are_deleted(cloud: Any) -> None:
    keys = [cloud.prewarm(note=f"task {number}") for number in range(5)]
    cloud.pass_(100)
    assert cloud.get("image/prewarm/quota") == {"total": 5, "limit": 5, "perImageSize": 100}
    body = {"imageUrl": "a:1", "clusterId": "us-ca-nas-2"}
    assert cloud.refuses("image/prewarm", body) == "OPERATION_LIMIT"
    assert cloud.refuses("image/prewarm/delete", {"ids": [keys[0], "no"]}) == "RESOURCE_NOT_FOUND"
    assert cloud.get("image/prewarm/quota")["total"] == 5
    assert cloud.post("image/prewarm/delete", {"ids": keys[:2]}) == {}
    cloud.prewarm()
    pages = [cloud.get("image/prewarm", page=number, pageSize=3)["data"] for number in (1, 2)]
    assert [len(page) for page in pages] == [3, 1]


def test_the_prewarm_quota_can_be_set(make_cloud: Any) -> None:
    cloud = make_cloud(limits=Limits(prewarm_tasks=1))
    cloud.prewarm()
    assert cloud.refuses("image/prewarm", {"imageUrl": "a:1", "clusterId": "us-ca-nas-2"}) == "OPERATION_LIMIT"


def test_only_the_note_of_a_prewarm_changes(cloud: Any) -> None:
    key = cloud.prewarm(note="before")
    assert cloud.post("image/prewarm/edit", {"id": key, "note": "after"}) == {}
    assert cloud.get("image/prewarm")["data"][0]["note"] == "after"
    assert cloud.refuses("image/prewarm/edit", {"id": "no", "note": ""}) == "RESOURCE_NOT_FOUND"


@pytest.mark.parametrize(
    "changes",
    [{"clusterId": "no"}, {"repositoryAuth": "no"}, {"productIds": ["no"]}, {"productIds": ["SL-serverless-1"]}],
)
def test_a_prewarm_of_unknown_objects_is_refused(cloud: Any, changes: dict[str, Any]) -> None:
    body = {"imageUrl": "a:1", "clusterId": "us-ca-nas-2"}
    assert cloud.refuses("image/prewarm", body | changes) == "RESOURCE_NOT_FOUND"
    assert cloud.refused_field("image/prewarm", body | {"imageUrl": "i" * 501}) == "imageUrl"
    assert cloud.refused("GET", "image/prewarm", params={"state": "success"}) == (400, "VALIDATOR_PARAM")

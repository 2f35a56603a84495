"""Templates and prewarm tasks."""

from __future__ import annotations

from typing import Any

import pytest

from novita_infra.simulator import Limits

TEMPLATE = {
    "name": "base",
    "type": "instance",
    "channel": "private",
    "image": "docker.io/team/train:1",
    "rootfsSize": 60,
    "readme": "Read me.",
    "startCommand": "run",
    "entrypoint": "sh",
    "ports": [{"type": "http", "ports": [80, 8888]}],
    "envs": [{"key": "A", "value": "1"}],
    "minCudaVersion": "12.4",
}


def test_a_template_is_read_back_as_it_was_written(cloud: Any) -> None:
    key = cloud.post("template/create", {"template": TEMPLATE})["templateId"]
    assert key.isdecimal()
    got = cloud.get("template", templateId=key)["template"]
    assert got.items() >= (TEMPLATE | {"Id": key, "imageAuth": ""}).items()
    assert got["createdAt"].isdecimal()


def test_an_update_replaces_all_of_a_template(cloud: Any) -> None:
    key = cloud.post("template/create", {"template": TEMPLATE})["templateId"]
    created = cloud.get("template", templateId=key)["template"]["createdAt"]
    cloud.pass_(60)
    new = {"Id": key, "name": "new", "type": "instance", "channel": "private", "image": "b:2", "rootfsSize": 20}
    assert cloud.post("template/update", {"template": new}) == {"templateId": key}
    got = cloud.get("template", templateId=key)["template"]
    assert (got["name"], got["image"], got["rootfsSize"], got["createdAt"]) == ("new", "b:2", 20, created)
    assert (got["envs"], got["ports"], got["startCommand"], got["readme"]) == ([], [], "", "")


def test_a_template_as_it_was_read_can_be_sent_back(cloud: Any) -> None:
    key = cloud.post("template/create", {"template": TEMPLATE})["templateId"]
    read = cloud.get("template", templateId=key)
    cloud.post("template/update", read)
    assert cloud.get("template", templateId=key) == read


def test_templates_are_listed_by_channel(cloud: Any) -> None:
    keys = [cloud.post("template/create", {"template": TEMPLATE | {"name": f"t{n}"}})["templateId"] for n in range(3)]
    own = cloud.get("templates", channel="private", isMyCommunity="True", pageSize=2, pageNum=0)
    assert own["total"] == 3
    assert [one["Id"] for one in own["template"]] == keys[:2]
    more = cloud.get("templates", channel="private", isMyCommunity="true", pageSize=2, pageNum=1)
    assert [one["Id"] for one in more["template"]] == keys[2:]
    assert not set(keys) & {one["Id"] for one in cloud.get("templates")["template"]}
    assert cloud.get("templates", channel="official,private")["total"] == 5
    assert cloud.get("templates", channel="private", name="T1")["total"] == 1
    assert all(one["tools"] or one["channel"] for one in cloud.get("templates", channel="official")["template"])


def test_a_deleted_template_is_not_found(cloud: Any) -> None:
    key = cloud.post("template/create", {"template": TEMPLATE})["templateId"]
    assert cloud.post("template/delete", {"templateId": key}) == {"templateId": key}
    assert cloud.refused("GET", "template", params={"templateId": key}) == (400, "TEMPLATE_NOT_FOUND")
    assert cloud.refuses("template/delete", {"templateId": key}) == "TEMPLATE_NOT_FOUND"
    assert cloud.refuses("template/update", {"template": TEMPLATE | {"Id": key}}) == "TEMPLATE_NOT_FOUND"


def test_templates_of_others_are_theirs(cloud: Any) -> None:
    assert cloud.refused("GET", "template", params={"templateId": "202"}) == (400, "TEMPLATE_IS_PRIVATE")
    assert cloud.get("template", templateId="101")["template"]["channel"] == "official"
    assert cloud.refused("POST", "template/delete", json={"templateId": "101"}) == (403, "FORBIDDEN")


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"name": ""}, "template.name"),
        ({"name": "n" * 256}, "template.name"),
        ({"type": "serverless"}, "template.type"),
        ({"channel": "official"}, "template.channel"),
        ({"image": "i" * 501}, "template.image"),
        ({"rootfsSize": 0}, "template.rootfsSize"),
        ({"readme": "r" * 102_401}, "template.readme"),
        ({"startCommand": "c" * 2048}, "template.startCommand"),
        ({"entrypoint": "c" * 2048}, "template.entrypoint"),
        ({"ports": [{"type": "http", "ports": list(range(1, 7))}] * 2}, "template.ports"),
        ({"ports": [{"type": "udp", "ports": [1]}]}, "template.ports[0].type"),
        ({"ports": [{"type": "tcp", "ports": [2224]}]}, "template.ports[0].ports[0]"),
        ({"envs": [{"key": f"k{n}", "value": ""} for n in range(101)]}, "template.envs"),
    ],
)
def test_the_limits_of_a_template_are_told(cloud: Any, wish: dict[str, Any], field: str) -> None:
    assert cloud.refused_field("template/create", {"template": TEMPLATE | wish}) == field


def test_a_template_must_be_wrapped_and_its_credential_known(cloud: Any) -> None:
    assert cloud.refused_field("template/create", TEMPLATE) == "template"
    assert cloud.refuses("template/create", {"template": TEMPLATE | {"imageAuth": "no"}}) == "RESOURCE_NOT_FOUND"


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
def test_a_prewarm_of_an_impossible_image_fails(cloud: Any, image: str) -> None:
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
    assert cloud.post("image/prewarm/delete", {"ids": keys[:2]}) is None
    cloud.prewarm()
    pages = [cloud.get("image/prewarm", page=number, pageSize=3)["data"] for number in (1, 2)]
    assert [len(page) for page in pages] == [3, 1]


def test_the_prewarm_quota_can_be_set(make_cloud: Any) -> None:
    cloud = make_cloud(limits=Limits(prewarm_tasks=1))
    cloud.prewarm()
    assert cloud.refuses("image/prewarm", {"imageUrl": "a:1", "clusterId": "us-ca-nas-2"}) == "OPERATION_LIMIT"


def test_only_the_note_of_a_prewarm_changes(cloud: Any) -> None:
    key = cloud.prewarm(note="before")
    assert cloud.post("image/prewarm/edit", {"id": key, "note": "after"}) is None
    assert cloud.get("image/prewarm")["data"][0]["note"] == "after"
    assert cloud.refuses("image/prewarm/edit", {"id": "no", "note": ""}) == "RESOURCE_NOT_FOUND"


@pytest.mark.parametrize(
    "wish", [{"clusterId": "no"}, {"repositoryAuth": "no"}, {"productIds": ["no"]}, {"productIds": ["SL-serverless-1"]}]
)
def test_a_prewarm_names_what_there_is(cloud: Any, wish: dict[str, Any]) -> None:
    body = {"imageUrl": "a:1", "clusterId": "us-ca-nas-2"}
    assert cloud.refuses("image/prewarm", body | wish) == "RESOURCE_NOT_FOUND"
    assert cloud.refused_field("image/prewarm", body | {"imageUrl": "i" * 501}) == "imageUrl"
    assert cloud.refused("GET", "image/prewarm", params={"state": "success"}) == (400, "VALIDATOR_PARAM")

"""Templates: their operations and limits."""

from __future__ import annotations

from typing import Any

import pytest

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


def test_a_template_is_read_as_written(cloud: Any) -> None:
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


def test_a_template_as_read_can_be_sent_as_update(cloud: Any) -> None:
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


def test_templates_of_others_cannot_be_changed(cloud: Any) -> None:
    assert cloud.refused("GET", "template", params={"templateId": "202"}) == (400, "TEMPLATE_IS_PRIVATE")
    assert cloud.get("template", templateId="101")["template"]["channel"] == "official"
    assert cloud.refused("POST", "template/delete", json={"templateId": "101"}) == (403, "FORBIDDEN")


@pytest.mark.parametrize(
    ("changes", "field"),
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
def test_a_template_outside_its_limits_is_refused(cloud: Any, changes: dict[str, Any], field: str) -> None:
    assert cloud.refused_field("template/create", {"template": TEMPLATE | changes}) == field


def test_a_template_requires_its_wrapper_and_a_known_credential(cloud: Any) -> None:
    assert cloud.refused_field("template/create", TEMPLATE) == "template"
    assert cloud.refuses("template/create", {"template": TEMPLATE | {"imageAuth": "no"}}) == "RESOURCE_NOT_FOUND"

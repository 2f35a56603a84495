"""Registry credentials: their operations, and what uses them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest


def test_saving_a_registry_auth_answers_no_id_and_adds_one_each_time(cloud: Any) -> None:
    body = {"name": "hub", "username": "u", "password": "p"}
    assert cloud.post("repository/auth/save", body) == {}
    assert cloud.post("repository/auth/save", body) == {}
    data = cloud.get("repository/auths")["data"]
    assert len({one["id"] for one in data}) == 2
    assert {(one["name"], one["username"], one["password"]) for one in data} == {("hub", "u", "******")}
    assert all(str(UUID(one["id"])) == one["id"] for one in data)


@pytest.mark.parametrize("field", ["name", "username", "password"])
def test_a_registry_auth_requires_all_fields(cloud: Any, field: str) -> None:
    body = {"name": "hub", "username": "u", "password": "p"}
    assert cloud.refused_field("repository/auth/save", body | {field: ""}) == field
    assert cloud.refused_field("repository/auth/save", {k: v for k, v in body.items() if k != field}) == field


def test_a_registry_auth_in_use_cannot_be_deleted(cloud: Any, an_endpoint: Any) -> None:
    auth = cloud.auth()
    gone = {"id": auth}

    def held() -> bool:
        answer = cloud.send("POST", "repository/auth/delete", json=gone)
        return bool(answer.status_code == 400 and answer.json()["reason"] == "IMAGE_AUTH_IN_USE")

    machine = cloud.running(imageAuthId=auth)
    assert held()
    cloud.post("gpu/instance/delete", {"instanceId": machine})
    cloud.pass_(2)
    assert held()
    template = {"name": "t", "type": "instance", "channel": "private", "image": "a:1", "rootfsSize": 10}
    made = cloud.post("template/create", {"template": template | {"imageAuth": auth}})
    cloud.pass_(60)
    assert held()
    cloud.post("template/delete", made)
    endpoint = cloud.endpoint(image={"image": "a:1", "authId": auth})
    assert held()
    cloud.post("endpoint/delete", {"name": endpoint})
    assert held()
    cloud.pass_(10)
    prewarm = cloud.prewarm(repositoryAuth=auth)
    assert held()
    cloud.pass_(100)
    assert cloud.get("image/prewarm")["data"][0]["state"] == "Succeeded"
    assert not held()
    assert cloud.get("repository/auths")["data"] == []
    assert cloud.get("image/prewarm")["data"][0]["id"] == prewarm
    assert cloud.refuses("repository/auth/delete", gone) == "RESOURCE_NOT_FOUND"

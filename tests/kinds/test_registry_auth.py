"""RegistryAuth: the password goes out in clear once, and never comes in."""

from __future__ import annotations

from typing import Any

import pytest

from novita_infra.kinds.call import Target
from novita_infra.kinds.field import Replaces
from novita_infra.kinds.registry_auth import REGISTRY_AUTH as KIND
from novita_infra.model.resources import Live, Phase
from novita_infra.model.values import Digest, Secret, Spec

SPEC: Spec = {"name": "hub", "username": "me", "password": "p4ss"}
ITEM = {"id": "a" * 32, "name": "hub", "username": "me", "password": "somebody's secret"}


def test_a_create_sends_the_password_as_it_is() -> None:
    request = KIND.api.create.request(Target("", SPEC))
    assert (request.method, request.path) == ("POST", "/gpu-instance/openapi/v1/repository/auth/save")
    assert request.body == {"name": "hub", "username": "me", "password": "p4ss"}
    assert not request.repeatable


def test_a_delete_names_the_credential() -> None:
    request = KIND.api.delete.request(Target("a1", {}))
    assert request.path == "/gpu-instance/openapi/v1/repository/auth/delete"
    assert request.body == {"id": "a1"}
    assert request.repeatable


@pytest.mark.parametrize(
    ("answer", "expected"), [({}, ""), (None, ""), ("", ""), ({"id": "a1"}, "a1"), ({"id": 7}, "7")]
)
def test_the_answer_of_a_create_may_hold_no_id(answer: Any, expected: str) -> None:
    assert KIND.api.new_id(answer) == expected


def test_the_list_comes_whole_and_there_is_no_get() -> None:
    assert KIND.api.read.pages.number == ""
    assert KIND.api.read.pages.path == "/gpu-instance/openapi/v1/repository/auths"
    assert KIND.api.read.get is None


def test_the_password_of_the_list_gets_nowhere() -> None:
    found = KIND.api.read.parse(ITEM)
    assert "somebody's secret" not in repr(found)
    assert found.values == {"name": "hub", "username": "me"}
    assert (found.id, found.phase, found.outputs) == ("a" * 32, Phase.READY, {"id": "a" * 32})


def test_every_change_makes_a_new_credential_before_the_old_one_goes() -> None:
    assert all(isinstance(item.change, Replaces) for item in KIND.fields)
    assert KIND.api.create_first
    assert KIND.api.updates == ()


def test_only_the_password_is_secret() -> None:
    assert [item.name for item in KIND.fields if item.secret] == ["password"]


@pytest.mark.parametrize(
    ("username", "expected"),
    [("me", True), ("you", False), (Secret("me", "env:NAME_KEY"), True), (Digest("00"), True)],
    ids=["same", "other", "secret", "digest from the state"],
)
def test_name_and_user_name_tell_credentials_apart(username: Any, expected: bool) -> None:
    live = KIND.api.read.parse(ITEM)
    assert KIND.api.matches({**SPEC, "username": username}, live) is expected
    assert not KIND.api.matches({**SPEC, "username": username, "name": "quay"}, live)


def test_reading_an_empty_item_gives_an_empty_object() -> None:
    assert KIND.api.read.parse({}) == Live("", "", Phase.READY, "saved", {}, {"id": ""})

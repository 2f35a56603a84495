"""Ports, env, mounts and numbers as text, from manifests to the API and back."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trees import trees

from novita_infra.api import json_values
from novita_infra.kinds.toolkit import field_schemas
from novita_infra.kinds.toolkit import translation as shapes
from novita_infra.kinds.toolkit.checks import env_errors, mount_errors, port_errors
from novita_infra.model.addresses import Address
from novita_infra.model.values import Ref, Secret, joined_text

JSON = trees(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8), st.text(max_size=8))
PORTS = st.builds(lambda port, of: f"{port}/{of}", st.integers(1, 65535), st.sampled_from(["http", "tcp"]))


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (24, 24),
        ("24", 24),
        (" 24 ", 24),
        ("24.0", 24),
        (24.0, 24),
        ("-1", -1),
        ("", None),
        ("many", None),
        ("9" * 5000, None),
        (True, None),
        (None, None),
        (float("inf"), None),
        ("nan", None),
        ([1], None),
    ],
)
def test_a_number_may_come_as_text(sent: Any, read: int | None) -> None:
    assert json_values.int_of(sent) == read


def test_what_is_no_number_becomes_what_the_caller_says() -> None:
    assert json_values.int_of("none", 5) == 5


VALUES: list[Any] = [26, "26", None, True, [], {}]


def test_an_id_may_come_as_a_number() -> None:
    assert [json_values.text_of(value) for value in VALUES] == ["26", "26", "", "", "", ""]


def test_a_truth_value_may_come_as_text() -> None:
    assert all(json_values.flag_of(value) for value in (True, "true", "True"))
    assert not any(json_values.flag_of(value) for value in (False, "false", "", None))


def test_an_object_may_come_alone_or_in_a_list() -> None:
    assert json_values.object_of({"a": 1}) == json_values.object_of([{"a": 1}]) == {"a": 1}
    assert json_values.object_of([]) == json_values.object_of(None) == json_values.object_of("a") == {}


def test_a_field_that_is_sent_empty_is_carried_and_one_that_is_not_sent_is_left_out() -> None:
    readers: Any = {
        "env": ("envs", shapes.env_of),
        "command": ("command", json_values.text_of),
        "size": ("n", json_values.int_of),
    }
    assert json_values.carried({"envs": None, "command": "", "n": "x"}, readers) == {"env": {}, "command": ""}
    assert json_values.carried({}, readers) == {}


def test_ports_become_objects_and_text_in_the_order_of_their_numbers() -> None:
    ports = ["8888/http", "22/tcp", "443/http"]
    assert shapes.ports_list(ports) == [
        {"port": 22, "type": "tcp"},
        {"port": 443, "type": "http"},
        {"port": 8888, "type": "http"},
    ]
    assert shapes.ports_text(ports) == "22/tcp,443/http,8888/http"
    assert shapes.ports_list(None) == []
    assert shapes.ports_text(None) == ""


def test_ports_are_read_from_each_form_the_api_has() -> None:
    assert shapes.ports_of([{"port": 80, "type": "http"}, {"port": "22", "type": "tcp", "endpoint": "x"}]) == [
        "22/tcp",
        "80/http",
    ]
    assert shapes.ports_of([{"type": "http", "ports": [8080, "80"]}]) == ["80/http", "8080/http"]
    assert shapes.ports_of(None) == []


@given(st.sets(PORTS))
def test_ports_that_were_sent_are_read_as_the_same(ports: set[str]) -> None:
    assert set(shapes.ports_of(shapes.ports_list(ports))) == ports


def test_something_else_is_no_port() -> None:
    for text in ("8888", "8888/udp", "http/80", "80/http ", "\u0661/http"):
        assert not shapes.is_port(text)
        with pytest.raises(ValueError, match="looks like 8888/http"):
            shapes.port_of(text)


@given(st.dictionaries(st.text(min_size=1), st.text()))
def test_an_env_that_was_sent_is_read_as_the_same(env: dict[str, str]) -> None:
    assert shapes.env_of(shapes.env_list(env)) == env


def test_equal_envs_give_equal_bodies_whatever_their_order() -> None:
    assert shapes.env_list({"B": "2", "A": "1"}) == [{"key": "A", "value": "1"}, {"key": "B", "value": "2"}]
    assert shapes.env_list(None) == []


def test_storages_are_read_as_they_were_sent_and_local_disks_are_not_among_them() -> None:
    mounts = shapes.storage_mounts([{"storage": "s1", "mountPath": "/data"}])
    assert mounts == [{"type": "network", "id": "s1", "mountPath": "/data"}]
    assert shapes.storages_of([*mounts, {"type": "local", "size": "30", "mountPath": "/workspace"}]) == [
        {"storage": "s1", "mountPath": "/data"}
    ]


@given(JSON)
def test_no_reader_raises_on_any_json(value: Any) -> None:
    readers: tuple[Callable[[Any], Any], ...] = (
        json_values.int_of,
        json_values.text_of,
        json_values.flag_of,
        json_values.object_of,
        json_values.objects_of,
        json_values.texts_of,
        shapes.ports_of,
        shapes.env_of,
        shapes.storages_of,
    )
    for read in readers:
        read(value)


@given(PORTS)
def test_the_schema_takes_every_port_that_can_be_read(port: str) -> None:
    assert re.search(field_schemas.PORT["pattern"], port)
    assert shapes.is_port(port)


def test_ports_out_of_range_reserved_or_doubled_are_faults() -> None:
    faults = list(port_errors(["80/http", "70000/tcp", "2223/http", "80/tcp", "nonsense"]))
    assert [(fault.path, fault.summary) for fault in faults] == [
        (("ports", 1), "port 70000 does not exist"),
        (("ports", 2), "port 2223 is kept by the platform"),
        (("ports", 3), "port 80 is used twice"),
    ]


def test_ports_and_those_that_are_taken_count_together() -> None:
    ports = [f"{number}/http" for number in range(3000, 3015)]
    assert not list(port_errors(ports))
    assert [fault.path for fault in port_errors(ports, taken=[8888])] == [("ports",)]
    assert [fault.path for fault in port_errors(ports, most=10)] == [("ports",)]


def test_a_variable_that_is_too_long_is_a_fault_even_where_it_is_secret_and_is_not_reported() -> None:
    long = "s" * 4096
    faults = list(env_errors({"A": long, "B": Secret(long, "env:B"), "C" * 512: "c"}))
    assert [fault.path for fault in faults] == [("env", "A"), ("env", "B"), ("env", "C" * 512)]
    assert not any(long in str(fault) for fault in faults)


def test_a_variable_that_is_no_text_is_a_fault_that_says_how_to_write_it() -> None:
    (fault,) = env_errors({"N": 4})
    assert fault.hint == 'put it in quotes: "4"'


def test_more_than_a_hundred_variables_are_a_fault() -> None:
    assert not list(env_errors({f"V{number}": "" for number in range(100)}))
    assert [fault.path for fault in env_errors({f"V{number}": "" for number in range(101)})] == [("env",)]


def test_what_is_not_known_yet_is_no_fault() -> None:
    ref = Ref(Address("vpc", "net"))
    assert not list(port_errors([ref, joined_text(("80", ref))]))
    assert not list(port_errors(ref))
    assert not list(env_errors({"A": ref}))
    assert not list(env_errors(ref))
    assert not list(mount_errors([{"storage": ref, "mountPath": ref}, ref]))


def test_a_path_that_is_mounted_twice_is_a_fault() -> None:
    mounts = [{"storage": "a", "mountPath": "/a"}, {"storage": "b", "mountPath": "/a"}]
    assert [fault.path for fault in mount_errors(mounts)] == [("networkStorages", 1, "mountPath")]
    assert [fault.path for fault in mount_errors(mounts[:1], taken=["/a"])] == [("networkStorages", 0, "mountPath")]

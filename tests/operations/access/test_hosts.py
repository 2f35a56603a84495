"""The names of hosts: none means anything else to ssh, and no two machines have the same."""

from __future__ import annotations

import pytest

from novita_infra.kinds.machine import Login
from novita_infra.operations.access.hosts import host_name, hosts_of
from novita_infra.operations.access.login import MachineLogin


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("instance.web", "instance.web"),
        ('instance.worker["1"]', "instance.worker.1"),
        ('module.train["e*"].instance.worker["?!"]', "module.train.e.instance.worker"),
        ("prod/instance.web", "prod.instance.web"),
        ("4b9c", "4b9c"),
    ],
)
def test_every_mark_that_means_more_becomes_a_dot(address: str, name: str) -> None:
    assert host_name(address) == name


def test_a_name_of_two_machines_names_neither() -> None:
    login = Login("proxy.example.com", 22, "root")
    titles = {"1": 'instance.a["x y"]', "2": 'instance.a["x/y"]', "3": "instance.b", "4": "4"}
    hosts = hosts_of([MachineLogin(title, id, login) for id, title in titles.items()], None)
    assert [item.names for item in hosts] == [("1",), ("2",), ("4",), ("instance.b", "3")]

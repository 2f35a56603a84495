"""The words of ssh and scp: what the user's words mean, and that none of the API's means more than it should."""

from __future__ import annotations

from pathlib import Path

import pytest

from novita_infra.kinds import KINDS
from novita_infra.kinds.machine import Login
from novita_infra.operations.access.login import MachineLogin
from novita_infra.operations.access.ssh import (
    Forward,
    RemotePath,
    copied_path,
    host_options,
    known_hosts_file,
    parse_forward,
    scp_words,
)

MACHINE = MachineLogin("instance.web", "4b9c", Login("proxy.example.com", 31234, "root"))


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("instance.web:/data", RemotePath("instance.web", "/data")),
        ("instance.web:", RemotePath("instance.web", "")),
        ("instance.web:a:b", RemotePath("instance.web", "a:b")),
        ('instance.worker["a:b/c"]:/data', RemotePath('instance.worker["a:b/c"]', "/data")),
        ('module.train["e:u"].instance.worker["1"]:x', RemotePath('module.train["e:u"].instance.worker["1"]', "x")),
        ("./a:b", "./a:b"),
        ("/home/a:b", "/home/a:b"),
        (":x", ":x"),
        ("data", "data"),
        ("", ""),
    ],
)
def test_a_path_is_on_a_machine_or_here(word: str, meant: str | RemotePath) -> None:
    assert copied_path(word) == meant


def test_ports_are_forwarded_to_others_or_the_same() -> None:
    assert parse_forward("8080:80") == Forward(8080, 80)
    assert parse_forward("8888") == Forward(8888, 8888)


@pytest.mark.parametrize("text", ["", "a", "80:", ":80", "0", "1:2:3", "65536", "80:-1", "٣", "127.0.0.1:80:80"])
def test_no_other_text_names_ports(text: str) -> None:
    with pytest.raises(ValueError, match="names no ports"):
        parse_forward(text)


def test_the_file_of_host_keys_may_have_any_name() -> None:
    assert host_options(MACHINE, Path('/a b/50%/"q"\\'))["UserKnownHostsFile"] == '"/a b/50%%/\\"q\\"\\\\"'
    assert "UserKnownHostsFile" not in host_options(MACHINE, None)


def test_without_a_project_the_file_of_host_keys_is_the_users() -> None:
    assert known_hosts_file(None, {"XDG_CACHE_HOME": "/c"}) == Path("/c/novita-infra/known_hosts")
    assert known_hosts_file(None, {}) is None


def test_scp_gets_an_ipv6_host_in_brackets() -> None:
    words = scp_words(MachineLogin("x", "4b9c", Login("fd00::1", 22, "root")), None, "a", RemotePath("x", "b"))
    assert words[-2:] == ["a", "root@[fd00::1]:b"]


def test_a_kind_says_whether_its_objects_have_logins() -> None:
    machine = KINDS["instance"].machine
    assert machine is not None
    assert machine.login is not None

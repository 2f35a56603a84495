"""Declared fields of other resources in expressions: their values, their edges, and circles."""

from __future__ import annotations

from pathlib import Path

import pytest
from manifest_files import INSTANCE, loaded, manifest, one, refused

from novita_infra.model.addresses import Address
from novita_infra.model.values import Ref, Secret

AUTH = manifest("RegistryAuth", "hub", "  username: bob\n  password: {fromEnv: PW}\n")


def machine(name: str, *lines: str) -> str:
    return manifest("Instance", name, INSTANCE + "".join(f"  {line}\n" for line in lines))


def test_a_declared_field_has_its_evaluated_value_and_gives_an_edge(tmp_path: Path) -> None:
    files = {
        "a.yaml": machine("a", "gpuCount: ${instance.b.gpuCount * 2}", "ports: ${instance.b.ports + ['22/tcp']}"),
        "b.yaml": machine("b", "gpuCount: ${instance.c.gpuCount}", "ports: [80/http]"),
        "c.yaml": machine("c", "gpuCount: 2"),
    }
    project = loaded(tmp_path, files)
    found = one(project, "instance.a")
    assert (found.spec["gpuCount"], found.spec["ports"]) == (4, ["80/http", "22/tcp"])
    assert found.needs == (Address("instance", "b"),)
    assert one(project, "instance.b").needs == (Address("instance", "c"),)


def test_a_declared_secret_stays_secret_and_a_reference_stays_one(tmp_path: Path) -> None:
    files = {
        "a.yaml": machine("a", "registryAuth: hub", "env: {P: '${registry_auth.hub.password}'}"),
        "b.yaml": machine("b", "env: {A: '${instance.a.registryAuth}', N: '${instance.a.name}'}"),
        "hub.yaml": AUTH,
    }
    project = loaded(tmp_path, files, environ={"PW": "hush"})
    assert one(project, "instance.a").spec["env"] == {"P": Secret("hush", "env:PW")}
    assert one(project, "instance.b").spec["env"] == {"A": Ref(Address("registry_auth", "hub")), "N": "a"}


def test_own_fields_give_no_edge(tmp_path: Path) -> None:
    found = one(loaded(tmp_path, {"a.yaml": machine("a", "command: run ${instance.a.image}")}), "instance.a")
    assert (found.spec["command"], found.needs) == (f"run {found.spec['image']}", ())


CIRCLE = "fields need each other in a circle: instance.a."


@pytest.mark.parametrize(
    ("lines", "messages"),
    [
        (
            ("command: ${instance.a.entrypoint}", "entrypoint: ${instance.a.command}"),
            [f"{CIRCLE}entrypoint -> instance.a.command", f"{CIRCLE}command -> instance.a.entrypoint"],
        ),
        (("command: ${instance.a.command}",), [f"{CIRCLE}command -> instance.a.command"]),
        (("command: ${instance.a.gpuCount}",), ["instance.a does not declare gpuCount; declare gpuCount there"]),
        (
            ("command: ${instance.a.gpuCount} ${var.x}", "ports: ${instance.a.command}"),
            ["instance.a does not declare gpuCount", 'there is no variable "x"'],
        ),
    ],
)
def test_a_field_without_a_value_is_reported_where_it_is_named(
    tmp_path: Path, lines: tuple[str, ...], messages: list[str]
) -> None:
    found = refused(tmp_path, {"a.yaml": machine("a", *lines)})
    assert len(found) == len(messages)
    for message, line in zip(messages, found, strict=True):
        assert message in line


def test_a_circle_through_resources_is_one_of_resources(tmp_path: Path) -> None:
    files = {
        "a.yaml": machine("a", "command: ${instance.b.command}"),
        "b.yaml": machine("b", "command: ${instance.a.image}"),
    }
    (message,) = refused(tmp_path, files)
    assert "resources need each other in a circle: instance.a -> instance.b -> instance.a" in message
    files["b.yaml"] = machine("b", "command: ${instance.a.command}")
    (message,) = refused(tmp_path, files)
    assert "resources need each other in a circle" in message


def test_a_long_chain_of_fields_is_read(tmp_path: Path) -> None:
    chain = [machine(f"m{n}", f"gpuCount: ${{instance.m{n + 1}.gpuCount}}") for n in range(40)]
    files = {"a.yaml": "".join([*chain, machine("m40", "gpuCount: 3")])}
    assert one(loaded(tmp_path, files), "instance.m0").spec["gpuCount"] == 3

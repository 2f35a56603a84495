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


TEMPLATE = manifest(
    "Template",
    "base",
    "  image: redis:7.4\n  rootDiskGb: 60\n  ports: [6379/tcp]\n  env: {A: a, B: b}\n  command: serve\n",
)
STORAGE = manifest("NetworkStorage", "data", "  cluster: us-dallas-nas-2\n  sizeGb: 10\n")
GIVEN = "  product: {gpu: RTX 4090}\n"


def test_a_field_that_a_template_or_a_storage_gives_counts_as_declared(tmp_path: Path) -> None:
    head = ("template: base", "env: {B: own}", "networkStorages: [{storage: data, mountPath: /data}]")
    body = ("image: ${instance.head.image}", "cluster: ${instance.head.cluster}", "env: ${instance.head.env}")
    files = {
        "a.yaml": manifest("Instance", "head", GIVEN + "".join(f"  {line}\n" for line in head)),
        "b.yaml": manifest("Instance", "b", GIVEN + "".join(f"  {line}\n" for line in (*body, "rootDiskGb: 70"))),
        "c.yaml": machine("c", "rootDiskGb: ${instance.b.rootDiskGb + instance.head.rootDiskGb}"),
        "t.yaml": TEMPLATE + STORAGE,
    }
    project = loaded(tmp_path, files)
    spec, head_spec = one(project, "instance.b").spec, one(project, "instance.head").spec
    assert {name: spec[name] for name in ("image", "cluster", "env")} == {
        "image": "redis:7.4",
        "cluster": "us-dallas-nas-2",
        "env": {"A": "a", "B": "own"},
    }
    assert {name: head_spec[name] for name in ("image", "cluster", "env")} == {
        name: spec[name] for name in ("image", "cluster", "env")
    }
    assert one(project, "instance.c").spec["rootDiskGb"] == 130


def test_a_field_of_a_template_may_be_read_by_its_own_machine(tmp_path: Path) -> None:
    spec = GIVEN + "  template: base\n  entrypoint: run ${instance.a.image} ${instance.a.command}\n"
    files = {"a.yaml": manifest("Instance", "a", spec), "t.yaml": TEMPLATE}
    assert one(loaded(tmp_path, files), "instance.a").spec["entrypoint"] == "run redis:7.4 serve"


def test_what_neither_machine_nor_template_gives_is_not_declared(tmp_path: Path) -> None:
    spec = GIVEN + "  template: base\n"
    files = {"a.yaml": manifest("Instance", "a", spec), "b.yaml": machine("b", "entrypoint: ${instance.a.entrypoint}")}
    assert refused(tmp_path, {**files, "t.yaml": TEMPLATE}) == [
        "b.yaml:8:28: instance.a does not declare entrypoint; "
        "declare entrypoint there, or give another value: default(..., ...)"
    ]


@pytest.mark.parametrize(
    ("ports", "message"),
    [
        ("ports: [80/http, 22/tcp]", 'instance.a.endpoints has no "6379/tcp"; it has 22/tcp, 80/http'),
        ("ports: []", 'instance.a.endpoints has no "6379/tcp"; it has none'),
        ("tools: [{name: Jupyter, port: 1, type: http}]", ""),
        ("ports: [6379/tcp]", ""),
        ("ports: ${[env.PORT]}", ""),
        ("gpuCount: 1", ""),
    ],
)
def test_a_port_that_the_other_machine_does_not_declare_is_an_error(tmp_path: Path, ports: str, message: str) -> None:
    other = '${default(instance.a.endpoints["1/tcp"], "-")}'
    text = f"env: {{Q: 'redis://${{instance.a.endpoints[\"6379/tcp\"]}}', D: '{other}'}}"
    files = {"a.yaml": machine("a", ports), "b.yaml": machine("b", text)}
    if message:
        assert refused(tmp_path, files) == [f"b.yaml:8:44: {message}"]
    else:
        assert isinstance(one(loaded(tmp_path, files, environ={"PORT": "6379/tcp"}), "instance.b").spec["env"], dict)


def test_the_ports_of_a_template_and_of_keys_are_known(tmp_path: Path) -> None:
    spec = GIVEN + "  template: base\n"
    keyed = manifest("Instance", "k", GIVEN + "  image: x\n  ports: [80/http]\n").replace(
        "spec:", "forEach: [x, y]\nspec:"
    )
    files = {
        "a.yaml": manifest("Instance", "a", spec) + keyed,
        "b.yaml": machine(
            "b",
            'command: \'${instance.a.endpoints["6379/tcp"]} ${instance.a.endpoints["1/tcp"]}\'',
            "entrypoint: '${instance.k[*].endpoints[\"2/tcp\"]}'",
        ),
        "t.yaml": TEMPLATE,
    }
    assert refused(tmp_path, files) == [
        'b.yaml:8:72: instance.a.endpoints has no "1/tcp"; it has 6379/tcp',
        'b.yaml:9:42: instance.k["x"].endpoints has no "2/tcp"; it has 80/http',
    ]

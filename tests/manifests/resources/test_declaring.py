"""From documents to declared resources: names, references, secrets, lifecycle, and what others give."""

from __future__ import annotations

from pathlib import Path

import pytest
from manifest_files import INSTANCE, loaded, manifest, one, project_file, refused

from novita_infra.kinds import KINDS
from novita_infra.model.addresses import Address, Origin
from novita_infra.model.values import Ref, Secret, joined_text

STORAGE = manifest("NetworkStorage", "data", "  cluster: us-ca-1\n  sizeGb: 100\n")
HUB = manifest("RegistryAuth", "hub", "  username: me\n  password: {fromEnv: PW}\n")
DATA = Ref(Address("network_storage", "data"))


def test_every_example_of_a_kind_is_a_manifest(tmp_path: Path) -> None:
    text = "---\n".join(kind.example for kind in KINDS.values())
    project = loaded(tmp_path, {"all.yaml": text}, environ={"REGISTRY_USERNAME": "me", "REGISTRY_PASSWORD": "pw"})
    assert {item.address.type for item in project.declared} == set(KINDS)
    assert project.warnings == ()


def test_the_name_of_the_resource_is_the_default_name_of_the_object(tmp_path: Path) -> None:
    files = {
        "a.yaml": manifest("VPC", "net", "  cluster: c1\n") + manifest("VPC", "two", "  cluster: c1\n  name: second\n")
    }
    project = loaded(tmp_path, files)
    assert [item.spec["name"] for item in project.declared] == ["net", "second"]
    assert project.declared[0].places["name"] == Origin("a.yaml", 4, 12)


def test_references_by_name_by_id_and_by_expression(tmp_path: Path) -> None:
    storages = ("data", "{id: ns-7}", "'${network_storage.data.id}'")
    mounts = [f"{{storage: {storage}, mountPath: /{n}}}" for n, storage in enumerate(storages)]
    spec = INSTANCE + f"  networkStorages: [{', '.join(mounts)}]\n  registryAuth: hub\n  vpc: {{id: v-1}}\n"
    project = loaded(tmp_path, {"a.yaml": manifest("Instance", "t", spec) + STORAGE + HUB}, environ={"PW": "pw"})
    found = one(project, "instance.t")
    assert [item["storage"] for item in found.spec["networkStorages"]] == [DATA, "ns-7", DATA]
    assert found.spec["registryAuth"] == Ref(Address("registry_auth", "hub"))
    assert found.spec["vpc"] == "v-1"
    assert [str(item) for item in found.needs] == ["network_storage.data", "registry_auth.hub"]


def test_the_id_of_an_unmanaged_object_may_come_from_a_variable(tmp_path: Path) -> None:
    spec = INSTANCE + "  vpc: {id: '${var.vpc}'}\n"
    files = {
        "a.yaml": manifest("Instance", "t", spec),
        "novita-infra.yaml": project_file("variables: {vpc: {default: v-9}}\n"),
    }
    assert one(loaded(tmp_path, files), "instance.t").spec["vpc"] == "v-9"


def test_an_expression_anywhere_makes_a_need(tmp_path: Path) -> None:
    spec = INSTANCE + "  command: run ${network_storage.data.id}\n  env: {S: '${network_storage.data.clusterName}'}\n"
    found = one(loaded(tmp_path, {"a.yaml": manifest("Instance", "t", spec) + STORAGE}), "instance.t")
    assert found.spec["command"] == joined_text(("run ", DATA))
    assert found.spec["env"]["S"] == Ref(DATA.address, "clusterName")
    assert found.needs == (DATA.address,)


def test_what_a_resource_depends_on_is_needed_too(tmp_path: Path) -> None:
    head = "lifecycle: {dependsOn: [network_storage.data], protect: true, timeouts: {create: 90s, delete: 2h}}\n"
    found = one(loaded(tmp_path, {"a.yaml": manifest("Instance", "t", INSTANCE, head=head) + STORAGE}), "instance.t")
    assert found.needs == (DATA.address,)
    assert found.lifecycle.protect
    assert found.lifecycle.timeouts == {"create": 90.0, "delete": 7200.0}


def test_lifecycle_takes_variables(tmp_path: Path) -> None:
    files = {
        "a.yaml": manifest("Instance", "t", INSTANCE, head="lifecycle: {protect: '${var.safe}'}\n"),
        "novita-infra.yaml": project_file("variables: {safe: {type: boolean, default: true}}\n"),
    }
    assert one(loaded(tmp_path, files), "instance.t").lifecycle.protect


def test_an_instance_takes_what_its_template_and_its_storage_give(tmp_path: Path) -> None:
    template = manifest(
        "Template", "base", "  image: base:1\n  rootDiskGb: 50\n  registryAuth: hub\n  env: {A: '1', B: '1'}\n"
    )
    spec = (
        "  product: {gpu: RTX 4090}\n  template: base\n  env: {B: '2'}\n"
        "  networkStorages: [{storage: data, mountPath: /data}]\n"
    )
    files = {"a.yaml": manifest("Instance", "t", spec) + template + STORAGE + HUB}
    found = one(loaded(tmp_path, files, environ={"PW": "pw"}), "instance.t")
    assert found.spec["image"] == "base:1"
    assert found.spec["env"] == {"A": "1", "B": "2"}
    assert found.spec["cluster"] == "us-ca-1"
    assert [str(item) for item in found.needs] == ["network_storage.data", "registry_auth.hub", "template.base"]


def test_secrets_come_from_the_environment_and_from_files(tmp_path: Path) -> None:
    env = "{A: {fromEnv: TOKEN}, B: {fromFile: ../secrets/b.txt}, C: '${env.TOKEN}', "
    env += "D: '${env.USER}', E: 'x-${env.TOKEN}'}"
    files = {
        "fleet/a.yaml": manifest("Instance", "t", INSTANCE + f"  env: {env}\n"),
        "secrets/b.txt": "from file\n",
        "novita-infra.yaml": project_file(),
    }
    project = loaded(tmp_path, files, environ={"TOKEN": "pssst", "USER": "ann"})
    assert one(project, "instance.t").spec["env"] == {
        "A": Secret("pssst", "env:TOKEN"),
        "B": Secret("from file", "file:secrets/b.txt"),
        "C": Secret("pssst", "env:TOKEN"),
        "D": "ann",
        "E": Secret("x-pssst", "env:TOKEN", joined_text(("x-", Secret("pssst", "env:TOKEN")))),
    }
    assert "pssst" not in repr(project)
    assert "from file" not in repr(project)


@pytest.mark.parametrize(("raw", "value"), [("a", "a"), ("a\n", "a"), ("a\r\n", "a"), ("a\n\n", "a\n"), (" a ", " a ")])
def test_only_the_last_line_end_of_a_secret_file_goes(tmp_path: Path, raw: str, value: str) -> None:
    files = {"a.yaml": manifest("RegistryAuth", "hub", "  username: me\n  password: {fromFile: pw}\n"), "pw": raw}
    assert one(loaded(tmp_path, files), "registry_auth.hub").spec["password"] == Secret(value, "file:pw")


def test_a_secret_file_outside_of_the_project_keeps_its_whole_path(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("pw")
    files = {"a.yaml": manifest("RegistryAuth", "hub", "  username: me\n  password: {fromFile: ../pw}\n")}
    found = one(loaded(tmp_path / "project", files), "registry_auth.hub").spec["password"]
    assert found == Secret("pw", f"file:{(tmp_path / 'pw').resolve().as_posix()}")


def test_a_password_in_the_manifest_is_secret_and_warned_of(tmp_path: Path) -> None:
    project = loaded(tmp_path, {"a.yaml": manifest("RegistryAuth", "hub", "  username: me\n  password: pssst\n")})
    assert one(project, "registry_auth.hub").spec["password"] == Secret("pssst", "manifest:a.yaml:7:13")
    assert [str(item) for item in project.warnings] == [
        "a.yaml:7:13: a secret stands in clear in the manifest; "
        "move it out and point at it: {fromEnv: NAME} or {fromFile: PATH}"
    ]


def test_whatever_lands_in_a_secret_field_is_secret(tmp_path: Path) -> None:
    login = "  registryLogin: {username: '${var.user}', password: '${env.PLAIN}'}\n"
    files = {
        "a.yaml": manifest("Instance", "t", INSTANCE + login),
        "novita-infra.yaml": project_file("variables: {user: {default: me}}\n"),
    }
    project = loaded(tmp_path, files, environ={"PLAIN": "pssst"})
    found = one(project, "instance.t").spec["registryLogin"]
    assert found == {"username": Secret("me", "var:user"), "password": Secret("pssst", "env:PLAIN")}
    assert project.warnings == ()


def test_labels_are_kept(tmp_path: Path) -> None:
    text = manifest("Instance", "t", INSTANCE).replace("{name: t}", "{name: t, labels: {team: '${env.TEAM}'}}")
    assert one(loaded(tmp_path, {"a.yaml": text}, environ={"TEAM": "research"}), "instance.t").labels == {
        "team": "research"
    }


def test_a_whole_number_written_with_a_point_is_a_whole_number(tmp_path: Path) -> None:
    found = one(loaded(tmp_path, {"a.yaml": manifest("Instance", "t", INSTANCE + "  gpuCount: 2.0\n")}), "instance.t")
    assert type(found.spec["gpuCount"]) is int


def test_a_value_that_a_secret_field_refuses_is_not_shown(tmp_path: Path) -> None:
    text = manifest("RegistryAuth", "hub", "  username: me\n  password: [pssst]\n") + manifest(
        "Instance", "t", INSTANCE + f"  env: {{A: [pssst], B: {'pssst' * 1000}}}\n"
    )
    messages = refused(tmp_path, {"a.yaml": text})
    assert len(messages) == 3
    assert not any("pssst" in message for message in messages)


def test_a_resource_that_needs_a_broken_one_is_not_blamed_for_it(tmp_path: Path) -> None:
    template = manifest("Template", "base", "  image: x\n  rootDiskGb: none\n")
    text = manifest("Instance", "t", "  product: {gpu: RTX 4090}\n  template: base\n") + template
    assert refused(tmp_path, {"a.yaml": text}) == ['a.yaml:14:15: rootDiskGb wants a whole number, not "none"']

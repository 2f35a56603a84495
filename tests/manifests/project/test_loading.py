"""Loading: which files belong to a project, what it is called, and that nothing depends on their order."""

from __future__ import annotations

import contextlib
import os
import random
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from draws import draws
from hypothesis import given, settings
from hypothesis import strategies as st
from manifest_files import INSTANCE, loaded, manifest, one, project_file, refused, write
from trees import trees

from novita_infra.manifests.project.loading import load
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Problems
from novita_infra.model.values import Ref, Secret, joined_text
from novita_infra.state.settings import StateSettings

FLEET = manifest("Instance", "trainer", INSTANCE)


def storage(name: str) -> str:
    return manifest("NetworkStorage", name, "  cluster: c1\n  sizeGb: 100\n")


def test_a_folder_is_searched_to_the_bottom_but_not_everywhere(tmp_path: Path) -> None:
    files = {
        "a.yaml": storage("a"),
        "b.yml": storage("b"),
        "deep/er/c.yaml": storage("c"),
        "deep/state/d.yaml": storage("d"),
        "novita-infra.yaml": project_file(),
        "state/x.yaml": "torn: [",
        ".hidden/x.yaml": "torn: [",
        ".x.yaml": "torn: [",
        "prod.vars.yaml": "torn: [",
        "x.json": "torn: [",
        "yaml": "torn: [",
        "other/novita-infra.yaml": "torn: [",
        "other/deep/x.yaml": "torn: [",
    }
    project = loaded(tmp_path, files)
    assert [(item.address.name, item.origin.file) for item in project.declared] == [
        ("a", "a.yaml"),
        ("b", "b.yml"),
        ("c", "deep/er/c.yaml"),
        ("d", "deep/state/d.yaml"),
    ]
    assert project.scope == ""


def test_a_file_is_loaded_alone_with_the_project_file_beside_it(tmp_path: Path) -> None:
    outputs = "outputs: {id: '${network_storage.a.id}', other: '${network_storage.b.id}'}\n"
    files = {"a.yaml": storage("a"), "b.yaml": "torn: [", "novita-infra.yaml": project_file(outputs)}
    project = loaded(tmp_path, files, path="a.yaml")
    assert [str(item.address) for item in project.declared] == ["network_storage.a"]
    assert (project.name, project.scope, project.root) == ("training", "a.yaml", tmp_path)
    assert project.outputs == {"id": Ref(Address("network_storage", "a"))}


def test_the_project_file_stands_for_its_folder(tmp_path: Path) -> None:
    project = loaded(tmp_path, {"a.yaml": FLEET, "novita-infra.yaml": project_file()}, path="novita-infra.yaml")
    assert (len(project.declared), project.scope, project.root) == (1, "", tmp_path)


def test_without_a_project_file_the_folder_gives_the_name(tmp_path: Path) -> None:
    project = loaded(tmp_path / "fleet", {"a.yaml": FLEET})
    assert (project.name, project.environment) == ("fleet", "default")
    assert project.state == StateSettings(tmp_path / "fleet")


def test_the_project_file_says_where_the_state_lies(tmp_path: Path) -> None:
    project = loaded(tmp_path, {"a.yaml": FLEET, "novita-infra.yaml": project_file("state: {path: elsewhere}\n")})
    assert project.state == StateSettings(tmp_path, {"path": "elsewhere"})


def test_outputs_may_hold_anything(tmp_path: Path) -> None:
    outputs = "outputs:\n  a: plain\n  b: '${instance.trainer.id}'\n"
    outputs += "  c: ['at ${instance.trainer.id}', 5]\n  d: ${env.MY_TOKEN}\n"
    project = loaded(tmp_path, {"a.yaml": FLEET, "novita-infra.yaml": project_file(outputs)}, environ={"MY_TOKEN": "t"})
    trainer = Ref(Address("instance", "trainer"))
    assert project.outputs == {
        "a": "plain",
        "b": trainer,
        "c": [joined_text(("at ", trainer)), 5],
        "d": Secret("t", "env:MY_TOKEN"),
    }


def test_a_project_with_nothing_declared_is_loaded_with_a_warning(tmp_path: Path) -> None:
    project = loaded(tmp_path, {"novita-infra.yaml": project_file(), "a.yaml": "# all gone\n"})
    assert project.declared == ()
    assert [str(item) for item in project.warnings] == [
        "novita-infra.yaml:1:1: nothing is declared; everything that the state owns would be deleted"
    ]


def test_a_folder_inside_a_project_stands_for_the_project(tmp_path: Path) -> None:
    files = {"novita-infra.yaml": project_file(), "part/a.yaml": FLEET, "b.yaml": storage("b")}
    project = loaded(tmp_path, files, path="part")
    assert (project.name, project.root, project.scope, len(project.declared)) == ("training", tmp_path, "", 2)
    assert project.warnings == ()


def test_a_file_inside_a_project_is_named_relative_to_the_project(tmp_path: Path) -> None:
    files = {"novita-infra.yaml": project_file(), "part/a.yaml": FLEET, "b.yaml": "torn: ["}
    project = loaded(tmp_path, files, path="part/a.yaml")
    assert (project.name, project.root, project.scope, len(project.declared)) == (
        "training",
        tmp_path,
        "part/a.yaml",
        1,
    )
    assert project.declared[0].origin.file == "part/a.yaml"


def test_all_errors_of_all_files_come_together_in_order(tmp_path: Path) -> None:
    files = {
        "b.yaml": "torn: [\n" + manifest("Instance", "two", INSTANCE + "  gpuCount: 0\n"),
        "a.yaml": manifest("Instance", "one", INSTANCE + "  command: ${var.x}\n  power: no\n"),
        "c.yaml": manifest("Instanc", "three", INSTANCE),
        "novita-infra.yaml": project_file("nonsense: 1\n"),
    }
    places = [message.split(": ")[0] for message in refused(tmp_path, files)]
    assert places == ["a.yaml:8:18", "a.yaml:9:10", "b.yaml:2:1", "b.yaml:9:13", "c.yaml:3:7", "novita-infra.yaml:4:1"]


def test_a_link_that_points_nowhere_is_reported(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": FLEET})
    (tmp_path / "b.yaml").symlink_to(tmp_path / "gone.yaml")
    assert refused(tmp_path, {}) == ["b.yaml:1:1: the link points to no file; mend or remove it"]


def test_a_linked_folder_is_not_followed_into_a_circle(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": FLEET})
    (tmp_path / "again").symlink_to(tmp_path)
    assert len(loaded(tmp_path, {}).declared) == 1


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": FLEET})
    os.mkfifo(tmp_path / "b.yaml")
    assert len(loaded(tmp_path, {}).declared) == 1


def test_a_file_name_that_is_no_text_can_be_printed(tmp_path: Path) -> None:
    name = os.fsdecode(b"\xff.yaml")
    (tmp_path / name).write_text("a: 1\n")
    (message,) = refused(tmp_path, {})
    message.encode()


@pytest.mark.parametrize("path", ["missing", "missing/a.yaml", "a.yaml/b.yaml", "nul\0", "x" * 5000])
def test_a_path_that_leads_nowhere_is_reported(tmp_path: Path, path: str) -> None:
    write(tmp_path, {"a.yaml": FLEET})
    with pytest.raises(Problems):
        load(tmp_path / path, environ={})


def _shuffled(texts: list[str], *, files: int, seed: int) -> dict[str, str]:
    order = random.Random(seed)
    texts = order.sample(texts, len(texts))
    result: dict[str, str] = {}
    for text in texts:
        name = f"f{order.randrange(files)}.yaml"
        result[name] = result.get(name, "") + text
    return result


@settings(max_examples=draws(30))
@given(st.integers(1, 4), st.integers(0, 10_000))
def test_the_order_of_files_and_documents_does_not_matter(files: int, seed: int) -> None:
    texts = [storage(f"s{n}") for n in range(3)]
    texts += [
        manifest("Instance", f"i{n}", INSTANCE + f"  networkStorages: [{{storage: s{n}, mountPath: /d}}]\n")
        for n in range(3)
    ]
    texts += [manifest("Instance", "last", INSTANCE + "  command: ${instance.i0.id} ${instance.i2.id}\n")]
    with TemporaryDirectory() as folder, TemporaryDirectory() as other:
        one_file = loaded(Path(folder), {"f.yaml": "".join(texts)})
        many = loaded(Path(other), _shuffled(texts, files=files, seed=seed))
    assert [(item.address, item.spec, item.needs) for item in many.declared] == [
        (item.address, item.spec, item.needs) for item in one_file.declared
    ]


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_no_bytes_make_it_raise_anything_but_problems(manifests: bytes, project: bytes) -> None:
    with TemporaryDirectory() as folder, pytest.raises(Problems):
        loaded(Path(folder), {"a.yaml": manifests, "novita-infra.yaml": project})


_WORDS = [
    "apiVersion",
    "novita-infra/v1",
    "kind",
    "Instance",
    "Template",
    "metadata",
    "name",
    "labels",
    "spec",
    "lifecycle",
]
_WORDS += [
    "timeouts",
    "dependsOn",
    "env",
    "ports",
    "product",
    "registryAuth",
    "networkStorages",
    "storage",
    "id",
    "password",
]
_WORDS += [
    "variables",
    "environments",
    "patches",
    "target",
    "instance.*",
    "default",
    "dev",
    "outputs",
    "state",
    "secret",
    "type",
]
_WORDS += [
    "${var.a}",
    "${env.A}",
    "${instance.a.id}",
    "a",
    "fromEnv",
    "fromFile",
    "/",
    "30m",
    "registryLogin",
    "autoRenew",
]
_ANY = trees(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(_WORDS), st.sampled_from(_WORDS), size=4
)
_HEAD = {"apiVersion": "novita-infra/v1", "metadata": {"name": "a"}}


def _flow(value: object) -> str:
    match value:
        case dict():
            return "{" + ", ".join(f'"{name}": {_flow(item)}' for name, item in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_flow, value)) + "]"
        case str():
            return f'"{value}"'
        case None | bool():
            return {None: "null", True: "true", False: "false"}[value]
        case _:
            return str(value)


@settings(max_examples=draws(150), deadline=None)
@given(st.sampled_from(["Instance", "Template", "RegistryAuth", "Endpoint", "VPC"]), _ANY, _ANY, _ANY)
def test_no_shape_of_a_document_makes_it_raise_anything_but_problems(
    kind: str, spec: object, lifecycle: object, rest: object
) -> None:
    document = {**_HEAD, "kind": kind, "spec": spec, "lifecycle": lifecycle}
    project = {**_HEAD, "kind": "Project", **(rest if isinstance(rest, dict) else {"variables": rest})}
    files = {"a.yaml": _flow(document), "novita-infra.yaml": _flow(project)}
    with TemporaryDirectory() as folder, contextlib.suppress(Problems):
        loaded(Path(folder), files, environ={"A": "x"})


@pytest.mark.slow
def test_a_thousand_chained_resources_need_no_recursion(tmp_path: Path) -> None:
    chain = [manifest("Instance", f"i{n}", INSTANCE + f"  command: ${{instance.i{n + 1}.id}}\n") for n in range(1500)]
    project = loaded(tmp_path, {"a.yaml": "".join(chain) + manifest("Instance", "i1500", INSTANCE)})
    assert one(project, "instance.i0").needs == (Address("instance", "i1"),)
    circle = "".join(chain) + manifest("Instance", "i1500", INSTANCE + "  command: ${instance.i0.id}\n")
    (message,) = refused(tmp_path, {"a.yaml": circle})
    assert "in a circle" in message
    assert len(message) < 1000


def test_what_a_broken_project_file_may_declare_is_not_missed(tmp_path: Path) -> None:
    files = {
        "a.yaml": manifest("Instance", "trainer", INSTANCE + "  command: ${var.x} ${instance.other.id}\n"),
        "novita-infra.yaml": project_file("variables: {x: [\n"),
    }
    options = {"environment": "dev", "variables": {"x": "1"}}
    assert [item.split(": ")[0] for item in refused(tmp_path, files, **options)] == [
        "a.yaml:8:32",
        "novita-infra.yaml:5:1",
    ]


@pytest.mark.slow
def test_a_mistake_made_a_thousand_times_is_reported_briefly(tmp_path: Path) -> None:
    specs = [f"  networkStorages: [{{storage: zzz{n}, mountPath: /d}}]\n  command: ${{var.x}}\n" for n in range(1000)]
    fleet = "".join(manifest("Instance", f"i{n}", INSTANCE + spec) for n, spec in enumerate(specs))
    messages = refused(tmp_path, {"a.yaml": fleet + "".join(storage(f"s{n}") for n in range(1000))})
    assert len(messages) == 1001
    assert max(len(message) for message in messages if "no variable" not in message) < 200
    assert sum("no variable" in message for message in messages) == 1
    assert "1000 others are declared" in messages[0]


def test_a_word_that_yaml_1_1_reads_as_something_else_is_a_warning_where_it_is_text(tmp_path: Path) -> None:
    spec = "  product: {gpu: RTX 4090}\n  image: on\n  env: {DEBUG: no, AT: 12:30, QUOTED: 'no', LETTER: y}\n"
    files = {
        "a.yaml": manifest("Instance", "trainer", spec),
        "novita-infra.yaml": project_file("variables: {size: {default: 1_0}}\noutputs: {a: '${var.size}'}\n"),
        "x.vars.yaml": "size: off\n",
    }
    project = loaded(tmp_path, files, var_files=("x.vars.yaml",))
    assert [str(item).removeprefix(f"{tmp_path}/") for item in project.warnings] == [
        "x.vars.yaml:1:7: this value is text here, and false by the rules of YAML 1.1; write it in quotes",
        'a.yaml:7:10: on is text here, and true by the rules of YAML 1.1; write it in quotes: "on"',
        "a.yaml:8:16: this value is text here, and false by the rules of YAML 1.1; write it in quotes",
        "a.yaml:8:24: this value is text here, and a number by the rules of YAML 1.1; write it in quotes",
        'novita-infra.yaml:4:29: 1_0 is text here, and a number by the rules of YAML 1.1; write it in quotes: "1_0"',
    ]


def test_a_secret_that_stands_in_clear_in_env_is_a_warning(tmp_path: Path) -> None:
    plain = {
        "MAX_TOKENS": "4096",
        "TOKENIZERS_PARALLELISM": "false",
        "KEYBOARD": "us-en",
        "HF_TOKEN_PATH": "/run/token",
    }
    plain |= {"MONKEY": "meta-llama/Llama-3.1-8B", "URL": "https://example.com/a", "API_KEY": "${env.API_KEY}"}
    secret = {"HF_TOKEN": "hf_abcdefghijkl012345", "DB": "postgres://app:hunter3-secret@db/x"}
    env = "".join(f"    {name}: '{text}'\n" for name, text in {**secret, **plain}.items())
    project = loaded(
        tmp_path,
        {"a.yaml": manifest("Instance", "trainer", f"{INSTANCE}  env:\n{env}")},
        environ={"API_KEY": "key-0123456789abcdef"},
    )
    message = "a secret stands in clear in the manifest; move it out and point at it"
    assert [str(item).partition(":  ")[0].split(": {")[0] for item in project.warnings] == [
        f"a.yaml:9:15: {message}",
        f"a.yaml:10:9: {message}",
    ]

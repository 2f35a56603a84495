"""Local values: computed once, when an expression reads them, from variables, resources and one another."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from manifest_files import INSTANCE, loaded, manifest, one, project_file, refused, write

from novita_infra.manifests.language.scope import DeclaredResources, Reported, Scope
from novita_infra.manifests.project.loading import load
from novita_infra.manifests.resources.expanding import early_scope
from novita_infra.manifests.resources.local_values import LocalValues
from novita_infra.manifests.resources.reading_path import ReadingPath
from novita_infra.manifests.yaml.source_text import Sources
from novita_infra.model.addresses import Address
from novita_infra.model.computing.effort import Uncomputable
from novita_infra.model.values import Ref, Secret

LOCALS = """\
variables: {size: {type: integer, default: 2}, token: {sensitive: true, default: {fromEnv: PW}}}
locals:
  prefix: ${project.name}-${environment.name}
  size: ${var.size * 2}
  settings: {N: "n${local.size}", P: "${local.prefix}"}
  ports: [80/http, "${local.size}000/tcp"]
  image: ${instance.a.image}
  net: ${vpc.net.id}
  token: x${var.token}
  home: ${env.HOME}
outputs: {prefix: "${local.prefix}"}
"""
NET = manifest("VPC", "net", "  cluster: us-dallas-nas-2\n")


def machine(name: str, *lines: str) -> str:
    return manifest("Instance", name, INSTANCE + "".join(f"  {line}\n" for line in lines))


def test_a_local_value_keeps_its_type_its_secrets_and_its_references(tmp_path: Path) -> None:
    lines = ("gpuCount: ${local.size}", "env: ${local.settings}", "ports: ${local.ports}", "vpc: ${local.net}")
    files = {
        "a.yaml": machine("a", *lines) + machine("b", "command: ${local.token}", "entrypoint: run ${local.image}"),
        "net.yaml": NET,
        "novita-infra.yaml": project_file(LOCALS),
    }
    project = loaded(tmp_path, files, environ={"PW": "hush"})
    spec = one(project, "instance.a").spec
    assert (spec["gpuCount"], spec["env"]) == (4, {"N": "n4", "P": "training-default"})
    assert (spec["ports"], spec["vpc"]) == (["80/http", "4000/tcp"], Ref(Address("vpc", "net")))
    other = one(project, "instance.b")
    assert isinstance(other.spec["command"], Secret)
    assert other.spec["entrypoint"] == f"run {spec['image']}"
    assert other.needs == (Address("instance", "a"),), "what a local value reads is needed by its reader"
    assert project.outputs == {"prefix": "training-default"}


def test_a_local_value_that_nothing_reads_may_lack_its_variable(tmp_path: Path) -> None:
    files = {"a.yaml": machine("a"), "net.yaml": NET, "novita-infra.yaml": project_file(LOCALS)}
    assert loaded(tmp_path, files, environ={"PW": "hush"}).warnings == ()
    files["a.yaml"] = machine("a", "command: ${local.home}", "entrypoint: ${local.home}")
    assert refused(tmp_path, files, environ={"PW": "hush"}) == [
        "novita-infra.yaml:13:15: the environment variable HOME is not set; set it: export HOME=..."
    ]
    project = load(write(tmp_path, files), environ={"PW": "hush"}, lenient=True)
    assert {rule.path for rule in one(project, "instance.a").lifecycle.ignored} == {("command",), ("entrypoint",)}


def test_for_each_reads_local_values_that_need_no_resource(tmp_path: Path) -> None:
    text = "locals: {regions: {eu: 1, us: 2}, first: '${keys(local.regions)[0]}'}\n"
    document = manifest("VPC", "net", "  cluster: c-${each.key}-${local.first}\n")
    files = {
        "net.yaml": document.replace("spec:", "forEach: ${local.regions}\nspec:"),
        "novita-infra.yaml": project_file(text),
    }
    declared = {str(item.address): item.spec["cluster"] for item in loaded(tmp_path, files).declared}
    assert declared == {'vpc.net["eu"]': "c-eu-eu", 'vpc.net["us"]': "c-us-eu"}


def test_one_file_alone_needs_only_the_local_values_that_it_reads(tmp_path: Path) -> None:
    files = {
        "a.yaml": machine("a", "gpuCount: ${local.size}"),
        "net.yaml": NET,
        "novita-infra.yaml": project_file(LOCALS.replace("${instance.a.image}", "${vpc.net.id}")),
    }
    assert one(loaded(tmp_path, files, path="a.yaml", environ={"PW": "hush"}), "instance.a").spec["gpuCount"] == 4


def test_a_long_chain_of_values_ends_in_a_message(tmp_path: Path) -> None:
    chain = "".join(f"  v{n}: ${{local.v{n + 1}}}\n" for n in range(150))
    files = {"net.yaml": NET, "novita-infra.yaml": project_file(f"locals:\n{chain}  v150: end\n")}
    (message,) = refused(tmp_path, files)
    assert "this value is computed from too long a chain of others; let one of them have a value of its own" in message
    machines = [machine(f"m{n}", f"command: ${{instance.m{n + 1}.command}}") for n in range(150)]
    files = {"a.yaml": "".join(machines) + machine("m150", "command: end"), "novita-infra.yaml": project_file("")}
    (message,) = refused(tmp_path, files)
    assert "too long a chain" in message


@given(st.lists(st.lists(st.integers(0, 5), max_size=3), min_size=6, max_size=6))
def test_a_local_value_has_a_value_unless_it_is_in_or_before_a_circle(edges: list[list[int]]) -> None:
    written = {f"v{n}": "".join(["x", *(f"${{local.v{other}}}" for other in others)]) for n, others in enumerate(edges)}
    values = LocalValues(written, ("novita-infra.yaml", 1, 1, 1, 1, None), Sources(), ReadingPath())
    scope = Scope({}, {}, DeclaredResources(attributes={}), local=values.read)
    sound: set[int] = set()
    for _ in edges:
        sound |= {n for n, others in enumerate(edges) if sound.issuperset(others)}
    for n in range(len(edges)):
        if n in sound:
            assert set(str(values.read(f"v{n}", scope)[0])) == {"x"}
        else:
            with pytest.raises(Reported):
                values.read(f"v{n}", scope)
    assert bool([*values.errors(scope, whole=True)]) == (len(sound) < len(edges))
    with pytest.raises(Uncomputable, match="there is no local value"):
        values.read("v6", scope)


def test_a_local_value_is_computed_once_for_every_for_each_that_reads_it() -> None:
    values = LocalValues({"zones": ["a"]}, ("novita-infra.yaml", 1, 1, 1, 1, None), Sources(), ReadingPath())
    scope = Scope({}, {}, DeclaredResources(attributes={}), local=values.read)
    (one, _), (other, _) = (values.read("zones", early_scope(scope)) for _ in range(2))
    assert one == ["a"]
    assert one is other

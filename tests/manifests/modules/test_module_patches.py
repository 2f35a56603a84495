"""Patches of what is in a module, by its callers and by environments."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from manifest_files import loaded, manifest, one, project_file, refused
from module_files import NODES, files, use

from novita_infra.model.addresses import Address
from novita_infra.model.values import Ref

HEAD = 'module.train["{}"].instance.head'
TWO = "forEach: {a: 1, b: 2}\n"
NETS = manifest("VPC", "o", "  cluster: c\n")


def patches(*items: str) -> str:
    return f"patches: [{', '.join(items)}]\n"


def environment(*items: str, rest: str = "") -> dict[str, str]:
    variables = "variables: {size: {type: integer, default: 7}}\n"
    chosen = f"environments: {{dev: {{{patches(*items).strip()}}}}}\n"
    return {"novita-infra.yaml": project_file(f"{variables}{rest}{chosen}")}


def specs(tmp_path: Path, found: dict[str, str], **options: Any) -> tuple[Any, Any]:
    """The specs of the head in both uses."""
    project = loaded(tmp_path, found, **options)
    first, second = (one(project, HEAD.format(key)).spec for key in "ab")
    return first, second


def test_a_caller_patches_each_use_and_expressions_are_its_own(tmp_path: Path) -> None:
    spec = "{rootDiskGb: '${each.value * 100}', env: {X: 'x${var.size}'}, vpc: o}"
    found = files(use(rest=TWO + patches(f"{{target: instance.head, spec: {spec}}}")), NETS) | environment()
    first, second = specs(tmp_path, found)
    assert (first["rootDiskGb"], second["rootDiskGb"]) == (100, 200)
    assert first["env"] == {"PEER": "none", "X": "x7"}
    assert first["vpc"] == Ref(Address("vpc", "o"))


def test_an_environment_patches_all_uses_or_one_and_comes_after_the_caller(tmp_path: Path) -> None:
    items = (
        "{target: module.train.instance.head, spec: {env: {X: '${var.size}'}, rootDiskGb: 70}}",
        "{target: 'module.train[\"b\"].instance.*', spec: {image: 'b${var.size}'}}",
    )
    caller = patches("{target: instance.head, spec: {rootDiskGb: 50, gpuCount: 4}}")
    found = files(use(rest=TWO + caller)) | environment(*items)
    first, second = specs(tmp_path, found, environment="dev")
    assert first["env"] == second["env"] == {"PEER": "none", "X": "7"}
    assert (first["rootDiskGb"], first["gpuCount"]) == (70, 4)
    assert (first["image"], second["image"]) == ("pytorch/pytorch:2.4.0", "b7")


def test_one_key_in_a_module_is_patched_alone(tmp_path: Path) -> None:
    nodes = NODES.replace("spec:", "forEach: [x, y]\nspec:", 1)
    more = {
        "modules/train/nodes.yaml": nodes,
        "modules/train/novita-infra-module.yaml": "apiVersion: novita-infra/v1\nkind: ModuleInterface\ninputs: "
        "{gpus: {default: 1, type: integer}, peer: {default: none}}\n",
    }
    rest = patches("{target: 'instance.head[\"x\"]', spec: {image: i, env: {K: 'k-${var.size}'}}}")
    dev = "{target: 'module.train.instance.head[\"y\"]', spec: {image: 'e-${each.key}'}}"
    project = loaded(tmp_path, files(use(rest=rest)) | more | environment(dev), environment="dev")
    images = {str(item.address): item.spec["image"] for item in project.declared if item.address.type == "instance"}
    assert images == {'module.train.instance.head["x"]': "i", 'module.train.instance.head["y"]': "e-y"}
    assert one(project, 'module.train.instance.head["x"]').spec["env"] == {"PEER": "none", "K": "k-7"}


def test_each_is_that_of_the_use_for_its_patches_and_that_of_the_resource_for_an_environment(tmp_path: Path) -> None:
    interface = "apiVersion: novita-infra/v1\nkind: ModuleInterface\ninputs: {peer: {default: x}}\n"
    nodes = NODES.replace("spec:", "forEach: [x]\nspec:", 1).replace("${var.gpus}", "1")
    more = {"modules/train/nodes.yaml": nodes, "modules/train/novita-infra-module.yaml": interface}
    rest = "forEach: [a]\n" + patches("{target: instance.head, spec: {env: {USE: '${each.key}'}}}")
    dev = environment("{target: module.train.instance.head, spec: {env: {OWN: '${each.key}'}}}")
    project = loaded(tmp_path, files(use(rest=rest)) | more | dev, environment="dev")
    assert one(project, 'module.train["a"].instance.head["x"]').spec["env"] == {"PEER": "x", "USE": "a", "OWN": "x"}
    found = refused(tmp_path, files(use(rest=rest.removeprefix("forEach: [a]\n"))) | more, environment="dev")
    assert found == ['a.yaml:7:63: each has no "key"']


def test_a_caller_patches_modules_in_its_module_and_is_above_their_own_callers(tmp_path: Path) -> None:
    outer = "apiVersion: novita-infra/v1\nkind: ModuleInterface\ninputs: {disk: {type: integer}}\n"
    own = patches("{target: instance.head, spec: {rootDiskGb: '${var.disk}', gpuCount: 4}}")
    rest = "inputs: {disk: 80}\n" + patches("{target: module.in.instance.head, spec: {gpuCount: 8}}")
    more = {
        "modules/outer/novita-infra-module.yaml": outer,
        "modules/outer/x.yaml": use("in", own, "../train"),
    }
    project = loaded(tmp_path, files(use("out", rest, "./modules/outer")) | more)
    found = one(project, "module.out.module.in.instance.head").spec
    assert (found["rootDiskGb"], found["gpuCount"]) == (80, 8)


def test_defaults_of_the_project_mean_its_own_names_in_modules_too(tmp_path: Path) -> None:
    rest = "defaults: [{kind: Instance, spec: {env: {SIZE: '${var.size}', KEY: '${each.key}'}}}]\n"
    nodes = NODES.replace("spec:", "forEach: [x]\nspec:", 1)
    more = {
        "modules/train/nodes.yaml": nodes,
        "modules/train/novita-infra-module.yaml": "apiVersion: novita-infra/v1\n"
        "kind: ModuleInterface\ninputs: {gpus: {default: 1, type: integer}, peer: {default: none}}\n",
    }
    project = loaded(tmp_path, files(use()) | more | environment(rest=rest))
    found = one(project, 'module.train.instance.head["x"]')
    assert found.spec["env"] == {"SIZE": "7", "KEY": "x", "PEER": "none"}


@pytest.mark.parametrize(
    ("rest", "dev", "messages"),
    [
        (
            patches("{target: instance.haed}", "{target: module.x.instance.y}"),
            "",
            [
                'a.yaml:7:22: the patch target "instance.haed" matches no resource; did you mean "instance.head"?',
                'a.yaml:7:47: the patch target "module.x.instance.y" matches no resource; known: instance.head, vpc',
            ],
        ),
        (
            "forEach: [a, b]\n",
            "{target: module.trian.instance.head}",
            [
                'novita-infra.yaml:5:41: the patch target "module.trian.instance.head" matches no resource; '
                'did you mean "module.train.instance.head"?'
            ],
        ),
        (
            "forEach: [a, b]\n" + patches("{target: instance.head, spec: {imag: x}}"),
            "",
            ['a.yaml:8:44: unknown field "imag"; did you mean "image"?'],
        ),
        (
            patches("{target: instance.head, spec: {image: '${var.peer}'}}"),
            "",
            ['a.yaml:7:58: there is no variable "peer"; known: size'],
        ),
        (
            patches("{target: 5}"),
            "",
            ['a.yaml:7:22: patches[0].target wants a text, not 5; it looks like "instance.trainer"'],
        ),
        (
            patches("{spec: {}}"),
            "",
            ['a.yaml:7:13: the field "target" is missing in patches[0]; target: An address; * in'],
        ),
    ],
)
def test_a_patch_of_a_module_that_cannot_be_is_explained(
    tmp_path: Path, rest: str, dev: str, messages: list[str]
) -> None:
    found = refused(tmp_path, files(use(rest=rest)) | environment(dev), environment="dev")
    assert len(found) == len(messages), found
    for message, line in zip(messages, found, strict=True):
        assert line.startswith(message)


@pytest.mark.parametrize("rest", ["enabled: ${environment.name != 'dev'}\n", "environments: [prod]\n", "forEach: []\n"])
def test_a_patch_of_a_module_that_does_not_exist_here_is_no_error(tmp_path: Path, rest: str) -> None:
    more = environment("{target: module.train.instance.head}", rest="") | {"z.yaml": NETS}
    more["novita-infra.yaml"] = more["novita-infra.yaml"].replace("environments: {", "environments: {prod: {}, ")
    project = loaded(tmp_path, files(use(rest=rest)) | more, environment="dev")
    assert [str(item.address) for item in project.declared] == ["vpc.o"]


def test_a_list_that_a_patch_replaces_in_several_uses_is_one_warning(tmp_path: Path) -> None:
    nodes = NODES.replace("spec:", "lifecycle: {ignoreChanges: [env]}\nspec:", 1)
    rest = TWO + patches("{target: instance.head, lifecycle: {ignoreChanges: [image]}}")
    project = loaded(tmp_path, files(use(rest=rest)) | {"modules/train/nodes.yaml": nodes})
    assert [str(item).partition(";")[0] for item in project.warnings] == [
        'a.yaml:8:64: the patch replaces lifecycle.ignoreChanges of module.train["a"].instance.head and 1 more'
    ]

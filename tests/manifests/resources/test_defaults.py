"""Defaults of the project: merged below what each resource says, with their own places."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st
from manifest_files import INSTANCE, loaded, manifest, one, project_file, refused

DEFAULTS = """defaults:
  - kind: Instance
    spec: {rootDiskGb: 100, env: {A: "1", B: "1"}, ports: [22/tcp], power: stopped}
    lifecycle: {timeouts: {create: 30m, delete: 5m}}
  - kind: Instance
    labels: {team: research}
    spec: {env: {B: "2"}, gpuCount: "${var.gpus}", networkStorages: [{storage: data, mountPath: /data}]}
  - {kind: NetworkStorage, spec: {cluster: c1}}
variables: {gpus: {type: integer, default: 2}, team: {default: research}}
environments: {prod: {patches: [{target: "instance.*", spec: {rootDiskGb: 200, power: null}}]}}
"""
PROJECT = project_file(DEFAULTS)
DATA = manifest("NetworkStorage", "data", "  sizeGb: 100\n")


def machine(name: str, *lines: str, labels: str = "", head: str = "") -> str:
    text = manifest("Instance", name, INSTANCE + "".join(f"  {line}\n" for line in lines), head=head)
    return text.replace("name: " + name, f"name: {name}, labels: {labels}") if labels else text


def test_defaults_stand_below_the_resource_and_patches_above(tmp_path: Path) -> None:
    own = ("env: {A: ~, C: '3'}", "networkStorages: [{storage: data, mountPath: /more}]")
    text = machine("a") + machine("b", *own, labels="{team: '${var.team}'}") + DATA
    files = {"a.yaml": text, "novita-infra.yaml": PROJECT}
    project = loaded(tmp_path, files)
    a, b = one(project, "instance.a").spec, one(project, "instance.b").spec
    assert (a["rootDiskGb"], a["env"], a["power"], "gpuCount" in a) == (100, {"A": "1", "B": "1"}, "stopped", False)
    assert (b["gpuCount"], b["env"]) == (2, {"B": "2", "C": "3"})
    assert [item["mountPath"] for item in b["networkStorages"]] == ["/data", "/more"]
    assert one(project, "instance.a").lifecycle.timeouts == {"create": 1800, "delete": 300}
    assert one(project, "network_storage.data").spec["cluster"] == "c1"
    prod = one(loaded(tmp_path, files, environment="prod"), "instance.a").spec
    assert (prod["rootDiskGb"], "power" in prod) == (200, False)


def test_a_selector_that_selects_nothing_is_a_warning_with_the_nearest_label(tmp_path: Path) -> None:
    defaults = """defaults:
  - {kind: Instance, labels: {teem: research}, spec: {rootDiskGb: 100}}
  - {kind: Instance, labels: {team: research, stage: x}, spec: {rootDiskGb: 100}}
  - {kind: Instance, labels: {team: research, any: thing}, spec: {rootDiskGb: 100}}
  - {kind: Instance, labels: {team: research}, spec: {rootDiskGb: 100}}
  - {kind: VPC, labels: {team: research}, spec: {cluster: c1}}
variables: {any: {default: "1"}}
"""
    text = machine("a", labels="{team: research, any: '${var.any}'}") + machine("b", labels="{stage: x}")
    warnings = loaded(tmp_path, {"a.yaml": text, "novita-infra.yaml": project_file(defaults)}).warnings
    assert [str(item) for item in warnings] == [
        "novita-infra.yaml:5:22: no Instance has the label teem: research, so this default is for none; "
        'did you mean "team: research"?',
        "novita-infra.yaml:6:22: no Instance has the labels team: research, stage: x, so this default is for none; "
        "each resource that has one of them lacks another",
    ]


def test_messages_about_a_default_point_to_the_project_file(tmp_path: Path) -> None:
    defaults = "defaults:\n- {kind: Instance, spec: {gpuCount: x, vpc: net}}\n- {kind: Instance, spec: {gpucount: 1}}\n"
    files = {"a.yaml": machine("a") + machine("b", "gpuCount: 2"), "novita-infra.yaml": project_file(defaults)}
    files["c.yaml"] = manifest("Instance", "c", "  name: 5\n")
    found = "\n".join(refused(tmp_path, files))
    assert 'novita-infra.yaml:5:37: gpuCount wants a whole number, not "x"' in found
    assert 'novita-infra.yaml:5:45: there is no vpc "net"' in found
    assert 'novita-infra.yaml:6:27: Instance has no field "gpucount"; did you mean "gpuCount"?' in found
    assert 'c.yaml:5:1: the field "product" is missing' in found


def test_a_selector_reads_labels_that_are_the_same_for_all_keys(tmp_path: Path) -> None:
    text = machine("a", labels="{team: '${each.key}'}", head="forEach: [research]\n") + DATA
    (found,) = refused(tmp_path, {"a.yaml": text, "novita-infra.yaml": PROJECT})
    assert "a default of the project selects by the label team, so it cannot use each" in found
    other = machine("a", labels="{rank: '${each.key}', team: research}", head="forEach: [x]\n") + DATA
    project = loaded(tmp_path, {"a.yaml": other, "novita-infra.yaml": PROJECT})
    assert one(project, 'instance.a["x"]').spec["gpuCount"] == 2


VALUES = st.dictionaries(st.sampled_from("ABC"), st.one_of(st.none(), st.sampled_from("xyz")), max_size=3)


@given(st.lists(st.fixed_dictionaries({"env": VALUES}), max_size=3), VALUES)
def test_later_defaults_and_the_resource_take_precedence_in_this_order(specs: list[Any], own: dict[str, Any]) -> None:
    expected: dict[str, Any] = {}
    for env in (*(spec["env"] for spec in specs), own):
        expected = {name: value for name, value in {**expected, **env}.items() if value is not None}
    listed = [{"kind": "Instance", "spec": spec} for spec in (*specs, {"env": {}})]
    files = {
        "novita-infra.yaml": project_file(yaml.safe_dump({"defaults": listed})),
        "a.yaml": machine("a", f"env: {yaml.safe_dump(own, default_flow_style=True).strip()}"),
    }
    with TemporaryDirectory() as folder:
        assert one(loaded(Path(folder), files), "instance.a").spec["env"] == expected

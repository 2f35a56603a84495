"""Environments: which one holds, and what its patches do to the resources."""

from __future__ import annotations

from pathlib import Path

from manifest_files import INSTANCE, loaded, manifest, one, project_file, refused

from novita_infra.model.addresses import Origin

SPEC = INSTANCE + "  env: {MODE: prod, KEEP: 'yes', DROP: 'x'}\n  ports: [22/tcp, 80/http]\n"
FLEET = (
    manifest("Instance", "trainer", SPEC) + manifest("Instance", "train-2", SPEC) + manifest("Instance", "other", SPEC)
)


def patched(patch: str, *, more: str = "") -> dict[str, str]:
    patches = f"environments:\n  dev:\n    patches:\n{patch}  prod: {{}}\n{more}"
    return {"fleet.yaml": FLEET, "novita-infra.yaml": project_file(patches)}


def test_a_patch_is_merged_deep_and_null_removes(tmp_path: Path) -> None:
    patch = "      - target: instance.trainer\n        spec: {env: {MODE: dev, DROP: null, NEW: n}, ports: [22/tcp]}\n"
    spec = one(loaded(tmp_path, patched(patch), environment="dev"), "instance.trainer").spec
    assert spec["env"] == {"MODE": "dev", "KEEP": "yes", "NEW": "n"}
    assert spec["ports"] == ["22/tcp"]
    assert spec["image"] == "pytorch/pytorch:2.4.0"


def test_a_patch_of_a_list_warns_of_the_entries_that_it_drops(tmp_path: Path) -> None:
    def warned(value: str, target: str = "instance.trainer") -> list[str]:
        files = patched(f"      - target: {target}\n        spec:\n          ports: {value}\n")
        return [str(item) for item in loaded(tmp_path, files, environment="dev").warnings]

    place = "novita-infra.yaml:9:18: the patch replaces ports of"
    keep = "; a patch replaces a whole list: to keep entries of fleet.yaml:9:10, repeat them in the patch"
    assert warned("[22/tcp]") == [f'{place} instance.trainer; it drops "80/http"{keep}']
    assert warned("[]") == [f'{place} instance.trainer; it drops "22/tcp", "80/http"{keep}']
    assert warned("[80/http, 22/tcp, 443/http]") == []
    assert warned("null") == []
    (one_for_all,) = warned("[8080/tcp]", "'instance.*'")
    assert "instance.trainer and 2 more; it drops" in one_for_all


def test_other_environments_and_other_resources_are_not_touched(tmp_path: Path) -> None:
    files = patched("      - {target: instance.trainer, spec: {power: stopped}}\n")
    dev = loaded(tmp_path, files, environment="dev")
    assert "power" not in one(dev, "instance.other").spec
    assert all("power" not in item.spec for item in loaded(tmp_path, files, environment="prod").declared)


def test_a_star_stands_for_any_part_of_a_name(tmp_path: Path) -> None:
    files = patched("      - {target: instance.train*, spec: {power: stopped}}\n")
    stopped = [
        item.address.name for item in loaded(tmp_path, files, environment="dev").declared if "power" in item.spec
    ]
    assert stopped == ["train-2", "trainer"]


def test_later_patches_win(tmp_path: Path) -> None:
    patch = (
        "      - {target: 'instance.*', spec: {gpuCount: 2}}\n      - {target: instance.other, spec: {gpuCount: 4}}\n"
    )
    project = loaded(tmp_path, patched(patch), environment="dev")
    assert [item.spec["gpuCount"] for item in project.declared] == [4, 2, 2]


def test_a_patched_field_stands_where_the_patch_stands(tmp_path: Path) -> None:
    patch = "      - target: instance.trainer\n        spec:\n          power: stopped\n          env: {MODE: dev}\n"
    found = one(loaded(tmp_path, patched(patch), environment="dev"), "instance.trainer")
    assert found.places["power"] == Origin("novita-infra.yaml", 9, 11)
    assert found.places["image"] == Origin("fleet.yaml", 7, 3)
    assert found.origin == Origin("fleet.yaml", 2, 1)


def test_a_patch_may_hold_expressions_and_references(tmp_path: Path) -> None:
    patch = "      - {target: instance.trainer, spec: {gpuCount: '${var.n}', env: {PEER: '${instance.other.id}'}}}\n"
    files = patched(patch, more="variables: {n: {type: integer, default: 3}}\n")
    found = one(loaded(tmp_path, files, environment="dev"), "instance.trainer")
    assert found.spec["gpuCount"] == 3
    assert [str(item) for item in found.needs] == ["instance.other"]


def test_a_patch_reaches_the_lifecycle(tmp_path: Path) -> None:
    patch = "      - {target: 'instance.*', lifecycle: {protect: true, timeouts: {create: 1h}}}\n"
    found = one(loaded(tmp_path, patched(patch), environment="dev"), "instance.other")
    assert found.lifecycle.protect
    assert found.lifecycle.timeouts == {"create": 3600.0}


def test_a_wrong_value_in_a_patch_is_reported_once(tmp_path: Path) -> None:
    files = patched("      - {target: 'instance.*', spec: {gpuCount: 99}}\n")
    assert refused(tmp_path, files, environment="dev") == [
        "novita-infra.yaml:7:49: gpuCount is 99, which is too large; allowed: 1 to 8"
    ]


def test_without_any_environment_there_is_one_named_default(tmp_path: Path) -> None:
    files = patched("      - {target: instance.trainer, spec: {power: stopped}}\n")
    project = loaded(tmp_path, files)
    assert (project.environment, project.environments) == ("default", ("dev", "prod"))
    assert "power" not in one(project, "instance.trainer").spec
    assert loaded(tmp_path, files, environment="default").environment == "default"


def test_the_project_names_its_default_environment(tmp_path: Path) -> None:
    files = patched("      - {target: instance.trainer, spec: {power: stopped}}\n", more="defaultEnvironment: dev\n")
    project = loaded(tmp_path, files)
    assert project.environment == "dev"
    assert one(project, "instance.trainer").spec["power"] == "stopped"
    assert loaded(tmp_path, files, environment="prod").environment == "prod"


def test_a_patch_target_in_a_file_that_was_not_named_is_no_error(tmp_path: Path) -> None:
    files = {**patched("      - {target: instance.absent, spec: {power: stopped}}\n"), "one.yaml": FLEET}
    assert len(loaded(tmp_path, files, path="one.yaml", environment="dev").declared) == 3

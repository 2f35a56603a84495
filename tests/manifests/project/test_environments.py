"""Environments: which one holds, and what its patches do to the resources."""

from __future__ import annotations

from pathlib import Path

from manifest_files import INSTANCE, loaded, manifest, one, project_file, refused

from novita_infra.manifests.project.loading import Project
from novita_infra.manifests.project.locating import locate
from novita_infra.model.addresses import Origin
from novita_infra.model.lifecycle import Cause

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
    assert spec["ports"] == ["22/tcp", "80/http"]
    assert spec["image"] == "pytorch/pytorch:2.4.0"


def test_a_patch_of_a_list_warns_of_the_entries_that_it_drops(tmp_path: Path) -> None:
    def warned(value: str, target: str = "instance.trainer") -> list[str]:
        files = patched(f"      - target: {target}\n        lifecycle:\n          ignoreChanges: {value}\n")
        files["fleet.yaml"] = files["fleet.yaml"].replace("spec:", "lifecycle: {ignoreChanges: [env, image]}\nspec:")
        return [str(item) for item in loaded(tmp_path, files, environment="dev").warnings]

    place = "novita-infra.yaml:9:26: the patch replaces lifecycle.ignoreChanges of"
    keep = "; a patch replaces a whole list: to keep entries of fleet.yaml:5:28, repeat them in the patch"
    assert warned("[env]") == [f'{place} instance.trainer; it drops "image"{keep}']
    assert warned("[]") == [f'{place} instance.trainer; it drops "env", "image"{keep}']
    assert warned("[image, env, ports]") == []
    assert warned("null") == []
    (one_for_all,) = warned("[ports]", "'instance.*'")
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


MOUNTS = (
    manifest("NetworkStorage", "data", "  cluster: us-dallas-nas-2\n  sizeGb: 10\n")
    + manifest("NetworkStorage", "more", "  cluster: us-dallas-nas-2\n  sizeGb: 10\n")
    + manifest(
        "Instance",
        "trainer",
        INSTANCE
        + "  networkStorages:\n    - {storage: data, mountPath: /data}\n    - {storage: data, mountPath: /more}\n",
    )
    + manifest("Instance", "other", INSTANCE)
)


def mounted(tmp_path: Path, entries: str, target: str = "instance.trainer") -> list[tuple[str, str]]:
    """The mounts of the trainer with a patch of them."""
    files = {**patched(f"      - {{target: {target}, spec: {{networkStorages: {entries}}}}}\n"), "fleet.yaml": MOUNTS}
    project = loaded(tmp_path, files, environment="dev")
    assert not project.warnings
    mounts = one(project, "instance.trainer").spec["networkStorages"]
    assert isinstance(mounts, list)
    return [(str(item["mountPath"]), str(item["storage"])) for item in mounts if isinstance(item, dict)]


def test_a_patch_of_mounts_keeps_those_that_it_does_not_name(tmp_path: Path) -> None:
    data, more = "${network_storage.data.id}", "${network_storage.more.id}"
    patch = "[{mountPath: /more, storage: more}, {mountPath: /new, storage: data}]"
    assert mounted(tmp_path, patch) == [("/data", data), ("/more", more), ("/new", data)]
    assert mounted(tmp_path, "[{mountPath: /data, $patch: delete}]") == [("/more", data)]
    assert mounted(tmp_path, "[{$patch: replace}, {mountPath: /x, storage: more}]") == [("/x", more)]


def test_an_entry_is_deleted_where_one_of_the_resources_has_it(tmp_path: Path) -> None:
    assert len(mounted(tmp_path, "[{mountPath: /data, $patch: delete}]", "'instance.*'")) == 1
    files = {
        **patched("      - {target: 'instance.*', spec: {networkStorages: [{mountPath: /dta, $patch: delete}]}}\n"),
        "fleet.yaml": MOUNTS,
    }
    assert refused(tmp_path, files, environment="dev") == [
        "novita-infra.yaml:7:57: networkStorages of instance.trainer and 1 more has no entry with "
        'mountPath "/dta" to delete; did you mean "/data"?'
    ]


def test_an_empty_list_of_mounts_is_a_warning_because_it_changes_nothing(tmp_path: Path) -> None:
    files = {
        **patched("      - {target: instance.trainer, spec: {networkStorages: []}}\n"),
        "fleet.yaml": MOUNTS,
    }
    assert [str(item) for item in loaded(tmp_path, files, environment="dev").warnings] == [
        "novita-infra.yaml:7:60: the empty list changes nothing: entries of networkStorages are merged; "
        "null removes the list; an entry {$patch: delete} with its key removes one entry"
    ]


EXTENDED = """\
variables: {n: {type: integer, default: 1}, mode: {default: plain}, place: {default: here}}
budget: {perHour: 1, unknown: refuse}
environments:
  base:
    variables: {n: 2, mode: base}
    budget: {perHour: 2, perMonth: 100}
    maxPriceRise: 5%
    changeLimit: {percent: 10, from: 4}
    onDrift: alert
    account: acct-1
    policies: [{file: policies/one.py}]
    patches: [{target: instance.trainer, spec: {gpuCount: 2, power: stopped}}]
  middle: {extends: base, variables: {mode: middle}, changeLimit: {percent: 20}}
  prod:
    extends: middle
    variables: {n: 3}
    budget: {perHour: 3}
    onDrift: {edited: heal}
    policies: [{file: policies/two.py}]
    patches: [{target: instance.trainer, spec: {gpuCount: "${var.n}"}}]
"""


def test_an_environment_has_what_it_extends_and_its_own_takes_precedence(tmp_path: Path) -> None:
    files = {"fleet.yaml": FLEET, "novita-infra.yaml": project_file(EXTENDED)}
    project = loaded(tmp_path, files, environment="prod")
    assert project.variables == {"n": 3, "mode": "middle", "place": "here"}
    spec = one(project, "instance.trainer").spec
    assert (spec["gpuCount"], spec["power"]) == (3, "stopped")
    rules = project.rules
    assert (rules.budget.per_hour, rules.budget.per_month, rules.budget.unknown.value) == (
        300_000,
        10_000_000,
        "refuse",
    )
    assert (rules.max_price_rise, rules.account) == (500, "acct-1")
    assert (rules.change_limit.percent, rules.change_limit.at_least) == (20, 4)
    assert [policy.name for policy in rules.policies] == ["one", "two"]
    assert {cause.value: answer.value for cause, answer in rules.on_drift.items()} == {
        **{cause.value: "alert" for cause in Cause},
        "edited": "heal",
    }
    assert rules.on_drift_place == Origin("novita-infra.yaml", 21, 5)
    base = loaded(tmp_path, files, environment="base")
    assert (base.variables["n"], base.rules.budget.per_hour, len(base.rules.policies)) == (2, 200_000, 1)


def test_a_circle_of_environments_leaves_the_state_readable(tmp_path: Path) -> None:
    text = project_file("environments: {a: {extends: b}, b: {extends: a}}\n")
    assert refused(tmp_path, {"fleet.yaml": FLEET, "novita-infra.yaml": text}, environment="a") == [
        "novita-infra.yaml:4:29: environments extend each other: a -> b -> a; "
        "one of them must extend none of the others"
    ]
    assert locate(tmp_path, environment="a").environment == "a"


OWN = """\
environments:
  dev: {}
  prod: {include: [envs/prod, extra.yaml]}
  prod-eu: {extends: prod, include: [envs/eu]}
  all: {include: [envs]}
"""
VPC = "  cluster: us-dallas-nas-2\n"
FILES = {
    "novita-infra.yaml": project_file(OWN),
    "net.yaml": manifest("VPC", "net", VPC),
    "extra.yaml": manifest("VPC", "extra", VPC),
    "envs/prod/deep/more.yaml": manifest("VPC", "prod", VPC),
    "envs/eu/more.yaml": manifest("VPC", "eu", VPC),
}


def names(project: Project) -> list[str]:
    return [item.address.name for item in project.declared]


def test_resources_of_an_environment_are_read_only_there_and_where_it_is_extended(tmp_path: Path) -> None:
    assert names(loaded(tmp_path, FILES, environment="dev")) == ["net"]
    assert names(loaded(tmp_path, FILES, environment="prod")) == ["extra", "net", "prod"]
    assert names(loaded(tmp_path, FILES, environment="prod-eu")) == ["eu", "extra", "net", "prod"]
    assert names(loaded(tmp_path, FILES, environment="all")) == ["eu", "net", "prod"]
    alone = loaded(tmp_path, FILES, environment="prod", path="envs/prod/deep/more.yaml")
    assert names(alone) == ["prod"]


def test_a_file_of_another_environment_is_not_read(tmp_path: Path) -> None:
    files = {**FILES, "envs/eu/more.yaml": "{ not YAML", "extra.yaml": manifest("VPC", "net", VPC)}
    assert names(loaded(tmp_path, files, environment="dev")) == ["net"]
    assert len(refused(tmp_path, files, environment="prod-eu")) >= 2
    (tmp_path / "envs/eu/link.yaml").symlink_to("nowhere.yaml")
    assert names(loaded(tmp_path, files, environment="dev")) == ["net"]

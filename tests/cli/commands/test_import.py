"""`import` on the command line: in an empty folder, with a manifest, and the messages after it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Invoke = Callable[..., Result]
NAMES = ("1e3", "08", "null", "a\x85b", "0o17")


@pytest.fixture
def networks(run: Invoke, project: Path) -> dict[str, str]:
    """By name, the ids of networks that exist in the account while the folder is empty."""
    for name in ("novita-infra.yaml", "fleet.yaml"):
        (project / name).unlink()
    head = "apiVersion: novita-infra/v1\nkind: VPC\n"
    (project / "main.yaml").write_text(
        "---\n".join(
            f"{head}metadata: {{name: n{index}}}\nspec: {{cluster: us-dallas-nas-2, name: {json.dumps(name)}}}\n"
            for index, name in enumerate(NAMES)
        )
    )
    assert run("apply", "--sim", "--auto-approve").exit_code == 0
    shown = json.loads(run("show", "--json").stdout)["values"]["root_module"]["resources"]
    (project / "main.yaml").unlink()
    shutil.rmtree(project / "state")
    return {item["values"]["name"]: item["values"]["id"] for item in shown}


def test_networks_with_names_that_look_like_numbers_import_into_an_empty_folder(
    run: Invoke, project: Path, networks: dict[str, str]
) -> None:
    for index, name in enumerate(NAMES):
        ended = run("import", f"vpc.m{index}", networks[name], "--sim")
        assert ended.exit_code == 0, ended.stderr
        assert ended.stdout.startswith(f"Imported: vpc.m{index} is {networks[name]}")
        assert ended.stderr.startswith(f"vpc-m{index}.yaml is new. ")
    assert run("validate").exit_code == 0
    ended = run("plan", "--sim", "--detailed-exitcode")
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert run("destroy", "--sim", "--auto-approve").exit_code == 0


def test_an_address_that_another_file_declares_is_not_declared_a_second_time(
    run: Invoke, project: Path, networks: dict[str, str]
) -> None:
    vpc = "apiVersion: novita-infra/v1\nkind: VPC\nmetadata: {{name: {}}}\nspec: {{cluster: us-dallas-nas-2}}\n"
    (project / "one.yaml").write_text(vpc.format("one"))
    (project / "two.yaml").write_text(vpc.format("two"))
    ended = run("import", "vpc.two", networks["08"], "one.yaml", "--sim")
    assert ended.exit_code == 1
    assert "vpc.two is declared in two.yaml, and only one.yaml was read" in ended.stderr
    assert not (project / "vpc-two.yaml").exists()


@pytest.mark.parametrize("name", ["null", "true", "No", "_", "e3", "A" * 100])
def test_a_manifest_is_written_for_any_name_of_a_resource(
    name: str, run: Invoke, project: Path, networks: dict[str, str]
) -> None:
    assert run("import", f"vpc.{name}", networks["08"], "--sim").exit_code == 0
    assert run("plan", "--sim", "--detailed-exitcode").exit_code == 0


def test_a_manifest_is_written_for_the_environment_of_the_import_alone(
    run: Invoke, project: Path, networks: dict[str, str]
) -> None:
    (project / "novita-infra.yaml").write_text(
        "apiVersion: novita-infra/v1\nkind: Project\nmetadata: {name: x, id: pabc}\nenvironments: {dev: {}, prod: {}}\n"
    )
    ended = run("import", "vpc.net", networks["08"], "--env", "dev", "--sim", "--steal")
    assert ended.exit_code == 0, ended.stderr
    assert "It is for environment dev alone: without `environments:` in it, others would create an" in ended.stderr
    assert "\nenvironments:\n  - dev\n" in (project / "vpc-net.yaml").read_text()
    assert run("plan", "--env", "dev", "--sim", "--detailed-exitcode").exit_code == 0
    assert "Nothing is declared" in run("plan", "--env", "prod", "--sim").stdout
    ended = run("import", "--all", "--kind", "vpc", "--env", "dev", "--sim", "--steal")
    assert ended.exit_code == 0, ended.stderr
    assert "environments:\n  - dev\n" in (project / "imported.yaml").read_text()
    assert run("plan", "--env", "dev", "--sim", "--detailed-exitcode").exit_code == 0
    assert "Nothing is declared" in run("plan", "--env", "prod", "--sim").stdout


def test_an_orphan_that_no_manifest_declares_is_adopted_with_a_manifest_whose_plan_is_empty(
    run: Invoke, project: Path, networks: dict[str, str]
) -> None:
    ended = run("orphans", "--sim", "--adopt", "vpc.net", "--id", networks["1e3"])
    assert ended.exit_code == 0, ended.stderr
    assert ended.stderr.startswith("vpc-net.yaml is new. ")
    assert run("plan", "--sim", "--detailed-exitcode").exit_code == 0


def test_the_whole_account_is_imported_into_one_file_with_a_summary(
    run: Invoke, project: Path, networks: dict[str, str]
) -> None:
    dry = run("import", "--all", "--sim", "--dry-run")
    assert dry.exit_code == 0
    assert dry.stdout.splitlines()[-1] == f"To import: {len(networks)} ({len(networks)} vpc)."
    assert "kind: VPC" in dry.stderr
    assert not (project / "imported.yaml").exists()
    ended = run("import", "--all", "--kind", "VPC", "--match", "*", "--into", "nets.yaml", "--sim", "--json", ".")
    assert ended.exit_code == 0, ended.stderr
    rows = json.loads(ended.stdout)
    assert {row["id"] for row in rows} == set(networks.values())
    assert all(row["address"].startswith("vpc.") and not row["why"] for row in rows)
    assert (project / "nets.yaml").exists()
    ended = run("plan", "--sim", "--detailed-exitcode")
    assert (ended.exit_code, ended.stderr) == (0, "")
    again = run("import", "--all", "--sim")
    assert again.stdout.startswith("Nothing to import: a state records every object that was selected.")
    assert not (project / "imported.yaml").exists()


def test_options_of_import_that_do_not_go_together_are_refused(run: Invoke, project: Path) -> None:
    for words, message in {
        ("--all", "vpc.a", "id"): "--all takes no ADDR and no ID",
        ("--all", "--label", "team=a"): "--label selects nothing: the API has no labels; select by --kind and --match",
        ("vpc.a", "id", "--match", "*"): "--match is for --all",
        ("vpc.a", "id", "--dry-run"): "--dry-run is for --all",
        ("vpc.a",): "name the address and the id of the object: import ADDR ID, or import --all",
        (): "name the address and the id of the object: import ADDR ID, or import --all",
    }.items():
        ended = run("import", *words, "--sim")
        assert ended.exit_code != 0
        assert message in ended.stderr.replace("\n", " "), ended.stderr

"""Checking, starting, explaining, and the state."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from novita_infra.kinds import KINDS
from novita_infra.kinds.kind import Kind
from novita_infra.schema.resources import schema_of

Invoke = Callable[..., Result]


def test_a_valid_project_says_so(run: Invoke) -> None:
    result = run("validate")
    assert (result.exit_code, result.stdout) == (0, "Valid: 1 resource.\n")
    assert json.loads(run("validate", "--json").stdout)["valid"] is True


def test_a_mistake_is_reported_with_its_place_its_line_and_a_caret(run: Invoke, project: Path) -> None:
    (project / "fleet.yaml").write_text((project / "fleet.yaml").read_text().replace("sizeGb", "sizeGB"))
    result = run("validate")
    assert (result.exit_code, result.stdout) == (1, "")
    assert 'error: fleet.yaml:4:30: unknown field "sizeGB"; did you mean "sizeGb"?\n' in result.stderr
    assert " ^\n" in result.stderr
    data = json.loads(run("validate", "--json").stdout)
    assert data["diagnostics"][0]["range"]["filename"] == "fleet.yaml"


def test_files_are_named_from_where_the_person_stands(run: Invoke, project: Path) -> None:
    inner = project / "inner"
    inner.mkdir()
    (inner / "novita-infra.yaml").write_text((project / "novita-infra.yaml").read_text())
    (inner / "fleet.yaml").write_text("apiVersion: novita-infra/v1\nkind: Nothing\n")
    assert "inner/fleet.yaml:2:" in run("validate", "inner").stderr


def test_a_file_of_variables_is_named_as_it_was_given(
    run: Invoke, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "odd.vars.yaml").write_text("sise: 1\n")
    monkeypatch.chdir(project.parent)
    message = run("validate", str(project), "--var-file", f"{project.name}/odd.vars.yaml").stderr
    assert f"error: {project.name}/odd.vars.yaml:1:1: " in message
    assert "     1 | sise: ********\n" in message


def test_a_path_that_is_not_there_is_an_error(run: Invoke) -> None:
    result = run("validate", "nowhere")
    assert result.exit_code == 1
    assert "there is no such file or folder" in result.stderr


def test_the_starter_project_is_valid_and_can_be_planned(
    run: Invoke, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOVITA_INFRA_VAR_note")
    started = run("init", "fresh")
    assert started.exit_code == 0
    assert run("validate", "fresh").stdout == "Valid: 2 resources.\n"
    assert "Plan: 2 to create" in run("plan", "fresh", "--sim").stdout
    first = (project / "fresh" / "fleet.yaml").read_text().splitlines()[0]
    schema = project / "fresh" / first.partition("$schema=")[2]
    assert json.loads(schema.read_text())["$schema"].startswith("https://json-schema.org/")
    ignored = (project / "fresh" / ".gitignore").read_text()
    assert ".novita-infra/" in ignored
    assert ignored.endswith("\nstate/*.lock\nstate/*.backup\nstate/*.history/\nstate/*.tmp\n")


def test_init_names_the_schema_of_each_file_it_writes(run: Invoke, project: Path) -> None:
    assert run("init", "fresh").exit_code == 0
    for file, schema in (("novita-infra.yaml", "project"), ("fleet.yaml", "manifest")):
        first = (project / "fresh" / file).read_text().splitlines()[0]
        assert first == f"# yaml-language-server: $schema=.novita-infra/schemas/{schema}.json"
        assert (project / "fresh" / ".novita-infra" / "schemas" / f"{schema}.json").is_file()


def test_init_overwrites_nothing(run: Invoke, project: Path) -> None:
    before = (project / "fleet.yaml").read_text()
    result = run("init")
    assert result.exit_code == 1
    assert "already exists" in result.stderr
    assert (project / "fleet.yaml").read_text() == before


def test_init_keeps_a_gitignore_and_names_the_project_after_its_folder(
    run: Invoke, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOVITA_INFRA_VAR_note")
    folder = project / "7 odd name"
    folder.mkdir()
    (folder / ".gitignore").write_text("mine\n")
    assert run("init", str(folder)).exit_code == 0
    assert (folder / ".gitignore").read_text() == "mine\n"
    assert run("validate", str(folder)).exit_code == 0


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_explain_knows_every_field_at_the_top_of_a_manifest(run: Invoke, kind: Kind) -> None:
    whole = run("explain", kind.name).stdout
    for name in schema_of(kind)["properties"]:
        for words in (f"{kind.name}.{name}", name):
            assert run("explain", words).exit_code == 0, words
        if name not in ("apiVersion", "kind"):
            assert name in whole
    listed = run("explain").stdout
    assert all(name in listed for name in ("check", "forEach", "lifecycle"))
    assert f"{kind.name} " in listed


def test_explain_tells_kinds_fields_and_what_is_inside_them(run: Invoke) -> None:
    assert "NetworkStorage" in run("explain").stdout
    assert "sizeGb" in run("explain", "networkstorage").stdout
    assert "change:" in run("explain", "instance.image").stdout
    assert run("explain", "instance.spec.image").stdout == run("explain", "Instance.image").stdout
    assert json.loads(run("explain", "Endpoint.workers.min", "--json").stdout)["path"] == "workers.min"
    assert json.loads(run("explain", "--json").stdout)[0]["name"]


def test_explain_tells_what_is_around_a_spec_and_in_the_project_file(run: Invoke) -> None:
    assert "Project.budget.perHour\n  The most that an environment may cost per hour, in USD.\n" in (
        run("explain", "project.budget.perHour").stdout
    )
    assert "  default:    10m\n" in run("explain", "Instance.lifecycle.timeouts.delete").stdout
    assert "    lifecycle.protect  true or false, default false\n" in run("explain", "lifecycle").stdout
    assert run("explain", "metadata.name").stdout.startswith("metadata.name\n")
    whole = run("explain", "Project").stdout
    assert "  * metadata  {name, id}\n" in whole
    assert "\n  type: " not in whole
    assert "\nExample\n    apiVersion: novita-infra/v1\n    kind: Project\n" in whole
    assert json.loads(run("explain", "Instance.lifecycle.onDrift", "--json").stdout)["path"] == "lifecycle.onDrift"
    assert "novita-infra explain Project" in run("explain").stdout
    assert "novita-infra explain VPC.lifecycle" in run("explain", "vpc").stdout


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("Projct", "Project"),
        ("lifecylce.protect", "lifecycle"),
        ("Project.bugdet", "budget"),
        ("Project.budget.perHuor", "perHour"),
        ("Project.environments.prod.patchs", "patches"),
        ("VPC.lifecylce", "lifecycle"),
        ("VPC.lifecycle.onDirft", "onDrift"),
        ("VPC.lifecycle.onDrift.editd", "edited"),
    ],
)
def test_a_misspelt_part_is_answered_with_the_nearest(run: Invoke, asked: str, meant: str) -> None:
    result = run("explain", asked)
    assert (result.exit_code, result.stdout) == (1, "")
    assert f'did you mean "{meant}"?' in result.stderr


def test_a_misspelt_kind_or_field_is_answered_with_the_nearest(run: Invoke) -> None:
    kind, field = run("explain", "Instnce"), run("explain", "Instance.imgae")
    assert (kind.exit_code, field.exit_code) == (1, 1)
    assert 'did you mean "Instance"?' in kind.stderr
    assert 'did you mean "image"?' in field.stderr


def test_schemas_are_printed_and_written(run: Invoke, project: Path) -> None:
    assert json.loads(run("schema", "VPC").stdout)["title"] == "VPC"
    assert json.loads(run("schema").stdout)["title"] == "Manifest"
    assert run("schema", "--write", "made").exit_code == 0
    assert (project / "made" / "network_storage.json").is_file()
    assert run("schema", "VPC", "--write", "made").exit_code == 1


def test_the_graph_is_drawn_in_both_languages(run: Invoke) -> None:
    assert run("graph").stdout == 'graph LR\n    n0["network_storage.data"]\n'
    assert run("graph", "--format", "dot").stdout.startswith("digraph")


def test_records_are_listed_shown_moved_and_removed(run: Invoke, project: Path) -> None:
    run("apply", "--sim", "--auto-approve")
    assert run("state", "list").stdout == "network_storage.data\n"
    assert "sizeGb: 20" in run("state", "show", "network_storage.data").stdout
    id_ = json.loads(run("state", "show", "network_storage.data", "--json").stdout)["values"]["id"]
    assert run("state", "mv", "network_storage.data", "network_storage.more").exit_code == 0
    assert json.loads(run("state", "list", "--json").stdout) == [{"address": "network_storage.more", "id": id_}]
    assert run("state", "rm", "network_storage.more", str(project)).exit_code == 0
    assert run("state", "list").stdout == ""
    imported = run("import", "network_storage.data", id_, "--sim")
    assert imported.exit_code == 0
    assert run("plan", "--sim", "--detailed-exitcode").exit_code == 0


def test_removing_what_is_not_on_record_is_an_error(run: Invoke) -> None:
    assert run("state", "rm", "vpc.none").exit_code == 1
    assert run("state", "rm", "nonsense").exit_code == 1
    assert run("state", "show", "vpc.none").exit_code == 1


@pytest.mark.parametrize("command", ["show", "graph", "apply"])
def test_a_file_that_is_neither_a_plan_nor_a_manifest_is_refused(run: Invoke, project: Path, command: str) -> None:
    (project / "bad.niplan").write_text("{}\n")
    result = run(command, "bad.niplan")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "bad.niplan is no saved plan and no manifest" in result.stderr


@pytest.mark.parametrize("words", [("validate",), ("validate", "--json"), ("plan", "--sim"), ("drift", "--sim")])
@pytest.mark.parametrize("broken", ["", "pasword: hunter2"])
def test_a_secret_in_clear_is_repeated_nowhere(words: tuple[str, ...], broken: str, run: Invoke, project: Path) -> None:
    (project / "novita-infra.yaml").write_text(
        "apiVersion: novita-infra/v1\nkind: Project\nmetadata: {name: small}\nvariables:\n"
        "  tok: {type: string, secret: true, default: hunter2}\n"
        "  note:\n    secret: true\n    default: hunter2, hunter2\n"
        "environments:\n  dev: {variables: {tok: hunter2}}\ndefaultEnvironment: dev\n"
    )
    (project / "more.vars.yaml").write_text("note: hunter2, hunter2\n")
    (project / "hub.yaml").write_text(
        "apiVersion: novita-infra/v1\nkind: RegistryAuth\nmetadata: {name: hub}\n"
        f"spec:\n  username: me\n  password: ${{var.tok}}\n  {broken}\n"
    )
    (project / "fleet.yaml").unlink()
    result = run(*words, "--var-file", "more.vars.yaml")
    assert result.exit_code == bool(broken)
    assert result.output.count("********") >= (1 if broken else 4)
    assert "hunter2" not in result.output

"""The options of output formats, and the renderer that they choose."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest
from click.testing import CliRunner

from novita_infra.cli import root
from novita_infra.cli.command import Command
from novita_infra.cli.rendering import format_options, with_renderer
from novita_infra.views.content.lines import line
from novita_infra.views.output_formats import document_formats
from novita_infra.views.renderer import Renderer

ROOT = Path(__file__).parents[2]


@click.command("words", cls=Command)
@format_options("graph")
@click.option("--other", "as_other", is_flag=True, help="A second format for stdout.")
@with_renderer
def words(*, renderer: Renderer) -> int:
    renderer.show([line("text")], ["json"])
    return 0


def test_the_format_of_the_flag_is_chosen() -> None:
    assert CliRunner().invoke(words, []).stdout == "text\n"
    assert json.loads(CliRunner().invoke(words, ["--json"]).stdout) == ["json"]


def test_two_formats_for_stdout_at_once_are_refused() -> None:
    result = CliRunner().invoke(words, ["--json", "--other"], standalone_mode=False)
    assert result.return_value == 1
    (reported,) = [json.loads(text) for text in result.stdout.splitlines()]
    assert reported["diagnostic"]["summary"] == "--json and --other exclude each other"


def _parsed(file: Path) -> list[dict[str, Any]]:
    return [json.loads(text) for text in file.read_text(encoding="utf-8").splitlines()]


def test_the_json_goes_to_a_file_beside_the_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("novita-infra.yaml").write_text(
        "apiVersion: novita-infra/v1\nkind: Project\nmetadata: {name: lab}\nvariables: {size: {default: one}}\n"
    )
    Path("net.yaml").write_text(
        "apiVersion: novita-infra/v1\nkind: VPC\nmetadata: {name: net}\nspec: {cluster: us-ca-nas-2}\n"
    )
    file = Path("out.json")
    file.write_text("of an earlier run, and longer than what comes now" * 1000)

    text = CliRunner().invoke(root, ["plan", "--sim", "--json-into", str(file)])
    alone = CliRunner().invoke(root, ["plan", "--sim", "--json"])
    assert text.stdout.startswith("Plan for project lab"), text.stderr
    (beside,), expected = _parsed(file), json.loads(alone.stdout)
    assert beside.keys() == expected.keys()
    assert "configuration" in beside
    assert beside["resource_changes"] == expected["resource_changes"]

    applied = CliRunner().invoke(root, ["apply", "--sim", "--auto-approve", "--json-into", str(file)])
    assert applied.exit_code == 0
    kinds = [message["type"] for message in _parsed(file)]
    assert kinds[0] == "version"
    assert kinds[-2:] == ["change_summary", "outputs"]
    assert {"planned_change", "apply_start", "apply_complete"} <= {*kinds}

    failed = CliRunner().invoke(root, ["plan", "--sim", "--target", "vpc.ne", "--json-into", str(file)])
    assert failed.exit_code == 1
    (document,) = [json.loads(file.read_text(encoding="utf-8"))]
    assert (document["valid"], document["error_count"]) == (False, 1)
    assert document["diagnostics"][0]["summary"] in failed.stderr
    schema = json.loads((ROOT / "schemas" / "diagnostics.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, schema)

    (tmp_path / "bad.yaml").write_text(
        "apiVersion: novita-infra/v1\nkind: VPC\nmetadata: {name: x}\nspec: {a: 1, b: 2}\n"
    )
    failed = CliRunner().invoke(root, ["plan", "--sim", "--json-into", str(file)])
    assert failed.exit_code == 1
    several = json.loads(file.read_text(encoding="utf-8"))
    assert several["error_count"] == len(several["diagnostics"]) > 1
    jsonschema.validate(several, schema)
    checked = CliRunner().invoke(root, ["validate", "--json"])
    assert json.loads(checked.stdout) == several

    failed = CliRunner().invoke(root, ["apply", "--sim", "--auto-approve", "--json-into", str(file)])
    assert failed.exit_code == 1
    first, *others = [message["type"] for message in _parsed(file)]
    assert (first, {*others}) == ("version", {"diagnostic"}), "a run has lines, whatever comes of it"


def test_a_file_that_cannot_take_the_json_is_an_error_before_anything_is_done(tmp_path: Path) -> None:
    result = CliRunner().invoke(words, ["--json-into", str(tmp_path / "none" / "out.json")], standalone_mode=False)
    assert result.return_value == 1
    assert result.stdout == ""
    assert f"{tmp_path / 'none' / 'out.json'}: No such file or directory" in result.stderr


def test_a_command_takes_the_files_of_the_formats_that_show_its_result() -> None:
    options = {name for parameter in words.params for name in parameter.opts}
    assert options == {
        "--json",
        "--other",
        "--no-color",
        "--plain",
        "--log-file",
        "--query",
        "--json-into",
        *(f"--{name}" for name in document_formats("graph")),
    }


@pytest.mark.process
def test_no_command_that_runs_imports_a_format_that_it_does_not_use(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from novita_infra.cli import root\n"
        "CliRunner().invoke(root, ['validate', sys.argv[1]])\n"
        "print(sorted(name for name in sys.modules if name.startswith('novita_infra.views.formats.json.')))"
    )
    result = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"


@pytest.mark.parametrize(
    ("words", "place"),
    [
        (["validate"], "../"),
        (["validate", "more.yaml"], "../"),
        (["validate", "{project}"], "{project}/"),
        (["import", "vpc.net", "n-1", "--sim"], "../"),
        (["import", "vpc.net", "n-1", "{project}", "--sim"], "{project}/"),
    ],
)
def test_a_message_names_and_quotes_the_file_of_the_project_and_not_of_the_current_folder(
    words: list[str], place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project"
    current = project / "part"
    current.mkdir(parents=True)
    (project / "novita-infra.yaml").write_text(
        "apiVersion: novita-infra/v1\nkind: Project\nmetadata: {name: a}\nbudget: {perHuor: 1}\n"
    )
    (current / "more.yaml").write_text("apiVersion: novita-infra/v1\nkind: VPC\nmetadata: {name: net}\nspec: {}\n")
    monkeypatch.chdir(current)
    ended = CliRunner().invoke(root, [word.format(project=project) for word in words], prog_name="novita-infra")
    assert f"error: {place.format(project=project)}novita-infra.yaml:4:10:" in ended.stderr
    assert "    4 | budget: {perHuor: ********}\n" in ended.stderr


def test_a_message_quotes_no_file_of_that_name_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in (("project", "- a: ["), ("current", "the file of somebody else")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "novita-infra.yaml").write_text(text)
    monkeypatch.chdir(tmp_path / "current")
    words = ["import", "vpc.net", "n-1", str(tmp_path / "project"), "--sim"]
    ended = CliRunner().invoke(root, words, prog_name="novita-infra")
    assert f"{tmp_path}/project/novita-infra.yaml:2:1:" in ended.stderr
    assert "somebody else" not in ended.stderr

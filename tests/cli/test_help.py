"""What can be known of every command without running it, and what its start costs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from novita_infra import __version__
from novita_infra.cli import commands, root
from novita_infra.cli.discovery import command_table
from novita_infra.cli.pages.reference_page import commands_page


def _commands(group: click.Group = root, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from _commands(command, (*path, name))


COMMANDS = dict(_commands())
ROOT = Path(__file__).parents[2]
PAGES = [path.read_text(encoding="utf-8") for path in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md"))]


def _run(*words: str) -> Any:
    return CliRunner().invoke(root, list(words), prog_name="novita-infra")


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_examples(path: tuple[str, ...]) -> None:
    result = _run(*path, "--help")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: novita-infra {' '.join(path)} ")
    assert re.search(f"  novita-infra {' '.join(path)}( |$)", result.stdout.partition("Example")[2], re.MULTILINE)
    codes = result.stdout.partition("Exit codes:")[2].partition("\n\n")[0]
    assert max(map(len, f"  Exit codes:{codes}".splitlines())) <= 80


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_option_is_documented(path: tuple[str, ...]) -> None:
    for parameter in COMMANDS[path].params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{parameter.opts} of {path}"


SHORT = {"--env": "-e", "--target": "-t", "--out": "-o", "--auto-approve": "-y"}
LONG_ONLY = {("ssh",), ("cp",), ("port-forward",)}
"""Their letters are those of ssh and scp."""


@pytest.mark.parametrize("path", [path for path in COMMANDS if path not in LONG_ONLY], ids=" ".join)
def test_an_option_has_the_same_letter_in_every_command(path: tuple[str, ...]) -> None:
    options = [[*option.opts, *option.secondary_opts] for option in COMMANDS[path].params]
    for long, letter in SHORT.items():
        assert all((long in names) == (letter in names) for names in options)


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_no_option_stands_twice_in_a_command(path: tuple[str, ...]) -> None:
    names = [name for option in COMMANDS[path].params for name in option.opts if name.startswith("-")]
    assert len(names) == len(set(names))
    values = [parameter.name for parameter in COMMANDS[path].params if not getattr(parameter, "is_flag", False)]
    assert len(values) == len(set(values)), "one would take the value of the other"


def test_every_module_of_commands_is_in_a_table_of_commands() -> None:
    folder = Path(commands.__path__[0])
    modules = {".".join(path.relative_to(folder).with_suffix("").parts) for path in folder.rglob("[!_]*.py")}
    used = {command.callback.__module__.removeprefix(f"{commands.__name__}.") for command in COMMANDS.values()}
    shared = {"pipelines.ci.jobs", "simulator.sim.options", "simulator.sim.written_files", "state.state.changing"}
    assert modules - shared == used


def test_every_folder_of_commands_is_a_section_of_the_help() -> None:
    folders = {path.parent.name for path in Path(commands.__path__[0]).glob("*/__init__.py")}
    assert {target.split(".")[3] for section in command_table().values() for target, _ in section.values()} == folders


def test_the_reference_page_of_the_commands_is_committed_as_made() -> None:
    assert (ROOT / "docs/reference/commands.md").read_text(encoding="utf-8") == commands_page(), "run `make schemas`"


@pytest.mark.parametrize("path", [path for path, command in COMMANDS.items() if not isinstance(command, click.Group)])
def test_every_command_is_in_a_page(path: tuple[str, ...]) -> None:
    assert any(f"novita-infra {' '.join(path)}" in page for page in PAGES), "run `make schemas`"


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_the_short_help_of_the_table_is_one_line(path: tuple[str, ...]) -> None:
    assert f"  {path[-1]} " in _run(*path[:-1], "--help").stdout


def test_the_version_is_reported() -> None:
    assert _run("--version").stdout == _run("-v").stdout == f"novita-infra {__version__}\n"


@pytest.mark.parametrize("group", [(), ("state",), ("sim",)])
def test_a_group_alone_shows_its_help(group: tuple[str, ...]) -> None:
    result = _run(*group)
    assert (result.exit_code, result.stdout.startswith("Usage: ")) == (0, True)


def test_a_misspelt_command_is_answered_with_the_nearest() -> None:
    result = _run("pln")
    assert result.exit_code == 1
    assert 'Did you mean "plan"?' in result.stderr


def test_a_wrong_option_is_an_error_and_not_a_change() -> None:
    result = _run("plan", "--no-such-option")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: ")


def test_a_wrong_word_forges_no_line_of_the_error() -> None:
    result = _run("x\x1b[2J\nApply complete!\u202e")
    first, *others = result.stderr.splitlines()
    assert first == r'error: No such command "x\x1b[2J'
    assert [line for line in others if not line.startswith(("    ", "Try "))] == []
    assert r"Apply complete!\u202e" in others[0]


def test_the_start_imports_click_and_nothing_dear() -> None:
    code = (
        "import sys, novita_infra.cli\n"
        "dear = {'httpx', 'yaml', 'rich', 'asyncio', 'jsonschema', 'deepdiff', 'starlette', 'dataclasses', 'json'}\n"
        "print(sorted(dear & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"


@pytest.mark.process
@pytest.mark.parametrize("words", [("plan", "--help"), ("sim", "scenarios")], ids=" ".join)
def test_only_the_commands_that_serve_import_a_server(words: tuple[str, ...]) -> None:
    code = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from novita_infra.cli import root\n"
        "CliRunner().invoke(root, sys.argv[1:])\n"
        "print(sorted({'starlette', 'uvicorn', 'httpx', 'rich'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"


_DEAR = ("httpx", "rich", "starlette", "uvicorn", "deepdiff", "opentelemetry")
_RUN = ("novita_infra.applying", "novita_infra.refresh", "novita_infra.policies", "novita_infra.simulator")
_PLANNING = ("novita_infra.planning.planner", "novita_infra.planning.saved", "novita_infra.planning.cost")
_FEATURES = (
    "novita_infra.lookups.lookup",
    "novita_infra.lookups.registry",
    "novita_infra.lookups.types",
    "novita_infra.manifests.modules.git.source",
    "novita_infra.manifests.modules.git.program",
    "novita_infra.policies",
    "novita_infra.programs",
    "novita_infra.state.backends.git",
    "novita_infra.state.backends.http",
    "novita_infra.state.backends.postgres",
    "novita_infra.state.backends.s3",
    "novita_infra.state.encryption.data_keys",
    "novita_infra.state.encryption.sealing",
    "novita_infra.state.encryption.wrapping",
    "novita_infra.state.objects",
)
"""What only projects import that use it: lookups, modules from git, policies, programs, shared and encrypted states."""
_UNUSED_PACKAGES: dict[tuple[str, ...], tuple[str, ...]] = {
    ("validate",): (*_DEAR, *_RUN, *_PLANNING, *_FEATURES, "novita_infra.schema.explain_frame"),
    ("show",): (*_DEAR, *_RUN, *_FEATURES, "novita_infra.planning.planner", "novita_infra.schema.explain_frame"),
    ("plan", "--sim"): (
        *_FEATURES,
        "novita_infra.schema.explain_frame",
        "novita_infra.views.formats.json.renderer",
        "pygments",
        "rich",
    ),
}
"""Packages that a command does not use, so that its start does not import them."""


@pytest.mark.process
@pytest.mark.parametrize("words", _UNUSED_PACKAGES, ids=" ".join)
def test_a_command_imports_no_package_that_it_does_not_use(words: tuple[str, ...], tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples/quickstart", tmp_path / "project")
    code = (
        "import sys\n"
        "from novita_infra.cli import main\n"
        "try:\n"
        "    main()\n"
        "finally:\n"
        "    sys.stderr.write(' '.join(sys.modules))"
    )
    command = [sys.executable, "-c", code, *words]
    result = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path / "project")
    modules = [name for name in result.stderr.split() if name != "httpx._main"]  # which stands there for None
    assert "novita_infra.manifests.project.loading" in modules
    unused = _UNUSED_PACKAGES[words]
    assert [name for name in modules if any(f"{name}.".startswith(f"{package}.") for package in unused)] == []


def test_completion_knows_the_commands_without_importing_them() -> None:
    completion = import_module("click.shell_completion")
    shell = completion.ShellComplete(root, {}, "novita-infra", "_NOVITA_INFRA_COMPLETE")
    assert [item.value for item in shell.get_completions([], "sch")] == ["schema"]

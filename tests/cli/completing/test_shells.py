"""Completion: the scripts of the shells, and what is offered in a project that is sound, broken or missing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from click.shell_completion import CompletionItem
from command_tree import commands_of

from novita_infra.cli import root
from novita_infra.cli.completing.shells import SHELLS, script_of
from novita_infra.cli.lazy import COMPLETES
from novita_infra.kinds import KINDS
from tests.cli.conftest import FLEET, PROJECT, Invoke

COMMANDS = commands_of(root)
WORKERS = """\
apiVersion: novita-infra/v1
kind: VPC
metadata: {name: net}
forEach: [eu, us]
spec: {cluster: us-ca-nas-2}
"""
BROKEN: dict[str, tuple[str, str | bytes]] = {
    "a project file that is no YAML": ("novita-infra.yaml", "kind: [Project\n"),
    "a project file that is a list": ("novita-infra.yaml", "- kind\n"),
    "a project file for a newer version": ("novita-infra.yaml", PROJECT.replace("kind:", "requires: '>=99'\nkind:")),
    "a manifest that is no YAML": ("fleet.yaml", "kind: {{\n"),
    "a manifest that is not text": ("fleet.yaml", b"\xff\xfe\x00"),
    "a state that is no JSON": ("state/default.json", "{"),
    "a state of another program": ("state/default.json", '{"version": 4, "resources": []}'),
    "names that are no texts": ("fleet.yaml", "kind: VPC\nmetadata: {name: [1]}\n---\nkind: [VPC]\nmetadata: x\n"),
    "a name with a line feed": ("fleet.yaml", FLEET.replace("data}", '"a\\nb\\e[2J"}')),
}


def answers(words: str, typed: str = "") -> list[str]:
    """What the shell gets for a word that begins so, after these words."""
    complete = SHELLS["zsh"](root, {}, "novita-infra", COMPLETES)
    return [item.value for item in complete.get_completions(words.split(), typed)]


def _offering(word: str) -> list[Any]:
    """Each parameter whose metavar holds the word, by its command."""
    return [
        pytest.param(parameter, command, id=f"{name} {parameter.name}")
        for name, command in COMMANDS.items()
        for parameter in command.params
        if re.search(rf"\b{word}\b", str(parameter.metavar))
    ]


@pytest.fixture
def applied(project: Path, run: Invoke) -> Path:
    (project / "net.yaml").write_text(WORKERS)
    (project / "novita-infra.yaml").write_text(f"{PROJECT}environments: {{dev: {{}}, prod: {{}}}}\n")
    assert run("apply", "--sim", "--auto-approve").exit_code == 0
    return project


@pytest.mark.parametrize(("parameter", "command"), _offering("ADDR"))
def test_each_address_is_offered(parameter: click.Parameter, command: click.Command, project: Path) -> None:
    offered = parameter.shell_complete(click.Context(command), "net")
    assert [item.value for item in offered] == ["network_storage.data"]


@pytest.mark.parametrize(("parameter", "command"), _offering("KIND"))
def test_each_kind_is_offered(parameter: click.Parameter, command: click.Command) -> None:
    offered = parameter.shell_complete(click.Context(command), "")
    assert [item.value for item in offered] == sorted(kind.name for kind in KINDS.values())


def test_each_environment_is_offered(applied: Path) -> None:
    options = [option for command in COMMANDS.values() for option in command.params if "--env" in option.opts]
    for option in options:
        offered = option.shell_complete(click.Context(COMMANDS["plan"]), "")
        assert [item.value for item in offered] == ["default", "dev", "prod"]


def test_completion_offers_the_addresses_of_the_state_and_of_the_manifests(applied: Path) -> None:
    (applied / "new.yaml").write_text(FLEET.replace("data}", "more}"))
    assert answers("plan --target") == [
        "network_storage.data",
        "network_storage.more",
        "vpc.net",
        'vpc.net["eu"]',
        'vpc.net["us"]',
    ]
    assert answers("state rm", "vpc.net[") == ['vpc.net["eu"]', 'vpc.net["us"]']
    assert answers("plan -e dev -t", "vpc") == ["vpc.net"]


def test_completion_follows_the_path_and_the_project_of_the_command(
    applied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    assert answers(f"plan {tmp_path} -e", "p") == ["prod"]
    assert answers(f"logs --project {applied}", "network") == ["network_storage.data"]
    assert answers("plan --target") == []


def test_completion_offers_files_where_a_path_stands(project: Path) -> None:
    complete = SHELLS["zsh"](root, {}, "novita-infra", COMPLETES)
    for words, typed in (("plan --out", "p"), ("apply", "p"), ("state rm network_storage.data", "p")):
        assert [(item.type, item.value) for item in complete.get_completions(words.split(), typed)] == [("file", "p")]


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("words", ["plan --target", "plan --env", "state rm", "logs"])
def test_a_broken_project_never_breaks_completion(
    name: str, words: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, text = BROKEN[name]
    path = project / file
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert all(value in {"default", "network_storage.data", "network_storage.net", ""} for value in answers(words))
    assert capsys.readouterr() == ("", "")


def test_an_encrypted_or_shared_state_is_not_opened(project: Path) -> None:
    for state in ("encryption: {command: [touch, asked]}", "backend: git, remote: 'ext::touch asked', branch: x"):
        (project / "novita-infra.yaml").write_text(f"{PROJECT}state: {{{state}}}\n")
        assert answers("plan --target") == ["network_storage.data"]
    assert not (project / "asked").exists()


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_of_a_shell_asks_this_program(shell: str, run: Invoke) -> None:
    result = run("completion", shell)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == script_of(shell, root)
    assert f"{COMPLETES}={shell}_complete" in result.stdout


def test_another_shell_is_refused_with_those_that_exist(run: Invoke) -> None:
    result = run("completion", "tcsh")
    assert result.exit_code == 1
    assert all(shell in result.stderr for shell in SHELLS)


def test_bash_gets_an_address_in_quotes() -> None:
    complete = SHELLS["bash"](root, {}, "novita-infra", COMPLETES)
    assert complete.format_completion(CompletionItem('vpc.net["eu"]')) == r'plain,vpc.net\\[\\"eu\\"\\]'
    assert complete.format_completion(CompletionItem("vpc.net")) == "plain,vpc.net"


@pytest.mark.process
@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_completes_with_the_script(applied: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    script = (
        'eval "$(novita-infra completion bash)"\n'
        "COMP_WORDS=(novita-infra state rm 'vpc.net\\[\\\"e') COMP_CWORD=3\n"
        "_novita_infra_completion novita-infra\n"
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
        "COMP_WORDS=(novita-infra plan --env no) COMP_CWORD=3\n"
        "COMPREPLY=()\n"
        "_novita_infra_completion novita-infra\n"
        'printf "%s\\n" "${#COMPREPLY[@]}"\n'
    )
    command = ["bash", "--norc", "-c", script]
    environ = {"PATH": path, "HOME": str(applied)}
    result = subprocess.run(command, capture_output=True, text=True, check=True, cwd=applied, env=environ)
    assert (result.stdout, result.stderr) == ('vpc.net\\[\\"eu\\"\\]\n0\n', "")

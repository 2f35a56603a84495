"""Words, settings, paths and files that are not UTF-8 are refused where they enter, and no value is shown."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from novita_infra.encoding.checksums import add_line_checksum
from novita_infra.state.format.file_format import read_state
from novita_infra.state.format.journal import header_line, put_line

Invoke = Callable[..., Result]
FOREIGN = "caf\udce9"
"""The bytes `caf\\xe9` of a word of the command line, as Python holds them."""


@pytest.mark.parametrize(
    ("words", "place"),
    [
        (["validate", "--var", f"note={FOREIGN}"], "what follows --var"),
        (["validate", f"--var=note={FOREIGN}"], "what follows --var"),
        (["plan", "--sim", "--target", f"vpc.{FOREIGN}"], "what follows --target"),
        (["validate", FOREIGN], "word 2 of the command"),
        (["state", "show", f"instance.{FOREIGN}"], "word 3 of the command"),
        (["state", "mv", "vpc.a", f"vpc.{FOREIGN}"], "word 4 of the command"),
        (["validate", f"--{FOREIGN}"], "word 2 of the command"),
        (["validate", f"--{FOREIGN}=x"], "word 2 of the command"),
        ([FOREIGN], "word 1 of the command"),
        (["sim", "serve", "--scenario", FOREIGN], "what follows --scenario"),
    ],
)
def test_a_word_that_is_not_utf_8_is_refused_unseen(run: Invoke, words: list[str], place: str) -> None:
    result = run(*words)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"error: {place} is not UTF-8 text: it holds the byte 0xe9\n")
    assert "caf" not in result.stderr


def test_a_command_of_others_may_have_any_words(run: Invoke) -> None:
    assert run("sim", "run", "--", "true", FOREIGN).exit_code == 0


@pytest.mark.parametrize(
    "name", ["NOVITA_API_KEY", "NOVITA_API_URL", "NOVITA_INFRA_ENV", "NOVITA_INFRA_LOG", "NOVITA_INFRA_SIM"]
)
def test_a_setting_that_is_not_utf_8_is_named(run: Invoke, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, FOREIGN)
    result = run("plan")
    assert result.exit_code == 1
    assert result.stderr == f"error: the environment variable {name} is not UTF-8 text: it holds the byte 0xe9\n"


@pytest.mark.parametrize("name", ["note", "size"])
def test_a_variable_of_the_environment_that_is_not_utf_8_is_named(
    run: Invoke, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(f"NOVITA_INFRA_VAR_{name}", FOREIGN)
    monkeypatch.setenv("NOVITA_INFRA_VAR_other", FOREIGN)
    result = run("validate")
    assert result.exit_code == 1
    assert (
        f'the value of the variable "{name}" from the environment variable NOVITA_INFRA_VAR_{name} is not UTF-8 text'
        in result.stderr
    )
    assert "caf" not in result.stderr


def test_a_file_whose_name_is_not_utf_8_is_reported(run: Invoke, project: Path) -> None:
    (project / f"{FOREIGN}.yaml").write_text("")
    (project / f"{FOREIGN}.txt").write_text("")
    (project / FOREIGN).mkdir()
    shutil.copy(project / "fleet.yaml", project / FOREIGN / "inner.yaml")
    result = run("validate")
    assert result.exit_code == 1
    assert "error: caf\ufffd.yaml:1:1: the name of the file is not UTF-8 text; rename it" in result.stderr
    assert "error: caf\ufffd/inner.yaml:1:1: the name of the file is not UTF-8 text; rename it" in result.stderr
    assert "2 errors" in result.stderr


def test_a_project_in_a_folder_that_is_not_utf_8_is_refused(
    run: Invoke, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project / FOREIGN
    folder.mkdir()
    for name in ("novita-infra.yaml", "fleet.yaml"):
        shutil.move(project / name, folder)
    monkeypatch.chdir(folder)
    for words in ("validate", "plan --sim", "show", "output", "graph", "state list", "orphans --sim", "init", "init x"):
        result = run(*words.split())
        assert (words, result.exit_code) == (words, 1)
        assert "is not UTF-8 text; rename it, or the folder above it" in result.stderr
    assert sorted(path.name for path in folder.iterdir()) == ["fleet.yaml", "novita-infra.yaml"]


HALF = r"half of a pair of escapes such as \ud83d\ude80"


def broken(file: Path, old: str) -> None:
    """Puts half of a surrogate pair into a file of ours. Without a checksum it is read as one of an old version."""
    text = re.sub(r'"checksum": ?"[^"]*",?\s*', "", file.read_text(), count=1)
    assert old in text
    file.write_text(text.replace(old, rf"{old}\ud800", 1))


def test_half_of_a_surrogate_pair_in_a_state_is_refused_with_its_place(run: Invoke, project: Path) -> None:
    assert run("apply", "--sim", "--auto-approve").exit_code == 0
    state = project / "state" / "default.json"
    broken(state, "us-ca-nas-2")
    for words in (["state", "list"], ["plan", "--sim"], ["apply", "--sim", "--auto-approve"], ["output"]):
        result = run(*words)
        assert result.exit_code == 1
        assert re.match(r"error: state/default\.json:\d+:\d+: the file is damaged: ", result.stderr)
        assert HALF in result.stderr
    assert r"us-ca-nas-2\ud800" in state.read_text()


def test_half_of_a_surrogate_pair_in_a_journal_is_refused_with_its_place(run: Invoke, project: Path) -> None:
    assert run("apply", "--sim", "--auto-approve").exit_code == 0
    state = read_state((project / "state" / "default.json").read_bytes(), "state", hint="")
    line = json.loads(put_line(next(iter(state.records.values())), "put"))
    line.pop("crc32")
    text = json.dumps(line).replace("us-ca-nas-2", r"us-ca-nas-2\ud800", 1)
    journal = header_line(state) + add_line_checksum(text.encode()) + b"\n"
    (project / "state" / "default.journal").write_bytes(journal)
    result = run("state", "list")
    assert result.exit_code == 1
    assert re.match(r"error: state/default\.journal:2:\d+: the file is damaged: ", result.stderr)
    assert HALF in result.stderr


def test_half_of_a_surrogate_pair_in_a_plan_file_is_refused_with_its_place(run: Invoke, project: Path) -> None:
    assert run("plan", "--sim", "--out", "p.niplan").exit_code == 0
    broken(project / "p.niplan", "us-ca-nas-2")
    for words in (["show", "p.niplan"], ["apply", "--sim", "p.niplan"]):
        result = run(*words)
        assert result.exit_code == 1
        assert re.search(r"error: .*p\.niplan.*it is cut off or was changed \(line 1, column \d+\)", result.stderr)


def test_half_of_a_surrogate_pair_in_a_scenario_is_refused_with_its_place(run: Invoke, project: Path) -> None:
    for name, text in (("s.json", r'{"name": "x", "says": "a\ud800"}'), ("s.yaml", 'name: x\nsays: "a\\ud800"\n')):
        (project / name).write_text(text)
        result = run("sim", "serve", "--scenario", name)
        assert result.exit_code == 1
        assert f"error: {name}:" in result.stderr
        assert HALF in result.stderr


def test_half_of_a_surrogate_pair_from_a_policy_is_replaced(run: Invoke, project: Path) -> None:
    (project / "p.py").write_text('print(r\'{"warn": ["a\\ud800b"]}\')\n')
    assert run("plan", "--sim", "--policy", "p.py", "--out", "p.niplan").exit_code == 0
    assert "a\ufffdb" in run("show", "--json", "p.niplan").stdout.encode().decode("unicode_escape")
    (project / "s.json").write_text('{"type":\n "a\\ud800"}')
    result = run("plan", "--sim", "--policy", "s.json")
    assert f"line 2, column 4: it is no JSON: {HALF}" in result.stdout + result.stderr

"""Words, settings, paths and files that are not UTF-8 are refused where they enter, and no value is shown."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

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

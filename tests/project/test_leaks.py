"""The suite fails where a secret of a test stands in an output, an error or a file. See `tests/support/leaks.py`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
LEAKING = '''\
"""Tests that leak a secret, each at another place, and two that do not."""

import base64
import json
import os
import subprocess
import sys

import click
from click.testing import CliRunner

from novita_infra.model.values import Secret
from novita_infra.state.private_files import open_output

SECRET = "correct horse/1"


@click.command
@click.argument("how")
def show(how):
    text = json.dumps({"a": Secret(SECRET, "env:A").value})
    if how == "raise":
        raise ValueError(text)
    click.echo(text if how != "hide" else "(secret)", err=how == "error")


def test_output():
    CliRunner().invoke(show, ["show"])


def test_error():
    CliRunner().invoke(show, ["error"])


def test_traceback():
    CliRunner().invoke(show, ["raise"])


def test_printed():
    print(Secret(SECRET, "env:A").value)


def test_file(tmp_path):
    with os.fdopen(open_output(tmp_path / "a"), "wb") as file:
        file.write(b"x" + base64.b64encode(b"a:" + Secret(SECRET, "env:A").value.encode()))


def test_process():
    subprocess.run([sys.executable, "-c", "import os; print(os.environ['HUB_TOKEN'])"], env={"HUB_TOKEN": SECRET},
                   capture_output=True)


def test_file_of_process(tmp_path):
    code = "import os; open('a', 'w').write(os.environ['HUB_TOKEN'])"
    subprocess.run([sys.executable, "-c", code], env={"HUB_TOKEN": SECRET}, cwd=tmp_path)


def test_clean(tmp_path):
    CliRunner().invoke(show, ["hide"])
    (tmp_path / "manifest.yaml").write_text(SECRET)
'''


@pytest.mark.process
def test_each_leak_fails_the_test_and_what_the_test_itself_writes_is_none(tmp_path: Path) -> None:
    shutil.copy(TESTS / "conftest.py", tmp_path)
    (tmp_path / "test_leaking.py").write_text(LEAKING)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-rN", "--tb=line", "test_leaking.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{TESTS / 'support'}{os.pathsep}{TESTS.parent}"},
        capture_output=True,
        text=True,
        check=False,
    )
    shown = done.stdout.replace("correct horse/1", "(what it leaks)")  # this test leaks nothing
    assert re.findall(r"(?m)^E +AssertionError: secrets in clear: '\(what it leaks\)' in (.*)", shown) == [
        *["the output"] * 4,
        "a",
        "the output",
        "a",
    ], shown
    assert "7 failed, 1 passed" in shown

"""`make new-kind` in a copy of the tree: the code imports, and what is left to write is reported by name."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]
COPIED = ("novita_infra", "tests", "scripts", "examples", "changelog.d", "pyproject.toml", "README.md")
CREATED = (
    "novita_infra/kinds/private_subnet.py",
    "novita_infra/simulator/world/cloud/private_subnets.py",
    "novita_infra/simulator/routes/cloud/private_subnets.py",
    "tests/support/kind_facts/private_subnet/__init__.py",
    "tests/support/kind_facts/private_subnet/pairs.yaml",
    "changelog.d/private-subnet.added.md",
)
CONFORMANCE = "tests/kinds/test_conformance.py"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree with the new kind PrivateSubnet."""
    folder = tmp_path_factory.mktemp("tree")
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    done = run(folder, "scripts/new_kind.py", "PrivateSubnet")
    assert done.returncode == 0, done.stderr
    return folder


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    others = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment = {**others, "PYTHONPATH": str(folder)}
    command = [sys.executable, *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_files_are_written_and_the_code_is_formatted(tree: Path) -> None:
    assert [path for path in CREATED if not (tree / path).is_file()] == []
    for words in (["check", "novita_infra", "tests/support"], ["format", "--check", "novita_infra", "tests/support"]):
        done = run(tree, "-m", "ruff", *words)
        assert done.returncode == 0, done.stdout


def test_the_example_validates_and_can_be_applied_to_the_simulator(tree: Path) -> None:
    example = run(tree, "-c", "from novita_infra.kinds import KINDS; print(KINDS['private_subnet'].example)")
    (tree / "fleet").mkdir()
    (tree / "fleet" / "main.yaml").write_text(example.stdout, encoding="utf-8")
    done = run(tree, "-m", "novita_infra", "apply", "fleet", "--auto-approve", "--sim")
    assert done.returncode == 0, done.stderr
    assert "private_subnet.example" in done.stdout + done.stderr


def test_the_suite_fails_with_the_names_of_what_is_left_to_write(tree: Path) -> None:
    done = run(tree, "-m", "pytest", "-q", "-k", "everything_that_the_suite_must_know", CONFORMANCE)
    assert done.returncode == 1, done.stdout
    assert "1 failed" in done.stdout
    place = "tests/support/kind_facts/private_subnet"
    for part in (
        "/pairs.yaml: operations: GET /gpu-instance/openapi/v1/private/subnet, ",
        "/pairs.yaml: pairs: a request and its answer for private_subnets.get",
    ):
        assert place + part in done.stdout
    assert "answer for private_subnets.create" not in done.stdout
    for part in (": edits: add, change and remove `cluster`", ": sights: where `name`"):
        assert place + part in done.stdout
    for part in (": outsiders: how", ": fleet: how", ": edits: none"):
        assert place + part in done.stdout
    assert "novita_infra/kinds/private_subnet.py:1: " in done.stdout


def test_a_kind_that_exists_or_a_bad_name_is_refused(tree: Path) -> None:
    for name, message in (("PrivateSubnet", "there is a kind"), ("subnet", "is no name of a kind")):
        done = run(tree, "scripts/new_kind.py", name)
        assert done.returncode == 1
        assert message in done.stderr

"""`scripts/check_files.py` reports what should not be committed."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest
from script_modules import script

ROOT = Path(__file__).parents[2]
SCRIPT = script("check_files")


def test_the_script_imports_the_standard_library_only() -> None:
    imported = {name for name, value in vars(SCRIPT).items() if isinstance(value, ModuleType)}
    assert imported <= sys.stdlib_module_names


def test_every_file_of_the_project_passes_the_check() -> None:
    assert [problem for path in SCRIPT.tracked() for problem in SCRIPT.problems_of(path)] == []


@pytest.mark.parametrize(
    ("name", "data", "problems"),
    [
        ("good.py", b"x = 1\n", []),
        ("empty.py", b"", []),
        ("picture.png", b"\0 \n", []),
        ("open.md", b"text", ["open.md: does not end with a line break"]),
        ("wide.md", b"text \nmore\n", ["wide.md: has trailing white space"]),
        ("tests/page.md", b"text \n", []),
        ("merged.py", b"<<<<<<< HEAD\nx = 1\n", ["merged.py: has a conflict marker"]),
        ("large.json", b"1" * 500_001, ["large.json: larger than 500 kB"]),
        ("changelog.d/new-command.added.md", b"A command.\n", []),
        ("changelog.d/new-command.added.md", b"\n", ["changelog.d/new-command.added.md: is empty"]),
        (
            "changelog.d/new-command.feature.md",
            b"A command.\n",
            [
                "changelog.d/new-command.feature.md: name it "
                "<words>.<added|changed|deprecated|fixed|removed|security>.md"
            ],
        ),
    ],
)
def test_a_file_is_reported_with_its_problems(name: str, data: bytes, problems: list[str], tmp_path: Path) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    assert list(SCRIPT.problems_of(path, root=tmp_path)) == problems

"""Kinds do not know each other: they share the vocabulary and the toolkit, and nothing else."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from novita_infra import kinds

FOLDER = Path(kinds.__file__).parent
SHARED = {"kind", "call", "field", "job", "machine", "toolkit"}
OWN = sorted(
    {path.stem for path in FOLDER.iterdir() if path.stem.isidentifier()} - SHARED - {"__init__", "__pycache__"}
)
"""The modules and folders of `kinds`, one for each kind."""


def imported(path: Path) -> set[str]:
    """The parts of `kinds` that a module imports from."""
    froms = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom) and node.module)
    names = [str(node.module).split(".") for node in froms]
    return {name[2] for name in names if name[:2] == ["novita_infra", "kinds"] and len(name) > 2}


def test_each_kind_has_a_module_or_a_folder_of_its_type() -> None:
    assert set(OWN) == set(kinds.KINDS)


@pytest.mark.parametrize("kind", OWN)
def test_a_kind_imports_no_other_kind(kind: str) -> None:
    paths = [*(FOLDER / kind).rglob("*.py")] or [FOLDER / f"{kind}.py"]
    assert {part for path in paths for part in imported(path)} <= SHARED | {kind}


def test_the_toolkit_imports_no_kind() -> None:
    paths = [
        *(FOLDER / "toolkit").rglob("*.py"),
        *(FOLDER / f"{name}.py" for name in ("kind", "call", "field", "machine")),
    ]
    assert {part for path in paths for part in imported(path)} <= SHARED

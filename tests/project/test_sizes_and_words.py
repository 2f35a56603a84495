"""Limits on folders, modules and classes, and words that the project does not use."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "novita_infra"
MODULES = sorted(PACKAGE.rglob("*.py"))
LONG = {"novita_infra/simulator/scenarios/builtin.py"}
"""Modules that are tables."""
WIDE = {
    "novita_infra/applying/run.py: Run": "it is what all steps of a run share",
    "novita_infra/model/records.py: Record": "its fields are the keys of a record in state files",
    "novita_infra/planning/plan/changes.py: Change": "its fields are the keys of a change in plan files",
    "novita_infra/planning/plan/plan.py: Plan": "its fields are the keys of a plan file",
    "novita_infra/state/state.py: State": "its fields are the keys of a state file",
}
"""Classes with more than 15 fields, and why."""
WORDS = re.compile(r"\b(books|anew|befell|told)\b", re.IGNORECASE)
"""Words of an earlier vocabulary; the glossary has the present one."""


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def fields() -> Iterator[tuple[str, int]]:
    """Each class outside the simulator with the number of its annotated attributes."""
    for path in MODULES:
        if path.is_relative_to(PACKAGE / "simulator"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                own = [item for item in node.body if isinstance(item, ast.AnnAssign)]
                yield f"{name(path)}: {node.name}", len([item for item in own if "ClassVar" not in ast.dump(item)])


def test_no_folder_has_more_than_15_modules() -> None:
    counts = Counter(path.parent for path in MODULES if path.name != "__init__.py")
    assert {name(folder): count for folder, count in counts.items() if count > 15} == {}


def test_no_module_has_more_than_350_lines() -> None:
    lines = {name(path): path.read_text(encoding="utf-8").count("\n") for path in MODULES}
    assert {path: count for path, count in lines.items() if count > 350 and path not in LONG} == {}


def test_no_class_outside_the_simulator_has_more_than_15_fields() -> None:
    assert {place: count for place, count in fields() if count > 15 and place not in WIDE} == {}


def test_no_text_uses_a_word_of_the_earlier_vocabulary() -> None:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    lines = {
        f"{name(path)}:{number}": line.strip()
        for path in [*MODULES, *pages]
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if WORDS.search(line)
    }
    assert lines == {}


def test_no_module_takes_what_splitlines_returns_for_lines() -> None:
    """It also splits at form feeds and at U+2028, where no editor, no YAML and no terminal ends a line."""
    found = [name(path) for path in MODULES if ".splitlines(" in path.read_text(encoding="utf-8")]
    assert found == []

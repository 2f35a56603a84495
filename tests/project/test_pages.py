"""The pages for contributors name what exists: packages, files, modules of tests/support."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PAGES = [
    "CONTRIBUTING.md",
    "docs/adding-a-kind.md",
    "docs/architecture.md",
    *(f"docs/decisions/{path.name}" for path in (ROOT / "docs/decisions").glob("*.md")),
]
PATH = re.compile(r"`((?:novita_infra|tests|docs|schemas|scripts|examples|requirements|changelog\.d)/[\w./-]+)`")
PACKAGE_PATH = re.compile(r"`((?:api|kinds|planning|state|views|applying|simulator|operations)/[\w./-]+)`")

EXAMPLE = "subnet"
"""The kind of the examples of `make new-kind`."""


def _modules(folder: Path) -> set[str]:
    """The modules and packages of a folder."""
    names = {path.stem for path in folder.glob("*.py")} | {path.name for path in folder.iterdir() if path.is_dir()}
    return {name for name in names if not name.startswith("_")}


def test_the_architecture_page_describes_every_package() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ", (ROOT / "docs/architecture.md").read_text(encoding="utf-8"), re.MULTILINE)
    packages = {path.name for path in (ROOT / "novita_infra").iterdir() if (path / "__init__.py").exists()}
    assert set(rows) == packages, "the table in docs/architecture.md has one line for each package"


def test_contributing_maps_every_module_of_tests_support() -> None:
    table = CONTRIBUTING.partition("| Module of `tests/support/` |")[2].partition("\n\n")[0]
    cells = re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE)
    mapped = {name.rstrip("/") for cell in cells for name in re.findall(r"`([\w/]+)`", cell)}
    assert mapped == _modules(ROOT / "tests/support"), "the table in CONTRIBUTING.md has one line for each module"


def test_contributing_maps_folders_of_tests_that_exist() -> None:
    table = CONTRIBUTING.partition("| Folder of tests |")[2].partition("\n\n")[0]
    folders = re.findall(r"^\| `([\w/]+)/` \|", table, re.MULTILINE)
    assert folders
    assert [name for name in folders if not (ROOT / "tests" / name).is_dir()] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_path_on_a_page_for_contributors_exists(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    named = PATH.findall(text)
    if page.startswith("docs/"):
        named += [f"novita_infra/{path}" for path in PACKAGE_PATH.findall(text)]
    assert [path for path in named if EXAMPLE not in path and not (ROOT / path).exists()] == []


def test_contributing_names_targets_of_the_makefile() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(re.findall(r"`make ([a-z-]+)", CONTRIBUTING)) <= set(targets)


def test_the_contents_of_the_recipes_name_every_section() -> None:
    page = (ROOT / "docs/how-to.md").read_text(encoding="utf-8")
    sections = re.findall(r"^## (.+)$", page, re.MULTILINE)
    assert re.findall(r"^\* \[(.+)\]\(#", page, re.MULTILINE) == sections

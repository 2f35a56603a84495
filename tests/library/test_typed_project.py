"""The types as the code of a user sees them, the public names, and what their import costs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import novita_infra

FOLDER = Path(__file__).parent / "typed_project"
ROOT = Path(__file__).parents[2]
STUB = Path(novita_infra.__file__).with_suffix(".pyi").read_text(encoding="utf-8")
HOMES = {
    name: home for home, name in re.findall(r"^from (novita_infra\.[\w.]+) import (\w+) as \2$", STUB, re.MULTILINE)
}
MISTAKES = """\
from novita_infra import Nobody  # attr-defined
from novita_infra import Client, Project

project = Project("fleet", simulated="yes")  # arg-type
plan = project.plan(target=["instance.a"])  # call-arg
plan.changes[0].action == "destroy"  # comparison-overlap
project.apply(plan, on_event=print, parallelism="all")  # arg-type
project.plan(refresh="most")  # arg-type
Client().fetch("/v3/user")  # attr-defined
plan.cost  # attr-defined
"""
"""Mistakes of a user, each line with the code of what mypy finds in it."""


@pytest.mark.process
def test_mypy_accepts_the_code_of_a_user_and_finds_mistakes(tmp_path: Path) -> None:
    shutil.copy(FOLDER / "deploy.py", tmp_path)
    (tmp_path / "mistakes.py").write_text(MISTAKES)
    (tmp_path / "mypy.ini").write_text("[mypy]\nstrict = true\n")
    cache = ROOT / ".mypy_cache" / "of-a-user"
    command = [sys.executable, "-m", "mypy", "--cache-dir", str(cache), "deploy.py", "mistakes.py"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    found = re.findall(r"^(\w+\.py):(\d+): error: .*\[([\w-]+)\]$", ended.stdout, re.MULTILINE)
    lines = enumerate(MISTAKES.split("\n"), 1)
    marked = [("mistakes.py", str(number), line.partition("  # ")[2]) for number, line in lines if "  # " in line]
    assert found == marked, ended.stdout + ended.stderr


def test_the_stub_names_what_the_package_gives() -> None:
    assert sorted(vars(novita_infra)["_HOMES"]) == sorted(HOMES)
    assert [
        name for name, home in HOMES.items() if getattr(novita_infra, name) is not getattr(import_module(home), name)
    ] == []
    assert HOMES.keys() <= set(dir(novita_infra))
    with pytest.raises(AttributeError, match="has no attribute 'Nobody'"):
        _ = novita_infra.Nobody  # type: ignore[attr-defined]  # that is the test


def test_the_page_describes_every_public_name() -> None:
    page = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
    rows = "\n".join(line.partition(" | ")[0] for line in page.split("\n") if line.startswith("| "))
    assert HOMES.keys() - set(re.findall(r"\w+", rows)) == set()


USES = """\
import tempfile
import novita_infra
for name in dir(novita_infra):
    getattr(novita_infra, name)
with novita_infra.Client(tempfile.mkdtemp(), simulated=True) as client:
    client.get("/v3/user/balance")
"""


@pytest.mark.process
@pytest.mark.parametrize(
    ("code", "unused"),
    [
        (
            "import novita_infra",
            (
                "novita_infra.model",
                "novita_infra.library",
                "asyncio",
                "dataclasses",
                "httpx",
                "importlib.metadata",
                "typing",
            ),
        ),
        (USES, ("click", "rich", "novita_infra.cli", "novita_infra.views.formats.text")),
    ],
    ids=["import", "use"],
)
def test_a_program_imports_nothing_that_it_does_not_use(code: str, unused: tuple[str, ...]) -> None:
    script = f"import sys\nsys.path[:] = {sys.path!r}\n{code}\nprint(*sys.modules)"
    command = [sys.executable, "-S", "-c", script]  # without what `site` imports
    modules = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert "novita_infra" in modules
    assert [
        name
        for name in modules
        if f"{name}.".startswith(tuple(f"{item}." for item in unused)) and name != "novita_infra"
    ] == []

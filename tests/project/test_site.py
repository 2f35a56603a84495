"""The site: its navigation names every page, its links lead somewhere, and its pages hold what they load."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path, PurePosixPath

import pytest
from script_modules import script

WEBSITE = script("website")
PROJECT = tomllib.loads(WEBSITE.SETTINGS.read_text(encoding="utf-8"))["project"]
LOADED = re.compile(r"<(?:script|img|link)\b[^>]*\b(?:src|href)=[\"']?(?:https?:)?//[^>]*>")
"""What a browser fetches when it shows a page."""


@pytest.mark.docs
def test_the_navigation_names_each_page_once() -> None:
    named = list(WEBSITE.entries(PROJECT["nav"]))
    pages = [name for name in WEBSITE.sources().values() if name.endswith(".md")]
    missing = [f'{{ "{_title(page)}" = "{page}" }}' for page in pages if page not in named]
    assert missing == [], f"add to a group of `nav` in zensical.toml: {', '.join(missing)}"
    unknown = sorted(set(named) - set(pages))
    assert unknown == [], f"remove from `nav` in zensical.toml, for there is no such page: {', '.join(unknown)}"
    assert sorted(named) == sorted(pages), "a page is twice in `nav` of zensical.toml"


@pytest.mark.docs
def test_the_readme_leads_to_every_page_of_docs() -> None:
    readme = (WEBSITE.ROOT / "README.md").read_text(encoding="utf-8").partition("## Read on")[2]
    pages = sorted(f"docs/{path.name}" for path in (WEBSITE.ROOT / "docs").glob("*.md"))
    missing = [page for page in pages if f"]({page})" not in readme]
    assert missing == [], f"add to the table at the end of README.md: {', '.join(missing)}"


@pytest.mark.docs
@pytest.mark.parametrize(
    ("source", "written", "said"),
    [
        ("README.md", "docs/state.md#locks", "state.md#locks"),
        ("README.md", "docs/plan.svg", "plan.svg"),
        ("README.md", "examples", "https://forge/tree/main/examples"),
        ("README.md", "SECURITY.md", "https://forge/blob/main/SECURITY.md"),
        ("docs/state.md", "../README.md#set-up", "index.md#set-up"),
        ("docs/state.md", "../schemas/plan.json", "https://forge/blob/main/schemas/plan.json"),
        ("docs/reference/index.md", "../simulator.md", "../simulator.md"),
        ("docs/reference/index.md", "batch.md", "batch.md"),
        ("docs/state.md", "#locks", "#locks"),
        ("docs/state.md", "https://novita.ai", "https://novita.ai"),
    ],
)
def test_a_link_leads_to_a_page_of_the_site_or_to_the_repository(source: str, written: str, said: str) -> None:
    text = "[`a`](%s) and `[a](b.md)`\n\n```text\n[a](b.md)\n```\n"
    assert WEBSITE.linked(text % written, source, "https://forge") == text % said


@pytest.mark.process
def test_the_site_builds_without_a_warning_and_with_all_that_its_pages_load(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    WEBSITE.build(tmp_path / "site")
    assert "No issues found" in capfd.readouterr().err
    folder = tmp_path / "site" / PROJECT["site_dir"]
    for page in WEBSITE.entries(PROJECT["nav"]):
        place = PurePosixPath(page).with_suffix("")
        made = folder / (place.parent if place.name == "index" else place) / "index.html"
        assert LOADED.findall(made.read_text(encoding="utf-8")) == [], page


def _title(page: str) -> str:
    (source,) = (source for source, name in WEBSITE.sources().items() if name == page)
    return str((WEBSITE.ROOT / source).read_text(encoding="utf-8").partition("\n")[0].removeprefix("# "))

"""CHANGELOG.md has a section for the version of the package, and towncrier can add the next one."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from novita_infra import __version__

ROOT = Path(__file__).parents[2]
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_newest_section_is_the_version_of_the_package() -> None:
    sections = re.findall(r"^## \[(.+)\] - \d{4}-\d{2}-\d{2}$", CHANGELOG, re.MULTILINE)
    assert sections[0] == __version__
    assert len(sections) == len(re.findall(r"^## ", CHANGELOG, re.MULTILINE))


def test_towncrier_puts_fragments_under_a_new_version(tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copy(ROOT / "CHANGELOG.md", tmp_path)
    (tmp_path / "changelog.d").mkdir()
    shutil.copy(ROOT / "changelog.d" / "template.md.jinja", tmp_path / "changelog.d")
    (tmp_path / "changelog.d" / "markdown-plans.added.md").write_text("Plans can be printed\nas Markdown.\n")
    (tmp_path / "changelog.d" / "long-names.fixed.md").write_text("Long names are not cut.\n")
    words = ["build", "--yes", "--dir", str(tmp_path), "--version", "99.0.0", "--date", "2099-01-31"]
    subprocess.run([sys.executable, "-m", "towncrier", *words], cwd=tmp_path, capture_output=True, check=True)
    section = """\
## [99.0.0] - 2099-01-31

### Added

* Plans can be printed
  as Markdown.

### Fixed

* Long names are not cut.

"""
    assert (tmp_path / "CHANGELOG.md").read_text(encoding="utf-8") == CHANGELOG.replace(
        f"## [{__version__}]", f"{section}## [{__version__}]"
    )
    assert sorted(path.name for path in (tmp_path / "changelog.d").iterdir()) == ["template.md.jinja"]

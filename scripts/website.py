"""Builds the site: the README and the pages of `docs/`, in the order of `zensical.toml`.

`python scripts/website.py [FOLDER]` builds it in FOLDER, by default `.site`; what to serve is then in `FOLDER/html`. It
fails where Zensical warns. A link to a file that is no page of the site leads to the repository.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

ROOT = Path(__file__).parents[1]
SETTINGS = ROOT / "zensical.toml"
OUTSIDE_DOCS = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md"}
"""The pages of the site that are not in `docs/`, and their names in the site."""
_CODE = re.compile(r"(^```.*?^```$|`[^`\n]*`)", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)\s#]+)(#[^)\s]*)?(?=\))")


def build(folder: Path) -> None:
    """Builds the site in a folder, from nothing."""
    shutil.rmtree(folder, ignore_errors=True)
    settings = tomllib.loads(SETTINGS.read_text(encoding="utf-8"))["project"]
    for source, name in sources().items():
        page = folder / settings["docs_dir"] / name
        page.parent.mkdir(parents=True, exist_ok=True)
        text = (ROOT / source).read_text(encoding="utf-8")
        page.write_text(linked(text, source, settings["repo_url"]) if page.suffix == ".md" else text, encoding="utf-8")
    shutil.copy(SETTINGS, folder)
    command = [sys.executable, "-m", "zensical", "build", "--strict"]
    ended = subprocess.run(command, cwd=folder, check=False)  # noqa: S603 -- a program of the development environment
    if ended.returncode:
        raise SystemExit(f"the site has mistakes: mend them in the pages, not in {folder}")


@cache
def sources() -> dict[str, str]:
    """The pages and pictures in the repository, and the name of each in the site."""
    inside = sorted(path for path in (ROOT / "docs").rglob("*") if path.suffix in {".md", ".svg"})
    return OUTSIDE_DOCS | {
        path.relative_to(ROOT).as_posix(): path.relative_to(ROOT / "docs").as_posix() for path in inside
    }


def entries(nav: list[Any]) -> Iterator[str]:
    """The pages that the navigation names, in its order."""
    for entry in nav:
        for inner in entry.values():
            if isinstance(inner, str):
                yield inner
            else:
                yield from entries(inner)


def linked(text: str, source: str, repository: str) -> str:
    """A page whose links lead to pages of the site, or else to the repository."""
    parts = _CODE.split(text)
    parts[::2] = [_LINK.sub(lambda found: _target(found, source, repository), part) for part in parts[::2]]
    return "".join(parts)


def _target(found: re.Match[str], source: str, repository: str) -> str:
    path = PurePosixPath(os.path.normpath(PurePosixPath(source).parent / found[1])).as_posix()
    names = sources()
    if path not in names:
        return f"{repository}/{'tree' if (ROOT / path).is_dir() else 'blob'}/main/{path}"
    return os.path.relpath(names[path], PurePosixPath(names[source]).parent) + (found[2] or "")


if __name__ == "__main__":
    build(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / ".site")

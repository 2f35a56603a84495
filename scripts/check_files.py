"""Checks text files without any installed package: `python3 scripts/check_files.py [FILE ...]`.

Reports conflict markers, trailing white space, a missing last line break, files above 500 kB, and changelog fragments
with a wrong name or without text. Without arguments it checks every file under version control. Exits with 1 if it
reports something.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
LARGEST = 500_000
"""Bytes."""
FRAGMENT = re.compile(r"[a-z0-9][a-z0-9-]*\.(added|changed|deprecated|fixed|removed|security)\.md")
CONFLICT = re.compile(rb"^(?:<{7} |>{7} |={7}$)", re.MULTILINE)
TRAILING = re.compile(rb"[ \t]+$", re.MULTILINE)
GENERATED_OR_EXPECTED = re.compile(r"\.(svg|txt|out|json|journal)$|^tests/.*\.(ya?ml|md)$")
"""Outputs and test inputs, where white space can be meant."""


def problems_of(path: Path, *, root: Path = ROOT) -> Iterator[str]:
    """The problems of one file, each as one line. Yields nothing for a binary file."""
    name = path.resolve().relative_to(root.resolve()).as_posix()
    data = path.read_bytes()
    if len(data) > LARGEST:
        yield f"{name}: larger than {LARGEST // 1000} kB"
    if b"\0" in data:
        return
    if CONFLICT.search(data):
        yield f"{name}: has a conflict marker"
    if not GENERATED_OR_EXPECTED.search(name):
        if TRAILING.search(data):
            yield f"{name}: has trailing white space"
        if data and not data.endswith(b"\n"):
            yield f"{name}: does not end with a line break"
    if name.startswith("changelog.d/") and path.suffix == ".md":
        if not FRAGMENT.fullmatch(path.name):
            yield f"{name}: name it <words>.<added|changed|deprecated|fixed|removed|security>.md"
        if not data.strip():
            yield f"{name}: is empty"


def tracked(root: Path = ROOT) -> list[Path]:
    """Every file under version control that exists. Empty outside a git repository."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=False)  # noqa: S607
    return [path for name in listed.stdout.split("\0") if name and (path := root / name).is_file()]


def main(arguments: list[str]) -> int:
    """The exit code: 0 without problems, 1 with some."""
    paths = [Path(argument) for argument in arguments] or tracked()
    problems = [problem for path in paths for problem in problems_of(path)]
    sys.stdout.writelines(f"{problem}\n" for problem in problems)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

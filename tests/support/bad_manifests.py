"""The corpus of bad manifests: each case a folder with manifests and the messages that they must give.

`python tests/support/bad_manifests.py` writes what they give now into `expected.txt`, to be read before it is kept.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from novita_infra.kinds import KINDS
from novita_infra.manifests.project.loading import load
from novita_infra.model.diagnostics import Problems

_KINDS = ", ".join(sorted([*(kind.name for kind in KINDS.values()), "Module"]))
_TYPES = ", ".join(sorted(KINDS))
FOLDER = Path(__file__).parent.parent / "manifests" / "bad"


@dataclass(frozen=True)
class BadManifests:
    """One case, with what the command line would be given beside it."""

    folder: Path
    path: str = "."
    """What is named on the command line, relative to the folder."""
    environment: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    var_files: tuple[str, ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.folder.name

    def messages(self) -> str:
        """Every message that loading it gives, one a line; to be called in its folder."""
        try:
            load(
                Path(self.path),
                environment=self.environment,
                variables=self.variables,
                var_files=[Path(name) for name in self.var_files],
                environ=self.environ,
            )
        except Problems as problems:
            return "".join(f"{item}\n" for item in problems.diagnostics)
        return ""

    @property
    def expected(self) -> str:
        """The messages that it must give; `{kinds}` and `{types}` in the file stand for the lists of all kinds."""
        text = (self.folder / "expected.txt").read_text(encoding="utf-8")
        return text.replace("{kinds}", _KINDS).replace("{types}", _TYPES)

    @property
    def arguments(self) -> list[str]:
        """The same as arguments of a command, to be run in the folder."""
        named = [f"--env={self.environment}"] if self.environment else []
        named += [f"--var={name}={value}" for name, value in self.variables.items()]
        return [self.path, *named, *(f"--var-file={file}" for file in self.var_files)]


def bad_manifests() -> list[BadManifests]:
    """Every case, sorted by name."""
    return [_case(folder) for folder in sorted(FOLDER.iterdir()) if folder.is_dir()]


def _case(folder: Path) -> BadManifests:
    options = folder / "options.json"
    given = json.loads(options.read_text(encoding="utf-8")) if options.exists() else {}
    return BadManifests(folder, **{**given, "var_files": tuple(given.get("var_files", ()))})


if __name__ == "__main__":
    for case in bad_manifests():
        os.chdir(case.folder)
        text = case.messages().replace(_KINDS, "{kinds}").replace(_TYPES, "{types}")
        (case.folder / "expected.txt").write_text(text, encoding="utf-8")

"""The examples as project folders: those in `examples/`, and the example of each kind that has no folder there."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from novita_infra.kinds import KINDS

EXAMPLES: Final = Path(__file__).parents[2] / "examples"
_FOLDERS: Final = {item.name for item in EXAMPLES.iterdir() if item.is_dir()}
_OF_KINDS: Final = {kind_type.replace("_", "-"): kind for kind_type, kind in KINDS.items()}
NAMES: Final = sorted(_FOLDERS | _OF_KINDS.keys())


def manifest_of(kind_type: str) -> str:
    """The manifest of the example of a kind."""
    folder = EXAMPLES / kind_type.replace("_", "-")
    return (folder / "manifest.yaml").read_text(encoding="utf-8") if folder.is_dir() else KINDS[kind_type].example


def copy_example(name: str, target: Path) -> Path:
    """Copies the example into a new folder; returns the folder."""
    if name in _FOLDERS:
        shutil.copytree(EXAMPLES / name, target, ignore=shutil.ignore_patterns("state", ".novita-infra"))
        return target
    target.mkdir()
    (target / "manifest.yaml").write_text(_OF_KINDS[name].example, encoding="utf-8")
    project = f"apiVersion: novita-infra/v1\nkind: Project\nmetadata:\n  name: {name}\n"
    (target / "novita-infra.yaml").write_text(project, encoding="utf-8")
    return target

"""The state backends that the conformance suite runs on, each with the ways to damage what it keeps.

A new backend is one more entry of BACKENDS.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import novita_infra
from novita_infra.state.opening import open_backend
from novita_infra.state.settings import StateSettings
from novita_infra.state.store import StateBackend


@dataclass(frozen=True, slots=True)
class BackendCase:
    """One backend, and how to damage a state in it. Each function gets the folder of the test and an environment."""

    open: Callable[[Path], StateBackend]
    """The backend of a folder of the test; the same folder is the same place, in another process too."""
    damage: Callable[[Path, str], None]
    """Replaces the stored state by something that is no state."""
    make_newer: Callable[[Path, str], None]
    """Rewrites the stored state as a program 2.5.0 with a newer format would."""
    tear: Callable[[Path, str], None]
    """Cuts the last change of the journal in half, as a crash in the middle of a write does."""


def _state_file(folder: Path, environment: str) -> Path:
    return folder / "state" / f"{environment}.json"


def _damage(folder: Path, environment: str) -> None:
    _state_file(folder, environment).write_text("{")


def _make_newer(folder: Path, environment: str) -> None:
    path = _state_file(folder, environment)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"version": 9, "program": "2.5.0", "unheard": "of"}))


def _tear(folder: Path, environment: str) -> None:
    path = folder / "state" / f"{environment}.journal"
    *whole, last = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(whole) + last[: len(last) // 2])


BACKENDS: Final[Mapping[str, BackendCase]] = {
    "local": BackendCase(lambda folder: open_backend(StateSettings(folder)), _damage, _make_newer, _tear),
}

_OPEN: Final = """
import sys
from pathlib import Path
from state_backends import BACKENDS
store = BACKENDS[sys.argv[1]].open(Path(sys.argv[2])).store("dev")
"""


def process_with_store(name: str, folder: Path, script: str, *arguments: object) -> subprocess.Popen[str]:
    """A Python process that runs the script; `store` is the store of `dev` in the backend of that name and folder."""
    roots = (Path(novita_infra.__file__).parents[1], Path(__file__).parent)
    return subprocess.Popen(
        [sys.executable, "-c", _OPEN + script, name, str(folder), *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, roots))},
    )

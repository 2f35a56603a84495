"""Pins the modules from git of a project in its lock file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from novita_infra.encoding.files import put_in_place
from novita_infra.manifests.modules.git.lock_file import text_of_pins
from novita_infra.manifests.project.module_pins import NewPins, pin_modules
from novita_infra.manifests.validation.documents import LOCK_FILE


def write_pins(path: Path, environ: Mapping[str, str], *, moved: Sequence[str] | None) -> NewPins:
    """Pins the modules, fetches them, and writes the lock file if a pin is new; see `pin_modules`. Raises OSError."""
    pins = pin_modules(path, environ=environ, moved=moved)
    if pins.now != pins.before:
        put_in_place(pins.root / LOCK_FILE, text_of_pins(pins.now).encode())
    return pins

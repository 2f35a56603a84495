"""Pins the modules from git of a project in its lock file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from novita_infra.manifests.modules.git.lock_file import text_of_pins
from novita_infra.manifests.project.module_pins import NewPins, pin_modules
from novita_infra.manifests.validation.documents import LOCK_FILE


def write_pins(path: Path, environ: Mapping[str, str], *, moved: Sequence[str] | None) -> NewPins:
    """Pins the modules, fetches them, and writes the lock file if a pin is new; see `pin_modules`. Raises OSError."""
    pins = pin_modules(path, environ=environ, moved=moved)
    if pins.now != pins.before:
        _replace(pins.root / LOCK_FILE, text_of_pins(pins.now))
    return pins


def _replace(file: Path, text: str) -> None:
    """Puts the text into the place of the file, which no crash leaves torn."""
    handle, temporary = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(handle)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(file)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise

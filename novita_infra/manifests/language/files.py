"""Reads files of the project for the function `file`: nothing outside of its folder, nothing large, no device."""

from __future__ import annotations

import os
import stat
from pathlib import Path, PurePosixPath

from novita_infra.model.computing.effort import LARGEST, Missing, Uncomputable

_HINT = "file reads texts of the project's folder, by their path in it"


def read_project_file(folder: Path | None, path: str) -> str:
    """Returns the text of a file by its path in the project's folder. Raises Uncomputable; Missing without a file."""
    parts = PurePosixPath(path).parts
    if folder is None:
        raise Uncomputable("file cannot be used here")
    if not parts or path.startswith("/") or ".." in parts or any(ord(character) < 32 for character in path):
        raise Uncomputable("this is no path inside of the project's folder", _HINT)
    root = folder.resolve()
    try:
        file = (root / path).resolve()
        if not file.is_relative_to(root):
            raise Uncomputable("the file is a link out of the project's folder", _HINT)
        return _text_of(file)
    except FileNotFoundError:
        raise Missing("there is no such file", _HINT) from None
    except UnicodeDecodeError:
        raise Uncomputable("the file is not UTF-8 text", _HINT) from None
    except (OSError, RuntimeError) as error:  # Python 3.11 raises RuntimeError for a loop of links
        why = error.strerror if isinstance(error, OSError) and error.strerror else "its links run in a circle"
        raise Uncomputable(f"the file cannot be read: {why}", _HINT) from None


def _text_of(file: Path) -> str:
    """Returns the text of a regular file. It is opened without following a link that replaced it meanwhile."""
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Uncomputable("it is no file", _HINT)
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            data = stream.read(LARGEST + 1)
    finally:
        os.close(descriptor)
    if len(data) > LARGEST:
        raise Uncomputable(f"the file is larger than {LARGEST:,} bytes", _HINT)
    return data.decode("utf-8")

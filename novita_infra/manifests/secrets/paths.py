"""Files that hold secrets."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from novita_infra.encoding.files import read_file
from novita_infra.manifests.secrets.source import LONGEST, ManifestPlace, Unreadable
from novita_infra.model.diagnostics import reason

_PATH: Final = re.compile(r"[^\x00-\x1f\x7f]{1,4096}")


def file_at(path: str, place: ManifestPlace, *, form: str) -> Path:
    """Returns the file. A relative path starts at the manifest's folder."""
    if not _PATH.fullmatch(path):
        raise Unreadable(
            "this is no path of a file", f"{form} names the file that holds the secret, and is not the secret itself"
        )
    file = place.folder / path
    if place.is_checkout and known_as(file, place).startswith("/"):
        hint = "give it the secret as a variable with sensitive: true"
        raise Unreadable("a module from git reads no file outside of its folder", hint)
    return file


def known_as(file: Path, place: ManifestPlace) -> str:
    """Returns the path relative to the project if it lies inside, so that the source is equal on every machine."""
    try:
        resolved, root = file.resolve(), place.root.resolve()
    except (OSError, RuntimeError):  # Python 3.11 raises RuntimeError for a loop of links; it cannot be read either
        return file.as_posix()
    return resolved.relative_to(root).as_posix() if resolved.is_relative_to(root) else resolved.as_posix()


def check_file(file: Path, path: str, *, what: str) -> None:
    """Raises Unreadable if the file at the path of the manifest is none."""
    try:
        is_file, exists = file.is_file(), file.exists()
    except (OSError, ValueError) as error:
        raise not_read(error, file, path, what=what) from None
    if not is_file:
        raise not_read(ValueError("it is no file" if exists else "there is no such file"), file, path, what=what)


def text_in(file: Path, path: str, *, what: str) -> str:
    """Returns the text of the file at the path of the manifest. `what` it is, for messages. Raises Unreadable."""
    check_file(file, path, what=what)
    try:
        return read_file(file, most=LONGEST).decode("utf-8")
    except UnicodeDecodeError:
        raise Unreadable(f"the {what} {path} is not UTF-8 text") from None
    except (OSError, ValueError) as error:
        raise not_read(error, file, path, what=what) from None


def not_read(error: OSError | ValueError, file: Path, path: str, *, what: str) -> Unreadable:
    """Returns why the file cannot be read."""
    hint = "the path is relative to the folder of this manifest" if not Path(path).is_absolute() else ""
    return Unreadable(f"the {what} {path} cannot be read: {reason(error)}", hint, unset="" if file.exists() else path)

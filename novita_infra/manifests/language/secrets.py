"""Reads the secrets that a manifest points at: `{fromEnv: NAME}` and `{fromFile: PATH}`. No message contains one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from novita_infra.encoding.files import read_file
from novita_infra.model.addresses import Origin
from novita_infra.model.diagnostics import Diagnostic, Severity
from novita_infra.model.frozen import dataclass
from novita_infra.model.values import Secret, Value, leaves

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LONGEST: Final = 2**20
"""The most bytes of a file that holds a secret."""
_PATH: Final = re.compile(r"[^\x00-\x1f\x7f]{1,4096}")


def is_text(value: str) -> bool:
    """Returns whether a word of the command line, a value of the environment or a name of a file is text.

    Python represents bytes that are not UTF-8 as lone surrogates.
    """
    return not any("\ud800" <= character <= "\udfff" for character in value)


_LACKING: Final = "missing:"
"""The source of a Secret that stands for one that is not set."""


def lacking_secret() -> Secret:
    """Returns what stands for a value that a secret or a variable lacks."""
    return Secret("", _LACKING)


def is_lacking(value: Value) -> bool:
    """Returns whether any part of the value is lacking."""
    return any(isinstance(leaf, Secret) and _LACKING in leaf.source for leaf in leaves(value))


@dataclass(frozen=True, slots=True)
class Secrets:
    """Looks up secrets in the environment and in files."""

    root: Path
    """The project's folder. Files of origins are relative to it."""
    environ: Mapping[str, str]

    def points(self, value: Any) -> bool:
        """Returns whether the value is a pointer to a secret."""
        return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in ("fromEnv", "fromFile")

    def take(self, pointer: Mapping[str, Any], place: Origin) -> Secret | Diagnostic:
        """Returns the secret that `{fromEnv: NAME}` or `{fromFile: PATH}` points at, or why there is none."""
        match dict(pointer):
            case {"fromEnv": str(name), **rest} if not rest:
                return self._from_environ(name, place)
            case {"fromFile": str(path), **rest} if not rest:
                return self._from_file(path, place)
            case _:
                return Diagnostic("this is no secret", "write {fromEnv: NAME} or {fromFile: PATH}", origin=place)

    def literal(self, place: Origin) -> Diagnostic:
        """Returns the warning about a secret in clear in a manifest."""
        hint = "move it out and point at it: {fromEnv: NAME} or {fromFile: PATH}"
        return Diagnostic("a secret stands in clear in the manifest", hint, origin=place, severity=Severity.WARNING)

    def _from_environ(self, name: str, place: Origin) -> Secret | Diagnostic:
        value = self.environ.get(name)
        if not value and not _NAME.fullmatch(name):
            hint = "fromEnv names the variable that holds the secret, and is not the secret itself"
            return Diagnostic("this is no name of an environment variable", hint, origin=place)
        if not value:
            state = "not set" if value is None else "empty"
            hint = f"set it: export {name}=..."
            return Diagnostic(f"the environment variable {name} is {state}", hint, origin=place, unset=name)
        if not is_text(value):
            return Diagnostic(f"the environment variable {name} is not UTF-8 text", origin=place)
        return Secret(value, f"env:{name}")

    def _from_file(self, path: str, place: Origin) -> Secret | Diagnostic:
        """Returns the file's text without its last line end. A relative path starts at the manifest's folder."""
        if not _PATH.fullmatch(path):
            hint = "fromFile names the file that holds the secret, and is not the secret itself"
            return Diagnostic("this is no path of a file", hint, origin=place)
        file = (self.root / place.file).parent / path
        try:
            if not file.is_file():
                raise ValueError("it is no file" if file.exists() else "there is no such file")
            text = read_file(file, most=_LONGEST).decode("utf-8")
        except UnicodeDecodeError:
            return Diagnostic(f"the secret file {path} is not UTF-8 text", origin=place)
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            hint = "the path is relative to the folder of this manifest" if not Path(path).is_absolute() else ""
            unset = "" if file.exists() else path
            return Diagnostic(f"the secret file {path} cannot be read: {why}", hint, origin=place, unset=unset)
        value = text.removesuffix("\n").removesuffix("\r")
        if not value:
            return Diagnostic(f"the secret file {path} is empty", origin=place)
        return Secret(value, f"file:{self._known_as(file)}")

    def _known_as(self, file: Path) -> str:
        """Returns the path relative to the project if it lies inside, so that the source is equal on every machine."""
        resolved, root = file.resolve(), self.root.resolve()
        return resolved.relative_to(root).as_posix() if resolved.is_relative_to(root) else resolved.as_posix()

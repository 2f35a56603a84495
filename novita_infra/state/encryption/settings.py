"""The settings under `state.encryption`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from novita_infra.model.frozen import dataclass
from novita_infra.state.backend import SettingError
from novita_infra.state.settings import StateSettings

if TYPE_CHECKING:
    from novita_infra.state.encryption.wrapping import Wrapping

ENCRYPTION: Final = "encryption"
"""The name of the settings under `state:`."""
FALLBACK: Final = "fallback"
KEY_SETTINGS: Final[Mapping[str, Mapping[str, Any]]] = {
    "passphrase": {"description": "A passphrase. Make it long and random: `openssl rand -base64 32`."},
    "age": {
        "type": "array",
        "items": {
            "type": "string",
            "pattern": "^(age1|ssh-)",
            "examples": ["age1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gq"],
        },
        "minItems": 1,
        "description": "Recipients of age, or public SSH keys. Each of them reads with its own identity.",
    },
    "identity": {"description": "The identity of one of the recipients, as `age-keygen` writes it, or an SSH key."},
    "command": {
        "type": "array",
        "items": {"type": "string"},
        "minItems": 1,
        "description": "A program with its arguments, for a KMS. With `wrap` or `unwrap` as its last argument it reads "
        "a key and prints it wrapped or unwrapped. `secretCommands` of the project file allows the program.",
    },
}
"""The schema of each setting of a key, which `fallback` has, too. Those without `type` are secrets."""
FALLBACK_NOTE: Final = (
    "The key that was used before. It reads what it wrote. New contents are written with the other one."
)
REQUIRED_SCHEMA: Final[Mapping[str, Any]] = {
    "type": "boolean",
    "default": False,
    "description": "Whether a state that is not encrypted is refused.",
}
NOTE: Final = (
    "Encrypts the state, its journal, its history and plan files. The settings name one key: a passphrase, recipients "
    "of age, or a program. Needs `pip install 'novita-infra[encryption]'`."
)
_SECRETS: Final = tuple(name for name, schema in KEY_SETTINGS.items() if "type" not in schema)
_WAYS: Final = ("passphrase", "age", "command")
_WRITE: Final = "write passphrase: {fromEnv: NAME}, age: [RECIPIENT] or command: [PROGRAM]"


@dataclass(frozen=True, slots=True)
class Encryption:
    """How states are encrypted."""

    writing: Wrapping | None = None
    """What wraps the keys of new contents; None if they are written in clear."""
    reading: tuple[Wrapping, ...] = ()
    """What may unwrap the keys of contents, the first one first."""
    required: bool = False
    """Whether contents in clear are refused."""


IN_CLEAR: Final = Encryption()
"""That of a project without the settings."""


def encryption_of(settings: StateSettings) -> Encryption:
    """The encryption that revealed settings name; that of a state in clear if they name none."""
    given = settings.options.get(ENCRYPTION)
    if not isinstance(given, Mapping):
        return IN_CLEAR
    before = given.get(FALLBACK)
    writing = _wrapping(given, settings.root, f"state.{ENCRYPTION}")
    older = _wrapping(before, settings.root, f"state.{ENCRYPTION}.{FALLBACK}") if isinstance(before, Mapping) else None
    reading = tuple(item for item in (writing, older) if item is not None)
    return Encryption(writing, reading, required=given.get("required") is True)


def encryption_errors(given: Any) -> Iterator[SettingError]:
    """The errors of the settings under `state.encryption` that a schema cannot express."""
    if not isinstance(given, Mapping):
        return
    yield from _key_errors(given, ENCRYPTION)
    before = given.get(FALLBACK)
    if isinstance(before, Mapping):
        yield from _key_errors(before, f"{ENCRYPTION}.{FALLBACK}")
        if not {*_WAYS, "identity"} & before.keys():
            yield SettingError(f"{ENCRYPTION}.{FALLBACK}", "names no key", _WRITE)
    if not {*_WAYS} & given.keys():
        if given.get("required") is True or not isinstance(before, Mapping):
            yield SettingError(ENCRYPTION, "names no key", _WRITE)
        elif "identity" in given:
            yield SettingError(f"{ENCRYPTION}.identity", "reads what is written for recipients", "write age: too")


def _key_errors(given: Mapping[str, Any], name: str) -> Iterator[SettingError]:
    for item in _SECRETS:
        if isinstance(given.get(item), str):
            yield SettingError(f"{name}.{item}", "stands in clear in the project file", "point at it: {fromEnv: NAME}")
    ways = [way for way in _WAYS if way in given]
    if len(ways) > 1:
        hint = "keep one of them; the one that was used before stands under fallback:"
        yield SettingError(name, f"names more than one key: {' and '.join(ways)}", hint)


def _wrapping(given: Mapping[str, Any], root: Path, place: str) -> Wrapping | None:
    if not given:
        return None
    from novita_infra.state.encryption.wrapping import (  # noqa: PLC0415 -- only its users pay for it
        AgeWrapping,
        CommandWrapping,
        PassphraseWrapping,
    )

    match given:
        case {"passphrase": str(passphrase)}:
            return PassphraseWrapping(passphrase, f"{place}.passphrase")
        case {"command": list(command)}:
            return CommandWrapping(tuple(map(str, command)), root, f"{place}.command")
        case {"age": _} | {"identity": _}:
            recipients, identity = given.get("age"), given.get("identity")
            listed = tuple(map(str, recipients)) if isinstance(recipients, list) else ()
            return AgeWrapping(listed, identity if isinstance(identity, str) else "", f"{place}.identity")
        case _:
            return None

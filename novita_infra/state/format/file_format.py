"""The text of a stored state: a State to bytes and back, and the messages about bytes that hold something else.

Reads and writes no files.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, Final

from novita_infra import __version__
from novita_infra.encoding import Malformed, decode_as, encode, is_key, parse_json
from novita_infra.encoding.checksums import Checksum, add_state_checksum, state_checksum
from novita_infra.model.addresses import Origin
from novita_infra.model.diagnostics import Diagnostic, problem
from novita_infra.state.format.forwarding import check_not_moved
from novita_infra.state.state import VERSION, State
from novita_infra.state.store import ForeignFormat

_EDITED: Final = 'if it was edited on purpose, remove its line "checksum"'


def write_state(state: State, *, previous: str = "") -> bytes:
    """The state as indented JSON with a checksum, the same bytes for the same state.

    `previous` is the digest of the state that it was made from. Raises TypeError if it holds a Secret.
    """
    chain = {_PREVIOUS: previous} if previous else {}
    data = {"version": VERSION, "program": __version__, **chain, **encode(state)}
    for record in data.get("records", {}).values():
        del record["address"]  # it is the key
    return add_state_checksum(json.dumps(data, indent=2, allow_nan=False).encode("ascii") + b"\n")


def unopened(why: str) -> bytes:
    """What stands for an encrypted state, or for a line of a journal, that is damaged. It has no checksum."""
    return json.dumps({_UNOPENED: why}).encode("ascii")


def why_unopened(content: Any) -> str:
    """Why the content could not be decrypted, if it stands for one; else empty."""
    match content:
        case {"unopened": str(why)} if len(content) == 1:
            return why
        case _:
            return ""


_UNOPENED: Final = "unopened"


def state_digest(data: bytes) -> str:
    """The digest of a stored state, by which the next state names it."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def previous_digest(data: bytes) -> str:
    """The digest that a stored state names as that of the state before; empty for a first one, and before format 4."""
    line = _PREVIOUS_LINE.search(data, 0, _HEAD)
    return line[1].decode() if line else ""


_PREVIOUS: Final = "previous"
_PREVIOUS_LINE: Final = re.compile(rb'\n  "previous": "(sha256:[0-9a-f]{64})",')
_HEAD: Final = 4096
"""Bytes at the begin of a state that hold the digest."""
_CONFLICT: Final = re.compile(rb"^<{7}(?=\s|\Z)", re.MULTILINE)
_ONE_SIDE: Final = (
    "`novita-infra state repair` joins both sides where that is safe; else put back one side whole, with `git checkout "
    "--ours` or `--theirs` for the state and its journal, and adopt what the other side created: novita-infra orphans"
)


def read_state(data: bytes, place: str, *, hint: str) -> State:
    """The state that `write_state` wrote. Raises Problems that name the place, the position and the hint.

    A state without a checksum, as version 0.1.0 wrote it, is read.
    """
    content = read_json(data, place, hint=hint)
    if why := why_unopened(content):
        raise problem(f"{place} is damaged: {why}", hint)
    checksum = state_checksum(data)
    if checksum is Checksum.WRONG:
        raise problem(f"{place} is damaged: its checksum does not match", f"{hint}; {_EDITED}" if hint else _EDITED)
    if not isinstance(content, dict) or type(content.get("version")) is not int:
        raise problem(f"{place} is not a state file of novita-infra", hint)
    if "terraform_version" in content:
        hint = "move it away; novita-infra writes a state of its own there"
        raise ForeignFormat([Diagnostic(f"{place} is a state of Terraform", hint)])
    check_version(content.pop("version"), str(content.pop("program", "")), place)
    if "checksum" in content and checksum is Checksum.ABSENT:
        raise problem(f"{place} is damaged: its checksum is unreadable", f"{hint}; {_EDITED}" if hint else _EDITED)
    check_not_moved(content, place)
    content.pop("checksum", None)
    content.pop(_PREVIOUS, None)
    if isinstance(content.get("key"), str) and not is_key(content["key"]):
        raise problem(f"{place} is damaged: its key has no known form", hint)
    try:
        return decode_as(State, _with_addresses(content))
    except Malformed as error:
        raise problem(f"{place} is damaged: {error}", hint) from error


def read_json(data: bytes, place: str, *, hint: str, line: int = 1) -> Any:
    """The JSON in the bytes, which start at that line of the place. Raises Problems with the damaged position."""
    try:
        return parse_json(data)
    except UnicodeDecodeError as error:
        before = data[: error.start]
        origin = Origin(place, line + before.count(b"\n"), error.start - before.rfind(b"\n"))
        raise problem("the file is damaged: this is not text", hint, origin=origin) from error
    except json.JSONDecodeError as error:
        if conflict := _CONFLICT.search(data):
            origin = Origin(place, line + data.count(b"\n", 0, conflict.start()), 1)
            raise problem("the file holds marks of a merge conflict", _ONE_SIDE, origin=origin) from error
        origin = Origin(place, line + error.lineno - 1, error.colno)
        raise problem(f"the file is damaged: {lower_first(error.msg)}", hint, origin=origin) from error
    except ValueError as error:
        raise problem(f"{place} is damaged: {lower_first(str(error))}", hint) from error


def check_version(version: int, program: str, place: str) -> None:
    """Raises ForeignFormat if a newer program wrote the format."""
    if version > VERSION:
        raise newer_format(version, program, place, known=VERSION)


def newer_format(version: int, program: str, place: str, *, known: int) -> ForeignFormat:
    """The problem that a newer program wrote the format, of which this one knows the versions up to `known`."""
    newer = f"novita-infra {program} or newer" if program else "a newer novita-infra"
    summary = f"{place} has format {version}, and this novita-infra {__version__} knows formats up to {known}"
    return ForeignFormat([Diagnostic(summary, f"use {newer}")])


def lower_first(text: str) -> str:
    """The text with its first letter in lower case."""
    return text[:1].lower() + text[1:]


def _with_addresses(content: dict[str, Any]) -> dict[str, Any]:
    records = content.get("records")
    if not isinstance(records, dict):
        return content
    return {
        **content,
        "records": {
            name: {**record, "address": name} if isinstance(record, dict) else record
            for name, record in records.items()
        },
    }

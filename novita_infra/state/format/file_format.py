"""The text of a stored state: a State to bytes and back, and the messages about bytes that hold something else.

Reads and writes no files.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from novita_infra import __version__
from novita_infra.encoding import Malformed, decode_as, encode, is_key, parse_json
from novita_infra.encoding.checksums import Checksum, add_state_checksum, state_checksum
from novita_infra.model.addresses import Origin
from novita_infra.model.diagnostics import problem
from novita_infra.state.state import VERSION, State

_EDITED: Final = 'if it was edited on purpose, remove its line "checksum"'


def write_state(state: State) -> bytes:
    """The state as indented JSON with a checksum, the same bytes for the same state.

    Raises TypeError if it holds a Secret.
    """
    data = {"version": VERSION, "program": __version__, **encode(state)}
    for record in data.get("records", {}).values():
        del record["address"]  # it is the key
    return add_state_checksum(json.dumps(data, indent=2, allow_nan=False).encode("ascii") + b"\n")


_CONFLICT: Final = re.compile(rb"^<{7}(?=\s|\Z)", re.MULTILINE)
_ONE_SIDE: Final = (
    "put back one side whole, with `git checkout --ours` or `--theirs` for the state and its journal; then adopt what "
    "the other side created: novita-infra orphans"
)


def read_state(data: bytes, place: str, *, hint: str) -> State:
    """The state that `write_state` wrote. Raises Problems that name the place, the position and the hint.

    A state without a checksum, as version 0.1.0 wrote it, is read.
    """
    content = read_json(data, place, hint=hint)
    checksum = state_checksum(data)
    if checksum is Checksum.WRONG:
        raise problem(f"{place} is damaged: its checksum does not match", f"{hint}; {_EDITED}" if hint else _EDITED)
    if not isinstance(content, dict) or type(content.get("version")) is not int:
        raise problem(f"{place} is not a state file of novita-infra", hint)
    if "terraform_version" in content:
        raise problem(f"{place} is a state of Terraform", "move it away; novita-infra writes a state of its own there")
    check_version(content.pop("version"), str(content.pop("program", "")), place)
    if "checksum" in content and checksum is Checksum.ABSENT:
        raise problem(f"{place} is damaged: its checksum is unreadable", f"{hint}; {_EDITED}" if hint else _EDITED)
    content.pop("checksum", None)
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
    """Raises Problems if a newer program wrote the format."""
    if version <= VERSION:
        return
    newer = f"novita-infra {program} or newer" if program else "a newer novita-infra"
    raise problem(
        f"{place} has format {version}, and this novita-infra {__version__} knows formats up to {VERSION}",
        f"use {newer}",
    )


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

"""The text of a state file: a State to bytes and back, and what is said of a file that holds something else.

Reads and writes no files.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from novita_infra import __version__
from novita_infra.encoding import Malformed, decode_as, encode, parse
from novita_infra.model.addresses import Origin
from novita_infra.model.diagnostics import Problems, problem
from novita_infra.state.state import VERSION, State


def write_state(state: State) -> bytes:
    """The state as indented JSON, the same bytes for the same state. Raises TypeError where it holds a Secret."""
    data = {"version": VERSION, "program": __version__, **encode(state)}
    for record in data.get("records", {}).values():
        del record["address"]  # the key says it
    return json.dumps(data, indent=2, allow_nan=False).encode("ascii") + b"\n"


def read_state(data: bytes, path: Path) -> State:
    """The state that `write_state` wrote so; raises Problems that name the path, the place and the way back."""
    content = read_json(data, path, hint=_way_back(path))
    if not isinstance(content, dict) or type(content.get("version")) is not int:
        raise problem(f"{path} is not a state file of novita-infra", _way_back(path))
    check_version(content.pop("version"), str(content.pop("program", "")), path)
    try:
        return decode_as(State, _with_addresses(content))
    except Malformed as error:
        raise problem(f"{path} is damaged: {error}", _way_back(path)) from error


def read_json(data: bytes, path: Path, *, hint: str, line: int = 1) -> Any:
    """The JSON in the bytes, which begin at that line of the file; raises Problems with the place that is wrong."""
    try:
        return parse(data)
    except UnicodeDecodeError as error:
        before = data[: error.start]
        origin = Origin(str(path), line + before.count(b"\n"), error.start - before.rfind(b"\n"))
        raise problem("the file is damaged: this is not text", hint, origin=origin) from error
    except json.JSONDecodeError as error:
        origin = Origin(str(path), line + error.lineno - 1, error.colno)
        raise problem(f"the file is damaged: {_lowered(error.msg)}", hint, origin=origin) from error
    except ValueError as error:
        raise problem(f"{path} is damaged: {_lowered(str(error))}", hint) from error


def check_version(version: int, program: str, path: Path) -> None:
    """Raises Problems on what a newer program wrote."""
    if version <= VERSION:
        return
    newer = f"novita-infra {program} or newer" if program else "a newer novita-infra"
    raise problem(
        f"{path} has format {version}, and this novita-infra {__version__} knows formats up to {VERSION}",
        f"use {newer}",
    )


def backup_of(path: Path) -> Path:
    """Where the previous version of the state file is kept."""
    return path.with_name(f"{path.name}.backup")


def unreadable(path: Path, error: OSError) -> Problems:
    """What to raise where the file cannot be read or written."""
    return problem(f"{path}: {_lowered(error.strerror or str(error))}", "check the permissions and the free space")


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


def _way_back(path: Path) -> str:
    backup = backup_of(path)
    if backup.exists():
        return f"the version before it is {backup}; to go back to it: cp {backup} {path}, then plan to see what differs"
    return "put back a copy of it from before; without one, remove it and import what exists"


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]

"""The note that stands in the old place of a state that was moved to another backend. Reads and writes no files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from novita_infra import __version__
from novita_infra.encoding import Json
from novita_infra.encoding.checksums import add_state_checksum
from novita_infra.model.clock import moment
from novita_infra.state.state import VERSION, State
from novita_infra.state.store import StateMoved

_KEY = "moved"


def write_forwarding(options: Mapping[str, Any], state: State, *, by: str, now: float) -> bytes:
    """The note: the settings of the new place as a project file gives them, and who moved the state.

    `now` is in Unix seconds.
    """
    content = {
        "version": VERSION,
        "program": __version__,
        "lineage": state.lineage,
        "serial": state.serial,
        _KEY: {"to": dict(options), "by": by, "at": moment(now)},
    }
    return add_state_checksum(json.dumps(content, indent=2).encode("ascii") + b"\n")


def check_not_moved(content: Json, place: str) -> None:
    """Raises StateMoved if the content is such a note."""
    match content:
        case {"moved": {"to": dict() as options, "by": str(by), "at": str(at)}}:
            settings = ", ".join(f"{name}: {json.dumps(value)}" for name, value in options.items())
            raise StateMoved(
                f"the state of {place} was moved to the backend {options.get('backend', '?')} by {by} at {at}",
                f"use the newest project file, or write into this one: `state: {{{settings}}}`",
            )

"""How the states of a place lie in its objects: their keys, and the text of each sort of object.

For each environment:

* `ENV/head`: which state is the present one. The only object that changes; every write compares it or appends.
* `ENV/states/ID`: a state, never changed. Those that are not the present one are the history.
* `ENV/audit/ID`: the lines that the save of the state ID has added to the audit log, never changed, and kept for good.
* `ENV/journal/ID/NUMBER`: a segment of the journal that continues from the state ID. Segments are numbered without
  a gap and never changed: writing the next number, which must not exist, is an append that only one writer can do.

`locks` holds the leases of all environments.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias
from urllib.parse import quote, unquote

from novita_infra.encoding.checksums import Checksum, add_line_checksum, line_checksum
from novita_infra.encoding.json_text import parse_foreign_json
from novita_infra.model.diagnostics import problem
from novita_infra.model.frozen import dataclass
from novita_infra.state.objects.objects import Object

LOCKS: Final = "locks"
"""The key of the leases. No environment has this name as a folder: an environment's keys have a `/`."""
_GZIP: Final = b"\x1f\x8b"
_ID: Final = re.compile(r"\d{8}-(\d+)-[0-9a-f]{8}")

SegmentKind: TypeAlias = Literal["begin", "lines", "end", "fence"]
"""`begin` starts the journal of a run, or is a whole one in its place; `lines` continue it; `end` has the lines that
make the next state; `fence` ends it for a holder that lost its lease."""


def head_key(environment: str) -> str:
    """The key of the head of an environment."""
    return f"{quote(environment, safe='')}/head"


def states_prefix(environment: str) -> str:
    """What the keys of the states of an environment begin with."""
    return f"{quote(environment, safe='')}/states/"


def journal_prefix(environment: str, id: str = "") -> str:
    """What the keys of the segments begin with that continue from a state; without an id from any state."""
    return f"{quote(environment, safe='')}/journal/{id}{'/' if id else ''}"


def audit_prefix(environment: str) -> str:
    """What the keys of the parts of the audit log begin with. A part has the id of the state that it was saved with."""
    return f"{quote(environment, safe='')}/audit/"


def segment_key(environment: str, id: str, number: int) -> str:
    """The key of a segment."""
    return f"{journal_prefix(environment, id)}{number:08d}"


def environment_of(key: str) -> str | None:
    """The environment that an object belongs to; None for one of the place."""
    folder, separator, _ = key.partition("/")
    return unquote(folder) if separator else None


def state_id(count: int, now: float, random: str) -> str:
    """The id of a state: the ids sort by age. `random` is 8 random hex digits."""
    return f"{count:08d}-{int(now)}-{random}"


def count_of(id: str) -> int:
    """The number of the state among the states of its environment."""
    return int(id[:8]) if _ID.fullmatch(id) else 0


def time_of(id: str) -> float | None:
    """The time at which the state was written, by the clock of its writer, in Unix seconds."""
    match = _ID.fullmatch(id)
    return float(match[1]) if match else None


@dataclass(frozen=True, slots=True)
class Head:
    """The content of a head."""

    state: str = ""
    """The id of the present state; empty where there is none yet."""
    fence: int = 0
    """Rises when a lease is taken over before there is a state."""

    def text(self) -> bytes:
        """The head as it is stored."""
        line = json.dumps({"format": 1, "state": self.state, "fence": self.fence}, separators=(",", ":"))
        return add_line_checksum(line.encode()) + b"\n"


def read_head(data: bytes, place: str, *, hint: str) -> Head:
    """The head in the bytes. Raises Problems that name the place and the hint."""
    content = json_at(data, place, hint=hint)
    is_whole = data.endswith(b"\n") and line_checksum(data[:-1]) is Checksum.GOOD
    match content:
        case {"format": 1, "state": str(state), "fence": int(fence)} if is_whole:
            return Head(state, fence)
        case {"format": int(format)} if format > 1:
            raise problem(f"{place} has format {format}, and this novita-infra knows format 1", "use a newer one")
        case _:
            raise problem(f"{place} is damaged", hint)


def json_at(data: bytes, place: str, *, hint: str) -> Mapping[str, Any]:
    """The JSON object in the bytes. Raises Problems."""
    try:
        content = parse_foreign_json(data)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise problem(f"{place} is damaged", hint)
    return content


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment of a journal."""

    kind: SegmentKind
    writer: str
    """A random name of who wrote it: two writers never write the same bytes."""
    lines: bytes = b""

    def text(self) -> bytes:
        """The segment as it is stored."""
        return f"{self.kind} {self.writer} {zlib.crc32(self.lines):08x}\n".encode() + self.lines


def read_segment(data: bytes, place: str, *, hint: str) -> Segment:
    """The segment in the bytes. Raises Problems that name the place and the hint."""
    first, _, lines = data.partition(b"\n")
    match first.decode("ascii", "replace").split(" "):
        case ["begin" | "lines" | "end" | "fence" as kind, writer, checksum] if checksum == f"{zlib.crc32(lines):08x}":
            return Segment(kind, writer, lines)
        case _:
            raise problem(f"{place} is damaged", hint)


def packed(data: bytes, *, compressed: bool) -> bytes:
    """The content as it is stored, the same bytes for the same content."""
    return gzip.compress(data, compresslevel=6, mtime=0) if compressed else data


def unpacked(content: Object, place: str, *, hint: str) -> bytes:
    """The content of an object, compressed or not. Raises Problems that name the place and the hint."""
    if not content.data.startswith(_GZIP):
        return content.data
    try:
        return gzip.decompress(content.data)
    except (OSError, EOFError, zlib.error) as error:
        raise problem(f"{place} is damaged: {error}", hint) from error

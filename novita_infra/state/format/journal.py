"""The lines of a journal, the write-ahead log of one run: writing each, and applying them all to a state.

The first line names the state that the run started from; every line after it is one change. Reads and writes no files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from novita_infra import __version__
from novita_infra.encoding import Json, Malformed, compact, decode_as, encode, parse_json
from novita_infra.encoding.checksums import (
    Checksum,
    add_line_checksum,
    begins_with_whole_line,
    line_checksum,
    sound_lines,
)
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Problems, problem
from novita_infra.model.frozen import dataclass
from novita_infra.model.records import Record
from novita_infra.state.format.file_format import check_version, read_json, why_unopened
from novita_infra.state.state import MOST_USED_PLANS, VERSION, State, UsedPlan, rolled, with_gone
from novita_infra.state.store import StateLost


def header_line(state: State) -> bytes:
    """The first line of the journal of a run that starts from the state."""
    return _line({"version": VERSION, "program": __version__, "lineage": state.lineage, "serial": state.serial})


def put_line(record: Record, event: str, notes: Sequence[Json] = ()) -> bytes:
    """The line of `Journal.put`. Raises TypeError if the record holds a Secret.

    The notes on calls ride on the line: they change no record, and cost no write of their own.
    """
    return _line({"put": encode(record), "event": event, **_noted(notes)})


def drop_line(address: Address, event: str, notes: Sequence[Json] = ()) -> bytes:
    """The line of `Journal.drop`, with notes as in `put_line`."""
    return _line({"drop": str(address), "event": event, **_noted(notes)})


def notes_line(notes: Sequence[Json]) -> bytes:
    """A line that holds nothing but notes: it changes no record."""
    return _line({"roll": {}, **_noted(notes)})


def _noted(notes: Sequence[Json]) -> dict[str, Json]:
    return {_CALLS: list(notes)} if notes else {}


def notes_in(data: bytes) -> list[Json]:
    """The notes on calls in the sound lines of a journal, in their order: those that no saved state holds."""
    notes: list[Json] = []
    for line in _lines_of(data)[0] if _CALLS_KEY in data else ():
        if line.startswith(_SAVED_KEY):
            notes.clear()
        elif _CALLS_KEY in line and isinstance(content := _content(line), dict):
            some = content.get(_CALLS)
            notes += some if isinstance(some, list) else ()
    return notes


_CALLS: Final = "calls"
_CALLS_KEY: Final = b'"calls":['
_SAVED_KEY: Final = b'{"saved":'


def snapshot_line(name: str, ids: tuple[str, ...]) -> bytes:
    """The line of `Journal.snapshot`."""
    return _line({"saw": name, "ids": list(ids)})


def roll_line(members: Mapping[Address, float | None]) -> bytes:
    """The line of `Journal.roll`."""
    return _line({"roll": {str(address): ready_at for address, ready_at in members.items()}})


def use_plan_line(plan: UsedPlan) -> bytes:
    """The line of `Journal.use_plan`."""
    return _line({"begin": encode(plan)})


def saved_line(state: State) -> bytes:
    """A line that holds the saved state without its records, as the end of a journal that stands for the save."""
    return _line({"saved": encode(replace(state, records={}))})


def trail(base: State, journal: bytes | None, *, current: State, saved: State) -> bytes:
    """A journal that makes the saved state from the base, the state before the journal.

    `current` is the base with the changes of the journal. Kept beside the base, the trail makes it a whole backup.
    """
    whole = journal.split(b"\n")[:-1] if journal else []  # a torn last line is no change
    continues = bool(whole) and _continues(base, whole[0], "")
    lines = [_checked(line) + b"\n" for line in whole] if continues else [header_line(base)]
    for address, record in saved.records.items():
        if current.records.get(address) != record:
            lines.append(put_line(record, "saved"))
    lines += [drop_line(address, "saved") for address in current.records if address not in saved.records]
    return b"".join((*lines, saved_line(saved)))


def fold(state: State, data: bytes, place: str) -> State:
    """The state with the changes of the journal; each line is a version of the state, so the serial rises with it.

    A last line without its end was never confirmed to the run and is ignored. So is the whole journal if the state was
    saved after it. Raises Problems on a damaged line and on the journal of another state. The lines of a journal whose
    first line has no checksum, as version 0.1.0 wrote it, need none.
    """
    *lines, torn = data.split(b"\n")
    if begins_with_whole_line(torn):
        raise _damaged(place, len(lines) + 1, ": its line end is damaged")
    if not lines or not _continues(state, lines[0], place):
        return state
    changed = _Changed.of(state)
    needed = line_checksum(lines[0]) is Checksum.GOOD
    for number, line in enumerate(lines[1:], start=2):
        content = read_json(line, place, hint=_HINT, line=number)
        checksum = line_checksum(line)
        if checksum is Checksum.WRONG:
            raise _damaged(place, number, _MISMATCH)
        try:
            changed.apply(content)
        except Malformed as error:
            raise _damaged(place, number, f": {error}") from error
        if needed and checksum is Checksum.ABSENT:
            raise _damaged(place, number, ": it has no checksum")
    return changed.state()


def journal_start(data: bytes) -> tuple[str, int] | None:
    """The lineage and the serial of the state that a journal starts from; None if no sound line says it."""
    for line in _lines_of(data)[0]:
        match _content(line):
            case {"lineage": str(lineage), "serial": int(serial)}:
                return lineage, serial
    return None


def salvage(state: State, data: bytes) -> tuple[State, int]:
    """The state with the changes of all sound lines of a journal, and the number of lines that are lost.

    Does not ask whether the journal starts from this state (`journal_start`), and raises nothing. A lost line counts as
    a version, unless the journal ends with the save of a state. A last line without its end was never confirmed.
    """
    changed = _Changed.of(state)
    lines, lost = _lines_of(data)
    content: Json = None
    for line in lines:
        content = _content(line)
        if isinstance(content, dict) and "lineage" in content:
            continue
        try:
            changed.apply(content)
        except Malformed:
            lost += 1
    ends = isinstance(content, dict) and "saved" in content
    return replace(changed.state(), serial=changed.serial + (0 if ends else lost)), lost


def record_changes(data: bytes) -> Iterator[tuple[str, Address, Record | None]]:
    """The event, the address and the record of each sound line that changes a record; None where it is removed."""
    for line in _lines_of(data)[0]:
        try:
            match _content(line):
                case {"put": put, "event": str(event)}:
                    record = decode_as(Record, put)
                    yield event, record.address, record
                case {"drop": name, "event": str(event)}:
                    yield event, decode_as(Address, name), None
        except Malformed:
            continue


def _lines_of(data: bytes) -> tuple[list[bytes], int]:
    """The sound lines of a journal, and the number of damaged ones. Lines of version 0.1.0 have no checksum."""
    found: list[bytes] = []
    lost = 0
    *chunks, torn = data.split(b"\n")
    if _SUM_KEY not in data:
        return [chunk for chunk in chunks if _content(chunk) is not None], 0
    for chunk in chunks:
        lines, rest = sound_lines(chunk)
        found += lines
        lost += bool(rest or not lines)
    return found + sound_lines(torn)[0], lost


def _content(line: bytes) -> Json:
    """The content of a line; None if it is no JSON."""
    try:
        return parse_json(line)
    except (ValueError, RecursionError):
        return None


def _line(content: Json) -> bytes:
    return add_line_checksum(compact(content)) + b"\n"


def _checked(line: bytes) -> bytes:
    """The line with a checksum."""
    return add_line_checksum(line) if line_checksum(line) is Checksum.ABSENT else line


def _continues(state: State, line: bytes, place: str) -> bool:
    """Whether the journal with this first line starts from exactly this state; False for an older serial."""
    content = read_json(line, place, hint=_HINT_FIRST)
    if why := why_unopened(content):
        raise _damaged(place, 1, f": {why}")
    checksum = line_checksum(line)
    if checksum is Checksum.WRONG:
        raise _damaged(place, 1, _MISMATCH)
    match content:
        case {"version": int(version), "program": str(program), **rest}:
            check_version(version, program, place)
        case _:
            raise _damaged(place, 1)
    if rest.keys() - {"lineage", "serial"} - ({"crc32"} if checksum is Checksum.GOOD else set()):
        raise _damaged(place, 1, ": it has no checksum")
    match rest:
        case {"lineage": state.lineage, "serial": int(serial)} if serial <= state.serial:
            return serial == state.serial
        case {"lineage": str(lineage), "serial": int(serial)}:
            raise StateLost(
                f"{place} goes on from version {serial} of the state {lineage}, and the state file beside it is "
                f"version {state.serial} of {state.lineage}",
                "put back the state file that belongs to it; the state file without it would not know what it created",
            )
        case _:
            raise _damaged(place, 1)


@dataclass(frozen=True, slots=True)
class _Rolled:
    """The content of a line of `Journal.roll`."""

    members: Mapping[Address, float | None]


@dataclass(slots=True)
class _Changed:
    """A state while the lines of a journal are applied to it."""

    base: State
    serial: int
    records: dict[Address, Record]
    snapshots: dict[str, tuple[str, ...]]
    used_plans: list[UsedPlan]
    gone: Mapping[str, tuple[str, ...]]
    rolling: dict[Address, float]

    @classmethod
    def of(cls, state: State) -> _Changed:
        used_plans = list(state.used_plans)
        records, snapshots, rolling = dict(state.records), dict(state.snapshots), dict(state.rolling)
        return cls(state, state.serial, records, snapshots, used_plans, state.gone, rolling)

    def apply(self, content: Json) -> None:
        """Applies the content of one line. Raises Malformed."""
        self.serial += 1
        match content:
            case {"put": data, "event": str()}:
                record = decode_as(Record, data)
                self.gone = with_gone(self.gone, self.records.get(record.address), record)
                self.records[record.address] = record
            case {"drop": name, "event": str()}:
                self.gone = with_gone(self.gone, self.records.pop(decode_as(Address, name), None), None)
            case {"saw": str(name), "ids": ids}:
                self.snapshots[name] = decode_as(tuple[str, ...], ids)
            case {"roll": data}:
                self.rolling = rolled(self.rolling, decode_as(_Rolled, {"members": data}).members)
            case {"begin": data}:
                self.used_plans.append(decode_as(UsedPlan, data))
            case {"saved": data}:
                saved = decode_as(State, data)
                self.base, self.serial = saved, saved.serial
                self.snapshots, self.used_plans = dict(saved.snapshots), list(saved.used_plans)
                self.gone, self.rolling = saved.gone, dict(saved.rolling)
            case _:
                raise Malformed(why_unopened(content) or "neither a put nor a drop")

    def state(self) -> State:
        """The state with all changes so far."""
        return replace(
            self.base,
            serial=self.serial,
            records=self.records,
            snapshots=self.snapshots,
            gone=self.gone,
            rolling=self.rolling,
            used_plans=tuple(self.used_plans[-MOST_USED_PLANS:]),
        )


_SUM_KEY: Final = b'"crc32"'
_MISMATCH: Final = ": its checksum does not match"
_ADOPT: Final = "before any apply: novita-infra orphans"
_HINT: Final = (
    f"keep a copy of it; remove that line alone, the other lines hold their changes, and adopt what it created {_ADOPT}"
)
_HINT_FIRST: Final = f"keep a copy of it; move it away, and adopt what its other lines created {_ADOPT}"


def _damaged(place: str, number: int, why: str = "") -> Problems:
    return problem(f"{place} is damaged in line {number}{why}", _HINT if number > 1 else _HINT_FIRST)

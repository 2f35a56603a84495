"""Checksums: every flipped bit and every cut of a stored state or journal is reported, and names what is damaged."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from state_values import CHANGES, STATES, A, B, Change, after, line_of

from novita_infra.encoding.checksums import Checksum, line_checksum, state_checksum
from novita_infra.model.diagnostics import Problems
from novita_infra.model.records import Record
from novita_infra.state.format.file_format import read_state, write_state
from novita_infra.state.format.journal import drop_line, fold, header_line, put_line, snapshot_line, trail
from novita_infra.state.state import State

STATE = State("4f0c", "00aa", serial=3, project="fleet", records={A: Record(A, "i-1", {"name": "é", "gpus": 1})})
LINES = (
    header_line(STATE),
    put_line(Record(A, "i-2", {"env": {"crc32": "01234567"}}), "made"),
    snapshot_line("vpc", ("v-1", "v-2")),
    put_line(Record(B, "J*"), "made"),
    drop_line(A, "gone"),
)


def flips(data: bytes) -> Iterator[bytes]:
    """The data with each bit flipped."""
    for place in range(len(data)):
        for bit in range(8):
            yield data[:place] + bytes([data[place] ^ 1 << bit]) + data[place + 1 :]


def outcome(read: Callable[[], State]) -> State | str:
    """What a reader believes, or its message; any other exception fails the test."""
    try:
        return read()
    except Problems as error:
        return str(error)


def prefixes(lines: tuple[bytes, ...]) -> list[State]:
    """The states of the journal after each of its lines."""
    return [fold(STATE, b"".join(lines[:number]), "j") for number in range(len(lines) + 1)]


def without_checksum(line: bytes) -> bytes:
    content = json.loads(line)
    del content["crc32"]
    return json.dumps(content, separators=(",", ":")).encode() + b"\n"


def test_every_flipped_bit_of_a_state_is_reported_as_damage_of_it() -> None:
    for data in flips(write_state(STATE)):
        message = outcome(lambda data=data: read_state(data, "s.json", hint="restore it"))  # type: ignore[misc]
        assert isinstance(message, str), data
        assert "s.json" in message
        assert "damaged" in message
        assert "restore it" in message


def test_every_cut_of_a_state_is_reported() -> None:
    data = write_state(STATE)
    for length in range(len(data)):
        with pytest.raises(Problems, match=r"s\.json"):
            read_state(data[:length], "s.json", hint="")


def test_every_flipped_bit_of_a_journal_is_reported_as_damage_of_it() -> None:
    for data in flips(b"".join(LINES)):
        message = outcome(lambda data=data: fold(STATE, data, "s.journal"))  # type: ignore[misc]
        assert isinstance(message, str), data
        assert "s.journal" in message
        assert "damaged" in message


def test_a_flipped_bit_before_a_torn_line_loses_no_whole_line() -> None:
    whole, torn = b"".join(LINES[:-1]), LINES[-1][:-9]
    believed = fold(STATE, whole + torn, "s.journal")
    for data in flips(whole + torn):
        result = outcome(lambda data=data: fold(STATE, data, "s.journal"))  # type: ignore[misc]
        assert isinstance(result, str) or result == believed, data


def test_every_cut_of_a_journal_is_a_torn_last_line() -> None:
    data, known = b"".join(LINES), prefixes(LINES)
    for length in range(len(data)):
        assert fold(STATE, data[:length], "s.journal") in known


@pytest.mark.parametrize("cut", [1, 2, 25])
def test_zeros_after_a_torn_line_are_torn_too(cut: int) -> None:
    whole, torn = b"".join(LINES[:-1]), LINES[-1][:-cut]
    assert fold(STATE, whole + torn + bytes(700), "s.journal") == fold(STATE, whole, "s.journal")


@given(STATES, st.data())
def test_no_flipped_bit_of_any_state_is_believed(state: State, data: st.DataObject) -> None:
    text = write_state(state)
    place = data.draw(st.integers(0, len(text) * 8 - 1))
    changed = bytearray(text)
    changed[place // 8] ^= 1 << place % 8
    with pytest.raises(Problems, match="damaged"):
        read_state(bytes(changed), "s.json", hint="")


@given(CHANGES, st.data())
def test_no_flipped_bit_of_any_journal_is_believed(changes: list[Change], data: st.DataObject) -> None:
    text = header_line(STATE) + b"".join(map(line_of, changes))
    place = data.draw(st.integers(0, len(text) * 8 - 1))
    changed = bytearray(text)
    changed[place // 8] ^= 1 << place % 8
    with pytest.raises(Problems, match="damaged"):
        fold(STATE, bytes(changed), "s.journal")


def test_a_state_without_a_checksum_is_read() -> None:
    content = json.loads(write_state(STATE))
    del content["checksum"]
    data = json.dumps(content, indent=2).encode()
    assert state_checksum(data) is Checksum.ABSENT
    assert read_state(data, "s.json", hint="") == STATE
    assert state_checksum(write_state(STATE)) is Checksum.GOOD


def test_an_edited_state_names_the_line_to_remove() -> None:
    edited = write_state(STATE).replace(b"i-1", b"i-9")
    with pytest.raises(Problems, match='if it was edited on purpose, remove its line "checksum"'):
        read_state(edited, "s.json", hint="restore it")
    reformatted = json.dumps(json.loads(write_state(STATE))).encode()
    with pytest.raises(Problems, match='remove its line "checksum"'):
        read_state(reformatted, "s.json", hint="restore it")


def test_a_journal_without_checksums_is_read_and_its_trail_has_them() -> None:
    old = tuple(map(without_checksum, LINES))
    current = fold(STATE, b"".join(old), "s.journal")
    assert current == prefixes(LINES)[-1]
    written = trail(STATE, b"".join(old), current=current, saved=current)
    assert {line_checksum(line) for line in written.splitlines()} == {Checksum.GOOD}
    assert fold(STATE, written, "s.journal") == current


def test_a_line_without_a_checksum_is_damaged_where_the_first_line_has_one() -> None:
    with pytest.raises(Problems, match=r"s\.journal is damaged in line 2: it has no checksum"):
        fold(STATE, LINES[0] + without_checksum(LINES[1]) + LINES[2], "s.journal")


def test_the_hint_for_a_damaged_line_loses_no_other_line() -> None:
    lines = [LINES[0], LINES[1].replace(b"i-2", b"i-3"), *LINES[2:]]
    with pytest.raises(Problems, match="remove that line alone") as caught:
        fold(STATE, b"".join(lines), "s.journal")
    assert "novita-infra orphans" in str(caught.value)
    del lines[1]
    changes: list[Change] = [("vpc", ("v-1", "v-2")), Record(B, "J*"), A]
    assert fold(STATE, b"".join(lines), "s.journal") == after(STATE, changes)

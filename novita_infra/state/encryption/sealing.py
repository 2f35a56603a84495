"""Seals what is written to an encrypted storage, and opens what is read from it."""

from __future__ import annotations

import hashlib

from novita_infra.encoding import parse_json
from novita_infra.encoding.checksums import begins_with_whole_line
from novita_infra.model.diagnostics import Problems
from novita_infra.state.backend import JournalWriter, StateStorage, Stored
from novita_infra.state.encryption.data_keys import DataKey, data_key_of
from novita_infra.state.encryption.envelope import (
    AUDIT,
    Unopened,
    read_header,
    read_lines,
    read_sealed_state,
    seal_header,
    seal_lines,
    seal_state,
)
from novita_infra.state.encryption.marks import is_sealed_journal, is_sealed_state
from novita_infra.state.encryption.settings import Encryption
from novita_infra.state.format.file_format import unopened


class SealingWriter:
    """Implements JournalWriter: each append is one line, which is opened as a whole or not at all."""

    def __init__(self, writer: JournalWriter, key: DataKey, header: bytes, clear: Stored, state: bytes) -> None:
        """`clear` is what the journal began with, `header` and `state` the same as they are stored."""
        self._writer = writer
        self._key = key
        self._header = header
        self._number = 1
        self._state = state
        self._digest = hashlib.sha256(header)
        self._clear = clear
        self._lines = bytearray(clear.journal or b"")

    def pause(self) -> None:
        self._writer.pause()

    def append(self, lines: bytes) -> None:
        sealed = seal_lines(lines, self._key, number=self._number + 1, header=self._header)
        self._writer.append(sealed)
        self._number += 1
        self._digest.update(sealed)
        self._lines += lines

    def close(self) -> None:
        self._writer.close()

    def stored(self, stored: Stored) -> Stored | None:
        """What is stored in clear; None unless it is exactly what this journal wrote."""
        journal = stored.journal
        if stored.state != self._state or journal is None:
            return None
        if hashlib.sha256(journal).digest() != self._digest.digest():
            return None
        return Stored(self._clear.state, bytes(self._lines), stored)


def begin_sealed(storage: StateStorage, clear: Stored, below: Stored, key: DataKey, audit: bytes) -> SealingWriter:
    """Replaces what the storage below has read by a state and the header of a journal, all in envelopes."""
    sealed, first = seal_state(clear.state or b"", key), seal_header(clear.journal or b"", key)
    return SealingWriter(storage.begin(sealed, first, below, sealed_audit(audit, key)), key, first, clear, sealed)


def sealed_audit(lines: bytes, key: DataKey) -> bytes:
    """The lines for the audit log as one line in an envelope of its own; empty without lines.

    The chain of the entries says where they belong.
    """
    return seal_header(lines, key, place=AUDIT) if lines else b""


def opened_audit(data: bytes, encryption: Encryption, place: str) -> bytes:
    """A part of the audit log in clear. What is damaged, or has another key, is `unopened`."""
    content = bytearray()
    for line in data.split(b"\n"):
        if not line or not is_sealed_journal(line):  # written before the log was encrypted
            content += line + b"\n" if line else b""
            continue
        try:
            envelope = read_header(line, place, sealed_as=AUDIT)
            content += envelope.content(data_key_of(envelope.wrapped, encryption, place=place))
        except Unopened as error:
            content += unopened(str(error)) + b"\n"
        except Problems as error:  # the key of an earlier time, which is not given any more
            content += unopened(error.diagnostics[0].summary) + b"\n"
    return bytes(content)


def sealed_contents(state: bytes, trail: bytes, stored: Stored, below: Stored, key: DataKey) -> tuple[bytes, bytes]:
    """The state and the trail in envelopes, which replace what is stored, and what the storage below has read."""
    return seal_state(state, key), _sealed_trail(trail, stored, below, key)


def opened_contents(
    stored: Stored, encryption: Encryption, place: str, journal_place: str
) -> tuple[bytes | None, bytes | None, DataKey | None]:
    """The state and the journal in clear, and the key of the state. What is damaged is `unopened`. Raises Problems.

    The places are where they are stored, for a message.
    """
    state, journal, serial, key = stored.state, stored.journal, -1, None
    is_sealed = state is not None and is_sealed_state(state)
    if state is not None and is_sealed:
        state, serial, key = _state(state, encryption, place)
    if journal is not None and is_sealed_journal(journal):
        journal, whole = _journal(journal, encryption, journal_place)
        if not whole and not _changes(journal, serial):
            journal = unopened("its lines are of another journal") + b"\n" + journal
    elif journal is not None and is_sealed and _changes(journal, serial):
        journal = unopened("it is not encrypted, and the state is") + b"\n"
    return state, journal, key


def _state(data: bytes, encryption: Encryption, place: str) -> tuple[bytes, int, DataKey | None]:
    """The state in an envelope, its serial and its key."""
    try:
        envelope = read_sealed_state(data, place)
        key = data_key_of(envelope.wrapped, encryption, place=place)
        state = envelope.content(key)
    except Unopened as error:
        return unopened(str(error)), -1, None
    return state, envelope.serial, key


def _journal(data: bytes, encryption: Encryption, place: str) -> tuple[bytes, bool]:
    """The lines of a journal in envelopes, and whether all could be opened.

    A last line without its end was never confirmed, and is left out.
    """
    *lines, torn = data.split(b"\n")
    content = bytearray()
    header, key, whole = b"", None, True
    for number, line in enumerate(lines, start=1):
        try:
            if key is None:
                header, envelope = line + b"\n", read_header(line, place)
                key = data_key_of(envelope.wrapped, encryption, place=place)
            else:
                envelope = read_lines(line, number, header=header)
            content += envelope.content(key)
        except Unopened as error:
            content += unopened(str(error)) + b"\n"
            whole = False
            if key is None:
                break
    if begins_with_whole_line(torn):
        return bytes(content) + unopened("its line end is damaged") + b"\n", False
    return bytes(content), whole


def _sealed_trail(trail: bytes, stored: Stored, below: Stored, key: DataKey) -> bytes:
    """The trail in envelopes. It begins with the journal as that is stored, if it may go on with this key."""
    journal, sealed = stored.journal, below.journal
    if journal and sealed and trail.startswith(journal) and _has_key(sealed, key):
        begin, rest = sealed, trail.removeprefix(journal)
    elif trail:
        first, _, rest = trail.partition(b"\n")
        begin = seal_header(first + b"\n", key)
    else:
        return b""
    header = begin[: begin.index(b"\n") + 1]
    return begin + (seal_lines(rest, key, number=begin.count(b"\n") + 1, header=header) if rest else b"")


def _has_key(journal: bytes, key: DataKey) -> bool:
    """Whether the lines of a sealed journal have this key, and the last one is not torn."""
    try:
        return journal.endswith(b"\n") and read_header(journal.partition(b"\n")[0], "").wrapped == key.wrapped
    except Unopened:
        return False


def _changes(journal: bytes, serial: int) -> bool:
    """Whether a journal may change the state with this serial: that of an earlier one, or without any change, cannot.

    A crash leaves one of these beside a newer state.
    """
    first, *changes = journal.split(b"\n")[:-1] or [b""]  # a torn last line is no change
    if not changes:
        return False
    try:
        begin = parse_json(first)["serial"]
    except (ValueError, KeyError, TypeError):
        return True
    return not (type(begin) is int and begin < serial)

"""Encrypts what a backend stores: the guards above see contents in clear, and the backend below only sealed ones."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from novita_infra.encoding import parse_json
from novita_infra.encoding.checksums import begins_with_whole_line
from novita_infra.model.diagnostics import EXIT_REFUSED, problem
from novita_infra.state.backend import HeldLock, JournalWriter, OpenBackend, StateStorage, Stored, Version
from novita_infra.state.encryption.data_keys import DataKey, data_key_of, new_data_key
from novita_infra.state.encryption.envelope import (
    Unopened,
    is_sealed_journal,
    is_sealed_state,
    read_header,
    read_lines,
    read_sealed_state,
    seal_header,
    seal_lines,
    seal_state,
)
from novita_infra.state.encryption.settings import Encryption
from novita_infra.state.format.file_format import unopened
from novita_infra.state.store import LockHolder, LockRefused, NamedLocks, StateLock


class EncryptedBackend:
    """Implements OpenBackend on any backend."""

    def __init__(self, backend: OpenBackend, encryption: Encryption) -> None:
        self._backend = backend
        self._encryption = encryption

    @property
    def remote(self) -> bool:
        return self._backend.remote

    def describe(self) -> str:
        return self._backend.describe()

    def environments(self) -> tuple[str, ...]:
        return self._backend.environments()

    def storage(self, environment: str) -> EncryptedStorage:
        return EncryptedStorage(self._backend.storage(environment), self._encryption)

    def named_locks(self, operation: str) -> NamedLocks:
        return self._backend.named_locks(operation)

    def locks(self) -> Sequence[HeldLock]:
        return self._backend.locks()


class EncryptedStorage:
    """Implements StateStorage on any storage. `Stored.version` of what it reads is what the storage below has read.

    Without encryption it passes everything on, and says what to set where it finds sealed contents.
    """

    def __init__(self, storage: StateStorage, encryption: Encryption) -> None:
        self._storage = storage
        self._encryption = encryption
        self._key: DataKey | None = None
        """The key of the state that was read or written last."""
        self._last: tuple[Stored, Stored] | None = None
        """What was read last, as it is stored and in clear."""
        self._own: SealingWriter | None = None
        """The journal that this process writes: it knows its content without opening each line."""

    def describe(self) -> str:
        return self._storage.describe()

    def describe_journal(self) -> str:
        return self._storage.describe_journal()

    def restore_hint(self) -> str:
        return self._storage.restore_hint()

    def remains(self) -> str:
        return self._storage.remains()

    def read(self) -> Stored:
        stored = self._storage.read()
        if self._last is None or self._last[0] != stored:
            self._last = stored, self._opened(stored)
        return self._last[1]

    def read_damaged(self) -> Stored:
        return self._opened(self._storage.read_damaged())

    def has_old_key(self) -> bool:
        writing = self._encryption.writing
        if writing is None or self._last is None or self._last[1].state is None:
            return False
        return self._key is None or self._key.by != writing or not writing.would_wrap(self._key.wrapped)

    def replace(self, state: bytes, stored: Stored, trail: bytes = b"") -> None:
        below, key = self._below(stored), self._key_to_write()
        if key is None:
            self._storage.replace(state, below, trail)
            return
        self._storage.replace(seal_state(state, key), below, _sealed_trail(trail, stored, below, key))
        self._key, self._own = key, None

    def begin(self, state: bytes, header: bytes, stored: Stored) -> JournalWriter:
        below, key = self._below(stored), self._key_to_write()
        if key is None:
            return self._storage.begin(state, header, below)
        sealed, first = seal_state(state, key), seal_header(header, key)
        writer = self._storage.begin(sealed, first, below)
        self._key = key
        self._own = SealingWriter(writer, key, first, Stored(state, header), sealed)
        return self._own

    def try_lock(self, operation: str) -> StateLock | LockRefused:
        return self._storage.try_lock(operation)

    def lock_holder(self) -> LockHolder | None:
        return self._storage.lock_holder()

    def break_lock(self) -> LockHolder | None:
        return self._storage.break_lock()

    def versions(self) -> Sequence[Version]:
        return self._storage.versions()

    def read_version(self, version: Version) -> Stored:
        key, stored = self._key, self._storage.read_version(version)
        try:
            return self._opened(stored, of=f"the earlier state {version.id} of ")
        finally:
            self._key = key

    def _below(self, stored: Stored) -> Stored:
        """What the storage below has read."""
        return stored.version if isinstance(stored.version, Stored) else stored

    def _key_to_write(self) -> DataKey | None:
        """The key of the state that was read, if it is wrapped as the settings say now; else a new one.

        Who could read with another passphrase or identity cannot open what is written from now on.
        """
        writing, key = self._encryption.writing, self._key
        if writing is None:
            return None
        if key is not None and key.by == writing and writing.would_wrap(key.wrapped):
            return key
        return new_data_key(writing)

    def _opened(self, stored: Stored, *, of: str = "") -> Stored:
        """What is stored, in clear. What is damaged is `unopened`, so that the readers above report or repair it.

        `of` names an earlier state before the place, in messages.
        """
        own = self._own.stored(stored) if self._own else None
        if own is not None:
            return own
        state, journal, serial = stored.state, stored.journal, -1
        is_sealed = state is not None and is_sealed_state(state)
        if state is not None and is_sealed:
            state, serial = self._state(state, of + self.describe())
        else:
            self._key = None
            if self._encryption.required and state and state.strip(b"\0 \t\r\n"):
                hint = "if it is yours, one apply without `required` encrypts it"
                summary = f"{of}{self.describe()} is not encrypted, and state.encryption.required is set"
                raise problem(summary, hint, code=EXIT_REFUSED)
        if journal is not None and is_sealed_journal(journal):
            journal, whole = self._journal(journal, of + self.describe_journal())
            if not whole and not _changes(journal, serial):
                journal = unopened("its lines are of another journal") + b"\n" + journal
        elif journal is not None and is_sealed and _changes(journal, serial):
            journal = unopened("it is not encrypted, and the state is") + b"\n"
        return Stored(state, journal, stored)

    def _state(self, data: bytes, place: str) -> tuple[bytes, int]:
        """The state in an envelope, and its serial."""
        self._key = None
        try:
            envelope = read_sealed_state(data, place)
            key = data_key_of(envelope.wrapped, self._encryption, place=place)
            state = envelope.content(key)
        except Unopened as error:
            return unopened(str(error)), -1
        self._key = key
        return state, envelope.serial

    def _journal(self, data: bytes, place: str) -> tuple[bytes, bool]:
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
                    key = data_key_of(envelope.wrapped, self._encryption, place=place)
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

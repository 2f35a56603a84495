"""Encrypts what a backend stores: the guards above see contents in clear, and the backend below only sealed ones.

What seals and opens is imported for the first sealed content: most projects have none, and each command reads a state.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from novita_infra.model.diagnostics import EXIT_REFUSED, problem
from novita_infra.state.backend import (
    BackendAround,
    HeldLock,
    JournalWriter,
    OpenBackend,
    StateStorage,
    Stored,
    Version,
)
from novita_infra.state.encryption.marks import is_sealed_journal, is_sealed_state
from novita_infra.state.encryption.settings import Encryption
from novita_infra.state.store import LockHolder, LockRefused, StateLock

if TYPE_CHECKING:
    from novita_infra.state.encryption.data_keys import DataKey
    from novita_infra.state.encryption.sealing import SealingWriter


class EncryptedBackend(BackendAround):
    """Implements OpenBackend on any backend."""

    def __init__(self, backend: OpenBackend, encryption: Encryption) -> None:
        super().__init__(backend)
        self._encryption = encryption

    def storage(self, environment: str) -> EncryptedStorage:
        return EncryptedStorage(self._backend.storage(environment), self._encryption)

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

    def replace(self, state: bytes, stored: Stored, trail: bytes = b"", audit: bytes = b"") -> None:
        below, key = self._below(stored), self._key_to_write()
        if key is None:
            self._storage.replace(state, below, trail, audit)
            return
        from novita_infra.state.encryption.sealing import sealed_audit, sealed_contents  # noqa: PLC0415 -- see the module's docstring

        sealed, sealed_trail = sealed_contents(state, trail, stored, below, key)
        self._storage.replace(sealed, below, sealed_trail, sealed_audit(audit, key))
        self._key, self._own = key, None

    def begin(self, state: bytes, header: bytes, stored: Stored, audit: bytes = b"") -> JournalWriter:
        below, key = self._below(stored), self._key_to_write()
        if key is None:
            return self._storage.begin(state, header, below, audit)
        from novita_infra.state.encryption.sealing import begin_sealed  # noqa: PLC0415 -- likewise

        self._own = begin_sealed(self._storage, Stored(state, header), below, key, audit)
        self._key = key
        return self._own

    def try_lock(self, operation: str) -> StateLock | LockRefused:
        return self._storage.try_lock(operation)

    def lock_holder(self) -> LockHolder | None:
        return self._storage.lock_holder()

    def break_lock(self) -> LockHolder | None:
        return self._storage.break_lock()

    def read_audit(self) -> Sequence[tuple[str, bytes]]:
        parts = self._storage.read_audit()
        if not any(is_sealed_journal(data) for _, data in parts):
            return parts
        from novita_infra.state.encryption.sealing import opened_audit  # noqa: PLC0415 -- likewise

        return [(place, opened_audit(data, self._encryption, place)) for place, data in parts]

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
        from novita_infra.state.encryption.data_keys import new_data_key  # noqa: PLC0415 -- likewise

        return new_data_key(writing)

    def _opened(self, stored: Stored, *, of: str = "") -> Stored:
        """What is stored, in clear. What is damaged is `unopened`, so that the readers above report or repair it.

        `of` names an earlier state before the place, in messages.
        """
        own = self._own.stored(stored) if self._own else None
        if own is not None:
            return own
        state, journal, self._key = stored.state, stored.journal, None
        is_sealed = state is not None and is_sealed_state(state)
        if not is_sealed and self._encryption.required and state and state.strip(b"\0 \t\r\n"):
            hint = "if it is yours, one apply without `required` encrypts it"
            summary = f"{of}{self.describe()} is not encrypted, and state.encryption.required is set"
            raise problem(summary, hint, code=EXIT_REFUSED)
        if is_sealed or (journal is not None and is_sealed_journal(journal)):
            from novita_infra.state.encryption.sealing import opened_contents  # noqa: PLC0415 -- likewise

            places = of + self.describe(), of + self.describe_journal()
            state, journal, self._key = opened_contents(stored, self._encryption, *places)
        return Stored(state, journal, stored)

"""State and journal of one environment in one document of the server.

The protocol has no conditional write. So every write holds the lock and compares what is stored with what was read; a
server that knows the lock's id, such as GitLab, refuses the write of a run whose lock was taken away.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from novita_infra.model.diagnostics import EXIT_REFUSED, Problems, problem
from novita_infra.state.backend import REPAIR_HINT, Overtaken, StateStorage, Stored, Version
from novita_infra.state.backends.http.client import HttpClient, with_parameter
from novita_infra.state.backends.http.document import EarlierState, StateDocument, read_document, unpacked_part
from novita_infra.state.backends.http.locks import HttpLock, LockServer, note_in
from novita_infra.state.locks.lock_holders import holder_of, note_of_holder, process_exists
from novita_infra.state.store import LockHolder, LockRefused

_SERIAL: Final = re.compile(rb'"serial"\s{0,4}:\s{0,4}(\d{1,15})')
_KEPT: Final = 5
"""How many earlier states the document has. All of them are sent with every write."""


def fetched(client: HttpClient, address: str) -> bytes | None:
    """What is stored at the address; None if nothing is. Raises Problems."""
    answer = client.send("GET", address)
    if answer.status in {204, 404, 410} or (answer.is_done and not answer.body.strip()):
        return None
    if not answer.is_done:
        raise client.refusal(answer, address)
    return answer.body


class HttpStorage(StateStorage):
    """Implements StateStorage on a server."""

    def __init__(
        self,
        client: HttpClient,
        environment: str,
        state: tuple[str, str],
        lock: LockServer,
        *,
        appear: Callable[[], None] = lambda: None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`state` is the method that writes and the address. `appear` is called before the first lock or write."""
        self._client = client
        self._environment = environment
        self._method, self._address = state
        self._server = lock
        self._appear = appear
        self._now = now
        self._operation = "?"
        self._last: tuple[bytes, StateDocument] | None = None
        """The answer that was read last, and the document in it."""

    def describe(self) -> str:
        return self._server.place

    def describe_journal(self) -> str:
        return f"the journal in {self._server.place}"

    def restore_hint(self) -> str:
        return f"{REPAIR_HINT}; the server may keep earlier versions too, as GitLab does"

    def remains(self) -> str:
        return ""

    def read(self) -> Stored:
        document = self.document()
        return Stored(document.state, document.journal, document.mark)

    def read_damaged(self) -> Stored:
        data = fetched(self._client, self._address)
        document, is_damaged = self._salvaged(data)
        return Stored(data if is_damaged else document.state, document.journal, document.mark)

    def document(self) -> StateDocument:
        """What is stored now; an empty document if nothing is. Raises Problems."""
        return self._parsed(fetched(self._client, self._address))

    def _parsed(self, data: bytes | None) -> StateDocument:
        if data is None:
            return StateDocument(self._environment)
        if self._last is None or self._last[0] != data:
            self._last = data, read_document(data, self.describe(), self._environment)
        return self._last[1]

    def _salvaged(self, data: bytes | None) -> tuple[StateDocument, bool]:
        """The document, or what follows a damaged one: an empty one with its serial, if that is legible."""
        try:
            return self._parsed(data), False
        except Problems as problems:
            if data is None or problems.code == EXIT_REFUSED:  # it is another's
                raise
            serial = _SERIAL.search(data)
            mark = hashlib.sha256(data).hexdigest()
            return StateDocument(self._environment, int(serial[1] if serial else self._now()), mark=mark), True

    def replace(self, state: bytes, stored: Stored, trail: bytes = b"", audit: bytes = b"") -> None:
        with self._writing() as id:
            present = self._expected(stored)
            earlier = self._kept(present, stored, trail or None)
            self._put(present, id, state=state, journal=None, earlier=earlier, audit=present.audit_with(audit))

    def begin(self, state: bytes, header: bytes, stored: Stored, audit: bytes = b"") -> _DocumentWriter:
        with self._writing() as id:
            present = self._expected(stored)
            is_new = stored.state != state
            earlier = self._kept(present, stored, stored.journal) if is_new else present.earlier
            log = present.audit_with(audit)
            return _DocumentWriter(
                self, self._put(present, id, state=state, journal=header, earlier=earlier, audit=log)
            )

    def _kept(self, present: StateDocument, stored: Stored, trail: bytes | None) -> tuple[EarlierState, ...]:
        """The earlier states of the next document, with the present one and the journal that makes the next."""
        if stored.state is None:
            return present.earlier
        return (EarlierState(str(present.serial), self._now(), stored.state, trail), *present.earlier)[:_KEPT]

    def append(self, last: StateDocument, lines: bytes) -> StateDocument:
        """Adds lines to the journal of that document. Raises Problems if another run has written since."""
        with self._writing() as id:
            present = self.document()
            if present.mark != last.mark:
                raise self._taken_over()
            return self._put(present, id, journal=(present.journal or b"") + lines)

    def try_lock(self, operation: str) -> HttpLock | LockRefused:
        self._appear()
        lock = self._server.take(operation, self._now())
        if isinstance(lock, HttpLock):
            self._operation = operation
        return lock

    def lock_holder(self) -> LockHolder | None:
        """As StateStorage.lock_holder: who keeps a journal in the document, as the protocol shows no lock."""
        document = self.document()
        is_held = document.journal is not None and process_exists(document.writer) is not False
        return holder_of(document.writer) if is_held else None

    def break_lock(self) -> LockHolder | None:
        holder = self._server.holder()
        if holder is None:
            return None
        self._server.give_back(holder)
        return holder_of(note_in(holder)) or LockHolder()

    def read_audit(self) -> tuple[tuple[str, bytes], ...]:
        parts, place = self.document().audit, self.describe()
        return tuple(
            (f"part {number} of the audit log in {place}", unpacked_part(part, place))
            for number, part in enumerate(parts, start=1)
        )

    def versions(self) -> tuple[Version, ...]:
        return tuple(Version(item.id, item.at) for item in self.document().earlier)

    def read_version(self, version: Version) -> Stored:
        for item in self.document().earlier:
            if item.id == version.id:
                return Stored(item.state, item.trail)
        raise problem(f"{version.id} is not there any more", "novita-infra state history shows which are")

    @contextmanager
    def _writing(self) -> Iterator[str]:
        """Gives the id of the lock, which is taken for the time if this process does not hold it."""
        self._appear()
        if id := self._server.held_id():
            yield id
            return
        lock = self._server.take("write", self._now())
        if isinstance(lock, LockRefused):
            raise problem(lock.summary, lock.hint)
        try:
            yield lock.id
        finally:
            lock.release()

    def _expected(self, stored: Stored) -> StateDocument:
        """What is stored, if it is what was read. Raises Overtaken."""
        present, is_damaged = self._salvaged(fetched(self._client, self._address))
        if present.mark != stored.version:
            if is_damaged:
                self.read()  # says what is damaged
            raise Overtaken
        return present

    def _put(self, present: StateDocument, id: str, **changes: Any) -> StateDocument:
        """Writes the document with the changes; returns it. An answer that was lost is found by reading."""
        document = present.followed(note_of_holder(self._operation, self._now()), **changes)
        data, address = document.text(), with_parameter(self._address, "ID", id)

        def attempt(doubtful: bool) -> None:
            if doubtful and self.document().mark == document.mark:
                return
            answer = self._client.send_once(self._method, address, data)
            if answer.status in {409, 423}:
                if doubtful and self.document().mark == document.mark:
                    return
                raise self._taken_over()
            if not answer.is_done:
                raise self._client.refusal(answer, self._address)

        self._client.until_answered(attempt, self._address)
        self._last = data, document
        return document

    def _taken_over(self) -> Problems:
        return problem(
            f"the lock of {self.describe()} was taken away from this run; it stopped before its next call",
            "run the command again: it goes on from what is recorded",
            code=EXIT_REFUSED,
        )


class _DocumentWriter:
    """Implements JournalWriter: every append writes the whole document."""

    def __init__(self, storage: HttpStorage, document: StateDocument) -> None:
        self._storage = storage
        self._document: StateDocument | None = document

    def pause(self) -> None:
        """As JournalWriter.pause: a write of the whole document takes long enough by itself."""

    def append(self, lines: bytes) -> None:
        if self._document is None:
            place = self._storage.describe_journal()
            raise problem(f"{place} is closed", "this is a fault of novita-infra; report it")
        self._document = self._storage.append(self._document, lines)

    def close(self) -> None:
        self._document = None

"""Locks on the server: taking, giving back and taking away, with the lock information that Terraform sends."""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Mapping
from typing import Any, Final

from novita_infra import __version__
from novita_infra.encoding.json_text import parse_foreign_json
from novita_infra.model.clock import timestamp
from novita_infra.model.frozen import dataclass
from novita_infra.state.backends.http.client import HttpClient, ServerReply
from novita_infra.state.locks.lock_holders import locked_by, note_of_holder, process_exists, read_note
from novita_infra.state.store import LockRefused

_HELD: Final = frozenset({409, 423})
"""How a server says that another one holds the lock. GitLab says 409, the protocol 423."""
_HINT: Final = (
    "wait for its end, or give --lock-timeout; this server never ends a lock by itself: if that run is dead, "
    "novita-infra state lock break"
)
_OF_THIS_PROCESS: Final[dict[str, str]] = {}
"""The ids of the locks that this process holds, by their address: all storages of one environment write with them."""


@dataclass(frozen=True, slots=True)
class LockServer:
    """The lock of one environment."""

    client: HttpClient
    lock: tuple[str, str]
    """Method and address."""
    unlock: tuple[str, str]
    place: str
    """The place of the state, for messages."""

    def held_id(self) -> str:
        """The id of the lock that this process holds; empty if it holds none."""
        return _OF_THIS_PROCESS.get(self.lock[1], "")

    def take(self, operation: str, now: float) -> HttpLock | LockRefused:
        """The lock, or the reason why it cannot be had. Takes it over from a process of this machine that is dead."""
        info = self._information(operation, now)
        for _ in range(2):
            holder = self._ask(info)
            if holder is None:
                _OF_THIS_PROCESS[self.lock[1]] = info["ID"]
                return HttpLock(self, info)
            known = note_in(holder)
            if process_exists(known) is not False:
                break
            self.give_back(holder)
        return locked_by(known, self.place, hint=_HINT)

    def holder(self) -> Mapping[str, Any] | None:
        """The lock information of who holds the lock; None if it is free. Takes it for a moment if it is."""
        info = self._information("look", time.time())
        holder = self._ask(info)
        if holder is None:
            self.give_back(info)
        return holder

    def give_back(self, info: Mapping[str, Any]) -> None:
        """Ends the lock of that information. One that has ended already is no error."""
        method, address = self.unlock
        answer = self.client.send(method, address, json.dumps(dict(info)).encode())
        if not answer.is_done and answer.status not in {404, 410, *_HELD}:
            raise self.client.refusal(answer, address)

    def _information(self, operation: str, now: float) -> dict[str, str]:
        """The lock information of this process, as Terraform sends it."""
        note = note_of_holder(operation, now)
        return {
            "ID": str(uuid.uuid4()),
            "Operation": operation,
            "Info": json.dumps(note),
            "Who": f"{note['user']}@{note['host']}",
            "Version": __version__,
            "Created": timestamp(now),
            "Path": self.place,
        }

    def _ask(self, info: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Sends the request for the lock. None if it is ours, else the lock information of its holder."""
        method, address = self.lock
        answer = self.client.send(method, address, json.dumps(info).encode())
        if answer.is_done:
            return None
        if answer.status not in _HELD:
            hint = f"it must know {method}: check state.lockAddress and state.lockMethod"
            raise self.client.refusal(answer, address, hint=hint if answer.status in {400, 404, 405, 501} else "")
        holder = lock_information(answer)
        return None if holder.get("ID") == info["ID"] else holder  # an answer that was lost before


@dataclass(frozen=True, slots=True)
class HttpLock:
    """A lock that this process holds."""

    server: LockServer
    info: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Its id, with which the state is written."""
        return str(self.info["ID"])

    def release(self) -> None:
        """Gives it back."""
        if self.server.held_id() == self.id:
            _OF_THIS_PROCESS.pop(self.server.lock[1], None)
        self.server.give_back(self.info)


def note_in(holder: Mapping[str, Any]) -> dict[str, Any]:
    """The note of the holder in its lock information; that of a Terraform is made of its own words."""
    note = dict(read_note(str(holder.get("Info") or "").encode()))
    if "operation" in note:
        return note
    user, _, host = str(holder.get("Who") or "?").partition("@")
    operation = re.sub(r"^OperationType", "", str(holder.get("Operation") or "?")).lower()
    return {"operation": operation, "user": user, "host": host or "?", "since": str(holder.get("Created") or "?")}


def lock_information(answer: ServerReply) -> dict[str, Any]:
    """The lock information in a refusal; empty if there is none."""
    try:
        content = parse_foreign_json(answer.body)
        content = parse_foreign_json(content) if isinstance(content, str) else content  # as text inside of JSON
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}

"""The one document that the protocol knows for an environment: its state, its journal, and the last states.

`serial` and `lineage` at its top are for the server: GitLab takes a document only with a serial that is new to it.
"""

from __future__ import annotations

import base64
import gzip
import json
import secrets
import uuid
import zlib
from collections.abc import Mapping
from dataclasses import field, replace
from typing import Any, Final

from novita_infra.encoding.json_text import parse_foreign_json
from novita_infra.model.clock import LAST_MOMENT
from novita_infra.model.diagnostics import EXIT_REFUSED, Problems, problem
from novita_infra.model.frozen import dataclass

_FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class EarlierState:
    """A state that was replaced."""

    id: str
    """Its name: the serial of the last document that had it."""
    at: float
    """The time at which it was replaced, in Unix seconds."""
    state: bytes
    trail: bytes | None
    """The journal that makes the next state of it."""


@dataclass(frozen=True, slots=True)
class StateDocument:
    """What is stored for an environment."""

    environment: str
    serial: int = 0
    """Rises with every write."""
    lineage: str = ""
    """A random name that all documents of an environment share."""
    mark: str = ""
    """A random name of this document: two writers never write the same."""
    writer: Mapping[str, Any] = field(default_factory=dict)
    """Who wrote it."""
    state: bytes | None = None
    journal: bytes | None = None
    earlier: tuple[EarlierState, ...] = ()
    """The states before this one, the newest first."""
    audit: tuple[Any, ...] = ()
    """The parts of the audit log as they are sent: they are packed once, and unpacked for who reads the log."""
    environments: tuple[str, ...] = ()
    """In the list of environments: their names."""

    def followed(self, writer: Mapping[str, Any], **changes: Any) -> StateDocument:
        """The next document."""
        return replace(
            self,
            serial=self.serial + 1,
            lineage=self.lineage or str(uuid.uuid4()),
            mark=secrets.token_hex(8),
            writer=writer,
            **changes,
        )

    def audit_with(self, lines: bytes) -> tuple[Any, ...]:
        """The audit log with one more part, if there are lines."""
        return (*self.audit, _packed(lines)) if lines else self.audit

    def text(self) -> bytes:
        """The document as it is sent."""
        content = {
            "serial": self.serial,
            "lineage": self.lineage,
            "format": _FORMAT,
            "environment": self.environment,
            "mark": self.mark,
            "writer": dict(self.writer),
            "state": _encoded(self.state),
            "journal": _encoded(self.journal),
            "earlier": [
                {"id": item.id, "at": item.at, "state": _packed(item.state), "trail": _packed(item.trail)}
                for item in self.earlier
            ],
            "audit": list(self.audit),
            "environments": list(self.environments),
        }
        return json.dumps({name: value for name, value in content.items() if value not in (None, [])}).encode()


def read_document(data: bytes, place: str, environment: str = "") -> StateDocument:
    """The document in the bytes. Raises Problems for what is none, and for that of another environment."""
    try:
        content = parse_foreign_json(data)
    except (ValueError, RecursionError):
        content = None
    if isinstance(content, dict) and "terraform_version" in content:
        raise problem(
            f"{place} holds a state of Terraform",
            "write another address under state: in novita-infra.yaml",
            code=EXIT_REFUSED,
        )
    match content:
        case {"serial": int(serial), "lineage": str(lineage), "format": 1, "environment": str(name), "mark": str(mark)}:
            pass
        case {"format": int(number)} if number > _FORMAT:
            raise problem(f"{place} has format {number}, and this novita-infra knows format 1", "use a newer one")
        case _:
            raise _damaged(place)
    if environment and name != environment:
        raise problem(
            f"{place} holds the state of the environment {name}, not of {environment}",
            "put {environment} into all addresses under state: in novita-infra.yaml",
            code=EXIT_REFUSED,
        )
    writer, earlier, listed = content.get("writer"), content.get("earlier"), content.get("environments")
    audit = content.get("audit")
    return StateDocument(
        environment=name,
        serial=serial,
        lineage=lineage,
        mark=mark,
        writer=writer if isinstance(writer, dict) else {},
        state=_decoded(content.get("state"), place),
        journal=_decoded(content.get("journal"), place),
        earlier=tuple(_earlier(item, place) for item in earlier) if isinstance(earlier, list) else (),
        audit=tuple(audit) if isinstance(audit, list) else (),
        environments=tuple(item for item in listed if isinstance(item, str)) if isinstance(listed, list) else (),
    )


def _earlier(content: Any, place: str) -> EarlierState:
    match content:
        case {"id": str(id), "at": int() | float() as at, "state": state} if 0 <= at <= LAST_MOMENT:
            data = _decoded(state, place)
            if data is not None:
                return EarlierState(id, float(at), data, _decoded(content.get("trail"), place))
    raise _damaged(place)


def _encoded(data: bytes | None) -> str | dict[str, str] | None:
    """The bytes as text where they are text, else in base64."""
    if data is None:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode()}


def _packed(data: bytes | None) -> dict[str, str] | None:
    """The bytes compressed: nobody reads earlier states on the server."""
    return None if data is None else {"gzip": base64.b64encode(gzip.compress(data, mtime=0)).decode()}


def unpacked_part(part: Any, place: str) -> bytes:
    """A part of the audit log. One that is damaged becomes a line that no reader accepts."""
    try:
        return _decoded(part, place) or b"missing\n"
    except Problems:
        return b"damaged\n"


def _decoded(value: Any, place: str) -> bytes | None:
    try:
        match value:
            case None:
                return None
            case str():
                return value.encode()
            case {"base64": str(text)}:
                return base64.b64decode(text, validate=True)
            case {"gzip": str(text)}:
                return gzip.decompress(base64.b64decode(text, validate=True))
    except (ValueError, OSError, EOFError, zlib.error):
        pass
    raise _damaged(place)


def _damaged(place: str) -> Problems:
    return problem(
        f"{place} is damaged, or holds something else than a state of novita-infra",
        "look at it with the tools of the server, which may keep earlier versions; GitLab does",
    )

"""ASGI middleware that writes a log of requests and answers, as HAR 1.2 or as JSON lines.

Secrets are redacted before anything is written. The file is complete after every answer, also after one that found no
room on the disk: then the recording ends, and the server goes on.
"""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Callable, Iterable, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from novita_infra.simulator.http import redaction

KEPT: Final = 1024 * 1024
"""The largest body in bytes that the log holds. For a longer one it holds the size only."""
_PHRASES: Final = {status.value: status.phrase for status in HTTPStatus}
_TAIL: Final = b"\n]}}\n"


class WritableFile(Protocol):
    """A file without a buffer. A write may take a part only."""

    def write(self, data: bytes, /) -> int | None: ...
    def seek(self, offset: int, whence: int = 0, /) -> int: ...
    def truncate(self, size: int, /) -> int: ...
    def close(self) -> None: ...


class Log(Protocol):
    """A log of exchanges."""

    def write(self, entry: dict[str, Any]) -> None:
        """Adds an entry in the shape of HAR 1.2. On return the entry is in the file.

        Raises OSError; the file then holds the entries before.
        """

    def close(self) -> None:
        """Closes the file."""


def open_log(path: Path, *, creator: tuple[str, str]) -> Log:
    """A log in a file for its owner alone: JSON lines if its name ends in .jsonl, else HAR. Raises OSError.

    `creator` is the name and version of the program, which HAR requires.
    """
    # Without a buffer: one that could not be written would be tried again when the file is closed.
    file = open(path, "wb", buffering=0, opener=_open_private)  # noqa: SIM115 -- Path.open has no opener; the log closes it
    return JsonLinesLog(file) if path.suffix == ".jsonl" else HarLog(file, creator=creator)


def _open_private(path: str, flags: int) -> int:
    file = os.open(path, flags, 0o600)
    about = os.fstat(file)
    if stat.S_ISREG(about.st_mode) and about.st_uid == os.geteuid():
        os.fchmod(file, 0o600)
    return file


class JsonLinesLog:
    """A log with one entry on each line."""

    def __init__(self, file: WritableFile) -> None:
        self._file = file
        self._length = 0

    def write(self, entry: dict[str, Any]) -> None:
        line = _text(entry) + b"\n"
        try:
            _write(self._file, line)
        except OSError:
            with suppress(OSError):  # a pipe has no length
                self._file.truncate(self._length)
            raise
        self._length += len(line)

    def close(self) -> None:
        self._file.close()


class HarLog:
    """A log as one HAR document. It is completed after every entry, so that a killed process leaves a valid one."""

    def __init__(self, file: WritableFile, *, creator: tuple[str, str]) -> None:
        self._file = file
        self._entries = 0
        name, version = creator
        head = {"version": "1.2", "creator": {"name": name, "version": version}}
        _write(file, b'{"log":' + _text(head)[:-1] + b',"entries":[' + _TAIL)

    def write(self, entry: dict[str, Any]) -> None:
        end = self._file.seek(-len(_TAIL), 2)
        try:
            _write(self._file, (b",\n" if self._entries else b"\n") + _text(entry) + _TAIL)
        except OSError:
            with suppress(OSError):
                self._file.seek(end)
                _write(self._file, _TAIL)  # there was room for it
                self._file.truncate(end + len(_TAIL))
            raise
        self._entries += 1

    def close(self) -> None:
        self._file.close()


class Recorder:
    """Middleware that writes every exchange into a log, except those below `/_sim`, which are no part of the API.

    The first exchange that cannot be written ends the recording; `on_failure` gets the reason.
    """

    def __init__(
        self,
        app: ASGIApp,
        log: Log,
        *,
        now: Callable[[], float] = time.time,
        on_failure: Callable[[OSError], None] = lambda _: None,
    ) -> None:
        self._app = app
        self._log = log
        self._now = now
        self._on_failure = on_failure
        self._ended = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._ended or scope["type"] != "http" or scope["path"].startswith("/_sim"):
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(began=self._now())

        async def hear() -> Message:
            message = await receive()
            if message["type"] == "http.request":
                exchange.request.add(message.get("body", b""))
            return message

        async def say(message: Message) -> None:
            exchange.note(message, self._now())
            await send(message)

        try:
            await self._app(scope, hear, say)
        finally:
            exchange.ended = self._now()
            self._write(_entry(scope, exchange))

    def _write(self, entry: dict[str, Any]) -> None:
        if self._ended:  # while this exchange was under way
            return
        try:
            self._log.write(entry)
        except OSError as error:
            self._ended = True
            self._on_failure(error)


@dataclass(slots=True)
class _Body:
    """A body up to the limit, and its size in bytes."""

    kept: bytearray = field(default_factory=bytearray)
    size: int = 0

    def add(self, piece: bytes) -> None:
        self.size += len(piece)
        if self.size <= KEPT:
            self.kept += piece
        else:
            self.kept.clear()


@dataclass(slots=True)
class _Exchange:
    """A request and its answer. Times are Unix seconds."""

    began: float
    answered: float = 0.0
    ended: float = 0.0
    request: _Body = field(default_factory=_Body)
    response: _Body = field(default_factory=_Body)
    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    whole: bool = False

    def note(self, message: MutableMapping[str, Any], at: float) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers, self.answered = message["status"], _decoded(message["headers"]), at
        elif message["type"] == "http.response.body":
            self.response.add(message.get("body", b""))
            self.whole = not message.get("more_body", False)


def _entry(scope: Scope, exchange: _Exchange) -> dict[str, Any]:
    wait = _milliseconds(exchange.began, exchange.answered or exchange.ended)
    receive = _milliseconds(exchange.answered or exchange.ended, exchange.ended)
    entry = {
        "startedDateTime": datetime.fromtimestamp(exchange.began, UTC).isoformat(timespec="milliseconds"),
        "time": round(wait + receive, 3),
        "request": _request(scope, exchange.request),
        "response": _response(scope, exchange),
        "cache": {},
        "timings": {"send": 0, "wait": wait, "receive": receive},
    }
    if not exchange.whole:
        entry["comment"] = "the answer broke off" if exchange.status else "no answer came"
    return entry


def _request(scope: Scope, body: _Body) -> dict[str, Any]:
    headers = _decoded(scope["headers"])
    raw = scope["query_string"].decode("latin-1")
    query = redaction.redact_query(parse_qsl(raw, keep_blank_values=True))
    host = next((value for name, value in headers if name == "host"), "")
    path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    query_text = "&".join(f"{name}={value}" for name, value in query)
    request = {
        "method": scope["method"],
        "url": f"{scope.get('scheme', 'http')}://{host}{path}" + (f"?{query_text}" if query_text else ""),
        "httpVersion": f"HTTP/{scope.get('http_version', '1.1')}",
        "cookies": [],
        "headers": _pairs(redaction.redact_headers(headers)),
        "queryString": _pairs(query),
        "headersSize": -1,
        "bodySize": body.size,
    }
    if body.size:
        request["postData"] = {"mimeType": _media(headers), "params": [], **_content(body, _media(headers))}
    return request


def _response(scope: Scope, exchange: _Exchange) -> dict[str, Any]:
    media = _media(exchange.headers)
    return {
        "status": exchange.status,
        "statusText": _PHRASES.get(exchange.status, ""),
        "httpVersion": f"HTTP/{scope.get('http_version', '1.1')}",
        "cookies": [],
        "headers": _pairs(redaction.redact_headers(exchange.headers)),
        "content": {"size": exchange.response.size, "mimeType": media, **_content(exchange.response, media)},
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": exchange.response.size,
    }


def _content(body: _Body, media: str) -> dict[str, str]:
    """The body as redacted text. A body that is not text is left out."""
    if body.size > KEPT:
        return {"text": "", "comment": f"left out: longer than {KEPT} bytes"}
    if media.startswith("multipart/"):
        return {"text": "", "comment": "left out: a file"}
    try:
        return {"text": redaction.redact_body(body.kept.decode("utf-8"))}
    except UnicodeDecodeError:
        return {"text": "", "comment": "left out: not text"}


def _media(headers: Iterable[tuple[str, str]]) -> str:
    return next((value for name, value in headers if name.lower() == "content-type"), "")


def _decoded(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]


def _pairs(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def _write(file: WritableFile, data: bytes) -> None:
    """Writes all of the data. Raises OSError."""
    left = memoryview(data)
    while left:
        left = left[file.write(bytes(left)) or 0 :]


def _milliseconds(begin: float, end: float) -> float:
    return round(max(0.0, end - begin) * 1000, 3)


def _text(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")

"""The check of an input before its upload: line by line, with all errors at once (guides/llm-batch-api).

The service names one error of a file, minutes after its upload.
"""

from __future__ import annotations

import codecs
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from novita_infra.batches.batches import CHAT, COMPLETIONS, ENDPOINTS
from novita_infra.batches.estimates import RequestSizes
from novita_infra.batches.transfers import InputContent, unmoved
from novita_infra.encoding.json_text import parse_json
from novita_infra.model.addresses import Origin
from novita_infra.model.diagnostics import Diagnostic, Problems, nearest, problem, reason
from novita_infra.model.frozen import dataclass

MOST_LINES: Final = 50_000
MOST_BYTES: Final = 100 * 1024 * 1024
"""Of an input (guides/llm-batch-api)."""
LONGEST_LINE: Final = 16 * 1024 * 1024
"""Bytes of a line that are read at once. No page has a limit of its own for a line."""
MOST_SHOWN: Final = 20
"""The errors of a file that are shown; the others are counted."""
KEYS: Final = ("custom_id", "body", "method", "url")
_REPORT: Final = 1000
"""Lines between two reports of progress."""
_EXAMPLE: Final = '{"custom_id": "1", "body": {"model": "...", "messages": [...]}}'
_TABLES: Final = {".csv": "table", ".json": "list of rows"}
"""What files with these endings hold."""
_ROWS: Final = (
    "name it in `input.data` of a Batch, whose `template` makes a request of each row; "
    "`novita-infra validate` checks it"
)
_ASKS: Final = {CHAT: "messages", COMPLETIONS: "prompt"}
"""The field of a body that each endpoint needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedInput:
    """An input without an error."""

    content: InputContent
    lines: int
    """Its requests."""
    model: str
    """The model that all of them name."""
    endpoint: str
    """What all of them call, such as `/v1/chat/completions`."""
    sizes: RequestSizes


def check_input(path: Path, *, moved: Callable[[int], object] = unmoved) -> CheckedInput:
    """Checks a JSONL file. Takes the same memory for each size, but for a digest of each `custom_id`.

    `moved` gets the bytes that are checked. Raises Problems: every error with its line, the first MOST_SHOWN of them.
    """
    try:
        with path.open("rb") as file:
            checking = _Checking(path)
            checking.run(file, moved)
    except OSError as error:
        raise problem(f"{path} cannot be read: {reason(error)}", "name a JSONL file") from None
    return checking.result()


def check_lines(lines: Iterator[bytes], path: Path) -> CheckedInput:
    """The same check of lines that a program makes, each with its end; the path stands for them in messages."""
    checking = _Checking(path)
    checking.run(_MadeLines(lines), unmoved)
    return checking.result()


class _Readable(Protocol):
    """What is read line by line."""

    def readline(self, most: int, /) -> bytes: ...


class _MadeLines:
    """Lines that a program makes, read as those of a file."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines

    def readline(self, _: int, /) -> bytes:
        """The next line; empty at the end."""
        return next(self._lines, b"")


class _Checking:
    """The check of one file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._digest = hashlib.sha256()
        self._bytes = 0
        self._lines = 0
        self._seen: dict[bytes, int] = {}
        """The line of each `custom_id`, by its digest: a long id takes no more memory than a short one."""
        self._model = ""
        self._endpoint = ""
        self._first: dict[str, int] = {}
        """The line that was the first to name the model, and the endpoint."""
        self._sizes = RequestSizes()
        self._errors: list[Diagnostic] = []
        self._count = 0

    def run(self, file: _Readable, moved: Callable[[int], object]) -> None:
        """Reads the whole file."""
        for number, line in enumerate(self._pieces(file), 1):
            self._lines = number
            if number == 1 and self._is_table(line):
                return
            if number <= MOST_LINES:
                self._line(number, line)
            if not number % _REPORT:
                moved(self._bytes)
        moved(self._bytes)
        if self._lines > MOST_LINES:
            self._error(MOST_LINES + 1, f"the file has {self._lines:,} lines", f"a batch has at most {MOST_LINES:,}")
        if self._bytes > MOST_BYTES:
            size = f"the file has {self._bytes / 2**20:,.1f} MB"
            self._error(self._lines, size, "a batch has at most 100 MB: divide it")
        if not self._lines:
            self._error(1, "the file is empty", f"each line is a request: {_EXAMPLE}")

    def result(self) -> CheckedInput:
        """The checked input. Raises Problems."""
        if self._errors:
            left = self._count - len(self._errors)
            more = [Diagnostic(f"{self._path}: {left:,} more errors", "mend these first")] if left else []
            raise Problems([*self._errors, *more])
        return CheckedInput(
            content=InputContent(path=self._path, bytes=self._bytes, digest=self._digest.hexdigest()),
            lines=self._lines,
            model=self._model,
            endpoint=self._endpoint,
            sizes=self._sizes,
        )

    def _pieces(self, file: _Readable) -> Iterator[bytes]:
        """The lines without their ends; of one that is too long, its begin."""
        while line := file.readline(LONGEST_LINE + 1):
            self._take(line)
            rest = line
            while len(rest) > LONGEST_LINE and not rest.endswith(b"\n"):
                rest = file.readline(LONGEST_LINE + 1)
                self._take(rest)
            yield line

    def _take(self, data: bytes) -> None:
        self._digest.update(data)
        self._bytes += len(data)

    def _line(self, number: int, line: bytes) -> None:
        if len(line) > LONGEST_LINE:
            self._error(number, "the line is longer than 16 MB", "shorten the request")
            return
        if not line.strip():
            self._error(number, "the line is blank", "remove it: each line is a request")
            return
        if line.startswith(codecs.BOM_UTF8):
            self._error(number, "the line begins with a byte order mark", "write the file as UTF-8 without it")
            return
        try:
            request = parse_json(line.rstrip(b"\r\n"))
        except json.JSONDecodeError as error:
            text = f"no JSON: {error.msg.lower()}" if error.msg[:1].isupper() else f"no JSON: {error.msg}"
            self._error(number, text, f"each line is one object: {_EXAMPLE}", column=error.colno)
            return
        except ValueError as error:
            words = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
            self._error(number, f"no JSON: {words}", f"each line is one object: {_EXAMPLE}")
            return
        if not isinstance(request, Mapping):
            self._error(number, "the line is no object", f"each line is one object: {_EXAMPLE}")
            return
        self._id(number, request)
        self._body(number, request)
        self._call(number, request)

    def _is_table(self, line: bytes) -> bool:
        """Whether the first line shows that the file holds rows and no requests, which is one error."""
        ending = self._path.suffix.lower()
        if ending not in _TABLES or line.lstrip().startswith(b"{"):
            return False
        self._error(1, f"the file is a {_TABLES[ending]}, and no JSON Lines of requests", _ROWS)
        return True

    def _id(self, number: int, request: Mapping[str, Any]) -> None:
        id = request.get("custom_id")
        if "custom_id" not in request:
            others = [name for name in request if name not in KEYS]
            near = next((name for name in others if nearest(name, KEYS).startswith("did")), "")
            hint = f'"{_short(near)}" is no key of a request' if near else 'give each request its own: "custom_id": "1"'
            self._error(number, "custom_id is missing", hint)
        elif not isinstance(id, str) or not id:
            self._error(number, f"custom_id is {_kind(id)}", "it is a text that no other line has")
        else:
            key = hashlib.blake2b(id.encode(), digest_size=16).digest()
            first = self._seen.setdefault(key, number)
            if first != number:
                self._error(number, f'custom_id "{_short(id)}" stands in line {first}, too', "no two lines have one")

    def _body(self, number: int, request: Mapping[str, Any]) -> None:
        body = request.get("body")
        if not isinstance(body, Mapping):
            missing = "body is missing" if "body" not in request else f"body is {_kind(body)}"
            self._error(number, missing, "it is the object that the endpoint takes, with its model")
            return
        model = body.get("model")
        if not isinstance(model, str) or not model:
            missing = "body.model is missing" if "model" not in body else f"body.model is {_kind(model)}"
            self._error(number, missing, "each request names the model, such as deepseek/deepseek-v3-0324")
        elif self._is_first("model", number):
            self._model = model
        elif model != self._model:
            first = f'that of line {self._first["model"]} is "{_short(self._model)}"'
            self._error(number, f'body.model is "{_short(model)}"', f"{first}, and all requests of a batch have one")
        self._sizes = self._sizes.with_request(body)

    def _call(self, number: int, request: Mapping[str, Any]) -> None:
        method, url, body = request.get("method", "POST"), request.get("url"), request.get("body")
        if method != "POST":
            self._error(number, f"method is {_named(method)}", 'it is "POST", or left out')
        if "url" in request and url not in ENDPOINTS:
            self._error(number, f"url is {_named(url)}", f"it is one of {', '.join(ENDPOINTS)}, or left out")
            return
        if not isinstance(body, Mapping):
            return
        meant = [endpoint for endpoint, field in _ASKS.items() if field in body]
        endpoint = url or (meant[0] if len(meant) == 1 else "")
        if not endpoint:
            what = "both messages and prompt" if meant else "neither messages nor prompt"
            self._error(number, f"body has {what}", f"messages are for {CHAT}, a prompt is for {COMPLETIONS}")
        elif endpoint not in meant:
            self._error(number, f"body.{_ASKS[endpoint]} is missing", f"{endpoint} needs it")
        elif self._is_first("endpoint", number):
            self._endpoint = endpoint
        elif endpoint != self._endpoint:
            first = f"line {self._first['endpoint']} is for {self._endpoint}"
            self._error(number, f"the request is for {endpoint}", f"{first}, and a batch has one endpoint")

    def _is_first(self, what: str, number: int) -> bool:
        return self._first.setdefault(what, number) == number

    def _error(self, number: int, summary: str, hint: str, *, column: int = 1) -> None:
        self._count += 1
        if len(self._errors) < MOST_SHOWN:
            place = Origin(str(self._path), number, column)
            self._errors.append(Diagnostic(summary, hint, origin=place, data=True))


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"


def _named(value: Any) -> str:
    return f'"{_short(value)}"' if isinstance(value, str) else _kind(value)


def _kind(value: Any) -> str:
    """What a value of the wrong type is."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "an empty text" if not value else "a text"
        case list():
            return "a list"
        case _:
            return "an object"

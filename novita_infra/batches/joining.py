"""The results of a batch beside its requests, in the order of the input.

The order of results is not promised, and those that failed are in a file of their own (models.md: Output). Only where
each result stands is kept in memory.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import field
from pathlib import Path
from typing import Any, BinaryIO, Final

from novita_infra.api.json_values import int_of, object_of, text_of
from novita_infra.batches.errors import CommonErrors
from novita_infra.batches.transfers import replaced_file, unmoved
from novita_infra.encoding.json_text import parse_foreign_json
from novita_infra.model.concurrency import with_turns
from novita_infra.model.diagnostics import problem, reason
from novita_infra.model.frozen import dataclass

COMPLETED: Final = "completed"
FAILED: Final = "failed"
MISSING: Final = "missing"
MOST_NAMED: Final = 20
"""The ids of each trouble that are named; all of them are counted."""
_REPORT: Final = 500
_GOOD: Final = range(200, 300)


@dataclass(frozen=True, slots=True)
class NamedIds:
    """Ids with a trouble: how many, and the first of them."""

    count: int = 0
    first: tuple[str, ...] = ()

    def and_one(self, id: str) -> NamedIds:
        """These and one more."""
        return NamedIds(self.count + 1, (*self.first, id) if len(self.first) < MOST_NAMED else self.first)


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinedResults:
    """What became of the requests of a batch."""

    requests: int = 0
    completed: int = 0
    failed: int = 0
    missing: NamedIds = field(default_factory=NamedIds)
    """Requests without any result: those that a batch had no time for."""
    duplicated: NamedIds = field(default_factory=NamedIds)
    """Ids with several results, of which the first counts."""
    unknown: NamedIds = field(default_factory=NamedIds)
    """Ids of results that no request has."""
    unreadable: int = 0
    """Lines of the results that are no JSON objects with an id."""
    input_tokens: int = 0
    """The tokens of the requests that were answered, by the `usage` in their answers."""
    output_tokens: int = 0
    into: Path = field(default=Path(), compare=False)
    """The file that was written."""
    digest: str = field(default="", compare=False)
    """Its SHA-256, in hex."""
    errors: CommonErrors = field(default_factory=CommonErrors, compare=False)
    """What the requests failed with."""


def input_rows(path: Path) -> Iterator[tuple[str, Any]]:
    """The requests of an input by their ids, in their order. A line that is none is left out. Raises Problems."""
    try:
        with path.open("rb") as file:
            for line in file:
                row = _object(line)
                if id := text_of(row.get("custom_id")):
                    yield id, row.get("body")
    except OSError as error:
        raise problem(f"{path} cannot be read: {reason(error)}", "name the file that was uploaded") from None


async def join_results(
    rows: Iterable[tuple[str, Any]],
    results: Iterable[Path],
    into: Path,
    *,
    unanswered: Path | None = None,
    seen: Callable[[Mapping[str, Any]], object] = lambda _: None,
    moved: Callable[[int], object] = unmoved,
) -> JoinedResults:
    """Writes a line for each row: its id, the row, what became of it, and the answer. `results` may be in any order.

    The file takes its place when it is whole, durably; without any answer, it takes that of `unanswered`. `seen` gets
    each result, and `moved` the rows that are joined. Other tasks of the event loop go on meanwhile. Raises Problems.
    """
    return await with_turns(_join(rows, results, into, unanswered=unanswered or into, seen=seen, moved=moved))


def _join(
    rows: Iterable[tuple[str, Any]],
    results: Iterable[Path],
    into: Path,
    *,
    unanswered: Path,
    seen: Callable[[Mapping[str, Any]], object],
    moved: Callable[[int], object],
) -> Generator[None, None, JoinedResults]:
    """`join_results`, which yields each time it has done a piece."""
    with ExitStack() as stack:
        try:
            places = _Places(seen)
            yield from places.index(stack.enter_context(path.open("rb")) for path in results)
        except OSError as error:
            raise problem(f"the results cannot be read: {reason(error)}", "download them again") from None
        into = into if places.answers else unanswered
        file = stack.enter_context(replaced_file(into))
        counts, missing, requests, sent, made = {COMPLETED: 0, FAILED: 0}, NamedIds(), 0, 0, 0
        digest, errors = hashlib.sha256(), CommonErrors()
        for requests, (id, row) in enumerate(rows, 1):
            result = places.take(id)
            if result is None:
                missing = missing.and_one(id)
            joined = _joined(id, row, result)
            if result is not None:
                counts[joined["status"]] += 1
                usage = object_of(object_of(joined["response"]).get("usage"))
                sent += int_of(usage.get("prompt_tokens"), 0) or 0
                made += int_of(usage.get("completion_tokens"), 0) or 0
                if joined["status"] == FAILED:
                    errors.add(result)
            line = json.dumps(joined, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
            digest.update(line)
            file.write(line)
            if not requests % _REPORT:
                moved(requests)
                yield
        moved(requests)
        unknown = places.left()
    return JoinedResults(
        requests=requests,
        completed=counts[COMPLETED],
        failed=counts[FAILED],
        missing=missing,
        duplicated=places.duplicated,
        unknown=unknown,
        unreadable=places.unreadable,
        input_tokens=sent,
        output_tokens=made,
        into=into,
        digest=digest.hexdigest(),
        errors=errors,
    )


def is_answered(result: Mapping[str, Any]) -> bool:
    """Whether a line of results is an answer, and no error. An object without an id is none."""
    status = int_of(object_of(result.get("response")).get("status_code"))
    return bool(result.get("custom_id")) and not result.get("error") and (status is None or status in _GOOD)


class _Places:
    """Where the result of each id stands."""

    def __init__(self, seen: Callable[[Mapping[str, Any]], object]) -> None:
        self._seen = seen
        self._files: list[BinaryIO] = []
        self._places: dict[bytes, int] = {}
        """By the digest of the id, the number of the file and the offset in it, as one number."""
        self.duplicated = NamedIds()
        self.unreadable = 0
        self.answers = 0
        """The results that are answers."""

    def index(self, files: Iterable[BinaryIO]) -> Iterator[None]:
        """Reads the files to their end; yields each time it has read a piece."""
        for file in files:
            yield from self._index(len(self._files), file)
            self._files.append(file)

    def take(self, id: str) -> dict[str, Any] | None:
        """The result of the id, once; None without one."""
        place = self._places.pop(_digest(id), None)
        if place is None:
            return None
        number, offset = place % _FILES, place // _FILES
        self._files[number].seek(offset)
        return _object(self._files[number].readline())

    def left(self) -> NamedIds:
        """The ids that nobody took."""
        found = NamedIds()
        for place in self._places.values():
            if len(found.first) == MOST_NAMED:
                return NamedIds(len(self._places), found.first)
            self._files[place % _FILES].seek(place // _FILES)
            found = found.and_one(text_of(_object(self._files[place % _FILES].readline()).get("custom_id")))
        return found

    def _index(self, number: int, file: BinaryIO) -> Iterator[None]:
        offset = 0
        for count, line in enumerate(file, 1):
            if line.strip():
                result = _object(line)
                self._seen(result)
                self.answers += is_answered(result)
                id = text_of(result.get("custom_id"))
                if not id:
                    self.unreadable += 1
                elif self._places.setdefault(_digest(id), offset * _FILES + number) != offset * _FILES + number:
                    self.duplicated = self.duplicated.and_one(id)
            offset += len(line)
            if not count % _REPORT:
                yield


_FILES: Final = 16
"""More than the files of a batch: the results and the errors."""


def _joined(id: str, row: Any, result: dict[str, Any] | None) -> dict[str, Any]:
    """The line of one request."""
    response = object_of((result or {}).get("response"))
    status = int_of(response.get("status_code"))
    return {
        "custom_id": id,
        "request": row,
        "status": MISSING if result is None else COMPLETED if is_answered(result) else FAILED,
        "status_code": status,
        "response": response.get("body"),
        "error": (result or {}).get("error") or None,
    }


def _object(line: bytes) -> dict[str, Any]:
    """The JSON object of a line; an empty one if it is none."""
    try:
        value = parse_foreign_json(line)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _digest(id: str) -> bytes:
    return hashlib.blake2b(id.encode(), digest_size=16).digest()

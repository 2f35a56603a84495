"""The file of the results as it is on the disk, and how a new input differs from that which it answers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from novita_infra.api.errors import NotFound
from novita_infra.api.json_values import object_of, text_of
from novita_infra.batches.files import file_request
from novita_infra.encoding.json_text import parse_foreign_json
from novita_infra.kinds.batch.fields import DIGEST, RESULTS_DIGEST
from novita_infra.kinds.batch.inputs import requests_of
from novita_infra.kinds.job import JobRun
from novita_infra.model.concurrency import with_turns
from novita_infra.model.diagnostics import Problems
from novita_infra.model.frozen import dataclass
from novita_infra.model.records import Record
from novita_infra.model.resources import WrittenFile
from novita_infra.model.values import Spec

_PIECE: Final = 500
"""Lines that are read at once."""
_MADE_BY: Final = ("model", "endpoint")


async def look_at_results(run: JobRun, record: Record | None, spec: Spec) -> WrittenFile | None:
    """The file that the results of a spec are written to; None where it names none.

    Asks the API only whether it still keeps the results, where the file is not what was written. Raises ApiError.
    """
    target = spec.get("results")
    if not isinstance(target, str):
        return None
    path = run.folder / target
    rows, digest = await with_turns(_read(path))
    outputs, recorded = (record.outputs, record.spec) if record is not None else ({}, {})
    written = text_of(outputs.get(RESULTS_DIGEST)) if recorded.get("results") == target else ""
    differs = object_of(spec.get("input")).get(DIGEST) != object_of(recorded.get("input")).get(DIGEST)
    if written and digest != written and not differs:
        lost = f"{target} was deleted" if rows is None else f"{target} is not what was written"
        return WrittenFile("results", target, rows, lost=lost, kept=await _is_kept(run, outputs.get("outputFileId")))
    known = bool(written) and digest == written and differs
    difference = await with_turns(_difference(path, recorded, spec, run.folder)) if known else ""
    return WrittenFile("results", target, rows, difference=difference)


def _read(path: Path) -> Generator[None, None, tuple[int | None, str]]:
    """The lines of a file and its SHA-256; None and an empty text without one."""
    rows, digest = 0, hashlib.sha256()
    try:
        with path.open("rb") as file:
            for line in file:
                rows += 1
                digest.update(line)
                if not rows % _PIECE:
                    yield
    except OSError:
        return None, ""
    return rows, digest.hexdigest()


async def _is_kept(run: JobRun, id: Any) -> bool:
    """Whether the service still has the file."""
    if not text_of(id):
        return False
    try:
        await run.client.send(file_request(text_of(id)))
    except NotFound:
        return False
    return True


@dataclass(frozen=True, slots=True)
class _Request:
    """A request by digests: 50,000 of them take little memory."""

    id: bytes
    row: bytes


def _difference(path: Path, before: Spec, after: Spec, folder: Path) -> Generator[None, None, str]:
    """How many requests differ from those that the results answer; empty where that is not known."""
    old, new = object_of(before.get("input")), object_of(after.get("input"))
    if ("file" in old) != ("file" in new):
        return ""
    rendered = all(before.get(name) == after.get(name) for name in _MADE_BY) and (
        old.get("template") == new.get("template")
    )
    last, total, same, differ = dict[bytes, bytes](), 0, 0, 0
    try:
        for number, request in enumerate(_answered(path), 1):
            last[request.id] = request.row
            if not number % _PIECE:
                yield
        for total, (id, row) in enumerate(requests_of(after, folder), 1):
            request = _digested(id, row)
            found = last.pop(request.id, None)
            same += found == request.row and rendered
            differ += found is not None and not (found == request.row and rendered)
            if not total % _PIECE:
                yield
    except (OSError, Problems):
        return ""
    new_ones = total - same - differ
    return f"its requests changed: {differ:,} different, {new_ones:,} new, {len(last):,} gone, {same:,} as before"


def _answered(path: Path) -> Iterator[_Request]:
    """The requests in a file of results. A line that is none is left out. Raises OSError."""
    with path.open("rb") as file:
        for line in _objects(file):
            yield _digested(text_of(line.get("custom_id")), line.get("request"))


def _objects(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            value = parse_foreign_json(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            yield value


def _digested(id: str, row: Any) -> _Request:
    text = json.dumps(row, sort_keys=True, separators=(",", ":"))
    return _Request(_short_digest(id), _short_digest(text))


def _short_digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()

"""Files of the LLM API: uploaded batch inputs and the outputs of batches. They expire."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any, Final

from novita_infra.simulator.errors import ApiRefusal
from novita_infra.simulator.json_text import read_unicode_json
from novita_infra.simulator.world.engine.llm_records import File
from novita_infra.simulator.world.engine.world import World

MOST_BYTES: Final = 100 * 1024 * 1024
MOST_LINES: Final = 50_000
"""The largest batch input in bytes (llm-batch-api)."""


def file_of(world: World, key: str) -> File:
    """The file with this id. Raises FILE_NOT_FOUND, HTTP 404."""
    found = world.files.get(key)
    if found is None:
        raise ApiRefusal("FILE_NOT_FOUND", f"file {key!r} not found", status=404)
    return found


def upload(world: World, *, name: str, purpose: str, content: bytes) -> File:
    """Adds a batch input. Raises INVALID_REQUEST_BODY if it is too large or no JSON Lines."""
    if purpose != "batch":
        raise ApiRefusal("INVALID_REQUEST_BODY", "purpose must be batch")
    if not name.lower().endswith(".jsonl"):
        raise ApiRefusal("INVALID_REQUEST_BODY", "file must be a .jsonl file")
    if len(content) > MOST_BYTES:
        raise ApiRefusal("INVALID_REQUEST_BODY", "file may have at most 100 MB")
    requests = sum(1 for _ in rows(content))
    if requests > MOST_LINES:
        raise ApiRefusal("INVALID_REQUEST_BODY", f"file has {requests} requests, of which there may be {MOST_LINES}")
    if not requests:
        raise ApiRefusal("INVALID_REQUEST_BODY", "file has no requests")
    return keep(world, name, content, purpose=purpose, lasting=world.timings.input_kept, requests=requests)


def rows(content: bytes) -> Iterator[Any]:
    """The lines of a JSON Lines file without blank ones. Raises INVALID_REQUEST_BODY for the first bad one."""
    for number, line in enumerate(BytesIO(content), start=1):
        if line.isspace():
            continue
        try:
            yield read_unicode_json(line)
        except (ValueError, RecursionError) as error:
            raise ApiRefusal("INVALID_REQUEST_BODY", f"line {number} of the file is not JSON") from error


def keep(world: World, name: str, content: bytes, *, purpose: str, lasting: float, requests: int = 0) -> File:
    """Keeps bytes as a file for this many seconds."""
    file = File(
        id=f"file_{world.new_xid('file')}",
        created=world.moment,
        name=name,
        purpose=purpose,
        bytes=len(content),
        requests=requests,
        expires=0.0 if purpose == "batch" else world.moment + lasting,
    )
    world.contents.put(file.id, content)
    world.files.add(file)
    world.expect(world.files, file, [(lasting, "!expired")])
    return file


def delete(world: World, key: str) -> None:
    """Removes a file. A batch that still needs it will fail. Raises FILE_NOT_FOUND."""
    file = file_of(world, key)
    world.contents.drop(file.id)
    world.files.remove(file)


def on_event(world: World, file: File, _event: str) -> None:
    """Handles the expiry of a file."""
    delete(world, file.id)

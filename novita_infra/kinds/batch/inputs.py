"""The input of a batch: read and checked before there is a plan, uploaded once when it is applied."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import asynccontextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, Final

from novita_infra.api.json_values import int_of, object_of, text_of
from novita_infra.batches.checking import CheckedInput, check_input, check_lines
from novita_infra.batches.estimates import estimate_tokens
from novita_infra.batches.joining import input_rows
from novita_infra.batches.transfers import InputContent, find_input, upload_input
from novita_infra.kinds.batch.rows import RowFault, rendered_request, rows_of
from novita_infra.kinds.job import FileFault, JobRun
from novita_infra.model.concurrency import with_turns
from novita_infra.model.diagnostics import Problems, problem
from novita_infra.model.values import Computation, Ref, Secret, Spec, leaves

_DECIDING: Final = ("model", "endpoint", "input")
"""The fields that decide what is uploaded."""
_PIECE: Final = 500
"""Lines that are written at once."""
_PARTS: Final = 10
"""Parts of an upload after each of which its progress is reported."""


def describe_input(spec: Spec, folder: Path) -> tuple[Spec, tuple[FileFault, ...]]:
    """The spec with the digest and the size of its input, its model, its endpoint and the tokens that it may take."""
    for name in _DECIDING:
        if any(isinstance(leaf, Computation | Ref | Secret) for leaf in leaves(spec.get(name))):
            hint = "write it out, or take it from a variable that is not sensitive"
            return spec, (FileFault((name,), f"{name} must be known before there is a plan, and not be secret", hint),)
    given = spec.get("input")
    if not isinstance(given, dict) or len(given.keys() & {"file", "data", "rows"}) != 1:
        return spec, ()
    template = object_of(given.get("template"))
    if "file" not in given and not (template and "model" in {**template, **spec}):
        return spec, ()
    path, places = folder / text_of(given.get("file")), list[FileFault]()
    try:
        checked = check_input(path) if "file" in given else check_lines(_made_lines(spec, folder, places), path)
    except RowFault as error:
        return spec, (error.fault,)
    except Problems as problems:
        return spec, tuple(_faults(problems, given, path, places))
    return _described(spec, given, checked)


def requests_of(spec: Spec, folder: Path) -> Iterator[tuple[str, Any]]:
    """The custom_ids of the requests in their order, each with its row or, of a file of requests, its body.

    Raises Problems.
    """
    given = object_of(spec.get("input"))
    if "file" in given:
        yield from input_rows(folder / text_of(given["file"]))
        return
    try:
        for row in rows_of(spec, folder):
            id, _ = rendered_request(spec, row)
            yield id, row.cells
    except RowFault as error:
        raise problem(str(error)) from None


async def upload_once(run: JobRun, spec: Spec) -> Spec:
    """The spec with the id of its uploaded input. An input that the account has is not sent again.

    Raises ApiError, and Problems if the files hold something else than when they were described.
    """
    given = object_of(spec.get("input"))
    source = Path(text_of(given.get("file") or given.get("data")) or "rows")
    described = InputContent(
        path=run.folder / source, bytes=int_of(given.get("bytes"), 0) or 0, digest=text_of(given.get("sha256"))
    )
    found = await find_input(run.client, run.clock, described)
    if found is None:
        moved = _progress(run.tell, source.name, described.bytes)
        try:
            async with _content(spec, run.folder) as path:
                content = InputContent(path=path, bytes=described.bytes, digest=described.digest)
                found = (await upload_input(run.client, run.clock, content, source=source.stem, moved=moved)).file
        except RowFault as error:
            raise problem(str(error), error.fault.hint) from None
    return {**spec, "input": {**given, "fileId": found.id}}


@asynccontextmanager
async def _content(spec: Spec, folder: Path) -> AsyncIterator[Path]:
    """The file to upload: that of the spec, or one that is made of rows and removed again. Raises RowFault."""
    given = object_of(spec.get("input"))
    if "file" in given:
        yield folder / text_of(given["file"])
        return
    with TemporaryDirectory(prefix="novita-infra-") as own:
        path = Path(own) / "input.jsonl"
        with path.open("wb") as file:
            await with_turns(_write(file, _made_lines(spec, folder, [])))
        yield path


def _write(file: BinaryIO, lines: Iterator[bytes]) -> Generator[None, None, None]:
    """Writes the lines; yields after each piece."""
    while piece := [*islice(lines, _PIECE)]:
        file.writelines(piece)
        yield


def _made_lines(spec: Spec, folder: Path, places: list[FileFault]) -> Iterator[bytes]:
    """The lines that a template makes of rows; the place of each row is added to `places`. Raises RowFault."""
    for row in rows_of(spec, folder):
        id, body = rendered_request(spec, row)
        places.append(row.place)
        # The order of keys in a manifest, or in a saved plan, makes no other input.
        request = {"custom_id": id, "body": body}
        line = json.dumps(request, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        yield line.encode("utf-8", "surrogatepass") + b"\n"


def _faults(problems: Problems, given: dict[str, Any], path: Path, places: list[FileFault]) -> Iterator[FileFault]:
    """What the check found, at the lines of the file, or at the rows of which the lines were made."""
    where = "file" if "file" in given else "data" if "data" in given else "rows"
    for item in problems.diagnostics:
        line = item.origin.line if item.origin else 0
        summary = item.summary.replace(str(path), text_of(given.get(where)) or "the input")
        if where == "file":
            yield FileFault(("input", "file"), summary, item.hint, text_of(given["file"]) if line else "", line)
        elif 0 < line <= len(places):
            place, words = places[line - 1], summary.replace("stands in line", "stands in row")
            yield FileFault(place.path, f"row {line}: {words}", item.hint, place.file, place.line)
        else:
            yield FileFault(("input", where), summary, item.hint)


def _described(spec: Spec, given: dict[str, Any], checked: CheckedInput) -> tuple[Spec, tuple[FileFault, ...]]:
    for name, found in (("model", checked.model), ("endpoint", checked.endpoint)):
        if spec.get(name, found) != found:
            hint = f"leave {name} out, or change the requests"
            return spec, (FileFault((name,), f"the requests of the input are for {found}", hint),)
    estimate, sizes = estimate_tokens(checked.sizes), checked.sizes
    tokens = {"inputLeast": estimate.input_least, "outputMost": sizes.answers, "openEnded": sizes.unlimited}
    if estimate.input_most is not None:
        tokens["inputMost"] = estimate.input_most
    content = checked.content
    facts = {"sha256": content.digest, "bytes": content.bytes, "requests": checked.lines, "tokens": tokens}
    return {**spec, "model": checked.model, "endpoint": checked.endpoint, "input": {**given, **facts}}, ()


def _progress(tell: Callable[[str], None], name: str, size: int) -> Callable[[int], None]:
    """Tells after each tenth how far an upload is."""
    last = 0

    def moved(sent: int) -> None:
        nonlocal last
        part = sent * _PARTS // max(size, 1)
        if part > last and sent < size:
            tell(f"uploading {name}: {sent / 1e6:.1f} of {size / 1e6:.1f} MB")
        last = part

    return moved

"""Generation tasks: begins one, waits for its end, and fetches what it has made."""

from __future__ import annotations

import errno
import os
import re
import tempfile
from collections.abc import Mapping
from contextlib import aclosing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from novita_infra.api.error_mapping import ROUTE_ADVICE
from novita_infra.api.errors import ApiError, Refused, Unanswered
from novita_infra.api.streams.calls import AddressedCall
from novita_infra.inference.tasks import (
    OPERATIONS,
    GenerationTask,
    TaskResult,
    submit_request,
    task_id_in,
    task_in,
    task_request,
)
from novita_infra.model.diagnostics import nearest, problem, reason
from novita_infra.model.frozen import dataclass
from novita_infra.operations.account.view import AccountView
from novita_infra.operations.llm.polling import FIRST, wait_for_end

_ATTEMPTS: Final = 3
"""How often a result is fetched: a link may expire, and a connection may break."""
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,100}")
_TYPES: Final = frozenset({"jpeg", "jpg", "png", "webp", "mp4", "gif", "wav", "mp3", "ogg", "flac"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadOptions:
    """Where the results of a task go."""

    folder: Path
    most: int
    """Bytes of one file."""
    overwrites: bool = False


async def submit_task(view: AccountView, operation: str, body: Mapping[str, Any]) -> str:
    """Begins a task; returns its id. Raises ApiError."""
    request = submit_request(operation, body)
    try:
        id = task_id_in(await view.client.send(request))
    except Refused as error:
        if error.advice == ROUTE_ADVICE and operation not in OPERATIONS:
            near = nearest(operation, OPERATIONS)
            error.advice = f"OPERATION is the last part of the path in the API's reference; {near}"
        raise
    if not id:
        raise Unanswered(request, text="the answer names no task", repeats=False)
    return id


async def read_task(view: AccountView, id: str) -> GenerationTask:
    """The task as it is now. Raises ApiError."""
    task = task_in(await view.client.send(task_request(id)))
    return replace(task, id=task.id or id, reason=view.client.redacted(task.reason))


async def wait_for_task(view: AccountView, id: str, *, most: float) -> GenerationTask:
    """The task when it has ended, or as it is after `most` seconds. Reports each new status. Raises ApiError."""
    return await wait_for_end(
        view,
        f"task {id}",
        lambda: read_task(view, id),
        status=lambda task: task.status,
        says=lambda task: f"{id}: {task.word or 'its status is not known'}",
        most=most,
    )


def result_names(task: GenerationTask, options: DownloadOptions) -> list[Path]:
    """The files of the results. No word of the service but those of a known form is in a name.

    Raises Problems for one that exists, unless it may be overwritten.
    """
    id = task.id if _ID.fullmatch(task.id) else "task"
    paths = [options.folder / f"{id}-{at}.{_ending(item)}" for at, item in enumerate(task.results)]
    taken = [path for path in paths if os.path.lexists(path)] if not options.overwrites else []
    if taken:
        raise problem(f"{taken[0]} exists", "to replace it, add --overwrite")
    return paths


async def download_results(view: AccountView, task: GenerationTask, options: DownloadOptions) -> list[Path]:
    """The files that the results of a task were written to, each whole or not at all. Raises Problems and ApiError."""
    paths = result_names(task, options)
    try:
        options.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise problem(f"{options.folder} cannot be made: {reason(error)}") from None
    for at, path in enumerate(paths):
        task = await _download(view, task, at, path, options)
    return paths


async def _download(
    view: AccountView, task: GenerationTask, at: int, path: Path, options: DownloadOptions
) -> GenerationTask:
    """Fetches one result. A link that fails is asked for again; returns the task with the latest links."""
    for attempt in range(_ATTEMPTS):
        try:
            await _fetch(view, task.results[at], path, options)
            return task
        except ApiError as error:
            if attempt + 1 == _ATTEMPTS or (isinstance(error, Unanswered) and not error.repeats):
                raise
            await view.clock.sleep(FIRST)
            fresh = await read_task(view, task.id)
            task = fresh if len(fresh.results) == len(task.results) else task
    raise AssertionError("the last attempt raises")


async def _fetch(view: AccountView, item: TaskResult, path: Path, options: DownloadOptions) -> None:
    """Writes what is behind the link into a new file, which gets its name when it is whole. The key is not sent."""
    call = AddressedCall(address=item.url, accept="*/*")
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                size = 0
                async with view.client.addressed.open(call) as answer, aclosing(answer.pieces()) as pieces:
                    async for piece in pieces:
                        size += len(piece)
                        if size > options.most:
                            raise problem(
                                f"the {item.media} is larger than {options.most >> 20} MB", "allow more with --max-size"
                            )
                        file.write(piece)
                file.flush()
                os.fsync(handle)
            os.chmod(temporary, 0o644)  # noqa: PTH101 -- as any file that a user makes
            _put(temporary, path, overwrites=options.overwrites)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(temporary)  # noqa: PTH108
    except OSError as error:
        raise problem(f"{path} cannot be written: {reason(error)}") from None


def _put(temporary: str, path: Path, *, overwrites: bool) -> None:
    """Gives a file its name. Raises OSError if that is taken meanwhile, unless it may be overwritten."""
    if overwrites:
        os.replace(temporary, path)  # noqa: PTH105
        return
    try:
        os.link(temporary, path)
    except OSError as error:
        if error.errno == errno.EEXIST:
            raise
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
        os.rename(temporary, path)  # noqa: PTH104 -- a file system without links


def _ending(item: TaskResult) -> str:
    kind = item.type.lower()
    return kind if kind in _TYPES else "bin"

"""Uploads of inputs, each content once, and downloads of what files hold."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from novita_infra.api.errors import Unanswered
from novita_infra.api.protocol import ApiClient
from novita_infra.api.transfers.form import FileForm
from novita_infra.batches.files import (
    FRESH,
    INPUT,
    UPLOAD,
    ApiFile,
    answered_file,
    content_request,
    input_name,
    same_input,
)
from novita_infra.batches.listing import list_files
from novita_infra.model.clock import ANSWER, GRACE, Clock
from novita_infra.model.diagnostics import problem
from novita_infra.model.frozen import dataclass

_POLL: Final = 5.0
"""Seconds between two looks for an upload whose answer was lost."""
_UPLOADS: Final = 3
"""How often an upload is tried that leaves no file."""


def unmoved(_: int) -> None:
    """Progress that nobody wants to see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputContent:
    """The content of an input file on the disk."""

    path: Path
    bytes: int
    digest: str
    """Its SHA-256, in hex."""


@dataclass(frozen=True, slots=True)
class Uploaded:
    """An input in the account."""

    file: ApiFile
    found: bool
    """Whether it was there before."""


async def find_input(client: ApiClient, clock: Clock, content: InputContent) -> ApiFile | None:
    """The file of the account that holds this content and outlasts a batch; None without one. Raises ApiError."""
    files = await list_files(client)
    return same_input(files, digest=content.digest, bytes=content.bytes, until=clock.now() + FRESH)


async def upload_input(
    client: ApiClient,
    clock: Clock,
    content: InputContent,
    *,
    source: str = "",
    moved: Callable[[int], object] = unmoved,
) -> Uploaded:
    """Uploads the input, unless the account has it. `source` is a name for people; `moved` gets the bytes sent so far.

    After a lost answer the list decides: the name holds the digest, so that a file that shows up is this one. Only if
    none shows up until the service can no longer be working on it, it is sent again.
    Raises ApiError, and Problems if the file on the disk is no longer the content.
    """
    if found := await find_input(client, clock, content):
        return Uploaded(found, found=True)
    form = FileForm(
        path=content.path,
        filename=input_name(content.digest, source=source or content.path.name),
        bytes=content.bytes,
        digest=content.digest,
        fields={"purpose": INPUT},
    )
    for left in range(_UPLOADS - 1, -1, -1):
        try:
            file = answered_file(await client.upload(UPLOAD, form, moved))
            if file.id:
                return Uploaded(file, found=False)
        except Unanswered:
            if found := await _shown(client, clock, content):
                return Uploaded(found, found=False)
            if not left:
                raise
            continue
        if found := await _shown(client, clock, content):
            return Uploaded(found, found=False)
        break
    raise Unanswered(UPLOAD, text="the answer names no file, and the list shows none")


async def _shown(client: ApiClient, clock: Clock, content: InputContent) -> ApiFile | None:
    """The file, as soon as the list shows it; None if it does not before the service and its lists had their time."""
    until = clock.now() + ANSWER + GRACE
    with client.awaited.wait("the file in the list of files"):
        while True:
            if found := await find_input(client, clock, content):
                return found
            if clock.now() >= until:
                return None
            await clock.sleep(_POLL)


async def download_content(
    client: ApiClient,
    id: str,
    into: Path,
    *,
    size: int = 0,
    moved: Callable[[int], object] = unmoved,
) -> int:
    """Puts what the file holds into the place of a file on the disk, durably, and returns its bytes.

    A file that was there stays until the new one is whole. `size` is the length that is expected, 0 if it is not known.
    Raises ApiError, and Problems if the file cannot be written or another process writes it.
    """
    with replaced_file(into) as file:
        return await client.download(content_request(id), file, moved, size=size)


@contextmanager
def replaced_file(path: Path) -> Iterator[BinaryIO]:
    """An empty file that takes the place of the path at the end of the block, durably; after a failure nothing does.

    It has one name for all processes, so that a killed one leaves no further file. One that was there gives its mode.
    Raises Problems, also for a path that is a folder or a device.
    """
    check_target(path)
    target = path.resolve()
    part = target.with_name(f".{target.name}.part")
    try:
        handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "r+b") as file:
            if not _is_ours(handle):
                raise problem(f"another process writes {path}", "wait for it, or name another file")
            try:
                file.truncate(0)
                yield file
                file.flush()
                if target.exists():
                    shutil.copymode(target, part)
                os.fsync(handle)
                part.replace(target)
                _sync_folder(target.parent)
            except BaseException:
                part.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise problem(f"{path} cannot be written: {error.strerror}", "check the folder and the free space") from None


def check_target(path: Path) -> None:
    """Raises Problems if a file cannot take this place, because something else than a file is there."""
    try:
        if path.exists() and not path.is_file():
            raise problem(f"{path} is no file: another one cannot take its place", "name a file")
    except OSError as error:
        raise problem(f"{path} cannot be written: {error.strerror}", "name another file") from None


def _is_ours(handle: int) -> bool:
    """Whether no other process has the open file."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sync_folder(folder: Path) -> None:
    """Makes the name of a new file durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

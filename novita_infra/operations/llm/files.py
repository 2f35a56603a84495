"""Files of the LLM API: lists, uploads and deletes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from novita_infra.api.errors import NotFound
from novita_infra.batches.batches import ApiBatch
from novita_infra.batches.checking import CheckedInput
from novita_infra.batches.files import ApiFile, answered_file, file_deletion, file_request
from novita_infra.batches.listing import list_batches, list_files
from novita_infra.batches.transfers import Uploaded, download_content, upload_input
from novita_infra.model.concurrency import together
from novita_infra.model.diagnostics import EXIT_ERROR, EXIT_REFUSED, Diagnostic, Problems, problem
from novita_infra.model.frozen import dataclass
from novita_infra.operations.account.view import AccountView


@dataclass(frozen=True, slots=True)
class UsedFile:
    """A file, and the batches that still need it."""

    file: ApiFile
    batches: tuple[str, ...]
    """The ids of the batches that are not over, and read it."""


async def read_files(view: AccountView) -> list[UsedFile]:
    """The files of the account with their use, the newest first. Raises ApiError."""
    files, batches = await together(list_files(view.client), list_batches(view.client))
    return [_used(view, file, batches) for file in files]


async def read_file_facts(view: AccountView, id: str) -> UsedFile:
    """A file with its use. Raises Problems if there is none, and ApiError."""
    try:
        answer, batches = await together(view.client.send(file_request(id)), list_batches(view.client))
    except NotFound:
        raise problem(f"there is no file {id}", "novita-infra files list shows them") from None
    return _used(view, answered_file(answer), batches)


async def send_input(view: AccountView, checked: CheckedInput, moved: Callable[[int], object]) -> Uploaded:
    """Uploads a checked input, unless the account has it. Raises ApiError and Problems."""
    made = await upload_input(view.client, view.clock, checked.content, moved=moved)
    return replace(made, file=_shown(view, made.file))


async def download_file(
    view: AccountView, id: str, into: Path, progress: Callable[[str, int], Callable[[int], object]]
) -> int:
    """Writes what a file holds to the disk, and returns its bytes. Raises Problems if there is none, and ApiError."""
    try:
        file = answered_file(await view.client.send(file_request(id)))
        return await download_content(view.client, id, into, size=file.bytes, moved=progress("received", file.bytes))
    except NotFound:
        raise problem(f"there is no file {id}", "novita-infra files list shows them") from None


async def delete_files(view: AccountView, ids: Sequence[str], *, used: bool) -> list[ApiFile]:
    """Deletes the files. Returns each as it was before.

    Raises Problems for ids of no file, and for files that a batch still needs unless `used` insists. Raises ApiError.
    """
    found = await files_to_delete(view, ids, used=used)
    await together(*(_delete(view, item.file.id) for item in found))
    return [item.file for item in found]


async def files_to_delete(view: AccountView, ids: Sequence[str], *, used: bool) -> list[UsedFile]:
    """The files with these ids. Raises as `delete_files` does, and changes nothing."""
    files = {item.file.id: item for item in await read_files(view)}
    missing = [
        Diagnostic(f"there is no file {id}", "novita-infra files list shows them") for id in ids if id not in files
    ]
    found = [files[id] for id in dict.fromkeys(ids) if id in files]
    needed = [
        Diagnostic(f"{item.file.id} is read by {', '.join(item.batches)}, which would fail", "to insist, add --used")
        for item in found
        if item.batches and not used
    ]
    if missing or needed:
        raise Problems([*missing, *needed], code=EXIT_ERROR if missing else EXIT_REFUSED)
    return found


async def _delete(view: AccountView, id: str) -> None:
    try:
        await view.client.send(file_deletion(id))
    except NotFound:
        return  # it has expired, or the answer to an earlier attempt was lost


def _used(view: AccountView, file: ApiFile, batches: Sequence[ApiBatch]) -> UsedFile:
    needing = tuple(batch.id for batch in batches if batch.input == file.id and not batch.state.is_over)
    return UsedFile(_shown(view, file), needing)


def _shown(view: AccountView, file: ApiFile) -> ApiFile:
    return replace(file, name=view.client.redacted(file.name))

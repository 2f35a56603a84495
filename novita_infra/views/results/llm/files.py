"""Files of the LLM API. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from novita_infra.batches.checking import CheckedInput
from novita_infra.batches.files import ApiFile
from novita_infra.batches.transfers import Uploaded
from novita_infra.model.durations import in_words
from novita_infra.model.frozen import dataclass
from novita_infra.views.content.listing import Facts, Listing, cell, fact
from novita_infra.views.results.machines.cells import time_or_none


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file of the account."""

    id: str = fact("The id of the file.", title="ID")
    filename: str = fact("Its name. That of an input which this program uploaded ends with its SHA-256.")
    shown_name: str = cell("NAME")
    purpose: str = fact("`batch` for an input, `batch_output` for results.", title="PURPOSE")
    bytes: int = fact("Its length.")
    size: str = cell("SIZE")
    requests: int | None = fact("The requests in an input; null if they are not known.", title="REQUESTS")
    sha256: str | None = fact("The SHA-256 of its content by its name; null if the name has none.")
    created: str | None = fact("When it was made, in UTC; null if it is not known.")
    expires: str | None = fact("When the service removes it, in UTC; null if it is not known.")
    kept: str = cell("KEPT FOR")
    used_by: tuple[str, ...] = fact("The batches that are not over and read it.", title="USED BY")


@dataclass(frozen=True, slots=True)
class FileListing(Listing):
    """The files of the account, as `files list --json` prints them."""

    name: ClassVar[str] = "files"
    row: ClassVar[type] = FileRow
    empty: ClassVar[str] = "No files."

    rows: tuple[FileRow, ...]


@dataclass(frozen=True, slots=True)
class FileFacts(Facts):
    """A file of the account, as `files get --json` prints it."""

    name: ClassVar[str] = "file"

    id: str = fact("The id of the file.", title="Id")
    filename: str = fact("Its name.", title="Name")
    purpose: str = fact("`batch` for an input, `batch_output` for results.", title="Purpose")
    bytes: int = fact("Its length.", title="Bytes")
    requests: int | None = fact("The requests in an input; null if they are not known.", title="Requests")
    sha256: str | None = fact("The SHA-256 of its content by its name; null if the name has none.", title="SHA-256")
    created: str | None = fact("When it was made, in UTC; null if it is not known.", title="Created")
    expires: str | None = fact("When the service removes it, in UTC; null if it is not known.", title="Expires")
    used_by: tuple[str, ...] = fact("The batches that are not over and read it.", title="Used by")


@dataclass(frozen=True, slots=True)
class UploadedFacts(Facts):
    """An uploaded input, as `files upload --json` prints it."""

    name: ClassVar[str] = "uploaded_file"

    id: str = fact("The id of the file.", title="Id")
    filename: str = fact("Its name in the account, which ends with its SHA-256.", title="Name")
    bytes: int = fact("Its length.", title="Bytes")
    requests: int = fact("Its requests.", title="Requests")
    model: str = fact("The model that all of them name.", title="Model")
    sha256: str = fact("The SHA-256 of its content.")
    uploaded: bool = fact("False if the account had the same content already.", title="Uploaded now")
    expires: str | None = fact("When the service removes it, in UTC; null if it is not known.", title="Expires")


@dataclass(frozen=True, slots=True)
class DownloadedFacts(Facts):
    """A downloaded file, as `files content --into --json` prints it."""

    name: ClassVar[str] = "downloaded_file"

    id: str = fact("The id of the file.", title="Id")
    into: str = fact("The file on the disk.", title="File")
    bytes: int = fact("Its length.", title="Bytes")


def file_listing(files: Iterable[tuple[ApiFile, tuple[str, ...]]], *, now: float) -> FileListing:
    """The files in their order, each with the batches that read it; `now` is in Unix seconds."""
    return FileListing(
        tuple(
            FileRow(
                id=file.id,
                filename=file.name,
                shown_name=file.name.replace(file.digest, f"{file.digest[:8]}…") if file.digest else file.name,
                purpose=file.purpose,
                bytes=file.bytes,
                size=size_text(file.bytes),
                requests=file.requests,
                sha256=file.digest or None,
                created=time_or_none(file.created),
                expires=time_or_none(file.expires),
                kept=in_words(max(0.0, file.expires - now)) if file.expires else "unknown",
                used_by=used_by,
            )
            for file, used_by in files
        )
    )


def file_facts(file: ApiFile, used_by: tuple[str, ...]) -> FileFacts:
    """One file."""
    return FileFacts(
        id=file.id,
        filename=file.name,
        purpose=file.purpose,
        bytes=file.bytes,
        requests=file.requests,
        sha256=file.digest or None,
        created=time_or_none(file.created),
        expires=time_or_none(file.expires),
        used_by=used_by,
    )


def uploaded_facts(made: Uploaded, checked: CheckedInput) -> UploadedFacts:
    """An input that is in the account now."""
    return UploadedFacts(
        id=made.file.id,
        filename=made.file.name,
        bytes=checked.content.bytes,
        requests=checked.lines,
        model=checked.model,
        sha256=checked.content.digest,
        uploaded=not made.found,
        expires=time_or_none(made.file.expires),
    )


def size_text(bytes: int) -> str:  # noqa: A002 -- as the API calls it
    """A length for a person: `12 B`, `3.4 kB`, `60.9 MB`."""
    if bytes < 1000:
        return f"{bytes} B"
    return f"{bytes / 1e3:.1f} kB" if bytes < 1_000_000 else f"{bytes / 1e6:.1f} MB"

"""Files of the account: inputs and outputs of batches. Requests, and readers of their answers (models.md: Files).

The API keeps no digest of a file, and names need not be unique. So an input is uploaded under a name that holds the
SHA-256 of its content: whoever has the same content finds it again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import quote

from novita_infra.api.json_values import created_in, int_of, moment_in, object_of, text_of
from novita_infra.api.request import Request, get
from novita_infra.model.frozen import dataclass

FILES: Final[Request] = get("/openai/v1/files")
"""The list of files (model-apis-llm-list-files)."""
UPLOAD: Final = Request("POST", "/openai/v1/files")
"""The upload of an input (model-apis-llm-upload-batch-input-file). A second one makes a second file."""
INPUT: Final = "batch"
"""The purpose of an input; that of an output is `batch_output`."""
INPUT_KEPT: Final = 15 * 24 * 3600.0
"""Seconds that an input is kept (guides/llm-batch-api). It shows no `expires_at`."""
FRESH: Final = 48 * 3600.0
"""Seconds that a file must still be kept to be used for a batch: as long as a batch may run."""
_NAMED: Final = re.compile(r"(?:.*-)?sha256-(?P<digest>[0-9a-f]{64})\.jsonl")
_STEM: Final = 60
"""Characters of the name of the source that the name of an input begins with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiFile:
    """A file, as the API shows it."""

    id: str
    """`file_...`."""
    name: str
    bytes: int
    purpose: str
    """`batch` or `batch_output`."""
    requests: int | None
    """The requests in an input; None where the answer does not hold them."""
    created: float
    """Unix seconds; 0 if the answer does not hold it."""
    expires: float
    """When the service removes it, Unix seconds; 0 if that is not known. Of an input it follows from `created`."""

    @property
    def digest(self) -> str:
        """The SHA-256 of the content by its name, in hex; empty for a name that holds none."""
        found = _NAMED.fullmatch(self.name)
        return found["digest"] if found else ""


def file_in(item: Mapping[str, Any]) -> ApiFile:
    """A file in the list or in an answer of its own (model-apis-llm-query-file)."""
    purpose, created = text_of(item.get("purpose")), created_in(item)
    kept = created + INPUT_KEPT if created and purpose == INPUT else 0.0
    return ApiFile(
        id=text_of(item.get("id")),
        name=text_of(item.get("filename")),
        bytes=int_of(item.get("bytes"), 0) or 0,
        purpose=purpose,
        requests=int_of(object_of(item.get("metadata")).get("total_requests")),
        created=created,
        expires=moment_in(item, "expires_at") or kept,
    )


def answered_file(answer: Any) -> ApiFile:
    """The file in an answer of its own; without an id where the answer holds none."""
    return file_in(object_of(answer))


def file_request(id: str) -> Request:
    """The get of a file (model-apis-llm-query-file)."""
    return get(_path(id))


def content_request(id: str) -> Request:
    """The read of what a file holds (model-apis-llm-retrieve-file-content)."""
    return get(f"{_path(id)}/content")


def file_deletion(id: str) -> Request:
    """The delete of a file (model-apis-llm-delete-file)."""
    return Request("DELETE", _path(id), repeatable=True)


def input_name(digest: str, *, source: str = "") -> str:
    """The name under which an input is uploaded. `source` is the name of its source, for people."""
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", source.removesuffix(".jsonl"))[:_STEM].strip("-.")
    return f"{stem}-sha256-{digest}.jsonl" if stem else f"sha256-{digest}.jsonl"


def same_input(files: Iterable[ApiFile], *, digest: str, bytes: int, until: float) -> ApiFile | None:  # noqa: A002 -- as the API calls it
    """The file that holds this input and is kept at least until this time; of several, the one that is kept longest."""
    found = [
        file
        for file in files
        if file.digest == digest and file.bytes == bytes and file.purpose == INPUT and file.expires >= until
    ]
    return max(found, key=lambda file: (file.expires, file.id), default=None)


def _path(id: str) -> str:
    return f"/openai/v1/files/{quote(id, safe='')}"

"""The operations on files of the LLM API."""

from __future__ import annotations

from typing import Any, Final

from novita_infra.simulator.answers import llm as answers
from novita_infra.simulator.errors import ApiRefusal
from novita_infra.simulator.operations import Confidence, Family, IncomingCall, Operation, RawAnswer
from novita_infra.simulator.request_schema import Fields
from novita_infra.simulator.routes.llm.id_pages import PAGE_AFTER, page_after
from novita_infra.simulator.routes.llm.models import LLM
from novita_infra.simulator.routes.llm.multipart import read_form
from novita_infra.simulator.world.engine.llm_records import File
from novita_infra.simulator.world.engine.world import World
from novita_infra.simulator.world.llm import files


def _upload(world: World, call: IncomingCall) -> Any:
    form = read_form(call.raw, call.media)
    for name in ("file", "purpose"):
        if name not in form:
            raise ApiRefusal("INVALID_REQUEST_BODY", f"{name} is required")
    file = form["file"]
    return file_row(files.upload(world, name=file.filename, purpose=form["purpose"].text.strip(), content=file.body))


def _list(world: World, call: IncomingCall) -> Any:
    """The list of files. It is the only list with a code and a message of success.

    The reference has neither `after` and `limit` nor `has_more`; clients of OpenAI go on asking without them.
    """
    page, more = page_after(world.files.listed(), call, deaf=world.quirks.ignores_after)
    answer = {"code": "200", "message": "success", "data": [file_row(file) for file in page]}
    return answer | ({"has_more": more} if world.quirks.files_show_more else {})


def _get(world: World, call: IncomingCall) -> Any:
    return file_row(files.file_of(world, call.path["file_id"]))


def _content(world: World, call: IncomingCall) -> Any:
    file = files.file_of(world, call.path["file_id"])
    return RawAnswer(world.contents.get(file.id), media="application/octet-stream")


def _delete(world: World, call: IncomingCall) -> Any:
    key = call.path["file_id"]
    files.delete(world, key)
    return {"id": key, "object": "file", "deleted": True}


def file_row(file: File) -> dict[str, Any]:
    """A file as the API shows it."""
    row: dict[str, Any] = {
        "id": file.id,
        "object": "file",
        "bytes": file.bytes,
        "filename": file.name,
        "created_at": int(file.created),
        "purpose": file.purpose,
    }
    if file.purpose == "batch":
        return row | {"metadata": {"total_requests": file.requests}}
    return row | {"expires_at": int(file.expires)}


_FORM: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"file": {"type": "string", "format": "binary"}, "purpose": {"type": "string", "enum": ["batch"]}},
    "required": ["file", "purpose"],
}


def _operation(name: str, method: str, path: str, source: str, serve: Any, answer: Any) -> Operation:
    return Operation(
        name=f"files.{name}",
        method=method,
        path=f"{LLM}/files{path}",
        source=f"model-apis-llm-{source}",
        confidence=Confidence.DOCUMENTED,
        serve=serve,
        answer=answer,
        family=Family.LLM,
        query=PAGE_AFTER if name == "list" else Fields(),
        raw=method == "POST",
        form=_FORM if method == "POST" else None,
        large=method == "POST",
    )


OPERATIONS = (
    _operation("upload", "POST", "", "upload-batch-input-file", _upload, answers.FILE),
    _operation("list", "GET", "", "list-files", _list, answers.files),
    _operation("get", "GET", "/{file_id}", "query-file", _get, answers.FILE),
    _operation("content", "GET", "/{file_id}/content", "retrieve-file-content", _content, None),
    _operation("delete", "DELETE", "/{file_id}", "delete-file", _delete, answers.FILE_DELETED),
)

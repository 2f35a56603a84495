"""Turns an HTTP request into an IncomingCall: limits the body, decodes it and checks every field."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from starlette.requests import Request

from novita_infra.simulator.errors import ApiRefusal
from novita_infra.simulator.json_text import read_unicode_json
from novita_infra.simulator.operations import IncomingCall, Operation
from novita_infra.simulator.profiles import Quirks

LARGEST_BODY = 2 * 1024 * 1024
LARGEST_UPLOAD = 110 * 1024 * 1024
"""Bytes. Batch files may have 100 MB."""


async def raw_body(request: Request, *, largest: int = LARGEST_BODY) -> bytes:
    """The body. Raises ApiRefusal as soon as it is longer than allowed."""
    body = BytesIO()
    async for chunk in request.stream():
        if body.tell() + len(chunk) > largest:
            raise ApiRefusal("REQUEST", f"the body is longer than {largest} bytes")
        body.write(chunk)
    return body.getvalue()


def read_call(quirks: Quirks, operation: Operation, request: Request, body: bytes, *, key: str) -> IncomingCall:
    """The request as the operation declares it. Raises an ApiRefusal that names the wrong field."""
    query: dict[str, Any] = {}
    for name, value in parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True):
        query[name] = f"{query[name]},{value}" if name in query else value
    fields: Mapping[str, Any] = {}
    if operation.body is not None:
        fields = operation.body.read(_json_of(quirks, body), "", quirks.reading())
    return IncomingCall(
        query=operation.query.read(query, "", quirks.reading(textual=True)),
        body=fields,
        path=request.path_params,
        raw=body,
        media=request.headers.get("content-type", ""),
        key=key,
        base=lambda: str(request.base_url).rstrip("/"),
    )


def _json_of(quirks: Quirks, body: bytes) -> Any:
    if not body.strip():
        return {}
    try:
        return read_unicode_json(body, constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ApiRefusal(quirks.undecodable_reason, f"the body is not JSON: {error}"[:200]) from error


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")

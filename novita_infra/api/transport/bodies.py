"""Bodies: that of a request as JSON; that of an answer within bounds, counted as it comes, and never unpacked to more
than LARGEST bytes.
"""

from __future__ import annotations

import json
import zlib
from typing import Final

import httpx

from novita_infra.api.errors import Refused
from novita_infra.api.request import Request

LARGEST: Final = 64 * 1024 * 1024
"""Bytes of an answer, packed with its head and unpacked. The longest page of a list has less than a tenth."""
_WINDOWS: Final = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}


class TooLarge(httpx.DecodingError):
    """An answer of more than LARGEST bytes. What it was to say is lost, and would be again."""

    def __init__(self) -> None:
        super().__init__(f"the answer is larger than {LARGEST // 1024**2} MiB")


def checked_size(size: int) -> int:
    """The bytes that have come. Raises TooLarge if they are too many."""
    if size > LARGEST:
        raise TooLarge
    return size


def whole_response(
    status: int, headers: httpx.Headers, body: bytes, extensions: dict[str, object] | None = None
) -> httpx.Response:
    """The answer with its body unpacked. Raises httpx.DecodingError."""
    encodings = headers.get_list("content-encoding", split_commas=True)
    for encoding in reversed([encoding.lower() for encoding in encodings if encoding.lower() not in {"", "identity"}]):
        body = _unpacked(body, encoding)
    if encodings:
        headers = httpx.Headers([(name, value) for name, value in headers.raw if name.lower() != b"content-encoding"])
    return httpx.Response(status, headers=headers, content=body, extensions=extensions or {})


def _unpacked(body: bytes, encoding: str) -> bytes:
    if encoding not in _WINDOWS:
        raise httpx.DecodingError(f"the answer is packed as {encoding[:20]!r}, which was not asked for")
    if not body:
        return body
    window = _WINDOWS[encoding]
    if encoding == "deflate" and (body[0] & 15 != zlib.DEFLATED or int.from_bytes(body[:2], "big") % 31):
        window = -window  # some servers leave out the head that the name stands for
    unpacking = zlib.decompressobj(window)
    try:
        data = unpacking.decompress(body, LARGEST + 1)
    except zlib.error as error:
        raise httpx.DecodingError(str(error)) from error
    checked_size(len(data))
    if not unpacking.eof:
        raise httpx.DecodingError("the packed answer is broken off")
    return data


def encoded(request: Request) -> bytes:
    """The body of the request as JSON; empty where there is none. Raises Refused where it cannot be written so."""
    if request.body is None:
        return b""
    try:
        return json.dumps(dict(request.body), ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (ValueError, TypeError) as error:
        raise Refused(request, text=f"the body cannot be written as JSON ({type(error).__name__})") from None

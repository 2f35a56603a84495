"""A streamed answer: sent in pieces, without a length. The whole body is known, so that a fault can truncate it."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response
from starlette.types import Receive, Scope, Send


class StreamedResponse(Response):
    """A body that is sent in pieces.

    Starlette's StreamingResponse has no `body`, which a truncating fault needs. This class replaces
    `Response.__call__`, the ASGI interface, and reads `raw_headers` of starlette >=1.3.1,<2 (the range in
    pyproject.toml).
    """

    def __init__(self, pieces: Sequence[bytes], *, media: str) -> None:
        super().__init__(b"".join(pieces), media_type=media)
        self._pieces = pieces

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [(name, value) for name, value in self.raw_headers if name != b"content-length"]
        headers.append((b"cache-control", b"no-cache"))
        await send({"type": "http.response.start", "status": self.status_code, "headers": headers})
        for piece in self._pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

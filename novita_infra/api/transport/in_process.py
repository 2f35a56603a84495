"""A service in the same process instead of the network: an ASGI application as the client's transport."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

import httpx

from novita_infra.api.transport.bodies import whole_response


class InProcess(httpx.AsyncBaseTransport):
    """Sends requests to the application; an exception of the type `lost` means a lost answer.

    An answer is returned whole. httpx.ASGITransport streams it, which takes longer than the application.
    """

    def __init__(self, app: Any, *, lost: type[Exception]) -> None:
        self._app = app
        self._lost = lost

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        messages: list[MutableMapping[str, Any]] = []

        async def receive() -> MutableMapping[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: MutableMapping[str, Any]) -> None:
            messages.append(message)

        try:
            await self._app(_scope(request), receive, send)
        except self._lost as error:
            raise httpx.ReadError("the connection was reset", request=request) from error
        start, *parts = messages
        return whole_response(
            start["status"], httpx.Headers(start["headers"]), b"".join(part.get("body", b"") for part in parts)
        )


def _scope(request: httpx.Request) -> dict[str, Any]:
    """The request as ASGI describes it."""
    url = request.url
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "scheme": url.scheme,
        "path": url.path,
        "raw_path": url.raw_path.partition(b"?")[0],
        "query_string": url.query,
        "server": (url.host, url.port),
        "client": ("127.0.0.1", 123),
        "root_path": "",
    }
